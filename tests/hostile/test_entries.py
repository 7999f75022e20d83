"""Entries that mean harm: each is judged by itself, and none brings the server down."""

import json
import random
from typing import Any, Final

from domain.records import type_names
from tests.hostile.attacker import SQL, attacker, body, raw, refused, typed
from tests.server.phone import CODE, Bench, report

WRONG: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    10**30,
    1.5,
    "",
    "\0",
    "a\0b",
    SQL,
    "x" * 70_000,
    [],
    {},
    [[[[]]]],
    "\ud800",
)


async def test_sql_in_every_string_stays_text(bench: Bench) -> None:
    phone = await attacker(bench)
    asked = {"code": CODE, "device_name": SQL, "public_key": "0" * 64}
    typed(await bench.client.post("/v1/enrol", json=asked))
    for key in ("id", "kind", "by", "rec", "type", "def"):
        typed(await phone.push([raw(body(phone.sent + 1, **{key: SQL}))]))
    for name in report():
        typed(await phone.push([raw(body(phone.sent + 1, set=report(**{name: SQL})))]))
    typed(await phone.push([raw(body(phone.sent + 1, base={"state": SQL, SQL: SQL}))]))
    typed(await phone.push([raw(body(phone.sent + 1, set={**report(), SQL: SQL}))]))
    for name in ("after", "limit", "wait", "own", SQL):
        typed(await bench.client.get("/v1/pull", params={name: SQL}, headers=phone.auth))
    for header in ("If-None-Match", "Anshao-Protocol", "Range", "Content-Encoding"):
        typed(await bench.client.get("/v1/pack", headers={**phone.auth, header: SQL}))
    refused(await bench.client.get("/v1/pull", headers={"Authorization": f"Bearer {SQL}"}))
    await phone.honest()


async def test_wrong_types_everywhere_are_refused(bench: Bench) -> None:
    phone = await attacker(bench)
    long: Any = random.Random(5).randbytes(4000).hex()  # nothing packs it
    for wrong in (*WRONG, long):
        changes: list[dict[str, Any]] = [{key: wrong} for key in body(1)]
        changes += [{"base": {"state": wrong}}, {"set": {"state": wrong}}, {"set": {str(wrong): 1}}]
        changes += [{"hlc": [wrong, 0]}, {"time": {"dev": wrong, "mono": 1, "boot": "b", "unc": 0}}]
        for change in changes:
            typed(await phone.push([raw(body(phone.sent + 1, **change))]))
        for name in ("words", "asset", "unit", "grade", "due_ms", "of"):
            typed(await phone.push([raw(body(phone.sent + 1, set={**report(), name: wrong}))]))
        for head in ("v", "first", "last", "prev", "head", "sig", "each"):
            typed(await phone.push([b"{}"], **{head: wrong}))
        for field in ("code", "device_name", "public_key"):
            asked = {"code": CODE, "device_name": "x", "public_key": "0" * 64, field: wrong}
            typed(await bench.client.post("/v1/enrol", content=json.dumps(asked)))
    await phone.honest()


async def test_long_text_that_nothing_packs_does_not_break_an_index(bench: Bench) -> None:
    phone = await attacker(bench)
    long = random.Random(5).randbytes(6000).hex()
    for type, kind in (("hazard", "decide"), ("evidence", "attach"), ("event", "edit")):
        for name in ("of", "unit", "asset", "area", "by", "reporter", "state"):
            cells: dict[str, Any] = {**(report() if type == "hazard" else {}), name: long}
            made = body(phone.sent + 1, type=type, kind=kind, set=cells, **{"def": f"{type}@1"})
            typed(await phone.push([raw(made)]))
    await phone.honest()


async def test_entries_of_any_type_with_any_cells_are_judged_one_by_one(bench: Bench) -> None:
    phone, chance = await attacker(bench), random.Random(7)
    types = (*type_names, "permit", "nothing")
    kinds = ("edit", "decide", "lift", "resolve", "attach", "delete")
    cells = ("state", "action", "of", "area", "asset", "by", "assignee", "to", "table", "key")
    values = (True, -1, "x", SQL, [], {}, [1], {"U012": True}, ":", "server:1", "x:-1", "a:²", "")
    for turn in range(40):
        made: list[bytes] = []
        for _ in range(6):
            type, record = chance.choice(types), chance.choice((f"r{turn}", "DB-03", "server"))
            set = {name: chance.choice(values) for name in chance.sample(cells, 5)}
            base = {chance.choice(cells): chance.choice((":", "server:1", "x:-1", "a:²", ""))}
            known = {"type": type, "def": f"{type}@1", "kind": chance.choice(kinds)}
            number = phone.sent + len(made) + 1
            made.append(raw(body(number, record, set=set, base=base, **known)))
        answer = await phone.push(made)
        assert answer.status_code == 200, answer.text
    await phone.honest()


async def test_the_good_items_of_a_mixed_batch_are_accepted(bench: Bench) -> None:
    phone = await attacker(bench)
    bad: list[dict[str, Any]] = [
        {"by": "NOBODY"},
        {"type": "nothing", "def": "nothing@1"},
        {"set": {"state": [[]], "area": {"a": 1}}},
        {"kind": "delete"},
        {"hlc": [1, 1]},
        {"hlc": [2**53 - 1, 1]},
        {"set": report(asset=SQL)},
        {"base": {"state": "server:1"}},
    ]
    made: list[bytes] = []
    for wrong in bad:
        made.append(raw(body(len(made) + 1)))
        made.append(raw(body(len(made) + 1, **wrong)))
    answer = await phone.push(made)
    assert answer.status_code == 200, answer.text
    said = {one["n"]: one for one in answer.json()["exceptions"]}
    assert [number for number in range(1, len(made), 2) if number in said] == []
    await phone.honest()
