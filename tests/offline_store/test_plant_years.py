"""The data of the bench `store` is what devices would have written, and the same each time."""

from pathlib import Path

from benchmarks.plant_years import OPEN_HAZARDS, PlantYears
from domain import merge
from offline_store import entries, records, search
from offline_store.database import Store, open_store
from tests.helpers.definitions import demo_definitions

NOW_MS, COUNT = 1_764_000_000_000, 500


def filled(folder: Path) -> Store:
    store = open_store(folder)
    PlantYears(demo_definitions(), NOW_MS).fill(store, COUNT)
    return store


def test_every_record_is_the_fold_of_its_entries_and_chains_hold(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with store.reading() as session:
        assert not entries.broken(session, waiting=False)
        found = [
            record
            for type_ in ("task", "inspection", "hazard", "evidence")
            for record in records.find(session, type_)
        ]
        assert len(found) == COUNT
        for record in found:
            logged = entries.of_record(session, record.record_id)
            folded = merge.fold(
                [merge.FeedEntry(one.entry, one.verdict, one.received_ms) for one in logged]
            )
            assert folded
            assert folded.record == record
            assert not folded.conflicts
        states = [one.text("state") for one in found if one.type == "hazard"]
        assert sum(state != "closed" for state in states) == OPEN_HAZARDS
        assert search.find(session, "泄漏") or search.find(session, "leak")
    store.close()


def test_a_seed_always_makes_the_same(tmp_path: Path) -> None:
    bodies: list[list[bytes]] = []
    for name in ("one", "two"):
        store = filled(tmp_path / name)
        with store.reading() as session:
            bodies.append([one.body for one in entries.of_device(session, "phone-1", 1, 1000)])
        store.close()
    assert bodies[0] == bodies[1]
    assert bodies[0]
