"""Devices that came back from a copy and may not have everything: their chain goes on in order."""

import pytest

from domain.errors import ChainBrokenError
from offline_store import journal
from sync import reading, taking
from tests.server.phone import report
from tests.sync.field import Tablet
from tests.sync.test_scopes import MANAGER, WORKER, Plant, app, held, plant, same

__all__ = ["app", "plant"]  # the fixtures of the other file


def copy_back(one: Tablet, number: int) -> None:
    """Take away what the device wrote behind a number: the copy was made before."""
    its = (one.identity.device_id, number)
    behind = "FROM entry WHERE device_id = ? AND number > ?"
    with one.store.session() as session:
        run = session.connection().exec_driver_sql
        run(f"DELETE FROM record WHERE record_id IN (SELECT record_id {behind})", its)
        run(f"DELETE {behind}", its)
        run("DELETE FROM batch WHERE device_id = ? AND first > ?", its)


def numbers(one: Tablet) -> list[int]:
    """The own entries that are here and that the server has."""
    with one.store.reading() as session:
        own = journal.of_device(session, one.identity.device_id, 1, 99)
    return [row.entry.number for row in own if row.feed is not None]


@pytest.mark.parametrize("limited_before", [False, True])
@pytest.mark.parametrize("at_once", [1, 500])
async def test_what_it_lacks_comes_in_the_order_of_its_chain_though_records_come_whole(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, *, limited_before: bool, at_once: int
) -> None:
    monkeypatch.setattr(taking, "AT_ONCE", at_once)
    monkeypatch.setattr(reading, "ENTRIES_MAX", at_once)
    mine = await plant.tablet()
    if limited_before:
        await plant.give(mine, WORKER)
    mine.write(WORKER, "hazard", report("之前"))
    await mine.engine.sync_once()
    twice = mine.write(WORKER, "hazard", report("一"))
    await mine.engine.sync_once()
    for area in ("A05", "A06", "A05", "A06"):
        mine.write(WORKER, "hazard", report("二"))
        mine.write(WORKER, "hazard", {"area": area}, kind="edit", record_id=twice)
    await mine.engine.sync_once()
    copy_back(mine, 1)
    await plant.give(mine, WORKER, "U009")
    await mine.engine.sync_once()
    assert numbers(mine) == [*range(1, 11)]
    assert twice in held(mine)
    assert same(mine, plant.site)


async def test_what_goes_on_from_another_history_stays_out_and_that_is_what_is_said(
    plant: Plant,
) -> None:
    mine, office = await plant.tablet(), plant.tablets[0]
    mine.write(WORKER, "hazard", report("之前"))
    await mine.engine.sync_once()
    second, third = (mine.write(WORKER, "hazard", report(words)) for words in ("那边二", "那边三"))
    await mine.engine.sync_once()
    copy_back(mine, 1)
    ours = mine.write(WORKER, "hazard", report("这边二"))
    await office.engine.sync_once()  # with a hand of others in it, it comes without our entries
    office.write(MANAGER, "hazard", {"asset": "DB-04"}, kind="edit", record_id=second)
    await plant.give(mine, WORKER)
    for _ in range(2):
        with pytest.raises(ChainBrokenError):
            await mine.engine.sync_once()
        assert isinstance(mine.engine.status.error, ChainBrokenError)
    assert (ours in held(mine), third in held(mine)) == (True, False)
    assert numbers(mine) == [1]
    news = office.write(WORKER, "hazard", report("从别的平板"))
    await office.engine.sync_once()
    with pytest.raises(ChainBrokenError):
        await mine.engine.sync_once()
    assert news in held(mine), "what other devices write comes as ever"
    assert numbers(mine) == [1]
