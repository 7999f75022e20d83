"""The demo plant's first day: as the data says, seeded once, and never a second time."""

from domain.capture_trust import doubtful, standing_grade
from domain.repair_checks import last_after
from offline_store import entries, records
from server import main
from tests.server.phone import Bench


async def test_every_hazard_stands_where_the_data_says(bench: Bench) -> None:
    with bench.site.store.reading() as session:
        found = {row.text("code"): row.text("state") for row in records.find(session, "hazard")}
        worked = {
            row.text("code"): row.text("rectifier") for row in records.find(session, "hazard")
        }
    demo = bench.site.pack.definitions.demo
    assert found == {row.hazard_id: row.state for row in demo.hazards}
    for row in demo.hazards:
        if row.state in {"rectifying", "to_verify"}:
            assert worked[row.hazard_id] == row.rectifier


async def test_the_inspector_has_ten_tasks_in_the_night(bench: Bench) -> None:
    with bench.site.store.reading() as session:
        tasks = [row for row in records.find(session, "task") if row.text("owner") == "U003"]
    first = min(row.whole("start_ms") or 0 for row in tasks)
    night = [row for row in tasks if (row.whole("start_ms") or 0) < first + 12 * 3_600_000]
    assert len(night) == 10


async def test_a_second_start_seeds_nothing_and_keeps_the_day(bench: Bench) -> None:
    again = main.prepare(bench.settings)
    with again.store.reading() as session:
        second = entries.last_of_device(session, "server")
    again.store.close()
    with bench.site.store.reading() as session:
        assert entries.last_of_device(session, "server") == second
    assert again.epoch == bench.site.epoch
    assert again.pack.etag == bench.site.pack.etag


async def test_the_photos_of_the_demo_plant_call_nobody(bench: Bench) -> None:
    """They are drawn by the server itself: no second shot is missed."""
    found = bench.site.pack.definitions
    with bench.site.store.reading() as session:
        waiting = records.find(session, "hazard", state="to_verify", limit=records.ALL)
        photos = [last_after(records.evidence_of(session, one.record_id)) for one in waiting]
    assert photos
    for photo in photos:
        assert photo is not None
        assert (standing_grade(photo, found.trust), doubtful(photo, found.trust)) == ("A", ())
