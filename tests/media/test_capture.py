"""Evidence is prepared from one decoding: the original as it came, a copy, a thumbnail."""

import time

import pytest

from domain.errors import PictureError
from domain.places import Fix, Place
from media import images
from media.capture import prepare
from tests.media.pictures import FONT, jpeg, opened, photo


def test_the_original_is_untouched_and_the_rest_is_derived() -> None:
    data = jpeg(photo(1600, 1200))
    seen: list[float] = []
    fix = Fix(Place(300010900, 1225008440), 600, 1795356785000)
    done = prepare(data, "camera", ["TK-101"], FONT, fix=fix, on_progress=seen.append)
    assert done.original is data
    assert opened(done.stamped).size == (1600, 1200)
    assert max(opened(done.thumb).size) == 320
    assert len(done.thumb) < 20_000
    assert images.inspect(done.stamped).exif.fix is not None
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_signature_is_kept_without_a_stamp() -> None:
    done = prepare(jpeg(photo(640, 320)), "drawn", ["TK-101"], FONT)
    assert opened(done.stamped).size == (640, 320)


def test_a_bad_picture_makes_nothing() -> None:
    with pytest.raises(PictureError):
        prepare(b"\xff\xd8\xff\xe0", "file", [], FONT)


@pytest.mark.slow
def test_twelve_megapixels_take_less_than_decoding_and_encoding_them() -> None:
    data = jpeg(photo(4000, 3000), quality=90)
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        done = prepare(data, "camera", ["2026-11-22 22:13:05 · TK-101"], FONT)
        middle = time.perf_counter()
        jpeg(opened(data), quality=90)
        ours.append(middle - began)
        bare.append(time.perf_counter() - middle)
        assert opened(done.stamped).size == (2000, 1500)
    assert min(ours) < 1.5 * min(bare)
