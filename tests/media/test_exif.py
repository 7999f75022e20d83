"""EXIF says where and when, or nothing; it never makes a picture unreadable."""

import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from domain.gcj02 import on_chinese_map
from domain.places import Fix, Place, distance_m
from media import images
from media.exif import Exif, PictureFix
from tests.media.pictures import FONT, jpeg, opened, photo

PLAIN = photo(64, 48)


def exif_of(gps: dict[int, object], inner: dict[int, object] | None = None) -> Exif:
    """Write tags with Pillow and read them back with ours."""
    block = Image.Exif()
    block.get_ifd(0x8825).update(gps)
    block.get_ifd(0x8769).update(inner or {})
    return images.inspect(jpeg(PLAIN, exif=block.tobytes())).exif


GOOD: dict[int, object] = {
    1: "N",
    2: (IFDRational(30), IFDRational(0), IFDRational(3924, 1000)),
    3: "E",
    4: (IFDRational(122), IFDRational(30), IFDRational(30384, 10000)),
    0x1F: IFDRational(6),
    7: (IFDRational(14), IFDRational(13), IFDRational(5)),
    0x1D: "2026:11:22",
}


def test_place_accuracy_and_time_are_read() -> None:
    exif = exif_of(GOOD, {0x9003: "2026:11:22 22:13:05", 0x9011: "+08:00"})
    assert exif.taken == "2026-11-22 22:13:05+08:00"
    assert exif.fix == PictureFix(Place(300010900, 1225008440), 600, 1795356785000)


def test_a_position_on_the_grid_of_chinese_maps_is_kept_as_wgs_84() -> None:
    plain, shifted = exif_of({**GOOD, 0x12: "WGS-84"}).fix, exif_of({**GOOD, 0x12: "GCJ-02"}).fix
    assert plain == exif_of(GOOD).fix
    assert plain is not None
    assert shifted is not None
    assert distance_m(on_chinese_map(shifted.place), plain.place) < 0.1
    assert distance_m(shifted.place, plain.place) > 100


@pytest.mark.parametrize(
    ("maker", "model", "said"),
    [
        ("Apple", "iPhone 15", "Apple iPhone 15"),
        ("HUAWEI", "HUAWEI P40", "HUAWEI P40"),
        ("", "", ""),
        ("小米", "", "小米"),
        ("A\x07\nB", "C" * 200, ("AB " + "C" * 200)[:60]),
    ],
)
def test_the_camera_is_named_in_few_harmless_letters(maker: str, model: str, said: str) -> None:
    block = Image.Exif()
    block[0x010F], block[0x0110] = maker.encode(), model.encode()
    found = images.inspect(jpeg(PLAIN, exif=block.tobytes())).exif
    assert said.isascii() <= (found.make == said)
    assert found.make.isprintable()
    assert found.value().get("make", "") == found.make


@pytest.mark.parametrize(
    ("north", "east", "lat", "lon"),
    [("N", "E", 1, 1), ("S", "E", -1, 1), ("N", "W", 1, -1), ("S", "W", -1, -1)],
)
def test_the_four_quarters_of_the_earth(north: str, east: str, lat: int, lon: int) -> None:
    fix = exif_of({**GOOD, 1: north, 3: east}).fix
    assert fix is not None
    assert fix.place == Place(300010900 * lat, 1225008440 * lon)


@pytest.mark.parametrize(
    "odd",
    [
        {2: (IFDRational(0, 0), IFDRational(0, 0), IFDRational(0, 0))},
        {2: (IFDRational(91), IFDRational(0), IFDRational(0))},
        {4: (IFDRational(181), IFDRational(0), IFDRational(0))},
        {2: (IFDRational(30),)},
        {2: (IFDRational(0), IFDRational(0), IFDRational(0)), 4: (IFDRational(0),) * 3},
    ],
)
def test_an_absurd_place_is_no_place(odd: dict[int, object]) -> None:
    assert exif_of({**GOOD, **odd}).fix is None


@pytest.mark.parametrize(
    "odd",
    [
        {0x1F: IFDRational(0, 0)},
        {0x1F: IFDRational(0)},
        {7: (IFDRational(99), IFDRational(0), IFDRational(0))},
        {0x1D: "2026:02:30"},
        {0x1D: "0000:00:00"},
    ],
)
def test_an_absurd_accuracy_or_time_leaves_the_place(odd: dict[int, object]) -> None:
    fix = exif_of({**GOOD, **odd}).fix
    assert fix is not None
    assert None in (fix.accuracy_cm, fix.at_ms)


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "2026:13:01 00:00:00", "yesterday", ""])
def test_an_absurd_time_is_no_time(taken: str) -> None:
    assert exif_of(GOOD, {0x9003: taken}).taken is None


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("block", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0xxxx"])
def test_a_damaged_block_leaves_the_picture(block: bytes) -> None:
    facts = images.inspect(jpeg(PLAIN, exif=block))
    assert (facts.width, facts.exif.fix, facts.exif.orientation) == (64, None, 1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Truncated File Read")
@given(st.binary(max_size=200))
def test_no_block_makes_reading_fail(block: bytes) -> None:
    images.inspect(jpeg(PLAIN, exif=b"Exif\0\0II*\0\x08\0\0\0" + block))


@given(
    st.integers(-899_999_999, 899_999_999),
    st.integers(-1_799_999_999, 1_799_999_999),
    st.integers(1, 9_999_999),
)
def test_the_copy_carries_the_position(lat: int, lon: int, accuracy_cm: int) -> None:
    assume(lat != 0 or lon != 0)  # what cameras write that know nothing
    place = Place(lat, lon)
    copy = images.stamp(jpeg(PLAIN), [], FONT, Fix(place, accuracy_cm, 1795356785123))
    fix = images.inspect(copy).exif.fix
    assert fix is not None
    assert math.isclose(distance_m(fix.place, place), 0, abs_tol=0.02)
    assert (fix.accuracy_cm, fix.at_ms) == (accuracy_cm, 1795356785123)


def test_a_file_keeps_its_own_position_and_time_on_the_copy() -> None:
    block = Image.Exif()
    block.get_ifd(0x8825).update(GOOD)
    block.get_ifd(0x8769)[0x9003] = "2026:11:22 22:13:05"
    copy = images.inspect(images.stamp(jpeg(PLAIN, exif=block.tobytes()), ["x"], Path(FONT)))
    assert copy.exif.taken == "2026-11-22 22:13:05"
    assert copy.exif.fix == PictureFix(Place(300010900, 1225008440), 600, 1795356785000)


def test_the_cell_of_a_record_has_no_floats() -> None:
    value = exif_of(GOOD, {0x9003: "2026:11:22 22:13:05"}).value()
    assert value["lat_e7"] == 300010900
    assert not any(isinstance(part, float) for part in value.values())


def test_the_position_stands_in_the_exif_of_the_copy_in_wgs_84() -> None:
    """Nothing is rounded away, and the tags are those that other programs read."""
    fix = Fix(Place(300_010_901, -1_225_008_447), 640, 1_790_000_000_123)
    original = jpeg(photo(320, 240))
    copy = opened(images.stamp(original, ["国"], FONT, fix))
    gps = copy.getexif().get_ifd(0x8825)
    assert (gps[0x01], gps[0x03], gps[0x12]) == ("N", "W", "WGS-84")
    assert float(gps[0x1F]) == pytest.approx(6.4)
    assert gps[0x1D] == "2026:09:21"
    found = images.inspect(images.stamp(original, ["国"], FONT, fix)).exif.fix
    assert found is not None
    assert (found.place, found.accuracy_cm, found.at_ms) == (fix.place, 640, fix.at_ms)
    assert images.inspect(original).exif.fix is None  # the original stays as it was
