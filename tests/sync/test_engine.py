"""The engine promises: all that was made here arrives once, whatever the link does meanwhile."""

import asyncio
import hashlib

import httpx
import pytest

from domain.errors import ChainBrokenError, OfflineError, ServerTroubleError
from domain.records import Value
from offline_store import blobs, entries, journal, keep, outbox, records
from server.site import EPOCH, Site
from sync.status import SyncStatus
from tests.server.phone import report
from tests.sync.conftest import Enrol
from tests.sync.field import CUT, Tablet, new_engine

PHOTO = bytes(range(256)) * 1200  # 307 kB: several parts


def evidence(of: str, thumb: str = "", original: str = "") -> dict[str, Value]:
    return {
        "of": of, "item": None, "shot": "panorama", "original": original, "stamped": original,
        "thumb": thumb, "size": 1, "mime": "image/jpeg", "source": "camera", "by": "U012",
        "taken_ms": 1_760_947_980_000, "exif": None, "fix": None, "grade": "A", "reasons": [],
        "code": "HZ",
    }  # fmt: skip


class NoOwnEntries(httpx.AsyncBaseTransport):
    """A way to the server that is cut where the device asks for its own entries."""

    def __init__(self, app: httpx.AsyncBaseTransport) -> None:
        self.app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "own" in request.url.params:
            raise httpx.ConnectError(CUT, request=request)
        return await self.app.handle_async_request(request)


def on_server(site: Site, record_id: str) -> dict[str, Value]:
    with site.store.reading() as session:
        record = records.lookup(session, record_id)
    return {name: cell.value for name, cell in record.cells.items()} if record else {}


def values(tablet: Tablet, record_id: str) -> dict[str, Value]:
    return {name: cell.value for name, cell in tablet.record(record_id).cells.items()}


async def test_a_record_and_its_photo_arrive_with_receipts(enrol: Enrol, site: Site) -> None:
    one = await enrol()
    hazard = one.write("U012", "hazard", report())
    sha = one.photo(hazard, PHOTO)
    assert {item.state for item in one.items()} == {"waiting"}
    await one.engine.sync_once()
    assert on_server(site, hazard) == values(one, hazard)
    assert blobs.read(site.store, sha) == PHOTO
    status = one.engine.status
    assert status == SyncStatus("idle", as_of_ms=status.as_of_ms, rate=status.rate)
    assert one.engine.status.as_of_ms
    for item in one.items():
        assert (item.state, item.bytes_sent) == ("received", item.size)
        assert item.receipt_code
        assert item.received_ms


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))]
)
async def test_cuts_anywhere_lose_nothing_and_double_nothing(
    enrol: Enrol, site: Site, seed: int
) -> None:
    print(f"seed {seed}")
    one = await enrol(seed=seed, cuts=0.5)
    two = await enrol(seed=seed + 100, cuts=0.5)
    made: list[str] = []
    for number in range(4):
        hazard = one.write("U012", "hazard", report(f"第{number}个"))
        shown = one.photo(hazard, PHOTO + bytes([number]))
        thumb = one.photo(hazard, b"small" + bytes([number]), "thumb")
        photo = one.write("U012", "evidence", evidence(hazard, thumb, shown), kind="attach")
        made += [hazard, photo]
        await two.sync_until_done()
        await one.sync_until_done()
    made.append(two.write("U012", "hazard", report("另一台")))
    await two.sync_until_done()
    await one.sync_until_done()
    await two.sync_until_done()
    with site.store.reading() as session:
        for tablet in (one, two):
            own = entries.of_device(session, tablet.identity.device_id, 1, 500)
            with tablet.store.reading() as mine:
                kept = entries.of_device(mine, tablet.identity.device_id, 1, 500)
            assert [entry.body for entry in own] == [entry.body for entry in kept]
            assert [entry.feed for entry in own] == [entry.feed for entry in kept]
    for record_id in made:
        assert values(one, record_id) == values(two, record_id) == on_server(site, record_id)
        assert one.record(record_id) == two.record(record_id)
    assert {item.state for item in one.items() + two.items()} == {"received"}
    for item in one.items():
        if item.item == "blob":
            assert hashlib.sha256(blobs.read(site.store, item.item_id) or b"").hexdigest() == (
                item.item_id
            )
    for number in range(4):  # the small pictures of others are here too
        sha = hashlib.sha256(b"small" + bytes([number])).hexdigest()
        assert blobs.read(two.store, sha) == b"small" + bytes([number])


async def test_one_photo_in_trouble_holds_up_nothing_else(enrol: Enrol, site: Site) -> None:
    one = await enrol()
    hazard = one.write("U012", "hazard", report())
    too_large = one.photo(hazard, bytes(1_000_001), "thumb")
    lost = one.photo(hazard, b"lost", "thumb")
    blobs.path(one.store, lost).unlink()
    good = one.photo(hazard, b"good")
    await one.engine.sync_once()
    assert on_server(site, hazard)
    assert blobs.read(site.store, good) == b"good"
    states = {item.item_id: (item.state, item.code) for item in one.items()}
    assert states[too_large] == ("refused", "blob.size")
    assert states[lost] == ("refused", "blob.damaged")
    assert states[good] == ("received", None)
    assert blobs.read(one.store, too_large)  # refused, and still here


async def test_small_pictures_leave_before_large_ones_and_records_before_both(
    enrol: Enrol,
) -> None:
    one = await enrol()
    large = one.photo("r", PHOTO)
    one.photo("r", b"small", "thumb")
    one.write("U012", "hazard", report())
    await one.engine.sync_once()
    paths = [path for _, path in one.link.requests]
    # a small picture goes in one request; whether a large one is there already is asked first
    assert paths.index("/v1/push") < paths.index("/v1/blobs") < paths.index(f"/v1/blobs/{large}")


async def test_a_refused_entry_stays_listed_with_the_reason(enrol: Enrol) -> None:
    one = await enrol()
    hazard = one.write("U012", "hazard", report())
    accept: dict[str, Value] = {"state": "accepted", "action": "hazard.accept", "owner": "U012"}
    one.write("U012", "hazard", accept, record_id=hazard)
    assert one.record(hazard).text("state") == "accepted"
    await one.engine.sync_once()
    assert one.record(hazard).text("state") == "reported"
    [refused] = [item for item in one.items() if item.state == "refused"]
    assert refused.verdict == "refused"
    assert refused.code


async def test_without_link_the_status_counts_what_waits_and_later_it_leaves(
    enrol: Enrol, site: Site
) -> None:
    one = await enrol()
    one.link.down = True
    hazard = one.write("U012", "hazard", report())
    one.photo(hazard, PHOTO)
    with pytest.raises(OfflineError):
        await one.engine.sync_once()
    status = one.engine.status
    assert (status.phase, status.waiting, status.bytes_total) == ("offline", 2, len(PHOTO))
    assert isinstance(status.error, OfflineError)
    one.link.down = False
    await one.engine.sync_once()
    assert (one.engine.status.phase, one.engine.status.waiting) == ("idle", 0)
    assert one.engine.status.error is None


async def test_what_is_written_while_waiting_for_news_leaves_at_once(
    enrol: Enrol, site: Site
) -> None:
    one, two = await enrol(), await enrol()
    running = [asyncio.create_task(tablet.engine.run()) for tablet in (one, two)]
    await asyncio.sleep(0.3)
    hazard = await asyncio.to_thread(one.write, "U012", "hazard", report())
    await asyncio.to_thread(one.engine.nudge)
    async with asyncio.timeout(5):
        while True:
            with two.store.reading() as session:
                if records.lookup(session, hazard):
                    break
            await asyncio.sleep(0.02)
    for tablet in (one, two):
        tablet.engine.stop()
    async with asyncio.timeout(5):
        await asyncio.gather(*running)
    assert on_server(site, hazard)
    assert "sending" in one.changes


async def test_another_history_of_this_device_stops_and_keeps_everything(enrol: Enrol) -> None:
    one = await enrol()
    one.write("U012", "hazard", report())
    await one.engine.sync_once()
    with one.store.session() as session:  # as after restoring an old copy of the device
        session.connection().exec_driver_sql("DELETE FROM entry")
        session.connection().exec_driver_sql("DELETE FROM batch")
    one.write("U012", "hazard", report("另一段历史"))
    with pytest.raises(ChainBrokenError):
        await one.engine.sync_once()
    assert isinstance(one.engine.status.error, ChainBrokenError)
    with one.store.reading() as session:
        assert outbox.count(session, one.identity.device_id).entries == 1


async def test_a_large_photo_is_fetched_when_someone_opens_it(enrol: Enrol) -> None:
    one, two = await enrol(), await enrol()
    sha = one.photo("r", PHOTO)
    await one.engine.sync_once()
    assert await two.engine.fetch_blob(sha) == PHOTO
    two.link.down = True
    assert await two.engine.fetch_blob(sha) == PHOTO


async def test_a_restored_server_gets_again_what_it_has_lost(enrol: Enrol, site: Site) -> None:
    one, two = await enrol(), await enrol()
    first = one.write("U012", "hazard", report("之前"))
    await one.engine.sync_once()
    second = one.write("U012", "hazard", report("之后"))
    await one.engine.sync_once()
    with site.store.session() as session:  # the backup was made between the two
        connection = session.connection()
        connection.exec_driver_sql("DELETE FROM record WHERE record_id = ?", (second,))
        connection.exec_driver_sql("DELETE FROM entry WHERE record_id = ?", (second,))
        connection.exec_driver_sql("DELETE FROM batch WHERE first = 2")
        keep.put(session, EPOCH, "after-restore")
    await one.engine.sync_once()
    await one.engine.sync_once()
    await two.engine.sync_once()
    for record_id in (first, second):
        assert values(one, record_id) == values(two, record_id) == on_server(site, record_id)
    with one.store.reading() as session:
        assert keep.cursor(session).epoch == "after-restore"
        assert journal.head(session, one.identity.device_id)[0] == 2


async def test_a_device_copied_back_from_a_backup_learns_what_it_had_sent(
    enrol: Enrol, site: Site
) -> None:
    one = await enrol()
    first = one.write("U012", "hazard", report("备份时还没发"))
    await one.engine.sync_once()
    with one.store.session() as session:  # the backup was made before that
        connection = session.connection()
        connection.exec_driver_sql(
            "UPDATE entry SET feed = NULL, verdict = NULL, received_ms = NULL"
        )
        connection.exec_driver_sql("DELETE FROM batch")
    second = one.write("U012", "hazard", report("恢复之后"))
    await one.engine.sync_once()
    assert {item.state for item in one.items()} == {"received"}
    for record_id in (first, second):
        assert on_server(site, record_id) == values(one, record_id) != {}
    with one.store.reading() as session:
        own = entries.of_device(session, one.identity.device_id, 1, 9)
    assert [one.entry.number for one in own] == [1, 2]
    assert None not in {one.feed for one in own}


@pytest.mark.parametrize("had", [0, 1])
async def test_a_device_copied_back_that_writes_nothing_learns_what_it_lacks(
    enrol: Enrol, site: Site, had: int
) -> None:
    one = await enrol()
    for words in ("一", "二"):
        hazard = one.write("U012", "hazard", report(words))
        await one.engine.sync_once()
    with one.store.session() as session:  # the backup was made when it had sent so many
        for sql in ("entry WHERE number", "batch WHERE first", "record WHERE row"):
            session.connection().exec_driver_sql(f"DELETE FROM {sql} > ?", (had,))
    await one.engine.sync_once()
    assert values(one, hazard) == on_server(site, hazard) != {}
    with one.store.reading() as session:
        assert journal.head(session, one.identity.device_id)[0] == 2


async def test_a_device_copied_back_before_it_sent_what_it_had_learns_the_rest_and_goes_on(
    enrol: Enrol, site: Site
) -> None:
    one = await enrol()
    made = [one.write("U012", "hazard", report("备份时还没发"))]
    for words in ("那以后", "再以后"):
        made.append(one.write("U012", "hazard", report(words)))
    await one.engine.sync_once()
    with one.store.session() as session:  # the backup was made before that, with one entry waiting
        run = session.connection().exec_driver_sql
        for sql in ("entry WHERE number > 1", "batch", "record WHERE row > 1"):
            run(f"DELETE FROM {sql}")
        run("UPDATE entry SET feed = NULL, verdict = NULL, received_ms = NULL")
    await one.engine.sync_once()
    made.append(one.write("U012", "hazard", report("恢复之后")))
    await one.engine.sync_once()
    assert {item.state for item in one.items()} == {"received"}
    for record_id in made:
        assert on_server(site, record_id) == values(one, record_id) != {}


async def test_another_history_that_is_found_by_reading_holds_up_nothing_of_others(
    enrol: Enrol,
) -> None:
    one, two = await enrol(), await enrol()
    one.write("U012", "hazard", report())
    await one.engine.sync_once()
    with one.store.session() as session:  # as after restoring an old copy, and then damage
        for table in ("entry", "batch"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
        keep.put(session, keep.OWN_FIRST, value=True)
        keep.set_cursor(session, keep.Cursor(0, keep.cursor(session).epoch))
    own = one.write("U012", "hazard", report("另一段历史"))
    others = two.write("U012", "hazard", report("别人的"))
    await two.engine.sync_once()
    again = new_engine(one.store, one.transport, one.identity)
    with pytest.raises(ChainBrokenError):
        await again.sync_once()
    assert values(one, others) == values(two, others) != {}
    assert values(one, own), "it stays here"


async def test_a_server_copied_back_without_a_word_gets_again_what_it_has_lost(
    enrol: Enrol, site: Site
) -> None:
    one, two = await enrol(), await enrol()
    hazard = one.write("U012", "hazard", report())
    await one.engine.sync_once()
    await two.engine.sync_once()
    with site.store.session() as session:  # the backup knows the epoch, and nothing else
        for table in ("record", "entry", "batch"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
    await two.engine.sync_once()
    await one.engine.sync_once()
    await one.engine.sync_once()
    assert on_server(site, hazard) == values(one, hazard) == values(two, hazard)


async def test_what_a_restored_server_says_anew_of_own_entries_is_learned_after_a_crash(
    enrol: Enrol, site: Site
) -> None:
    one = await enrol()
    one.write("U012", "hazard", report())
    await one.engine.sync_once()
    with site.store.session() as session:  # it took the entry anew, and in another order
        session.connection().exec_driver_sql("UPDATE entry SET verdict = 'merged'")
        keep.put(session, EPOCH, "after-restore")
    cut = one.link.app = NoOwnEntries(one.link.app)
    with pytest.raises(OfflineError):
        await one.engine.sync_once()
    one.link.app = cut.app
    again = new_engine(one.store, one.transport, one.identity)  # the app was ended meanwhile
    await again.sync_once()
    with one.store.reading() as session:
        (own,) = entries.of_device(session, one.identity.device_id, 1, 9)
    assert own.verdict == "merged"


async def test_a_server_whose_clock_is_behind_gets_it_when_the_clock_is_right(
    enrol: Enrol, site: Site
) -> None:
    one, right = await enrol(), site.now_ms
    one.write("U012", "hazard", report())
    site.now_ms = lambda: 0
    with pytest.raises(ServerTroubleError, match=r"server\.clock"):
        await one.engine.sync_once()
    assert {item.state for item in one.items()} == {"sending"}  # kept, to go again
    site.now_ms = right
    await one.engine.sync_once()
    assert {item.state for item in one.items()} == {"received"}
