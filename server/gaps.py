"""The duty that raises management gaps: photos that stay away check after check (DOMAIN F008)."""

from sqlmodel import Session

from domain import gaps
from domain.gaps import Gap
from domain.notices import GAP, Due
from domain.plant import Asset
from domain.records import Record, Value
from offline_store import history, journal, keep, records
from server.own_entries import OwnStep
from server.site import Site

SEEN = "server.gaps"  # feed number up to which every check was looked at
SHEETS_MAX = 200  # of one equipment: what is older than that is no pattern any more
RULE_PERSON = "rule"


def due(here: Site, now_ms: int) -> list[OwnStep]:
    """Return the gaps to raise now, each with the notice to its owner.

    Only equipment with a new check is looked at. How far that was is kept once nothing is left to
    raise: a crash before the steps are written makes the next call find them again.
    """
    with here.store.session() as session:
        seen = keep.get(session, SEEN)
        after = seen if isinstance(seen, int) else 0
        last = journal.last_feed(session)
        if last == after:
            return []
        steps = [
            step
            for asset_id in history.assets_since(session, "inspection", after)
            if (asset := here.pack.definitions.plant.assets.get(asset_id))
            for step in _of_asset(here, session, asset, now_ms)
        ]
        if not steps:
            keep.put(session, SEEN, last)
    return steps


def _of_asset(here: Site, session: Session, asset: Asset, now_ms: int) -> list[OwnStep]:
    found = here.pack.definitions
    sheets: dict[str, list[Record]] = {}
    for sheet in records.find(
        session, "inspection", state="submitted", asset=asset.asset_id, limit=SHEETS_MAX
    ):
        sheets.setdefault(sheet.definition.partition("@")[0], []).append(sheet)
    raised = records.find(session, gaps.TYPE, asset=asset.asset_id)
    row = found.defaults.whole("pattern.missing_evidence_n")
    return [
        step
        for code, some in sorted(sheets.items())
        if (form := found.forms.get(code))
        for gap in gaps.missing(
            form, asset, some, [one for one in raised if one.text("form") == code], row
        )
        for step in _steps(here, gap, asset, now_ms)
    ]


def _steps(here: Site, gap: Gap, asset: Asset, now_ms: int) -> list[OwnStep]:
    found = here.pack.definitions
    owner = gaps.owner_of(found, asset.owner, asset.area)
    cells: dict[str, Value] = {
        "state": gaps.OPEN,
        "rule": gaps.RULE,
        "asset": gap.asset,
        "form": gap.form,
        "item": gap.item,
        "sheets": list(gap.sheets),
        "area": asset.area,
        "unit": asset.owner,
        "owner": owner.person_id if owner else None,
        "raised_ms": now_ms,
    }
    steps = [OwnStep(RULE_PERSON, gap.gap_id, gaps.TYPE, cells, at_ms=now_ms)]
    if owner:
        told = Due(
            rule=GAP,
            step=gaps.OPEN,
            about=gap.gap_id,
            about_type=gaps.TYPE,
            to=owner.person_id,
            at_ms=now_ms,
            captured_ms=now_ms,
            counted_ms=now_ms,
            params={"asset": gap.asset, "form": gap.form, "item": gap.item, "n": len(gap.sheets)},
        )
        steps.append(
            OwnStep(RULE_PERSON, told.notice_id, "notice", told.cells(now_ms), at_ms=now_ms)
        )
    return steps
