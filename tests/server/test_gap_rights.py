"""The server promises: gaps, excuses and exports stand only as the rules let them."""

import pytest

from domain.records import Value
from offline_store import records
from server.own_entries import OwnStep, write_own
from tests.server.phone import Bench

SHEET: dict[str, Value] = {
    "state": "submitted", "inspector": "U003", "asset": "C-401", "area": "A10",
    "unit": "T-MEC", "answers": {"A01": "0.70"}, "photos": {}, "submitted_ms": 1_700_000_000_000,
}  # fmt: skip
EXPORT: dict[str, Value] = {
    "what": "export", "by": "U001", "figure": "counted", "days": 30, "area": None, "unit": None,
    "grade": None, "format": "csv", "rows": 5, "at_ms": 1_700_000_000_000,
}  # fmt: skip
GAP: dict[str, Value] = {
    "state": "open", "rule": "missing_evidence", "asset": "C-401", "form": "COMP-D",
    "item": "A01", "sheets": ["s1", "s2", "s3"], "area": "A10", "unit": "T-MEC",
    "owner": "U023", "raised_ms": 1_700_000_000_000,
}  # fmt: skip
SETTLED: dict[str, Value] = {
    "state": "settled", "settled_by": "U023", "settled_ms": 1_700_000_000_000, "note": "换了灯"
}  # fmt: skip


async def verdict(bench: Bench, person: str, type: str, cells: dict[str, Value], **how: str) -> str:
    phone = await bench.phone()
    await phone.pull()
    phone.write(person, type, cells, **{"kind": "edit", **how})  # type: ignore[arg-type]
    reply = await phone.push()
    return reply.exceptions[0].verdict if reply.exceptions else "accepted"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, "accepted"),
        ({"excused": {"A01": "dark"}}, "accepted"),
        ({"excused": {"A01": "dark"}, "excuse_words": {"A01": "灯坏了"}}, "accepted"),
        ({"excused": {"A01": "lazy"}}, "refused"),
        ({"excused": {"A07": "dark"}}, "refused"),
        ({"excused": {"A01": "dark"}, "photos": {"A01": ["p"]}}, "refused"),
        ({"excused": {"A01": ["dark"]}}, "refused"),
        ({"excuse_words": {"A01": "x"}}, "refused"),
        ({"answers": {"A01": "much"}}, "refused"),
        ({"answers": {"A04": "perhaps"}}, "refused"),
        ({"answers": {"A04": 1}}, "refused"),
    ],
)
async def test_a_check_is_judged_again(
    bench: Bench, cells: dict[str, Value], expected: str
) -> None:
    made = {**SHEET, **cells}
    assert await verdict(bench, "U003", "inspection", made, definition="COMP-D@4") == expected


@pytest.mark.parametrize(
    ("person", "cells", "expected"),
    [
        ("U001", {}, "accepted"),
        ("U016", {"by": "U016"}, "accepted"),  # the auditor
        ("U019", {"by": "U019"}, "refused"),  # a team leader has no right to export
        ("U019", {}, "refused"),  # nor in another's name
        ("U001", {"rows": -1}, "refused"),
        ("U001", {"rows": None}, "refused"),
        ("U001", {"figure": "x" * 201}, "refused"),
        ("U001", {"words": "and more"}, "refused"),
    ],
)
async def test_an_export_is_logged_only_by_who_may_and_in_its_own_words(
    bench: Bench, person: str, cells: dict[str, Value], expected: str
) -> None:
    assert await verdict(bench, person, "event", {**EXPORT, **cells}) == expected


async def raised(bench: Bench) -> str:
    step = OwnStep("rule", "gap-1", "gap", GAP)
    assert [one.verdict for one in write_own(bench.site, [step], only_new=True)] == ["accepted"]
    return "gap-1"


async def test_nobody_raises_a_gap_from_a_device(bench: Bench) -> None:
    for person in ("U001", "U003", "U014"):
        assert await verdict(bench, person, "gap", GAP) == "refused"


@pytest.mark.parametrize(
    ("person", "cells", "expected"),
    [
        ("U023", {}, "accepted"),
        ("U001", {"settled_by": "U001"}, "refused"),  # not its owner
        ("U023", {"settled_by": "U001"}, "refused"),
        ("U023", {"note": " "}, "refused"),
        ("U023", {"note": "x" * 2001}, "refused"),
        ("U023", {"state": "open"}, "refused"),
        ("U023", {"owner": "U001"}, "refused"),
        ("U023", {"sheets": []}, "refused"),
    ],
)
async def test_a_gap_is_settled_by_its_owner_with_words_and_nothing_else_of_it_changes(
    bench: Bench, person: str, cells: dict[str, Value], expected: str
) -> None:
    gap_id = await raised(bench)
    with bench.site.store.reading() as session:
        seen = {"state": records.get(session, gap_id).cells["state"].writer}
    phone = await bench.phone()
    made = {**SETTLED, **cells}
    phone.write(person, "gap", made, record_id=gap_id, base=seen)
    reply = await phone.push()
    assert (reply.exceptions[0].verdict if reply.exceptions else "accepted") == expected
    with bench.site.store.reading() as session:
        state = records.get(session, gap_id).text("state")
    assert state == ("settled" if expected == "accepted" else "open")
