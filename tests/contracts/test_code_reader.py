"""What every code reader promises, on the pictures that a reader meets."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from domain.errors import CameraError, PictureError
from media import label_sheet, labels
from media.adapters import readers
from media.cascade import Accept, first_accepted
from media.ports import CodeReader
from tests.helpers.readers import READERS, reader
from tests.media.pictures import FONT, KEYS, LABEL, encoded, jpeg, opened, photo, printed

Make = Callable[[Accept | None], CodeReader]


@pytest.fixture(params=READERS)
def make(request: pytest.FixtureRequest) -> Make:
    return partial(reader, request.param)


@pytest.fixture
def plate() -> bytes:
    return label_sheet.picture(printed(), "zh", FONT)


@pytest.mark.parametrize("fast", [True, False])
def test_it_reads_our_label(make: Make, plate: bytes, fast: bool) -> None:
    texts = make(None).read(plate, fast)
    assert [labels.read(text, KEYS) for text in texts] == [LABEL]


@pytest.mark.parametrize("fast", [True, False])
def test_it_finds_nothing_where_nothing_is(make: Make, fast: bool) -> None:
    assert make(None).read(jpeg(photo(640, 480)), fast) == []


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xe0"])
def test_it_says_that_bytes_are_no_picture(make: Make, data: bytes) -> None:
    with pytest.raises(PictureError):
        make(None).read(data)


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (3000, 3)])
def test_odd_sizes_do_no_harm(make: Make, size: tuple[int, int]) -> None:
    data = encoded(photo(*size), "PNG")
    assert make(None).read(data) == make(None).read(data, fast=True) == []


@pytest.mark.slow
def test_a_small_label_in_a_twelve_megapixel_photo_is_read(make: Make, plate: bytes) -> None:
    scene = photo(4000, 3000)
    small = opened(plate).convert("RGB")
    scene.paste(small.resize((190, 190 * small.height // small.width)), (2900, 1900))
    assert make(None).read(jpeg(scene, quality=90)) == [printed().text]


def test_it_goes_on_when_a_text_is_not_accepted_and_still_tells_it(
    make: Make, plate: bytes
) -> None:
    seen: list[str] = []

    def refuse(text: str) -> bool:
        seen.append(text)
        return False

    assert make(refuse).read(plate) == [printed().text]
    assert len(seen) > 1


def test_the_first_pass_with_an_accepted_text_ends_the_search() -> None:
    passes = [lambda: ["wrong"], lambda: ["good", "wrong"], lambda: pytest.fail("went on")]
    assert first_accepted(passes, lambda text: text == "good") == ["good", "wrong"]


@pytest.mark.slow
def test_damaged_and_blurred_labels_of_the_field(make: Make, shared: Path) -> None:
    """One in four of the hard pictures, to stay quick; the bench `scan` takes them all."""
    folder = shared / "data/qr"
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("hard/")][::4]
    read = 0
    for row in rows:
        texts = make(None).read((folder / row["file"]).read_bytes())
        assert set(texts) <= set(row["expected"].split("|")), row["file"]
        read += set(texts) == set(row["expected"].split("|"))
    assert read / len(rows) >= 0.75


@pytest.mark.desktop
def test_zxing_is_chosen_first() -> None:
    assert type(readers.choose_reader()).__name__ == "ZxingReader"


def test_without_any_library_there_is_a_clear_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = (("media.adapters.no_such_reader", "Reader"),)
    monkeypatch.setattr(readers, "_BEST_FIRST", missing)
    with pytest.raises(CameraError) as refused:
        readers.choose_reader()
    assert refused.value.params["reason"] == "unsupported"
