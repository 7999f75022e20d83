"""The list of tasks promises: routes in order, the next stop marked, no wall of old rounds."""

from dataclasses import replace

from app.field import FieldApp
from app.use_cases import tasks
from app.use_cases.task_cards import TaskCard, cards_of
from domain.records import Cell, Record, Value
from tests.helpers.plant import PlantSite

DAY_MS = 86_400_000
MINUTE_MS = 60_000


def task(number: int, **cells: Value) -> Record:
    usual: dict[str, Value] = {
        "state": "open", "kind": "inspection", "asset": "TK-101", "template": "TANK-D",
        "plan": "PL01", "owner": "U003",
    }  # fmt: skip
    made = {name: Cell(value, "", 0, 0) for name, value in {**usual, **cells}.items()}
    return Record(f"task-{number}", "task", "task@1", made)


def shown(field: FieldApp, *mine: Record) -> tuple[TaskCard, ...]:
    return cards_of(field, mine, None, frozenset(), {})


async def test_the_night_round_stays_together_and_names_its_next_stop(site: PlantSite) -> None:
    device = await site.device()
    device.here.stand_at(device.app.definitions.plant.assets["C-401"])
    person, fix = device.person("U003"), device.here.fix
    cards = tasks.today(device.app, person, fix).cards
    walks: dict[tuple[int, bool], list[TaskCard]] = {}
    for card in cards:
        if card.stop:
            walks.setdefault((card.due_ms, card.overdue), []).append(card)
    assert walks
    for walk in walks.values():
        assert [card.stop and card.stop.number for card in walk] == [1, 2, 3]
        assert [card.stop and card.stop.next for card in walk] == [True, False, False]
        at = cards.index(walk[0])
        assert list(cards[at : at + 3]) == walk
        assert walk[0].asset_id == "TK-101"  # in the order of the route, not the nearest first


async def test_the_next_stop_moves_on_when_one_is_done(site: PlantSite) -> None:
    field = (await site.device()).app
    now = field.clock.now_ms()
    walk: dict[str, Value] = {"route": "RT01", "stops": 3, "start_ms": now, "due_ms": now + 1000}
    mine = [
        task(1, stop=1, **walk),
        task(2, stop=2, asset="P-201A", plan="PL02", **walk),
        task(3, stop=3, asset="C-401", plan="PL03", **walk),
    ]
    done = replace(mine[0], cells={**mine[0].cells, "state": Cell("done", "", 0, 0)})
    cards = shown(field, done, *mine[1:])
    assert [(card.asset_id, card.stop and card.stop.next) for card in cards] == [
        ("P-201A", True),
        ("C-401", False),
    ]


async def test_of_rounds_missed_long_ago_the_latest_stands_for_all(site: PlantSite) -> None:
    field = (await site.device()).app
    now = field.clock.now_ms()
    rounds = [
        task(number, start_ms=now - number * DAY_MS, due_ms=now - number * DAY_MS + MINUTE_MS)
        for number in range(1, 6)
    ]
    other = task(9, plan="PL10", asset="TK-102", start_ms=now - 5 * DAY_MS, due_ms=now - 4 * DAY_MS)
    cards = shown(field, *rounds, other)
    assert {(card.record_id, card.missed) for card in cards} == {("task-1", 4), ("task-9", 0)}


async def test_what_begins_later_than_a_day_ahead_is_not_shown_yet(site: PlantSite) -> None:
    field = (await site.device()).app
    now = field.clock.now_ms()
    soon = task(1, start_ms=now + DAY_MS - MINUTE_MS, due_ms=now + DAY_MS)
    later = task(2, plan="PL02", start_ms=now + DAY_MS + MINUTE_MS, due_ms=now + 2 * DAY_MS)
    assert [card.record_id for card in shown(field, soon, later)] == ["task-1"]
