"""The quick judgement of reports says yes only where the rules do, and to nearly all of them."""

import random
from dataclasses import replace

from msgspec.structs import replace as changed

from domain import merge
from domain.changes import Entry, encode
from domain.records import Value
from server import rights
from server.reports import Reports, under
from tests.helpers.matrix import WHO, with_person
from tests.server.attempts import NOW_MS, Attempt, entry, scene
from tests.server.phone import Bench, report

SEED = 20261123
FOUND = with_person("inspector")
ASSETS = sorted(FOUND.plant.assets)
BAD: tuple[Value, ...] = (
    None, "", "x", "x" * 6000, 0, -1, True, 7, NOW_MS, NOW_MS + 10**12, 1, [], ["A1"], {},
    {"a_ms": 5}, {"deep": [{"due_ms": 1}]}, "reported", "U001", WHO, "B", "TK-101",
)  # fmt: skip
NAMES = (
    "state", "action", "reporter", "code", "words", "reported_ms", "grade", "asset", "area",
    "unit", "category", "language", "place_note", "source", "proposed", "label_state",
    "assignee", "owner", "deleted", "due_ms", "of", "workers", "note", "no such cell", "",
)  # fmt: skip


def _report(number: int) -> Entry:
    asset = FOUND.plant.assets[ASSETS[number % 3]]
    cells: dict[str, Value] = {
        "action": "hazard.report", "area": asset.area, "asset": asset.asset_id,
        "code": f"HZ-{number}", "grade": "C", "language": "en", "reported_ms": NOW_MS - number,
        "reporter": WHO, "source": {"photos": ["ab" * 32]}, "state": "reported",
        "unit": asset.owner, "words": f'said "so" {number}',
    }  # fmt: skip
    made = entry("hazard", cells, record_id=f"0198c0de-{number}")
    return changed(made, entry_id=f"e{number}", wall_ms=NOW_MS - number)


def _allowed(one: Entry) -> bool:
    return rights.check(one, scene(Attempt("", one, set()), FOUND)) is None


def _changed(one: Entry, chance: random.Random) -> Entry:
    """Return a report with one thing wrong, or only different."""
    match chance.randrange(9):
        case 0:
            part = chance.choice(("anchor", "decide", "resolve", "delete", "attach"))
            return changed(one, kind=part)
        case 1:
            ids = ("notice-x", "gap-1", "reg.people.U1", "quar-1", "ab" * 16, "r" * 65, "r-1")
            return changed(one, record_id=chance.choice(ids))
        case 2:
            return changed(one, person_id=chance.choice(("U001", "rule", "nobody", "")))
        case 3:
            return changed(one, wall_ms=chance.choice((0, 5, NOW_MS + 10**7, NOW_MS + 10**12)))
        case 4:
            return changed(one, definition=chance.choice(("hazard@2", "hazard", "x@1")))
        case 5:
            return changed(one, base={"state": "d1:1"}, type=chance.choice(("hazard", "event")))
        case 6:
            cells = {name: one.set[name] for name in one.set if chance.random() < 0.9}
            return changed(one, set=cells)
        case _:
            name = chance.choice(NAMES)
            return changed(one, set=dict(sorted({**one.set, name: chance.choice(BAD)}.items())))


def test_a_report_like_one_that_was_taken_is_surely_allowed() -> None:
    reports = Reports(FOUND)
    assert not reports.sure(_report(0), encode(_report(0)), NOW_MS)  # nothing is known yet
    for number in range(3):
        assert _allowed(_report(number))
        reports.learn(_report(number))
    for number in range(3, 60):
        assert reports.sure(_report(number), encode(_report(number)), NOW_MS)


def test_whatever_is_surely_allowed_the_rules_allow_and_the_merge_simply_takes() -> None:
    chance, reports, sure = random.Random(SEED), Reports(FOUND), 0
    for number in range(6000):
        one = _report(number % 50)
        for _ in range(chance.randrange(3)):
            one = _changed(one, chance)
        body = encode(one)
        if reports.sure(one, body, NOW_MS):
            sure += 1
            assert _allowed(one), f"seed {SEED}, number {number}: {one}"
            merged = merge.apply(None, one, FOUND.policies, NOW_MS)
            assert (merged.verdict, merged.code, merged.conflicts) == ("accepted", None, ())
        elif _allowed(one):
            reports.learn(one)
    assert sure > 1000


async def test_nothing_learned_outlives_its_definitions(bench: Bench) -> None:
    phone = await bench.phone()
    phone.write("U012", "hazard", report(), kind="edit")
    assert not (await phone.push()).exceptions
    learned = under(bench.site)
    assert under(bench.site) is learned
    bench.site.pack = replace(bench.site.pack, definitions=replace(learned.definitions))
    assert under(bench.site) is not learned
