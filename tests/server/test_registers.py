"""Administration promise: a change counts once somebody with the right made it, and for everybody.

Who has no right to a table, widens rights alone, or would leave nobody to administer is refused.
"""

import os

import httpx
import pytest

from domain.pins import fits, hash_pin
from domain.records import Value
from domain.registers import register_id
from offline_store import keep, records
from offline_store.database import lock_feed
from server import clock
from server.site import REGISTERS, Site
from sync.protocol import Pack
from tests.server.phone import Bench, Phone, report

ADMIN, SECOND, MANAGER, INSPECTOR, OPERATOR = "U014", "U051", "U001", "U003", "U012"
NEWCOMER: dict[str, Value] = {
    "zh": "操作工77",
    "en": "Operator 77",
    "roles": ["frontline"],
    "unit": "T-TANK",
    "areas": [],
}


def change(
    phone: Phone,
    person: str,
    table: str,
    key: str,
    row: Value,
    **cells: Value,
) -> str:
    """Write a change of a row as the screens do; `cells` replace what they would write."""
    said: dict[str, Value] = {
        "table": table,
        "key": key,
        "state": "active",
        "row": row,
        "reason": "test",
        "by": person,
        "at_ms": clock.now_ms(),
    }
    kind = str(cells.pop("kind", "edit"))
    said |= cells
    if said["state"] == "proposed":
        said["proposal"] = said.pop("row")
    left = {name: value for name, value in said.items() if value != "-"}
    return phone.write(person, "register", left, kind=kind, record_id=register_id(table, key))


def pin(digits: int, *, temporary: bool) -> dict[str, Value]:
    made = hash_pin("2" * (digits - 1) + "7", os.urandom(16))
    return {"verifier": made, "temporary": temporary}


async def verdicts(phone: Phone) -> list[str]:
    """Push, and return the code of every entry: "" where it is not refused."""
    first = phone.sent + 1
    reply = await phone.push()
    codes = {one.n: str(one.code) for one in reply.exceptions if one.verdict == "refused"}
    return [codes.get(number, "") for number in range(first, phone.sent + 1)]


async def pack_of(phone: Phone) -> Pack:
    response = await phone.client.get("/v1/pack", headers=phone.auth)
    return Pack.model_validate_json(response.content)


def people_of(site: Site) -> set[str]:
    return set(site.pack.definitions.plant.people)


async def test_a_new_person_is_in_the_pack_of_everybody(bench: Bench) -> None:
    phone, other = await bench.phone(), await bench.phone()
    before = (await pack_of(other)).version
    change(phone, ADMIN, "people", "U077", NEWCOMER)
    change(phone, ADMIN, "pins", "U077", pin(4, temporary=True))
    assert await verdicts(phone) == ["", ""]
    pack = await pack_of(other)
    found = next(one for one in pack.people if one.person_id == "U077")
    assert pack.version != before
    assert "registers.yaml" in pack.files
    assert fits("2227", found.pin_hash)
    assert found.temporary
    assert not [path for path, text in pack.files.items() if "2227" in text]


OUTSIDERS = [
    ("people", "U077", NEWCOMER, OPERATOR),
    ("people", "U077", NEWCOMER, MANAGER),  # the safety manager decides, and administers nobody
    ("pins", "U003", pin(4, temporary=True), OPERATOR),
    ("inspection_plans", "PL01", {"paused": True}, OPERATOR),
    ("maintenance_plans", "MT01", {"paused": True}, ADMIN),
    ("whitelist", "U005", {"to": "2026-12-01"}, ADMIN),
    (
        "roster",
        "2026-12-01|day|A01",
        {"date": "2026-12-01", "shift": "day", "area": "A01", "people": ["U004"]},
        INSPECTOR,
    ),
    ("labels", "TK-101", {"version": 99}, INSPECTOR),
]


@pytest.mark.parametrize(("table", "key", "row", "person"), OUTSIDERS)
async def test_who_has_no_right_to_a_table_changes_nothing(
    bench: Bench, table: str, key: str, row: dict[str, Value], person: str
) -> None:
    phone = await bench.phone()
    before = bench.site.pack.etag
    change(phone, person, table, key, row)
    assert await verdicts(phone) == ["access.denied"]
    assert (await pack_of(phone)).version in before


INSIDERS = [
    ("inspection_plans", "PL08", {"owner": "U003"}, MANAGER),
    ("maintenance_plans", "MT01", {"every_d": 15}, MANAGER),
    ("whitelist", "U005", {"to": "2099-12-01"}, MANAGER),
    (
        "roster",
        "2026-12-01|day|A01",
        {"date": "2026-12-01", "shift": "day", "area": "A01", "people": ["U004"]},
        ADMIN,
    ),
    ("labels", "TK-101", {"version": 99}, ADMIN),
    ("inspection_plans", "PL08", None, MANAGER),
]


@pytest.mark.parametrize(("table", "key", "row", "person"), INSIDERS)
async def test_who_has_the_right_changes_the_definitions(
    bench: Bench, table: str, key: str, row: dict[str, Value] | None, person: str
) -> None:
    phone = await bench.phone()
    change(phone, person, table, key, row)
    assert await verdicts(phone) == [""]
    await pack_of(phone)
    now = bench.site.pack.definitions.plant.tables[table].get(key)
    assert now is None if row is None else now is not None and now.items() >= row.items()


BAD_ROWS: list[tuple[str, str, str, Value]] = [
    (ADMIN, "people", "U077", {**NEWCOMER, "roles": ["king"]}),
    (ADMIN, "people", "U077", {**NEWCOMER, "areas": ["A99"]}),
    (ADMIN, "people", "U077", {**NEWCOMER, "unit": "NOWHERE"}),
    (ADMIN, "people", "U077", {**NEWCOMER, "en": "操作工"}),
    (ADMIN, "people", "U077", {**NEWCOMER, "pin": "1234"}),  # no PIN in clear, anywhere
    (ADMIN, "people", "U077", {"zh": "只有名字", "en": "Only a name"}),
    (ADMIN, "people", "U 77", NEWCOMER),
    (ADMIN, "people", "U077", {**NEWCOMER, "zh": "\u0007"}),
    (ADMIN, "pins", "U003", {"verifier": "3316", "temporary": True}),
    (ADMIN, "pins", "U999", pin(4, temporary=True)),
    (ADMIN, "pins", "U001", pin(4, temporary=True)),  # acts everywhere: six digits
    (ADMIN, "labels", "TK-101", {"version": 1}),  # versions only rise
    (ADMIN, "labels", "XX-1", {"version": 9}),
    (MANAGER, "inspection_plans", "PL01", {"owner": "U999"}),
    (MANAGER, "whitelist", "U005", {"from": "2026-12-02", "to": "2026-12-01"}),
    (MANAGER, "roster", "2026-12-01|day|A02", {"date": "2026-12-01", "shift": "day", "area": "A01",
                                               "people": ["U004"]}),
]  # fmt: skip


@pytest.mark.parametrize(("person", "table", "key", "row"), BAD_ROWS)
async def test_a_bad_row_is_refused_with_its_column(
    bench: Bench, person: str, table: str, key: str, row: Value
) -> None:
    phone = await bench.phone()
    before = bench.site.pack.etag
    change(phone, person, table, key, row)
    assert await verdicts(phone) == ["register.row"]
    await pack_of(phone)
    assert bench.site.pack.etag == before


async def test_a_row_that_only_the_definitions_reveal_as_wrong_is_refused_alone(
    bench: Bench,
) -> None:
    phone = await bench.phone()
    change(phone, ADMIN, "people", "U077", NEWCOMER)
    change(phone, MANAGER, "inspection_plans", "PL08", {"every": "fortnight"})
    change(phone, MANAGER, "inspection_plans", "PL09", {"owner": "U034"})
    assert await verdicts(phone) == ["", "register.files", ""]
    await pack_of(phone)
    assert "U077" in people_of(bench.site)


async def test_nobody_gives_oneself_rights(bench: Bench) -> None:
    phone = await bench.phone()
    own: dict[str, Value] = {"roles": ["administrator", "safety_manager"]}
    change(phone, ADMIN, "people", ADMIN, own)
    change(phone, ADMIN, "people", ADMIN, own, state="proposed")
    change(phone, ADMIN, "people", ADMIN, {"areas": ["A01"]})
    assert await verdicts(phone) == ["register.own"] * 3
    change(phone, ADMIN, "people", ADMIN, {"zh": "系统管理员一号", "en": "Administrator one"})
    assert await verdicts(phone) == [""], "the own name is no right"


async def test_an_administrator_decides_nothing_else(bench: Bench) -> None:
    phone = await bench.phone()
    both: dict[str, Value] = {"roles": ["administrator", "unit_head"]}
    change(phone, ADMIN, "people", SECOND, both, state="proposed")
    assert await verdicts(phone) == ["register.separate"]


async def test_rights_widen_only_when_a_second_administrator_agrees(bench: Bench) -> None:
    phone = await bench.phone()
    wider: dict[str, Value] = {"roles": ["frontline", "safety_officer"], "areas": ["A01"]}
    change(phone, ADMIN, "people", OPERATOR, wider)
    assert await verdicts(phone) == ["register.second"]
    change(phone, ADMIN, "people", OPERATOR, wider, state="proposed")
    assert await verdicts(phone) == [""]
    await pack_of(phone)
    before = bench.site.pack.definitions.plant.people[OPERATOR]
    assert before.roles == ("frontline",)
    agree: dict[str, Value] = {"kind": "decide", "proposal": None}
    change(phone, ADMIN, "people", OPERATOR, wider, **agree)  # the own proposal
    change(phone, OPERATOR, "people", OPERATOR, wider, **agree)  # without the right
    change(phone, SECOND, "people", OPERATOR, {**wider, "areas": ["A02"]}, **agree)  # another row
    change(phone, SECOND, "people", OPERATOR, {"areas": []})  # before there is an answer
    assert await verdicts(phone) == [
        "register.own", "register.own", "entry.invalid", "register.open",
    ]  # fmt: skip
    change(phone, SECOND, "people", OPERATOR, wider, **agree)
    assert await verdicts(phone) == [""]
    await pack_of(phone)
    after = bench.site.pack.definitions.plant.people[OPERATOR]
    assert after.roles == ("frontline", "safety_officer")
    assert after.areas == {"A01"}


async def test_a_rejected_proposal_leaves_everything_as_it_was(bench: Bench) -> None:
    phone = await bench.phone()
    row: dict[str, Value] = {**NEWCOMER, "roles": ["inspector"]}
    change(phone, ADMIN, "people", "U077", row)
    change(phone, ADMIN, "people", "U077", row, state="proposed")
    change(phone, SECOND, "people", "U077", "-", kind="decide", proposal=None)
    assert await verdicts(phone) == ["register.second", "", ""]
    await pack_of(phone)
    assert "U077" not in people_of(bench.site)


async def test_the_last_administrator_stays(bench: Bench) -> None:
    phone = await bench.phone()
    gone: dict[str, Value] = {"retired_ms": clock.now_ms()}
    change(phone, ADMIN, "people", SECOND, gone)
    change(phone, ADMIN, "people", ADMIN, gone)
    assert await verdicts(phone) == ["", "register.own"]
    change(phone, SECOND, "people", ADMIN, gone)  # has left: administers nothing any more
    assert await verdicts(phone) == ["entry.invalid"]


async def test_two_who_retire_each_other_in_one_push_leave_one(bench: Bench) -> None:
    phone = await bench.phone()
    gone: dict[str, Value] = {"retired_ms": clock.now_ms()}
    change(phone, ADMIN, "people", SECOND, gone)
    change(phone, SECOND, "people", ADMIN, gone)
    assert await verdicts(phone) == ["", "register.last"]


async def test_who_has_left_keeps_the_name_and_what_was_written_before(bench: Bench) -> None:
    phone, late = await bench.phone(), await bench.phone()
    before = late.write(OPERATOR, "hazard", report())
    change(phone, ADMIN, "people", OPERATOR, {"retired_ms": clock.now_ms()})
    assert await verdicts(phone) == [""]
    after = late.write(OPERATOR, "hazard", report(code="HZ-TEST-0002"))
    assert await verdicts(late) == ["", "entry.invalid"]
    pack = await pack_of(phone)
    assert OPERATOR in people_of(bench.site)
    assert OPERATOR not in {one.person_id for one in pack.people}, "and cannot sign in"
    with bench.site.store.reading() as session:
        assert records.lookup(session, before) is not None
        assert records.lookup(session, after) is None


async def test_a_pin_is_for_one_time_unless_it_is_the_own(bench: Bench) -> None:
    phone = await bench.phone()
    change(phone, ADMIN, "pins", INSPECTOR, pin(4, temporary=False))  # would know it for good
    change(phone, INSPECTOR, "pins", INSPECTOR, pin(4, temporary=True))
    assert await verdicts(phone) == ["register.own", "register.own"]
    change(phone, INSPECTOR, "pins", INSPECTOR, pin(4, temporary=False))
    assert await verdicts(phone) == [""]
    found = next(one for one in (await pack_of(phone)).people if one.person_id == INSPECTOR)
    assert not found.temporary
    assert fits("2227", found.pin_hash)
    assert not fits("3316", found.pin_hash), "the old one is over"


async def test_who_had_not_seen_the_row_is_told(bench: Bench) -> None:
    phone, other = await bench.phone(), await bench.phone()
    change(phone, ADMIN, "people", OPERATOR, {"zh": "操作工一二", "en": "Operator one two"})
    change(other, SECOND, "people", OPERATOR, {"zh": "操作工十二", "en": "Operator twelve"})
    assert await verdicts(phone) == [""]
    assert await verdicts(other) == ["register.changed"]


async def test_a_crafted_entry_is_refused(bench: Bench) -> None:
    phone = await bench.phone()
    change(phone, ADMIN, "people", "U077", NEWCOMER, by=SECOND)
    change(phone, ADMIN, "secrets", "U077", NEWCOMER)
    change(phone, ADMIN, "people", "U077", NEWCOMER, state="done")
    change(phone, ADMIN, "people", "U077", None)  # people are retired, never taken away
    change(phone, ADMIN, "people", "U077", "-")
    change(phone, ADMIN, "people", "U077", NEWCOMER, extra="x")
    phone.write(ADMIN, "register", {"table": "people", "key": "U077"}, kind="edit")
    assert await verdicts(phone) == ["entry.invalid"] * 7


async def test_what_was_administered_holds_after_a_restart(bench: Bench) -> None:
    from server import main

    phone = await bench.phone()
    change(phone, ADMIN, "people", "U077", NEWCOMER)
    await verdicts(phone)
    tag = (await phone.client.get("/v1/pack", headers=phone.auth)).headers["ETag"]
    again = main.prepare(bench.settings)
    try:
        assert again.pack.etag == tag, "the same bytes, so that no device fetches them again"
        assert "U077" in people_of(again)
    finally:
        again.store.close()


async def test_a_blocked_device_is_refused_until_it_is_let_in(bench: Bench) -> None:
    phone, lost = await bench.phone(), await bench.phone()
    now: dict[str, Value] = {"by": ADMIN, "at_ms": clock.now_ms(), "reason": "丢失"}

    def turn(person: str, state: str, device: str = lost.device_id) -> None:
        cells = {**now, "state": state, "by": person}
        phone.write(person, "device", cells, kind="edit", record_id=device)

    async def ask() -> httpx.Response:
        return await lost.client.get("/v1/pull", headers=lost.auth)

    turn(OPERATOR, "blocked")
    turn(ADMIN, "blocked", phone.device_id)
    turn(ADMIN, "blocked", "no-such-device")
    assert await verdicts(phone) == ["access.denied", "register.own", "entry.invalid"]
    assert (await ask()).status_code == 200
    turn(ADMIN, "blocked")
    assert await verdicts(phone) == [""]
    refused = await ask()
    assert refused.status_code == 403
    assert refused.json()["code"] == "device.blocked"
    assert refused.json()["params"] == {"why": "丢失"}
    turn(ADMIN, "active")
    assert await verdicts(phone) == [""]
    assert (await ask()).status_code == 200


@pytest.mark.parametrize("spot", ["TK-102", "CP-A01-E"])
async def test_a_label_that_was_retired_is_printed_with_its_new_version(
    bench: Bench, spot: str
) -> None:
    from server.labels import print_sheet

    phone = await bench.phone()
    plant = bench.site.pack.definitions.plant
    held = (plant.assets.get(spot) or plant.checkpoints[spot]).label_version
    before = print_sheet(bench.settings, "zh", [spot])
    change(phone, ADMIN, "labels", spot, {"version": held + 1})
    assert await verdicts(phone) == [""]
    assert f"v{held + 1}" not in _text_of(before)
    assert f"v{held + 1}" in _text_of(print_sheet(bench.settings, "zh", [spot]))


def _text_of(sheet: bytes) -> str:
    import pypdfium2  # pyright: ignore[reportMissingTypeStubs]

    document = pypdfium2.PdfDocument(sheet)
    return "".join(page.get_textpage().get_text_bounded() for page in document)


async def test_a_look_from_before_never_puts_the_pack_back(bench: Bench) -> None:
    phone, site = await bench.phone(), bench.site
    change(phone, ADMIN, "people", "U076", NEWCOMER)
    assert await verdicts(phone) == [""]
    with site.store.reading() as before:
        older = keep.get(before, REGISTERS)  # what this look sees stands still from here on
        change(phone, ADMIN, "people", "U077", NEWCOMER)
        assert await verdicts(phone) == [""]
        await pack_of(phone)
        assert "U077" in people_of(site)
        assert not site.refresh(before)
        assert "U077" in people_of(site)
    with site.store.session() as session:  # an older database was put back beneath the server
        lock_feed(session)
        keep.put(session, REGISTERS, older)
        assert site.refresh(session, locked=True)
