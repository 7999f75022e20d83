"""Leaving promise: who has left decides nothing, loses no work, and covers no change of rights."""

from domain.records import Value
from offline_store import records
from server import clock
from tests.server.phone import Bench, report
from tests.server.test_registers import (
    ADMIN,
    INSPECTOR,
    NEWCOMER,
    OPERATOR,
    change,
    verdicts,
)


async def test_who_has_left_decides_nothing_by_an_older_date(bench: Bench) -> None:
    phone, late = await bench.phone(), await bench.phone()
    owner = "U019"
    accept: dict[str, Value] = {"state": "accepted", "action": "hazard.accept", "owner": owner}
    early, open_one = (late.write(OPERATOR, "hazard", report()) for _ in range(2))
    late.write(owner, "hazard", accept, record_id=early)
    assert await verdicts(late) == ["", "", ""], "it is theirs to decide while they are there"
    late.write(owner, "hazard", accept, record_id=open_one)
    late.write(owner, "hazard", {"note": "x"}, kind="edit", record_id=early)
    late.write(owner, "hazard", {"note": "x"}, kind="resolve", record_id=early)
    late.write(owner, "gap", {"state": "settled"})
    late.write(owner, "task", {"state": "open"}, kind="edit")
    change(late, owner, "people", "U077", NEWCOMER)
    late.write(owner, "hazard", report(reporter=owner))
    change(phone, ADMIN, "people", owner, {"retired_ms": clock.now_ms()})
    assert await verdicts(phone) == [""]
    reply = await late.push()
    assert [one.params.get("reason") for one in reply.exceptions] == ["person_retired"] * 6
    assert reply.exceptions[-1].n == late.sent - 1, "the own report still comes in"


async def test_a_round_walked_before_leaving_is_not_lost(bench: Bench) -> None:
    phone, late = await bench.phone(), await bench.phone()
    with bench.site.store.reading() as session:
        tasks = records.find(session, "task", state="open")
    task = next(one for one in tasks if one.text("asset") == "TK-101")
    base = {name: task.cells[name].writer for name in ("state", "done_by")}
    await late.pull()
    cells: dict[str, Value] = {
        "state": "submitted", "inspector": INSPECTOR, "asset": "TK-101", "area": "A01",
        "task": task.record_id, "answers": {}, "note": "停用",
    }  # fmt: skip
    sheet = late.write(INSPECTOR, "inspection", cells, kind="edit", definition="TANK-D@7")
    late.write(
        INSPECTOR,
        "task",
        {"state": "done", "done_by": sheet},
        kind="edit",
        record_id=task.record_id,
        base=base,
    )
    picture: dict[str, Value] = {"of": sheet, "by": INSPECTOR, "original": "0" * 64}
    late.write(INSPECTOR, "evidence", picture, kind="attach")
    change(phone, ADMIN, "people", INSPECTOR, {"retired_ms": clock.now_ms()})
    assert await verdicts(phone) == [""]
    assert await verdicts(late) == ["", "", ""]


async def test_nobody_gets_roles_alone_under_the_cover_of_leaving(bench: Bench) -> None:
    phone = await bench.phone()
    soon = clock.now_ms() + 3_600_000
    roles: Value = ["safety_manager"]
    change(phone, ADMIN, "people", OPERATOR, {"roles": roles, "retired_ms": clock.now_ms()})
    change(phone, ADMIN, "people", OPERATOR, {"retired_ms": soon})
    change(phone, ADMIN, "people", OPERATOR, {"roles": roles, "retired_ms": soon}, state="proposed")
    reply = await phone.push()
    assert [one.code for one in reply.exceptions] == ["register.second"] + ["register.row"] * 2
    assert [one.params.get("problem") for one in reply.exceptions[1:]] == ["ahead"] * 2
