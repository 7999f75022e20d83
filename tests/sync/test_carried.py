"""What one device hands in for another: found by the simulation, kept as promises."""

import pytest
from sqlalchemy import delete
from sqlmodel import col

from domain.invitations import REVOKED, DeviceRevokedError
from domain.records import Value
from domain.relay import Piece
from offline_store import blobs, devices, entries, keep, outbox, records, relayed
from offline_store.lives import SERVER
from offline_store.relayed import Came
from offline_store.tables import BatchRow, BlobRow
from server import pages
from server.pages import Ask
from sync.relaying import AGAIN_MS, AT_ONCE
from tests.server.phone import report
from tests.sync.field import Tablet
from tests.sync.test_scopes import ADMINISTRATOR, WORKER, Plant, app, held, plant

__all__ = ["app", "plant"]  # the fixtures of the other file
NOW, OTHERS = 1_790_000_000_000, "U044"


def hand(plant: Plant, giver: Tablet, taker: Tablet) -> None:
    """Let a device take over all that waits on another, as it does from a file."""
    own = giver.identity.device_id
    with giver.store.reading() as session:
        waiting = [one for one in entries.of_device(session, own, 1, 500) if one.feed is None]
        pieces = [
            Piece(
                one.entry, one.body,
                entries.hash_of(session, own, one.entry.number - 1)
                or entries.genesis_of(session, own),
                one.hash, one.signature,
            )
            for one in waiting
        ]  # fmt: skip
    with taker.store.session() as session:
        devices.add(session, devices.Device(own, giver.identity.public_key))
        keep.put(session, "identity", {"plant": plant.site.pack.definitions.plant.code})
        for piece in pieces:
            relayed.add(session, piece, Came(own, NOW, "counts"))
        records.refold_all(
            session, [one.entry.record_id for one in pieces], plant.site.pack.definitions.policies
        )


def waits(one: Tablet) -> int:
    """How many entries of a device the server has not confirmed to it."""
    with one.store.reading() as session:
        return outbox.count(session, one.identity.device_id).entries


async def lose(first: Tablet, lost: Tablet) -> None:
    """Say on one device that another one is lost."""
    cells: dict[str, Value] = {
        "state": REVOKED, "revoked_ms": NOW, "reason": "lost", "by": ADMINISTRATOR, "at_ms": NOW,
    }  # fmt: skip
    await first.engine.sync_once()
    first.write(ADMINISTRATOR, "device", cells, kind="edit", record_id=lost.identity.device_id)
    await first.engine.sync_once()


async def test_who_may_not_see_a_record_any_more_still_learns_that_others_handed_it_in(
    plant: Plant,
) -> None:
    mine, first = await plant.tablet(), plant.tablets[0]
    await mine.engine.sync_once()
    hazards = {mine.write(WORKER, "hazard", report(f"托人带回 {n}")) for n in range(3)}
    hand(plant, mine, first)
    await first.engine.sync_once()
    assert held(first) >= hazards
    await plant.give(mine, OTHERS)
    mine.write(OTHERS, "hazard", report("接着写", reporter=OTHERS))
    await mine.engine.sync_once()
    assert waits(mine) == 0
    assert not held(mine) & hazards


async def test_a_device_that_only_carried_work_lets_go_of_it_once_it_is_handed_in(
    plant: Plant,
) -> None:
    other, carrier = await plant.tablet(), await plant.limited(OTHERS)
    await carrier.engine.sync_once()
    hazard = other.write(WORKER, "hazard", report("带一程"))
    hand(plant, other, carrier)
    assert hazard in held(carrier), "on the way it is shown, and a stop counts"
    await carrier.engine.sync_once()
    await carrier.engine.sync_once()
    assert hazard not in held(carrier)
    with carrier.store.reading() as session:
        assert not relayed.some(session)
    with plant.site.store.reading() as session:
        assert records.lookup(session, hazard) is not None


async def test_a_lost_device_sends_its_own_work_though_it_may_hand_in_nothing_of_others(
    plant: Plant,
) -> None:
    first, other, lost = plant.tablets[0], await plant.tablet(), await plant.tablet()
    await lost.engine.sync_once()
    other.write(WORKER, "hazard", report("别人的"))
    hand(plant, other, lost)
    lost.write(WORKER, "hazard", report("自己的"))
    await lose(first, lost)
    with pytest.raises(DeviceRevokedError):
        await lost.engine.sync_once()
    assert waits(lost) == 0


async def test_a_server_that_lacks_what_it_confirmed_last_was_copied_back_and_asks_for_it(
    plant: Plant,
) -> None:
    mine = await plant.tablet()
    await mine.engine.sync_once()
    mine.write(WORKER, "hazard", report("收过的"))
    await mine.engine._count()
    await mine.engine._push()
    with mine.store.reading() as session:
        known = devices.lookup(session, mine.identity.device_id)
        at = keep.cursor(session)
        last = entries.confirmed_last(session, mine.identity.device_id)
    assert known is not None
    assert last == 1
    has = pages.page(
        plant.site, known, Ask(at.feed, 100, own=False, epoch=at.epoch, mark="", sent=1)
    )
    assert has.epoch == at.epoch
    lacks = Ask(at.feed, 100, own=False, epoch=at.epoch, mark="", sent=last + 1)
    assert pages.page(plant.site, known, lacks).epoch != at.epoch
    await mine.engine.sync_once()
    assert waits(mine) == 0


async def test_what_the_server_turns_down_as_a_fork_counts_no_longer_where_it_was_carried(
    plant: Plant,
) -> None:
    mine, carrier = await plant.tablet(), plant.tablets[0]
    await carrier.engine.sync_once()
    hazard = mine.write(WORKER, "hazard", report("另一台抄走的"))
    hand(plant, mine, carrier)
    with mine.store.session() as session:  # its twin writes something else under the same number
        entries.remove(session, mine.identity.device_id, 1)
        records.refold_all(session, [hazard], plant.site.pack.definitions.policies)
    other = mine.write(WORKER, "hazard", report("本机写的"))
    await mine.engine.sync_once()
    await carrier.engine.sync_once()
    assert hazard not in held(carrier)
    assert other in held(carrier)


async def test_what_goes_on_from_a_fork_counts_no_longer_though_the_server_would_wait_for_it(
    plant: Plant,
) -> None:
    mine, carrier = await plant.tablet(), plant.tablets[0]
    await carrier.engine.sync_once()
    count = AT_ONCE + 2  # the last ones go alone: to the server they only leave a gap
    hazards = [mine.write(WORKER, "hazard", report(f"另一台写的 {n}")) for n in range(count)]
    hand(plant, mine, carrier)
    assert held(carrier) >= set(hazards)
    with mine.store.session() as session:  # its twin writes something else under the same number
        for number in range(1, count + 1):
            entries.remove(session, mine.identity.device_id, number)
        records.refold_all(session, hazards, plant.site.pack.definitions.policies)
    other = mine.write(WORKER, "hazard", report("本机写的"))
    await mine.engine.sync_once()
    await carrier.engine.sync_once()
    assert held(carrier) & {*hazards, other} == {other}


async def test_of_a_copied_device_what_stands_in_the_feed_is_no_fork_where_it_was_carried(
    plant: Plant,
) -> None:
    mine, carrier = await plant.tablet(), await plant.limited(OTHERS)
    await carrier.engine.sync_once()
    before = mine.write(WORKER, "hazard", report("抄走以前"))
    after = mine.write(WORKER, "hazard", report("另一台抄走的"))
    hand(plant, mine, carrier)
    with mine.store.session() as session:  # its twin writes something else under the same number
        entries.remove(session, mine.identity.device_id, 2)
        records.refold_all(session, [after], plant.site.pack.definitions.policies)
    mine.write(WORKER, "hazard", report("本机写的"))
    await mine.engine.sync_once()
    await carrier.engine.sync_once()
    await carrier.engine.sync_once()
    with carrier.store.reading() as session:
        left = [(one.piece.entry.record_id, one.answer) for one in relayed.find(session)]
    assert left == [(after, "sync.fork")], f"{before} has arrived"


async def test_of_two_histories_only_the_one_that_is_turned_down_stops_counting(
    plant: Plant,
) -> None:
    mine, carrier = await plant.tablet(), await plant.limited(OTHERS)
    await carrier.engine.sync_once()
    true = mine.write(WORKER, "hazard", report("在服务器上"), kind="edit")
    hand(plant, mine, carrier)
    with carrier.store.session() as session:  # its proof was on a picture that was not read
        [one] = relayed.find(session)
        relayed.drop(session, one.piece)
        relayed.add(session, one.piece._replace(signature=None), one.came)
    await mine.engine.sync_once()
    with mine.store.session() as session:  # and then the other body's, under the same number
        entries.remove(session, mine.identity.device_id, 1)
        records.refold_all(session, [true], plant.site.pack.definitions.policies)
    other = mine.write(WORKER, "hazard", report("另一台写的"))
    with mine.store.reading() as session:
        [fork] = entries.of_device(session, mine.identity.device_id, 1, 1)
    with carrier.store.session() as session:
        piece = Piece(fork.entry, fork.body, one.piece.previous, fork.hash, fork.signature)
        relayed.add(session, piece, Came(mine.identity.device_id, NOW, "fork"))
    await carrier.engine.sync_once()
    with carrier.store.reading() as session:
        left = {row.piece.entry.record_id: row.came.state for row in relayed.find(session)}
    assert left == {true: "counts", other: "fork"}


async def test_who_reads_the_feed_anew_takes_what_a_server_copied_back_says_by_now(
    plant: Plant,
) -> None:
    mine, site = await plant.tablet(), plant.site
    plant.gap("gap-before")
    mine.write(WORKER, "hazard", report("送过的"))
    await mine.engine.sync_once()
    assert "gap-before" in held(mine)
    with site.store.session() as session:  # a copy of before is put back, and goes on
        last = entries.last_of_device(session, SERVER)
        assert last is not None
        entries.remove(session, SERVER, last.number)
        own = (col(BatchRow.device_id) == SERVER, col(BatchRow.first) == last.number)
        session.connection().execute(delete(BatchRow).where(*own))
        records.refold_all(session, ["gap-before"], site.pack.definitions.policies)
    plant.gap("gap-since")
    with mine.store.session() as session:  # and the answer to the last push was lost
        outbox.reopen(session, mine.identity.device_id, 1)
    mine.write(WORKER, "hazard", report("后来写的"))
    await mine.engine.sync_once()
    assert waits(mine) == 0
    assert "gap-since" in held(mine)
    assert "gap-before" not in held(mine)


async def test_a_lost_device_sends_the_rest_of_what_another_handed_in_for_it(plant: Plant) -> None:
    first, lost = plant.tablets[0], await plant.tablet()
    await lost.engine.sync_once()
    for n in range(3):
        lost.write(WORKER, "hazard", report(f"托人带回 {n}"))
    hand(plant, lost, first)
    rest = lost.write(WORKER, "hazard", report("后来写的"))
    await lose(first, lost)
    with pytest.raises(DeviceRevokedError):
        await lost.engine.sync_once()
    with plant.site.store.reading() as session:
        held_back = entries.of_record(session, rest)
    assert [one.verdict for one in held_back] == ["quarantined"], "for people to look at"


async def test_a_device_that_is_lost_while_it_asks_for_its_own_entries_sends_the_rest(
    plant: Plant,
) -> None:
    first, lost = plant.tablets[0], await plant.tablet()
    await lost.engine.sync_once()
    rest = lost.write(WORKER, "hazard", report("还没送"))
    lost.engine._own = True  # it was answered "gap", and the line broke before the page came
    await lose(first, lost)
    with pytest.raises(DeviceRevokedError):
        await lost.engine.sync_once()
    with plant.site.store.reading() as session:
        assert [one.verdict for one in entries.of_record(session, rest)] == ["quarantined"]


async def test_what_waited_on_the_server_is_offered_again_once_what_it_waited_for_may_have_come(
    plant: Plant,
) -> None:
    writer, carrier = await plant.tablet(), await plant.limited(OTHERS)
    await carrier.engine.sync_once()
    writer.write(WORKER, "hazard", report("自己带回"))
    hazard = writer.write(WORKER, "hazard", report("托人带回"))
    hand(plant, writer, carrier)
    with carrier.store.session() as session:
        relayed.drop(session, relayed.find(session)[0].piece)  # this one was not on the picture
    await carrier.engine.sync_once()
    with carrier.store.reading() as session:
        assert [one.answer for one in relayed.find(session)] == ["waiting"]
    await writer.engine.sync_once()
    await carrier.engine.sync_once()
    assert hazard in held(carrier), "nobody is asked the same again and again"
    carrier.engine._now_ms = lambda: 10 * AGAIN_MS
    await carrier.engine.sync_once()
    assert hazard not in held(carrier)
    with carrier.store.reading() as session:
        assert not relayed.some(session)


async def test_a_server_copied_back_without_a_word_gets_again_a_photo_that_it_lacks(
    plant: Plant,
) -> None:
    mine = await plant.tablet()
    hazard = mine.write(WORKER, "hazard", report("照片在备份之后"))
    photo = mine.photo(hazard, b"taken before the copy came back")
    await mine.engine.sync_once()
    epoch = plant.site.epoch
    await mine.engine.sync_once()
    assert plant.site.epoch == epoch, "what is here is no reason to begin anew"
    with plant.site.store.session() as session:
        session.connection().execute(delete(BlobRow))
    blobs.path(plant.site.store, photo).unlink()
    later = mine.photo(hazard, b"taken after it")
    await mine.engine.sync_once()
    assert [blobs.is_here(plant.site.store, one) for one in (photo, later)] == [True, True]
    assert plant.site.epoch != epoch


async def test_many_entries_that_one_signature_proves_are_handed_in_together(plant: Plant) -> None:
    writer, carrier = await plant.tablet(), plant.tablets[0]
    await carrier.engine.sync_once()
    hazards = {
        writer.write(WORKER, "hazard", report(f"一班 {n}"), kind="edit") for n in range(AT_ONCE + 2)
    }
    hand(plant, writer, carrier)
    with carrier.store.session() as session:  # as a message brings them: the last one's is enough
        for one in relayed.find(session)[:-1]:
            relayed.drop(session, one.piece)
            relayed.add(session, one.piece._replace(signature=None), one.came)
    await carrier.engine.sync_once()
    with plant.site.store.reading() as session:
        assert entries.last_of_device(session, writer.identity.device_id) is not None
    assert held(carrier) >= hazards
    with carrier.store.reading() as session:
        assert not relayed.some(session)


async def test_what_nothing_proves_any_more_is_let_go_of_once_what_followed_it_has_come(
    plant: Plant,
) -> None:
    writer, carrier = await plant.tablet(), await plant.limited(OTHERS)
    await carrier.engine.sync_once()
    hidden = writer.write(WORKER, "hazard", report("只是带着"), kind="edit")
    shown = writer.write(OTHERS, "hazard", report("看得到", reporter=OTHERS), kind="edit")
    hand(plant, writer, carrier)
    with (
        carrier.store.session() as session
    ):  # the proof was that of the later one, and left with it
        first, second = relayed.find(session)
        for one in (first, second):
            relayed.drop(session, one.piece)
        relayed.add(session, first.piece._replace(signature=None), first.came)
    await carrier.engine.sync_once()
    assert hidden in held(carrier), "nobody else may have brought it"
    await writer.engine.sync_once()
    await carrier.engine.sync_once()
    assert held(carrier) & {hidden, shown} == {shown}
