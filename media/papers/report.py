"""The report of one record, from the facts to the bytes of the PDF."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.papers import REPORTED, ReportKindError
from domain.proof_findings import Finding
from media.papers import hazard, inspection
from media.papers.deeds import Names
from media.papers.facts import Told
from media.papers.photos import Photos
from media.papers.sheet import QR_MM, SMALL, TITLE, TOP, WIDTH, Frame, Line, Sheet, Tone
from media.papers.wording import Wording, when
from offline_store.database import Store

_LACKING_MAX: Final = 60  # signs named one by one
_BROKEN_MAX: Final = 20
# lines of a proof that say how a chain and its entries stand; the others are of the file itself
_CHAIN: Final = ("chain.", "device.")
_MARKS: Final[dict[str, Tone]] = {
    "holds": "good",
    "broken": "stop",
    "open": "mind",
    "note": "faint",
}


@dataclass(frozen=True, slots=True)
class Making:
    """What a report is made with: language, font, date made, and who asked (empty: the server)."""

    t: Wording
    font: Path
    made_ms: int
    by: str = ""


def check_kind(type_: str) -> None:
    """Raise ReportKindError for a record of another kind."""
    if type_ not in REPORTED:
        raise ReportKindError(type=type_)


def make(store: Store, told: Told, making: Making) -> bytes:
    """Return the report of a hazard or an inspection as PDF; raises ReportKindError."""
    record, t = told.record, making.t
    check_kind(record.type)
    part = hazard if record.type == "hazard" else inspection
    with Sheet(_frame(told, making), making.font) as sheet:
        sheet.qr(*_code(t, told))
        beside = WIDTH - QR_MM - 8
        sheet.lines([Line(_title(t, told), size=TITLE)], width=beside)
        made = t("report.made", time=when(t, making.made_ms), by=_by(t, told, making.by))
        sheet.lines([Line(made, "faint", SMALL)], width=beside)
        sheet.y += 2
        rows = part.facts(t, told)
        sheet.facts(rows[:2], width=beside)
        sheet.past(TOP + QR_MM + 8)
        sheet.facts(rows[2:])
        part.draw(sheet, t, told, Photos(store, t, told))
        _worth(sheet, t, told)
        _lacking(sheet, t)
        return sheet.output()


def _frame(told: Told, making: Making) -> Frame:
    t, record = making.t, told.record
    return Frame(
        plant=t.of(told.definitions.plant.name),
        title=_title(t, told),
        foot=t("report.foot", record=record.record_id, head=told.short_head or t("report.none")),
        page=t("report.page", n="{n}", all="{all}"),
        language=t.language,
        made_ms=making.made_ms,
    )


def _title(t: Wording, told: Told) -> str:
    return t(f"report.title.{told.record.type}", code=told.record.text("code"))


def _by(t: Wording, told: Told, person: str) -> str:
    return Names(told.definitions, t).person(person) if person else t("report.by_server")


def _code(t: Wording, told: Told) -> tuple[str, str]:
    """Return the text of the QR, and what to do with it."""
    record = told.record
    asset = record.text("asset")
    if asset in told.definitions.plant.assets:
        return asset, t("report.qr.asset", asset=asset)
    code = record.text("code") or record.record_id
    return code, t("report.qr.code", code=code)


def _worth(sheet: Sheet, t: Wording, told: Told) -> None:
    """Print the state of chains and signatures, and what is no proof."""
    sheet.heading(t("report.worth"), room=30)
    if told.findings is None:
        sheet.lines([Line(t("report.worth.parts"), "mind")])
    else:
        _findings(sheet, t, told, told.findings)
    signed = sum(one.signed for one in told.deeds)
    waiting = sum(one.waiting for one in told.deeds)
    counts = {"n": len(told.deeds), "signed": signed, "waiting": waiting}
    sheet.lines([Line(t("report.worth.entries", **counts))])
    sheet.lines([Line(t("report.worth.head", head=told.head or t("report.none")), "faint", SMALL)])
    sheet.lines([Line(t("report.worth.limits"), "faint", SMALL)])


def _findings(sheet: Sheet, t: Wording, told: Told, found: tuple[Finding, ...]) -> None:
    broken = [one for one in found if one.mark == "broken"]
    key = "report.worth.broken" if broken else "report.worth.whole"
    sheet.lines([Line(t(key, n=len(broken)), "stop" if broken else "good")])
    said = [one for one in found if one.code.startswith(_CHAIN) and one.mark != "broken"]
    if not told.at_server:  # a device has nothing that the plant signed about devices
        said = [one for one in said if one.code != "device.claimed"]
    for one in [*broken[:_BROKEN_MAX], *said]:
        sheet.lines([Line(_words(t, told, one), _MARKS[one.mark], SMALL)])


def _words(t: Wording, told: Told, one: Finding) -> str:
    params: dict[str, object] = {
        name: when(t, value if isinstance(value, int) else None) if name.endswith("_ms") else value
        for name, value in one.params.items()
    }
    device = params.get("device")
    if isinstance(device, str) and "name" not in params:
        params["device"] = told.devices.get(device, device)
    return t.known(f"proof.{one.code}", one.code, params)


def _lacking(sheet: Sheet, t: Wording) -> None:
    """Name the signs that the font could not print."""
    signs = list(sheet.clean.lacking)
    if signs:
        named = t.listed(f"U+{ord(one):04X}" for one in signs[:_LACKING_MAX])
        sheet.lines([Line(t("report.lacking", n=len(signs), signs=named), "mind", SMALL)])
