"""Photos on paper: bounded in size, each with its grade and the reasons in words."""

from collections.abc import Sequence
from typing import Final

from domain.capture_trust import grounds, standing_grade
from domain.errors import PictureError, PictureTooLargeError
from domain.records import Value
from domain.repair_checks import Region
from media.papers.deeds import Names
from media.papers.facts import Shot, Told, original_first, read_picture
from media.papers.pictures import fitting
from media.papers.sheet import SMALL, Line, Sheet, Tile, Tone
from media.papers.wording import Wording, when
from offline_store.database import Store

BYTES_ALL: Final = 7_000_000  # of all pictures of a report
BYTES_ONE: Final = 160_000
SHOWN_MAX: Final = 120  # photos drawn; the others are named
_GRADES: Final[dict[str, Tone]] = {"A": "good", "B": "good", "C": "mind", "D": "stop"}
_HASH: Final = 16


class Photos:
    """The photos of one report: knows what each may weigh."""

    def __init__(self, store: Store, t: Wording, told: Told) -> None:
        """Divide the room among the photos there are."""
        self._store, self._t, self._told = store, t, told
        self._names = Names(told.definitions, t)
        self._room = min(BYTES_ONE, BYTES_ALL // max(1, min(len(told.shots), SHOWN_MAX)))
        self._drawn = 0

    def print(self, sheet: Sheet, shots: Sequence[Shot], tall: float = 62.0) -> None:
        """Print photos, two beside each other, one pair in memory at a time."""
        for first in range(0, len(shots), 2):
            sheet.tiles([self.tile(one) for one in shots[first : first + 2]], tall)

    def tile(self, shot: Shot, region: Region | None = None, title: str = "") -> Tile:
        """Return a photo with what is said of it; `region` is drawn on it."""
        shown = original_first(self._store, shot) if region else shot
        lines = [Line(title or self._title(shot)), *self._grade(shot), *self._origin(shot)]
        picture: bytes | None = None
        if self._drawn < SHOWN_MAX and shown.picture:
            self._drawn += 1
            picture = self._picture(shown, region, lines)
        lines += self._missing(shot)
        return Tile(picture, tuple(lines))

    def _picture(self, shot: Shot, region: Region | None, lines: list[Line]) -> bytes | None:
        data = read_picture(self._store, shot)
        if data is None:
            return None
        try:
            return fitting(data, self._room, region, _shape(shot.record.get("exif")))
        except (PictureError, PictureTooLargeError):
            lines.append(Line(self._t("report.photo.damaged"), "stop", SMALL))
            return None

    def _title(self, shot: Shot) -> str:
        kind = shot.record.text("shot")
        name = self._t.known(f"shot.{kind}", kind)
        if shot.is_clip:
            return self._t("report.clip", name=name, s=shot.record.whole("seconds") or 0)
        return name

    def _grade(self, shot: Shot) -> list[Line]:
        t, rules = self._t, self._told.definitions.trust
        letter = standing_grade(shot.record, rules)
        name = t.known(f"evidence.grade.{letter}", "")
        lines = [
            Line(t("report.evidence", grade=letter, name=name), _GRADES.get(letter, "plain"))
        ] if letter else []  # fmt: skip
        for code, ok, params in grounds(shot.record, rules):
            key = f"evidence.reason.{code}"
            said = t.known(key, t.known(f"{key}.unmeasured", code, params), params)
            sign = "✓" if ok else "!"
            lines.append(Line(f"{sign} {said}", "faint" if ok else "mind", SMALL))
        return lines

    def _origin(self, shot: Shot) -> list[Line]:
        t, record = self._t, shot.record
        taken = t("report.photo.taken", time=when(t, record.whole("taken_ms")))
        device = t("report.device", device=shot.device, number=shot.number)
        told = [f"{taken} · {self._names.person(record.text('by'))}"]
        place = position(t, record.get("fix"))
        if place:
            told.append(place)
        told.append(f"{device} · {t('report.photo.hash', hash=record.text('original')[:_HASH])}")
        return [Line(text, "faint", SMALL) for text in told]

    def _missing(self, shot: Shot) -> list[Line]:
        t = self._t
        if shot.where == "removed":
            return [Line(t("mydata.removed.file"), "mind", SMALL)]
        lines: list[Line] = []
        if shot.where == "elsewhere":
            key = "report.photo.on_device" if self._told.at_server else "report.photo.elsewhere"
            lines.append(Line(t(key, device=shot.device), "mind", SMALL))
        if self._drawn >= SHOWN_MAX and shot.picture:
            lines.append(Line(t("report.photo.many", n=SHOWN_MAX), "mind", SMALL))
        return lines


def position(t: Wording, fix: Value) -> str:
    """Return a position (WGS-84) with its accuracy; empty for none."""
    if not isinstance(fix, dict):
        return ""
    lat, lon, acc = (fix.get(name) for name in ("lat", "lon", "acc_cm"))
    if not (isinstance(lat, int) and isinstance(lon, int) and isinstance(acc, int)):
        return ""
    north = f"{abs(lat) / 1e7:.5f} {'N' if lat >= 0 else 'S'}"
    east = f"{abs(lon) / 1e7:.5f} {'E' if lon >= 0 else 'W'}"
    return t("report.photo.position", place=f"{north} {east}", m=max(1, round(acc / 100)))


def _shape(value: Value) -> tuple[int, int] | None:
    """Return the upright size of the original, as its record says it."""
    if not isinstance(value, dict):
        return None
    width, height = value.get("width"), value.get("height")
    return (width, height) if isinstance(width, int) and isinstance(height, int) else None
