"""Signs promise: a made display and a played stream are noticed, genuine ones are not, fast enough.

Displays and virtual cameras are made by computer; `anshao bench recapture` measures more of them.
"""

import io
import os
import random
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import displays
from domain.capture_trust import KINDS, SIGN_DEVICE, SIGN_EVEN, SIGN_EXIF, SIGN_REPEAT, SIGN_SCREEN
from domain.errors import PictureError, PictureTooLargeError
from domain.rectification import ModelFileError
from media import checks, images
from media.recapture import challenge, lines, screen, signs, stream
from media.recapture.stream import About, Frame, Seen
from tests.media.pictures import jpeg
from tests.media.places import Picture, file, from_aside, grainy, second_shot, wall

CAPTURE = checks.load_capture()
LIMITS = CAPTURE.limits


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("pitch", [2.4, 3.3, 5.0])
def test_a_photo_of_a_display_carries_its_pattern(pitch: float) -> None:
    shown = displays.recaptured(wall(1), pitch, "stripes", rng())
    assert signs.found(shown, None, CAPTURE) == (SIGN_SCREEN,)


@pytest.mark.parametrize("seed", range(4))
def test_a_photo_of_the_place_does_not(seed: int) -> None:
    assert signs.found(displays.genuine(wall(seed), rng(seed)), None, CAPTURE) == ()
    assert signs.found(file(second_shot(wall(seed), 3)), None, CAPTURE) == ()


def test_a_stream_from_a_file_repeats_itself_and_a_sensor_does_not() -> None:
    found = {
        kind: stream.signs(displays.stream(wall(1), kind, rng()), LIMITS.stream)
        for kind in displays.STREAMS
    }
    assert found["sensor"] == ()
    assert found["picture"] == (SIGN_REPEAT,)
    assert found["picture_even"] == (SIGN_REPEAT, SIGN_EVEN)
    assert found["resaved"] == ("sign_frozen",)


def test_a_covered_lens_is_no_virtual_camera() -> None:
    dark = [Frame(np.zeros((256, 256), np.uint8), turn * 33_000 + turn % 3) for turn in range(8)]
    assert "sign_repeat" not in stream.signs(dark, replace(LIMITS.stream, even=0.0))
    assert stream.signs([], LIMITS.stream) == ()
    assert stream.signs(dark[:3], LIMITS.stream) == ()


def test_what_the_platform_says_of_its_camera_counts() -> None:
    shot = file(wall(2))
    assert signs.found(shot, Seen(About("OBS Virtual Camera")), CAPTURE) == (SIGN_DEVICE,)
    assert signs.found(shot, Seen(About("Integrated Webcam", None)), CAPTURE) == ()
    assert signs.found(shot, Seen(About("back", stamps=True)), CAPTURE) == (SIGN_EXIF,)
    kept = Image.Exif()
    kept[0x0110] = "phone"
    with_exif = jpeg(Image.fromarray(wall(2)), quality=88, exif=kept)
    assert signs.found(with_exif, Seen(About("back", stamps=True)), CAPTURE) == ()


@pytest.mark.parametrize(
    ("second", "fits"),
    [
        (wall(1), ()),  # the same frame again
        (grainy(wall(1), 4), ()),  # saved anew
        (from_aside(wall(1), 0, 1.3, 5), ()),  # enlarged by a program
        (wall(8), ()),  # another place
        (second_shot(wall(1), 3), ("aside", "shake")),
        (from_aside(second_shot(wall(1), 3), 3, 1.25, 7), ("closer", "aside", "shake")),
    ],
)
def test_only_another_exposure_that_moved_as_asked_fits(
    second: Picture, fits: tuple[str, ...]
) -> None:
    found = {
        kind: challenge.settled(file(wall(1)), file(second), kind, LIMITS.challenge)
        for kind in KINDS
    }
    assert tuple(kind for kind, one in found.items() if one.state == "met") == fits
    assert all((one.state == "met") == (one.why == "") for one in found.values())


def test_damaged_tiny_and_huge_pictures_are_bounded() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    whole = displays.recaptured(wall(1), 3.0, "stripes", rng())
    began = time.perf_counter()
    for _ in range(12):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 40)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        damaged = bytes(data[: chance.randrange(1, len(data))])
        with suppress(PictureError):
            signs.found(damaged, Seen(), CAPTURE)
        assert challenge.settled(whole, damaged, "shake", LIMITS.challenge).state == "failed"
    assert signs.found(jpeg(Image.new("RGB", (1, 1))), None, CAPTURE) == ()
    for size in ((255, 4000), (4000, 256), (256, 256)):
        signs.found(jpeg(Image.new("RGB", size, "grey")), None, CAPTURE)
    large = Image.new("L", (images.EDGE_MAX, 1900))
    assert signs.found(jpeg(large), None, CAPTURE) == ()
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    with pytest.raises(PictureTooLargeError):
        signs.found(bomb.getvalue(), None, CAPTURE)
    assert time.perf_counter() - began < 120


def test_the_power_of_a_tile_is_that_of_the_plain_transform() -> None:
    tile = rng(4).normal(size=(screen.TILE, screen.TILE)).astype(np.float32)
    plain = np.abs(np.fft.rfft2(tile)) ** 2
    np.testing.assert_allclose(screen.power_of(tile), plain, rtol=1e-3, atol=1e-2)


def test_no_more_tiles_are_looked_at_however_large_a_picture_is() -> None:
    assert len(list(screen.tiles(Image.new("RGB", (4000, 3000))))) == screen.TILES_MAX
    assert list(screen.tiles(Image.new("RGB", (4000, 100)))) == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"screen": 2}, "capture.screen"),
        ({"devices": ["x", 3]}, "capture.devices"),
        ({"rates": {"sign_moon": 1}}, "capture.rates"),
        ({"rates": {"sign_screen": 1.5}}, "sign_screen"),
        ({"stream": {"frames": 6}}, "capture.stream.same"),
    ],
)
def test_lines_that_are_wrong_are_named(row: dict[str, object], problem: str) -> None:
    path = checks.FOLDER / "limits.yaml"
    from media.model_files import read_file

    found = dict(read_file(path))
    capture = found["capture"]
    assert isinstance(capture, dict)
    with pytest.raises(ModelFileError) as refused:
        lines.load({**found, "capture": {**capture, **row}}, path)
    assert refused.value.params["problem"] == problem


def test_the_bench_judges_a_folder_of_pictures(tmp_path: Path) -> None:
    from benchmarks import recapture
    from benchmarks.runner import Options

    (tmp_path / "shown.jpg").write_bytes(displays.recaptured(wall(3), 3.3, "stripes", rng()))
    (tmp_path / "place.jpg").write_bytes(file(wall(3)))
    (tmp_path / "asked.jpg").write_bytes(file(wall(4)))
    rows = ["file,label,kind", "shown.jpg,1,display", "place.jpg,0,place", "asked.jpg,,"]
    (tmp_path / "manifest.csv").write_text(os.linesep.join(rows), encoding="utf-8")
    said = tmp_path / "said.jsonl"
    ratios, figures = recapture.run(Options(data=tmp_path, predictions=said))
    assert (figures["caught"], figures["false"], figures["pictures"]) == (1, 0, 3)
    assert "time_over_decode" in ratios
    assert len(said.read_text(encoding="utf-8").splitlines()) == 3
