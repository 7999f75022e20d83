"""Reading `privacy.yaml`: personal media, their time, and what people are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from domain.privacy import MediaKind, PrivacyRules, Purpose
from domain.reading.source import Part
from domain.words import Words

_KEEP_MAX = 3650


@dataclass(frozen=True, slots=True)
class PrivacyExample:
    """Evidence of these cells: its kind, and after how many days it goes by rule."""

    path: str
    line: int
    cells: Mapping[str, str]
    closed: bool
    kind: str | None
    removed_after: int | None


def read_privacy(part: Part) -> tuple[PrivacyRules, tuple[PrivacyExample, ...]]:
    """Return the rules with their examples."""
    purposes = {one.code: one for one in map(_purpose, part.parts("purposes"))}
    kinds = tuple(map(_kind, part.parts("media")))
    examples = tuple(map(_example, part.parts("examples")))
    return PrivacyRules(purposes, kinds), examples


def _purpose(row: Part) -> Purpose:
    return Purpose(
        row.code("code", "purpose"), row.words(), _words(row, "need"), _words(row, "instead")
    )


def _words(row: Part, key: str) -> Words:
    inside = row.part(key)
    if inside is None:
        row.problem(key, "key.missing")
        return Words({"zh": "", "en": ""})
    return inside.words()


def _kind(row: Part) -> MediaKind:
    days = row.whole("keep_days")
    if not 0 < days <= _KEEP_MAX:
        row.problem("keep_days", "value.choice", value=str(days), allowed=f"1-{_KEEP_MAX}")
    when = tuple(_cells(line) for line in row.parts("when"))
    if not when or not all(when):
        row.problem("when", "key.missing")
    return MediaKind(
        code=row.code("code", "personal medium"),
        name=row.words(),
        when=when,
        files=row.texts("files"),
        keep_days=days,
        since=cast("Literal['taken', 'closed']", row.choice("from", ("taken", "closed"))),
        whose=cast("Literal['by', 'assignee']", row.choice("whose", ("by", "assignee"))),
        purpose=row.ref("purpose", "purpose"),
    )


def _cells(row: Part) -> dict[str, str]:
    return {name: row.text_or_bool(name) for name in row.names()}


def _example(row: Part) -> PrivacyExample:
    cells = row.part("cells")
    return PrivacyExample(
        row.path,
        row.line,
        _cells(cells) if cells else {},
        row.flag("closed"),
        row.text_or_none("kind"),
        row.whole_or_none("removed_after"),
    )
