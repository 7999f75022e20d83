"""Rights promise: no entry, however crafted, does what its author may not do on a screen."""

import pytest

from domain import quarantine
from domain.gaps import Gap
from domain.notices import notice_id
from domain.plans import task_id
from domain.records import Value
from domain.registers import register_id
from offline_store import records
from server import clock
from tests.server.phone import Bench, Phone, report


def _state(bench: Bench, record_id: str) -> str:
    with bench.site.store.reading() as session:
        return records.get(session, record_id).text("state")


REFUSED: list[tuple[str, str, str, dict[str, Value]]] = [
    ("U999", "hazard", "hazard@1", report()),  # nobody of this plant
    ("U012", "hazard", "hazard@2", report()),  # an unknown definition
    ("U012", "permit", "permit@1", report()),  # a type that is not here yet
    ("U001", "hazard", "hazard@1", report()),  # in another's name
    ("U012", "hazard", "hazard@1", report(state="closed")),  # not where a hazard begins
    ("U012", "hazard", "hazard@1", report(asset="XX-9")),  # no such equipment
    ("U012", "hazard", "hazard@1", report(assignee="U009")),  # dispatched by its reporter
    ("U012", "task", "task@1", {"state": "open", "owner": "U012"}),  # tasks come from plans
    ("U012", "event", "event@1", {"what": "x", "by": "U012", "text": "x" * 201}),
    ("U012", "evidence", "evidence@1", {"of": "r", "by": "U012", "original": "../../etc"}),
    ("U012", "inspection", "TANK-D@7", {"state": "submitted", "inspector": "U012"}),
    (
        "U012",  # an operator without a task
        "inspection",
        "TANK-D@7",
        {
            "state": "submitted",
            "inspector": "U012",
            "asset": "TK-101",
            "area": "A01",
            "answers": {},
        },
    ),
]


async def test_crafted_creations_are_refused_one_by_one(bench: Bench) -> None:
    phone = await bench.phone()
    made: list[str] = []
    for person, type, definition, cells in REFUSED:
        kind = {"hazard": "decide", "evidence": "attach"}.get(type, "edit")
        made.append(phone.write(person, type, cells, kind=kind, definition=definition))
    good = phone.write("U012", "hazard", report())
    reply = await phone.push()
    assert [one.n for one in reply.exceptions] == list(range(1, len(REFUSED) + 1))
    assert {one.verdict for one in reply.exceptions} == {"refused"}
    with bench.site.store.reading() as session:
        assert [record_id for record_id in made if records.lookup(session, record_id)] == []
        assert records.lookup(session, good)


CHANGES: list[tuple[str, str, dict[str, Value]]] = [
    ("U019", "edit", {"words": "没事"}),  # the reporter's words never change
    ("U019", "edit", {"state": "closed"}),  # a state is decided, not edited
    ("U019", "edit", {"grade": "D"}),  # only the safety manager downgrades
    ("U044", "edit", {"note": "x"}),  # someone who has no part in it
    ("U019", "decide", {"state": "closed", "action": "hazard.verify"}),
    ("U019", "decide", {"state": "accepted", "action": "hazard.accept"}),  # unsigned
    ("U019", "decide", {"state": "accepted", "action": "hazard.accept", "owner": "U001"}),
    ("U019", "decide", {"state": "accepted", "action": "hazard.accept", "grade": "D"}),
    ("U019", "decide", {"state": "nowhere", "action": "hazard.accept", "owner": "U019"}),
    ("U019", "decide", {"state": "closed", "action": "hazard.accept", "owner": "U019"}),
    (
        "U019",
        "decide",
        {"state": "accepted", "action": "hazard.accept", "owner": "U019", "rectifier": "U009"},
    ),
    ("U019", "delete", {}),
    ("U019", "edit", {"deleted": True}),
    ("U019", "edit", {"rectifier": "U009"}),
]
BASES: dict[str, dict[str, str] | None] = {
    "as seen": None,
    "nothing seen": {},
    "somebody else": {"state": "other:1", "action": "other:1"},
    "nonsense": {"state": "x", "action": ":+:"},
}


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
async def test_crafted_changes_are_refused(bench: Bench, base: dict[str, str] | None) -> None:
    phone = await bench.phone()
    for person, kind, cells in CHANGES:
        hazard = phone.write("U012", "hazard", report())
        phone.write(person, "hazard", cells, kind=kind, record_id=hazard, base=base)
    reply = await phone.push()
    assert [one.n for one in reply.exceptions] == list(range(2, 2 * len(CHANGES) + 1, 2))
    assert {one.verdict for one in reply.exceptions} == {"refused"}


async def test_an_inspector_hands_in_a_sheet_and_closes_the_task(bench: Bench) -> None:
    phone = await bench.phone()
    with bench.site.store.reading() as session:
        tasks = records.find(session, "task", state="open")
    task = next(one for one in tasks if one.text("asset") == "TK-101")
    await phone.pull()
    sheet = phone.write(
        "U003",
        "inspection",
        {
            "state": "submitted",
            "inspector": "U003",
            "asset": "TK-101",
            "area": "A01",
            "task": task.record_id,
            "answers": LEVEL_HIGH,
            "photos": {"T03": ["p1"]},
        },
        kind="edit",
        definition="TANK-D@7",
    )
    base = {"state": task.cells["state"].writer, "done_by": task.cells["done_by"].writer}
    done: dict[str, Value] = {"state": "done", "done_by": sheet}
    phone.write("U003", "task", done, kind="edit", record_id=task.record_id, base=base)
    reply = await phone.push()
    assert reply.exceptions == []
    assert _state(bench, task.record_id) == "done"


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
async def test_no_base_leads_past_the_state_machine(
    bench: Bench, base: dict[str, str] | None
) -> None:
    one, two = await bench.phone(), await bench.phone()
    hazard = one.write("U012", "hazard", report())
    await one.push()
    await two.pull()
    close: dict[str, Value] = {"state": "closed", "action": "hazard.verify", "verifier": "U034"}
    for phone in (one, two):
        phone.write("U034", "hazard", close, record_id=hazard, base=base)
        await phone.push()
        assert _state(bench, hazard) == "reported"


REPAIR: list[tuple[str, dict[str, Value]]] = [
    ("U019", {"state": "accepted", "action": "hazard.accept", "owner": "U019"}),
    ("U019", {"state": "dispatched", "action": "hazard.dispatch", "assignee": "U009"}),
    ("U009", {"state": "rectifying", "action": "hazard.rectify", "rectifier": "U009"}),
]
DONE: dict[str, Value] = {"state": "to_verify", "action": "hazard.rectify", "rectifier": "U009"}
PASSED: dict[str, Value] = {"state": "closed", "action": "hazard.verify", "verifier": "U034"}
FAILED: dict[str, Value] = {"state": "rectifying", "action": "hazard.return", "note": "x"}


def _after(phone: Phone, hazard: str) -> str:
    photo: dict[str, Value] = {"of": hazard, "shot": "after", "by": "U009", "original": "ab" * 32}
    return phone.write("U009", "evidence", photo, kind="attach")


def _rectifying(phone: Phone) -> str:
    hazard = phone.write("U012", "hazard", report())
    for person, cells in REPAIR:
        phone.write(person, "hazard", cells, record_id=hazard)
    return hazard


async def test_work_that_was_sent_back_takes_a_new_picture(bench: Bench) -> None:
    phone = await bench.phone()
    hazard = _rectifying(phone)
    _after(phone, hazard)
    phone.write("U009", "hazard", DONE, record_id=hazard)
    phone.write("U034", "hazard", FAILED, record_id=hazard)
    assert (await phone.push()).exceptions == []
    back = f"{phone.device_id}:7"
    phone.write("U009", "hazard", DONE, record_id=hazard)
    assert [one.code for one in (await phone.push()).exceptions] == ["shots.missing"]
    _after(phone, hazard)
    phone.write("U009", "hazard", DONE, record_id=hazard, base=dict.fromkeys(DONE, back))
    phone.write("U034", "hazard", PASSED, record_id=hazard)
    assert (await phone.push()).exceptions == []
    assert _state(bench, hazard) == "closed"


async def test_whoever_did_the_work_does_not_verify_it(bench: Bench) -> None:
    phone = await bench.phone()
    place = report(asset="FX-05", area="A05", unit="T-FIRE", category="FP")
    hazard = phone.write("U012", "hazard", place)
    by: dict[str, Value] = {"rectifier": "U027"}
    moves: list[tuple[str, dict[str, Value]]] = [
        ("U027", {"state": "accepted", "action": "hazard.accept", "owner": "U027"}),
        ("U027", {"state": "dispatched", "action": "hazard.dispatch", "assignee": "U055"}),
        ("U027", {"state": "rectifying", "action": "hazard.rectify", **by}),
    ]
    for person, cells in moves:
        phone.write(person, "hazard", cells, record_id=hazard)
    photo: dict[str, Value] = {"of": hazard, "shot": "after", "by": "U027", "original": "ab" * 32}
    phone.write("U027", "evidence", photo, kind="attach")
    ready: dict[str, Value] = {"state": "to_verify", "action": "hazard.rectify"}
    phone.write("U027", "hazard", {**ready, "rectifier": "U055"}, record_id=hazard)
    seen = dict.fromkeys(["state", "action", "rectifier"], f"{phone.device_id}:4")
    phone.write("U027", "hazard", {**ready, **by}, record_id=hazard, base=seen)
    close: dict[str, Value] = {"state": "closed", "action": "hazard.verify", "verifier": "U027"}
    phone.write("U027", "hazard", close, record_id=hazard)
    reply = await phone.push()
    assert [(one.n, one.code) for one in reply.exceptions] == [
        (6, "access.denied"),  # in another's name
        (8, "move.refused"),
    ]
    assert _state(bench, hazard) == "to_verify"


async def test_a_hazard_is_merged_into_another_open_one_only(bench: Bench) -> None:
    phone = await bench.phone()
    other = phone.write("U012", "hazard", report(code="HZ-TEST-0002"))
    gone = phone.write("U012", "hazard", report(code="HZ-TEST-0003"))
    void: dict[str, Value] = {"state": "void", "action": "hazard.void", "note": "x"}
    phone.write("U001", "hazard", void, record_id=gone)
    assert (await phone.push()).exceptions == []
    merge: dict[str, Value] = {"state": "merged", "action": "hazard.merge", "note": "x"}
    for into in ("nothing", gone, None, other):
        hazard = phone.write("U012", "hazard", report())
        cells = {**merge, "merged_into": into or hazard}
        phone.write("U001", "hazard", cells, record_id=hazard)
        found = [one.params.get("reason") for one in (await phone.push()).exceptions]
        assert found == ([] if into == other else ["merged_into"])


@pytest.mark.parametrize(("person", "refused"), [("U028", True), ("U001", False)])
async def test_merging_into_a_lower_grade_takes_the_right_to_downgrade(
    bench: Bench, person: str, refused: bool
) -> None:
    phone = await bench.phone()
    there = report(asset="TK-101", area="A01")
    worse = phone.write("U012", "hazard", {**there, "grade": "A", "code": "HZ-TEST-0002"})
    lower = phone.write("U012", "hazard", {**there, "grade": "D", "code": "HZ-TEST-0003"})
    merge: dict[str, Value] = {"state": "merged", "action": "hazard.merge", "note": "x"}
    phone.write(person, "hazard", {**merge, "merged_into": lower}, record_id=worse)
    found = [one.params.get("reason") for one in (await phone.push()).exceptions]
    assert found == (["merge_grade"] if refused else [])
    assert _state(bench, worse) == ("reported" if refused else "merged")
    if refused:  # the other way round nothing is lost
        phone.write(person, "hazard", {**merge, "merged_into": worse}, record_id=lower)
        assert (await phone.push()).exceptions == []


TAKEN = {
    "notice": notice_id("escalation", "r", "unaccepted:15", "U001"),
    "gap": Gap("TK-101", "TANK-D", "T03", ("s1",)).gap_id,
    "register": register_id("plans", "PL01"),
    "task": task_id("PL01", "TK-101", 1_800_000_000_000),
    "quarantine": f"{quarantine.PREFIX}1",
}


@pytest.mark.parametrize("record_id", TAKEN.values(), ids=TAKEN)
async def test_an_id_that_can_be_worked_out_is_held_by_no_other_type(
    bench: Bench, record_id: str
) -> None:
    phone = await bench.phone()
    event: dict[str, Value] = {"what": "x", "by": "U012", "text": "x"}
    phone.write("U012", "event", event, kind="edit", record_id=record_id)
    phone.write("U012", "hazard", report(), record_id=record_id)
    found = [one.params for one in (await phone.push()).exceptions]
    assert found == [{"reason": "id"}] * 2
    with bench.site.store.reading() as session:
        assert records.lookup(session, record_id) is None


async def test_a_device_makes_no_task_even_of_who_plans(bench: Bench) -> None:
    phone = await bench.phone()
    cells: dict[str, Value] = {"state": "open", "done_by": None, "area": "A01", "owner": "U003"}
    phone.write("U001", "task", cells, kind="edit", record_id=TAKEN["task"])
    assert [one.code for one in (await phone.push()).exceptions] == ["access.denied"]


LEVEL_HIGH: dict[str, Value] = {
    **{f"T{number:02}": "ok" for number in range(1, 13)},
    "T03": "11.80",
    "T04": "20",
    "T05": "0.5",
}


def _sheet(
    phone: Phone, task: str, asset: str = "TK-101", person: str = "U003", **other: Value
) -> str:
    cells: dict[str, Value] = {"state": "submitted", "inspector": person, "asset": asset,
                               "area": "A01", "answers": LEVEL_HIGH, "photos": {"T03": ["p1"]},
                               "task": task, **other}  # fmt: skip
    return phone.write(person, "inspection", cells, kind="edit", definition="TANK-D@7")


LACKING: dict[str, dict[str, Value]] = {
    "nothing answered": {"answers": {}, "photos": {}},
    "one question open": {"answers": {**LEVEL_HIGH, "T12": ""}},
    "no photo": {"photos": {}},
    "out of service without the photo": {"note": "stopped", "photos": {}},
    "no task": {"task": None},
    "another task": {"task": "another"},
}


@pytest.mark.parametrize("other", LACKING.values(), ids=LACKING)
async def test_a_sheet_that_is_not_whole_or_not_for_this_round_closes_none(
    bench: Bench, other: dict[str, Value]
) -> None:
    phone = await bench.phone()
    with bench.site.store.reading() as session:
        tasks = records.find(session, "task", state="open")
    task = next(one for one in tasks if one.text("asset") == "TK-101")
    base = {name: task.cells[name].writer for name in ("state", "done_by")}
    sheet = _sheet(phone, **{"task": task.record_id, **other})  # type: ignore[arg-type]
    done: dict[str, Value] = {"state": "done", "done_by": sheet}
    phone.write("U003", "task", done, kind="edit", record_id=task.record_id, base=base)
    reply = await phone.push()
    assert (reply.exceptions[-1].n, reply.exceptions[-1].params) == (2, {"reason": "done_by"})
    assert _state(bench, task.record_id) == "open"


async def test_a_sheet_of_another_checklist_closes_no_round(bench: Bench) -> None:
    phone = await bench.phone()
    with bench.site.store.reading() as session:
        tasks = records.find(session, "task", state="open")
    task = next(one for one in tasks if one.text("asset") == "TK-101")
    cells: dict[str, Value] = {"state": "submitted", "inspector": "U003", "asset": "TK-101",
                               "area": "A01", "answers": {}, "note": "stopped",
                               "task": task.record_id}  # fmt: skip
    form = bench.site.pack.definitions.forms["PUMP-D"].definition
    sheet = phone.write("U003", "inspection", cells, kind="edit", definition=form)
    base = {name: task.cells[name].writer for name in ("state", "done_by")}
    done: dict[str, Value] = {"state": "done", "done_by": sheet}
    phone.write("U003", "task", done, kind="edit", record_id=task.record_id, base=base)
    assert [one.params for one in (await phone.push()).exceptions] == [{"reason": "done_by"}]
    assert _state(bench, task.record_id) == "open"


async def test_a_task_is_done_once_by_the_own_sheet_of_its_asset(bench: Bench) -> None:
    phone = await bench.phone()
    with bench.site.store.reading() as session:
        tasks = records.find(session, "task", state="open")
    task = next(one for one in tasks if one.text("asset") == "TK-101")
    base = {name: task.cells[name].writer for name in ("state", "done_by")}
    await phone.pull()
    hazard = phone.write("U012", "hazard", report())
    wrong = [
        "nothing",
        hazard,
        task.record_id,
        _sheet(phone, task.record_id, "TK-102"),
        _sheet(phone, task.record_id, person="U001"),
    ]
    right = _sheet(phone, task.record_id)
    for sheet in wrong:
        done: dict[str, Value] = {"state": "done", "done_by": sheet}
        phone.write("U003", "task", done, kind="edit", record_id=task.record_id, base=base)
    done = {"state": "done", "done_by": right}
    phone.write("U003", "task", done, kind="delete", record_id=task.record_id, base=base)
    phone.write("U003", "task", {**done, "deleted": True}, kind="edit", record_id=task.record_id,
                base=base)  # fmt: skip
    phone.write("U003", "task", done, kind="edit", record_id=task.record_id, base=base)
    phone.write("U003", "task", done, kind="edit", record_id=task.record_id)
    reply = await phone.push()
    kinds = [str(one.params.get("reason", one.code)) for one in reply.exceptions]
    assert [kind for kind in kinds if kind == "done_by"] == ["done_by"] * 5
    assert kinds[-3:] == ["kind", "kind", "append_only"]
    assert _state(bench, task.record_id) == "done"


DAY_MS = 86_400_000


@pytest.mark.parametrize("at_ms", [-1, 0, 1_577_836_799_999, 2**53 - 1, "x", True])
async def test_times_out_of_bounds_are_refused(bench: Bench, at_ms: Value) -> None:
    phone = await bench.phone()
    phone.write("U012", "hazard", report(reported_ms=at_ms))
    phone.write("U012", "hazard", report(fix={"at_ms": at_ms}))
    phone.write("U012", "hazard", report(reported_ms=clock.now_ms() + 399 * DAY_MS))
    phone.write("U012", "hazard", report(reported_ms=clock.now_ms() + 401 * DAY_MS))
    reply = await phone.push()
    assert [(one.n, one.params) for one in reply.exceptions] == [
        (number, {"reason": "time"}) for number in (1, 2, 4)
    ]
