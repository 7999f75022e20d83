"""Devices that may have less and then more: found by the simulation, kept as promises."""

import pytest

from domain import trusted_time
from domain.changes import DeviceTime
from domain.records import Value
from offline_store import blobs, entries, journal
from server.rights import RULE
from sync.uploads import Outcome
from tests.server.phone import report
from tests.sync.test_scopes import WORKER, Plant, app, held, plant, same, words_in

__all__ = ["app", "plant"]  # the fixtures of the other file
NOW = 1_790_000_000_000


async def test_a_record_that_is_of_one_hand_only_leaves_that_device_and_comes_back(
    plant: Plant,
) -> None:
    mine = await plant.tablet()
    hazard = mine.write(WORKER, "hazard", report("只有我写"))
    await mine.engine.sync_once()
    for people, is_here in ((("U044",), False), ((WORKER,), True), (("U044",), False), ((), True)):
        await plant.give(mine, *people)
        await mine.engine.sync_once()
        assert (hazard in held(mine)) is is_here, people
    assert held(mine) == held(plant.tablets[0])
    assert same(mine, plant.site)


async def test_what_was_refused_leaves_with_the_rest(plant: Plant) -> None:
    mine = await plant.tablet()
    plant.tablets[0].write(WORKER, "hazard", report("不收的", reporter="U044"))
    await plant.tablets[0].engine.sync_once()
    await mine.engine.sync_once()
    assert words_in(mine, "不收的") == 1, "with all others' entries, to keep their chains"
    await plant.give(mine, "U044")
    await mine.engine.sync_once()
    assert words_in(mine, "不收的") == 0


async def test_a_record_that_waits_for_its_photo_goes_as_soon_as_that_was_sent(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await plant.tablet()
    hazard = mine.write(WORKER, "hazard", report("照片还没传"))
    await mine.engine.sync_once()
    sha = mine.photo(hazard, b"photo" * 100)
    await plant.give(mine, "U044")
    real, held_then = mine.engine._files.send, list[bool]()

    async def left_before(*args: object) -> Outcome:
        await mine.engine._pull(wait_s=0)
        held_then.append(hazard in held(mine))
        return await real(*args)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(mine.engine._files, "send", left_before)
    await mine.engine._round(wait_s=0)
    assert held_then == [True], "it had left, but for its photo"
    assert hazard not in held(mine)
    assert blobs.is_here(plant.site.store, sha)


async def test_times_are_corrected_where_entries_between_are_missing(plant: Plant) -> None:
    """The clock record of a device may come before, and without, what was written around it."""
    mine, other = await plant.limited(WORKER), plant.tablets[0]

    def write(number: int, boot: str, type: str, cells: dict[str, Value]) -> None:
        time = DeviceTime(5_000 + number, number * 1000, boot, None)
        stamp = journal.Stamp(NOW + number, 0, time, f"id-{number}")
        person = RULE if type == "clock" else WORKER
        author = journal.Author(other.identity.device_id, person, other.key.sign)
        with other.store.session() as session:
            journal.write(
                session,
                author,
                stamp,
                kind="anchor" if type == "clock" else "edit",
                record_id=f"t-{number}",
                type=type,
                definition=f"{type}@1",
                set=cells,
            )

    hidden: dict[str, Value] = {"area": "A01", "unit": "T-TANK", "owner": "U001"}
    for number in range(1, 5):
        write(number, "b1", "hazard", report(f"{number}") | (hidden if number < 4 else {}))
    anchor: dict[str, Value] = dict(
        trusted_time.anchor_cells(trusted_time.Anchor("b1", 9000, NOW, 10))
    )
    device: dict[str, Value] = {"by": RULE, "device": other.identity.device_id}
    write(5, "b1", "clock", anchor | device)
    for number in range(6, 9):
        write(number, "b2", "hazard", report(f"{number}"))
    await other.engine.sync_once()
    await mine.engine.sync_once()
    assert "t-4" in held(mine)
    assert same(mine, plant.site)


async def test_own_entries_that_others_handed_in_are_learned_though_out_of_sight(
    plant: Plant,
) -> None:
    mine = await plant.tablet()
    for words in ("一", "二"):
        mine.write(WORKER, "hazard", report(words))
    await mine.engine.sync_once()
    with mine.store.session() as session:  # as if it had never been answered, nor read anything
        run = session.connection().exec_driver_sql
        run("UPDATE entry SET feed = NULL, verdict = NULL, received_ms = NULL")
        for table in ("batch", "cursor", "keep WHERE name LIKE 'pull.%'"):
            run(f"DELETE FROM {table}")
    await plant.give(mine, "U044")
    mine.write("U044", "hazard", report("三", reporter="U044"))
    await mine.engine.sync_once()
    with mine.store.reading() as session:
        own = entries.of_device(session, mine.identity.device_id, 1, 9)
    assert [one.feed is None for one in own] == [False] * 3
    assert same(mine, plant.site)
