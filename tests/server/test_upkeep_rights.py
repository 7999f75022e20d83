"""Maintenance promises: recorded by whose task it is, as the task demands, and in no other way."""

from domain.records import Record, Value
from offline_store import records
from tests.server.phone import Bench, Phone

FITTER = "U040"
PART: dict[str, Value] = {"zh": "空气滤芯", "en": "Air filter element", "qty": "1", "unit": "pc"}


def task_of(bench: Bench, plan: str = "MT03") -> Record:
    with bench.site.store.reading() as session:
        found = records.find(session, "task", state="open", limit=records.ALL)
    return next(task for task in found if task.text("plan") == plan)


def cells(task: Record, **other: Value) -> dict[str, Value]:
    same = {cell: task.get(cell) for cell in ("asset", "area", "unit", "plan", "work")}
    return {**same, "state": "submitted", "task": task.record_id, "by": FITTER, "parts": [PART],
            "note": "", "submitted_ms": task.whole("due_ms"), "code": "MT-1", **other}  # fmt: skip


def photo(phone: Phone, of: str, person: str = FITTER, **other: Value) -> None:
    about: dict[str, Value] = {"of": of, "shot": "upkeep", "by": person, "original": "ab" * 32}
    phone.write(person, "evidence", about | other, kind="attach")


def finish(phone: Phone, task: Record, record_id: str, person: str = FITTER) -> None:
    base = {name: task.cells[name].writer for name in ("state", "done_by")}
    done: dict[str, Value] = {"state": "done", "done_by": record_id}
    phone.write(person, "task", done, record_id=task.record_id, base=base)


async def test_the_own_task_with_parts_and_photo_is_taken_and_done(bench: Bench) -> None:
    phone, task = await bench.phone(), task_of(bench)
    photo(phone, "upkeep-1")
    phone.write(FITTER, "maintenance", cells(task), kind="edit", record_id="upkeep-1")
    finish(phone, task, "upkeep-1")
    assert (await phone.push()).exceptions == []
    with bench.site.store.reading() as session:
        assert records.get(session, task.record_id).text("state") == "done"


WRONG: dict[str, dict[str, Value]] = {
    "in another's name": {"by": "U041"},
    "not handed in": {"state": "draft"},
    "another asset": {"asset": "P-201A"},
    "another plan": {"plan": "MT01"},
    "no task": {"task": "nothing"},
    "no parts": {"parts": None},
    "a part without an amount": {"parts": [{**PART, "qty": ""}]},
    "an amount that is none": {"parts": [{**PART, "qty": "a lot"}]},
    "nothing used of it": {"parts": [{**PART, "qty": "0.0"}]},
    "a unit that nobody knows": {"parts": [{**PART, "unit": "truck"}]},
    "a part with something else": {"parts": [{**PART, "price": "1"}]},
    "a thousand parts": {"parts": [*([PART] * 21)]},
    "a note without end": {"note": "x" * 2001},
    "no time": {"submitted_ms": None},
}


async def test_crafted_records_are_refused(bench: Bench) -> None:
    phone, task = await bench.phone(), task_of(bench)
    names: list[str] = []
    for name, other in WRONG.items():
        photo(phone, name)
        record = cells(task) | other
        phone.write(FITTER, "maintenance", record, kind="edit", record_id=name)
        names += [name, name]
    refused = [names[one.n - 1] for one in (await phone.push()).exceptions]
    assert refused == list(WRONG)
    with bench.site.store.reading() as session:
        assert records.find(session, "maintenance") == []


async def test_somebody_else_cannot_do_the_task(bench: Bench) -> None:
    phone, task = await bench.phone(), task_of(bench)
    photo(phone, "upkeep-1", "U041")
    record = cells(task, by="U041")  # who maintains too, but not this
    phone.write("U041", "maintenance", record, kind="edit", record_id="upkeep-1")
    finish(phone, task, "upkeep-1", "U041")
    found = [(one.n, one.code) for one in (await phone.push()).exceptions]
    assert found == [(2, "access.denied"), (3, "entry.invalid")]


async def test_without_the_demanded_photo_it_is_refused(bench: Bench) -> None:
    phone, task = await bench.phone(), task_of(bench)
    photo(phone, "other-record")
    photo(phone, "upkeep-1", shot="item")
    phone.write(FITTER, "maintenance", cells(task), kind="edit", record_id="upkeep-1")
    reply = await phone.push()
    assert [(one.n, one.params) for one in reply.exceptions] == [(3, {"reason": "evidence"})]


async def test_a_task_is_not_done_by_the_record_of_another_one(bench: Bench) -> None:
    phone, task = await bench.phone(), task_of(bench)
    other = task_of(bench, "MT01")
    photo(phone, "upkeep-1")
    phone.write(FITTER, "maintenance", cells(other), kind="edit", record_id="upkeep-1")
    finish(phone, task, "upkeep-1")
    found = [(one.n, one.params) for one in (await phone.push()).exceptions]
    assert found == [(3, {"reason": "done_by"})]


async def test_a_record_never_changes_afterwards(bench: Bench) -> None:
    phone, task = await bench.phone(), task_of(bench)
    photo(phone, "upkeep-1")
    phone.write(FITTER, "maintenance", cells(task), kind="edit", record_id="upkeep-1")
    phone.write(FITTER, "maintenance", {"note": "x"}, kind="edit", record_id="upkeep-1")
    found = [(one.n, one.params) for one in (await phone.push()).exceptions]
    assert found == [(3, {"reason": "append_only"})]


REPLANNED: list[tuple[str, dict[str, Value], bool]] = [
    ("U001", {"state": "open"}, False),  # it is open
    ("U001", {"asset": "P-201A"}, False),
    ("U001", {"kind": "inspection"}, False),
    ("U001", {"done_by": "x"}, False),
    (FITTER, {"owner": "U055"}, False),  # nobody plans for himself
    (FITTER, {"state": "withdrawn"}, False),
    (FITTER, {"evidence": "never"}, False),
    ("U001", {"owner": "U055"}, True),
    ("U001", {"state": "withdrawn"}, True),
]


async def test_only_who_plans_changes_a_task(bench: Bench) -> None:
    phone, task = await bench.phone(), task_of(bench)
    for person, change, _ in REPLANNED:
        base = {name: cell.writer for name, cell in task.cells.items() if name in change}
        phone.write(person, "task", change, kind="edit", record_id=task.record_id, base=base)
    refused = {one.n for one in (await phone.push()).exceptions if one.verdict == "refused"}
    allowed = [number not in refused for number in range(1, len(REPLANNED) + 1)]
    assert allowed == [row[2] for row in REPLANNED]
