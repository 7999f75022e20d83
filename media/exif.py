"""What a picture's EXIF says about place and time, and the GPS block of a stamped copy.

Files come from anywhere: every value may be of a wrong type, out of range, or nan (a zero
denominator). A value that makes no sense counts as absent; a block that cannot be read at all sets
`damaged`. Tag numbers are those of CIPA DC-008 (Exif 3.0).
"""

import math
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import SupportsFloat, cast

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from domain.gcj02 import from_chinese_map
from domain.places import Fix, Place
from domain.records import Value

ORIENTATION, DATETIME = 0x0112, 0x0132
MAKE, MODEL = 0x010F, 0x0110
MAKE_MAX = 60  # characters kept of it
EXIF_IFD, GPS_IFD = 0x8769, 0x8825
DATETIME_ORIGINAL, OFFSET_ORIGINAL = 0x9003, 0x9011
ACCURACY_MAX_M = 100_000  # beyond it the number says nothing
_TAKEN = re.compile(r"^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)$")
_OFFSET = re.compile(r"^[+-]\d\d:\d\d$")
# Everything Pillow's reader was seen to raise on damaged blocks; it has no error type of its own.
_UNREADABLE = (
    SyntaxError,
    struct.error,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    OSError,
    AttributeError,
    ZeroDivisionError,
)


@dataclass(frozen=True, slots=True)
class PictureFix:
    """The position that a camera wrote into the picture; accuracy and time where it says them."""

    place: Place
    accuracy_cm: int | None
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class Exif:
    """What was found. `taken` is "2026-11-22 22:13:05", followed by "+08:00" if a zone is known.

    `make` is maker and model of the camera in printable letters; "" where it does not say.
    """

    fix: PictureFix | None = None
    taken: str | None = None
    orientation: int = 1
    damaged: bool = False
    make: str = ""

    def value(self) -> dict[str, Value]:
        """Return the cell `exif` of an evidence record."""
        found: dict[str, Value] = {"taken": self.taken, "damaged": self.damaged}
        if self.make:
            found["make"] = self.make
        if self.fix:
            found["lat_e7"], found["lon_e7"] = self.fix.place.lat_e7, self.fix.place.lon_e7
            found["acc_cm"], found["at_ms"] = self.fix.accuracy_cm, self.fix.at_ms
        return found


def read(picture: Image.Image) -> Exif:
    """Read the EXIF of an opened picture; never raises."""
    try:
        top = picture.getexif()
        tags = {**top, **top.get_ifd(EXIF_IFD)}
        gps = dict(top.get_ifd(GPS_IFD))
    except _UNREADABLE:
        return Exif(damaged=True)
    orientation = tags.get(ORIENTATION)
    upright = not isinstance(orientation, int) or not 1 <= orientation <= 8
    return Exif(
        fix=_fix(gps),
        taken=_taken(tags),
        orientation=1 if upright else cast("int", orientation),
        make=_make(tags),
    )


def of_copy(original: Exif, fix: Fix | PictureFix | None) -> Image.Exif:
    """Return the EXIF of a stamped copy: upright, the original's time, and the position."""
    exif = Image.Exif()
    if original.taken:
        inner = exif.get_ifd(EXIF_IFD)
        inner[DATETIME_ORIGINAL] = original.taken[:19].replace("-", ":")
        if len(original.taken) > 19:
            inner[OFFSET_ORIGINAL] = original.taken[19:]
    if fix is None:
        return exif
    gps = exif.get_ifd(GPS_IFD)
    gps[0x00] = b"\x02\x03\x00\x00"  # GPSVersionID
    gps[0x01] = "N" if fix.place.lat_e7 >= 0 else "S"
    gps[0x02] = _sexagesimal(fix.place.lat_e7)
    gps[0x03] = "E" if fix.place.lon_e7 >= 0 else "W"
    gps[0x04] = _sexagesimal(fix.place.lon_e7)
    gps[0x12] = "WGS-84"
    if fix.accuracy_cm is not None:
        gps[0x1F] = IFDRational(fix.accuracy_cm, 100)
    if fix.at_ms is not None:
        at = datetime.fromtimestamp(fix.at_ms / 1000, UTC)
        gps[0x07] = (
            IFDRational(at.hour),
            IFDRational(at.minute),
            IFDRational(at.second * 1000 + at.microsecond // 1000, 1000),
        )
        gps[0x1D] = at.strftime("%Y:%m:%d")
    return exif


def _sexagesimal(angle_e7: int) -> tuple[IFDRational, IFDRational, IFDRational]:
    degrees, rest = divmod(abs(angle_e7), 10_000_000)
    minutes, rest = divmod(rest * 60, 10_000_000)
    # 1e-4 second of arc is 3 mm: finer than 1e-7 degree
    return IFDRational(degrees), IFDRational(minutes), IFDRational(round(rest * 60 / 1e3), 10_000)


def _fix(gps: dict[int, object]) -> PictureFix | None:
    lat, lon = _angle(gps, 0x02, 0x01, "S", 90), _angle(gps, 0x04, 0x03, "W", 180)
    if lat is None or lon is None:
        return None
    if lat == 0 and lon == 0:  # what cameras write when they know nothing
        return None
    accuracy_m = _number(gps.get(0x1F))
    known = accuracy_m is not None and 0 < accuracy_m <= ACCURACY_MAX_M
    place = Place(round(lat * 1e7), round(lon * 1e7))
    return PictureFix(
        from_chinese_map(place) if _on_chinese_grid(gps) else place,
        round(cast("float", accuracy_m) * 100) if known else None,
        _gps_ms(gps),
    )


def _on_chinese_grid(gps: dict[int, object]) -> bool:
    """Whether the camera says that it wrote GCJ-02; without a word it is WGS-84, by the norm."""
    datum = "".join(letter for letter in _text(gps.get(0x12)).upper() if letter.isalnum())
    return datum in ("GCJ02", "GCJ2")


def _angle(gps: dict[int, object], tag: int, ref: int, negative: str, limit: int) -> float | None:
    parts = _triple(gps.get(tag))
    if parts is None:
        return None
    degrees = parts[0] + parts[1] / 60 + parts[2] / 3600
    if not 0 <= degrees <= limit:
        return None
    return -degrees if _text(gps.get(ref)).upper().startswith(negative) else degrees


def _gps_ms(gps: dict[int, object]) -> int | None:
    clock = _triple(gps.get(0x07))
    day = re.match(r"^(\d{4})[:-](\d\d)[:-](\d\d)$", _text(gps.get(0x1D)))
    if clock is None or day is None:
        return None
    seconds = clock[0] * 3600 + clock[1] * 60 + clock[2]
    if not 0 <= seconds < 86_401:  # 86 400 is a leap second
        return None
    try:
        midnight = datetime(*(int(part) for part in day.groups()), tzinfo=UTC)
    except ValueError:
        return None
    moment = midnight + timedelta(seconds=seconds)
    return round(moment.timestamp() * 1000) if moment.year >= 1980 else None  # GPS began in 1980


def _taken(tags: dict[int, object]) -> str | None:
    found = _TAKEN.match(_text(tags.get(DATETIME_ORIGINAL)) or _text(tags.get(DATETIME)))
    if not found:
        return None
    try:
        moment = datetime(*(int(part) for part in found.groups()), tzinfo=UTC)
    except ValueError:
        return None
    offset = _text(tags.get(OFFSET_ORIGINAL))
    return moment.strftime("%Y-%m-%d %H:%M:%S") + (offset if _OFFSET.match(offset) else "")


def _make(tags: dict[int, object]) -> str:
    """Return "Apple iPhone 15": the model often begins with the maker already."""
    maker, model = _text(tags.get(MAKE)), _text(tags.get(MODEL))
    name = model if model.casefold().startswith(maker.casefold()) else f"{maker} {model}"
    return "".join(letter for letter in name if letter.isprintable()).strip()[:MAKE_MAX]


def _triple(value: object) -> tuple[float, float, float] | None:
    if not isinstance(value, tuple) or len(cast("tuple[object, ...]", value)) != 3:
        return None
    numbers = [_number(part) for part in cast("tuple[object, ...]", value)]
    first, second, third = numbers
    if first is None or second is None or third is None or min(first, second, third) < 0:
        return None
    return first, second, third


def _number(value: object) -> float | None:
    if not isinstance(value, SupportsFloat):
        return None
    try:
        number = float(value)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value.strip("\0 ") if isinstance(value, str) else ""
