"""A hazard on paper: what was found, what was done, and whether it was really repaired."""

from collections.abc import Callable
from typing import Final

from domain.hazard_fields import asked
from domain.hazards import element_of
from domain.questions import Item
from domain.records import Record
from domain.repair_checks import (
    CHECK,
    REGION,
    SERVER_CHECK,
    RepairCheck,
    check_of,
    disagree,
    last_after,
    region_of,
    shown_percent,
)
from media.papers.answers import answer_words
from media.papers.deeds import Names, history
from media.papers.facts import Shot, Told
from media.papers.photos import Photos, position
from media.papers.sheet import SMALL, Line, Sheet, Tone
from media.papers.wording import Wording, when

_TONES: Final[dict[str, Tone]] = {"passed": "good", "refused": "stop", "needs_person": "mind"}
Rows = list[tuple[str, str]]


def facts(t: Wording, told: Told) -> Rows:
    """Return what stands at the top: names and values."""
    record, names, label = told.record, Names(told.definitions, t), _labels(t)
    hazards = told.definitions.hazards
    category = hazards.categories.get(record.text("category"))
    grade = hazards.grades.get(record.text("grade"))
    name = t.of(grade.name) if grade else ""
    element = record.text("element") or element_of(hazards, record.text("category")) or ""
    factor = hazards.factors.get(category.factor) if category else None
    rows = [
        (label("words"), record.text("words")),
        (label("state"), names.state(record.type, record.text("state"))),
        (label("grade"), " · ".join(part for part in (record.text("grade"), name) if part)),
        (label("reasons"), _reasons(t, record)),
        (label("asset"), names.asset(record.text("asset"))),
        (label("area"), names.of(record.text("area"))),
        (label("position"), position(t, record.get("fix"))),
        (label("category"), t.of(category.name) if category else ""),
        (label("element"), t.of(hazards.elements.get(element))),
        (label("factor"), t.of(factor)),
        (label("unit"), names.of(record.text("unit"))),
    ]  # fmt: skip
    for role in ("reporter", "owner", "assignee", "verifier"):
        if record.text(role):
            rows.append((label(role), names.person(record.text(role))))
    reported = record.whole("reported_ms")
    rows.append((label("reported"), when(t, reported) if reported is not None else ""))
    return [*rows, *_asked(t, told)]


def check(sheet: Sheet, t: Wording, told: Told, photos: Photos) -> tuple[Shot, ...]:
    """Print before and after with the verdict; returns the photos that are left to print."""
    record = told.record
    after = _shot(told, last_after([one.record for one in told.shots]))
    region = region_of(record.get(REGION))
    before = next((s for s in told.shots if region and s.record.record_id == region.photo), None)
    if after is None:
        if before is None or region is None:
            return told.shots
        sheet.heading(t("report.photos"), room=112)
        sheet.tiles([photos.tile(before, region, t("report.before"))])
        return tuple(one for one in told.shots if one is not before)
    sheet.heading(t("check.title"), room=40)
    device = check_of(after.record.get(CHECK))
    server = check_of(after.record.get(SERVER_CHECK))
    shown = server or device
    _verdict(sheet, t, shown, region is not None)
    if disagree(device, server) and device and server:
        said = {"device": device, "server": server}
        params = {who: t(f"check.outcome.{one.outcome}") for who, one in said.items()}
        sheet.lines([Line(t("check.differs", **params), "mind")])
    if shown is not None:
        if shown.region != region:
            sheet.lines([Line(t("check.stale"), "mind")])
        _figures(sheet, t, shown, by_server=server is not None)
    sheet.y += 2
    tiles = [photos.tile(before, region, t("report.before"))] if before else []
    sheet.tiles([*tiles, photos.tile(after, title=t("report.after"))], 58.0)
    return tuple(one for one in told.shots if one not in (before, after))


def draw(sheet: Sheet, t: Wording, told: Told, photos: Photos) -> None:
    """Print the parts below the facts."""
    left = check(sheet, t, told, photos)
    if left:
        sheet.heading(t("report.photos"), room=112)
        photos.print(sheet, left)
    history(sheet, t, told)


def _labels(t: Wording) -> Callable[[str], str]:
    return lambda name: t(f"report.fact.{name}")


def _reasons(t: Wording, record: Record) -> str:
    proposed = record.get("proposed")
    rows = proposed.get("reasons") if isinstance(proposed, dict) else None
    said: list[str] = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            said.append(str(row.get(t.language) or row.get("en") or ""))
    return t.listed(one for one in said if one)


def _asked(t: Wording, told: Told) -> Rows:
    """Return what the plant's own data asks of a hazard, with the answers."""
    data, record = told.definitions, told.record
    cells = {name: cell.value for name, cell in record.cells.items()}
    found: Rows = []
    for one in asked(data.workflows["hazard"].fields, cells, data.plant):
        item: Item = one.item
        found.append((t.of(item.name), answer_words(t, item, record.text(one.field_id))))
    return found


def _shot(told: Told, record: Record | None) -> Shot | None:
    return next((one for one in told.shots if record is one.record), None)


def _verdict(sheet: Sheet, t: Wording, found: RepairCheck | None, marked: bool) -> None:
    if found is None:
        sheet.lines([Line(t("check.waiting" if marked else "check.unmarked"), "mind")])
        return
    tone = _TONES[found.outcome]
    said = " ".join(t.known(one.key, "", one.params) for one in found.reasons).strip()
    sheet.lines([Line(t(f"check.outcome.{found.outcome}"), tone, 11.0), Line(said)])


def _figures(sheet: Sheet, t: Wording, found: RepairCheck, *, by_server: bool) -> None:
    rows = [
        ("probability", _percent(t, found.probability)),
        ("scene", _percent(t, found.scene)),
        ("reuse", t(f"check.reuse.{found.reuse}")),
        ("region", _percent(t, found.changed)),
        ("full_frame", _percent(t, found.full_frame)),
    ]
    sheet.y += 1
    sheet.table(
        (),
        [
            [Line(t(f"rectify.figure.{name}"), "faint"), Line(value, size=11 if n < 3 else SMALL)]
            for n, (name, value) in enumerate(rows)
        ],
        (0.42, 0.58),
        ruled=False,
    )
    where = [t("check.server" if by_server else "check.device")]
    if found.basis == "copy":
        where.append(t("check.copy"))
    sheet.lines([Line(" · ".join(where), "faint", SMALL)])


def _percent(t: Wording, share: str) -> str:
    percent = shown_percent(share)
    return t("check.none") if percent is None else t("check.percent", percent=percent)
