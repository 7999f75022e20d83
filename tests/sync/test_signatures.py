"""A signed chain promises: what a device did not sign never counts, and what it signed arrives."""

import json
from collections.abc import Callable, Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from domain.changes import canonical, genesis, link, signed_bytes
from domain.errors import ServerRefusedError
from domain.records import Record
from domain.signatures import ChainForgedError, SignatureWrongError, verifies
from offline_store import devices, entries, journal, outbox, records
from offline_store.database import Store
from offline_store.entries import Logged
from server.keys import public_bytes
from server.own_entries import OwnStep, write_own
from server.site import SERVER_DEVICE, Site
from sync.protocol import PulledEntry
from sync.pushes import packed
from tests.server.phone import report
from tests.sync.conftest import Enrol
from tests.sync.field import Tablet

PERSON, MANAGER = "U012", "U001"


def chain(store: Store, device_id: str) -> list[Logged]:
    with store.reading() as session:
        return entries.of_device(session, device_id, 1, 1000)


def own(one: Tablet) -> list[Logged]:
    return chain(one.store, one.identity.device_id)


def put(store: Store, device_id: str, number: int, **columns: bytes | None) -> None:
    """Change a row as somebody with the file and any SQL program can."""
    named = ", ".join(f"{name} = :{name}" for name in columns)
    with store.session() as session:
        session.connection().execute(
            text(f"UPDATE entry SET {named} WHERE device_id = :device AND number = :number"),
            {"device": device_id, "number": number, **columns},
        )


def tamper(one: Tablet, number: int, words: str = "一切正常") -> None:
    """Edit one row and compute every hash after it anew."""
    device_id = one.identity.device_id
    previous = genesis(device_id, one.identity.public_key)
    for row in own(one):
        body = row.body
        if row.entry.number == number:
            body = canonical({**json.loads(body), "set": {**row.entry.set, "words": words}})
        previous = link(previous, body)
        put(one.store, device_id, row.entry.number, body=body, hash=previous)


def reports(one: Tablet, count: int) -> list[str]:
    return [one.write(PERSON, "hazard", report(f"漏电 {number}")) for number in range(count)]


def at_server(site: Site, *record_ids: str) -> list[bool]:
    with site.store.reading() as session:
        return [records.lookup(session, one) is not None for one in record_ids]


def told(store: Store) -> tuple[list[Record], list[Record]]:
    """The events of the server, and what the manager finds in the inbox."""
    with store.reading() as session:
        events = [one for one in records.find(session, "event") if one.text("by") == "rule"]
        return events, records.find(session, "notice", person=MANAGER)


async def test_a_row_edited_with_all_hashes_after_it_is_caught_and_the_rest_before_it_arrives(
    enrol: Enrol, site: Site
) -> None:
    one, office = await enrol(), await enrol()
    made = reports(one, 5)
    tamper(one, 3)
    with one.store.reading() as session:
        assert not entries.broken(session, waiting=False), "the chain itself shows nothing"
    with pytest.raises(ChainForgedError) as caught:
        await one.engine.sync_once()
    assert caught.value.params == {"number": 3}
    assert at_server(site, *made) == [True, True, False, False, False]
    assert [item.state for item in reversed(one.items())][:3] == ["received", "received", "waiting"]
    assert one.engine.status.error is not None
    assert one.engine.status.error.code == "sync.forged"  # what the person reads, with its remedy
    await office.engine.sync_once()
    [event], [notice] = told(office.store)
    assert (event.text("what"), event.text("device"), event.whole("number")) == (
        "entry.forged", one.identity.device_id, 3,
    )  # fmt: skip
    assert notice.text("about") == event.record_id
    [aside] = (site.settings.home / "quarantine").iterdir()
    assert aside.read_bytes().splitlines()[1:] == [row.body for row in own(one)[2:]]


async def test_when_the_answer_is_lost_the_device_learns_what_was_taken(
    enrol: Enrol, site: Site
) -> None:
    one = await enrol()
    made = reports(one, 4)
    tamper(one, 3)
    with one.store.session() as session:
        outgoing = outbox.next_push(session, one.identity.device_id)
    assert outgoing is not None
    reply, _ = await one.transport.push(packed(outgoing, each=True))  # and the device dies here
    assert (reply.accepted_to, reply.exceptions) == (2, [])
    with pytest.raises(ChainForgedError) as caught:
        await one.engine.sync_once()
    assert caught.value.params == {"number": 3}
    assert [item.state == "received" for item in reversed(one.items())] == [
        True,
        True,
        False,
        False,
    ]
    assert at_server(site, *made) == [True, True, False, False]


async def test_what_is_written_after_the_tampering_vouches_for_nothing(
    enrol: Enrol, site: Site
) -> None:
    one = await enrol()
    made = reports(one, 3)
    tamper(one, 2)
    later = reports(one, 2)
    for _ in range(3):
        with pytest.raises(ChainForgedError):
            await one.engine.sync_once()
    assert at_server(site, *made, *later) == [True, False, False, False, False]
    events, notices = told(site.store)
    assert len(events) == len(notices) == 1, "said once, however often it is tried"


def _moved(one: Tablet, rows: list[Logged]) -> bytes | None:
    return rows[0].signature


def _as_decision(one: Tablet, rows: list[Logged]) -> bytes | None:
    return one.key.sign(signed_bytes("edit", rows[-1].hash))


def _other_key(one: Tablet, rows: list[Logged]) -> bytes | None:
    return Ed25519PrivateKey.generate().sign(signed_bytes("decide", rows[-1].hash))


@pytest.mark.parametrize("forge", [_moved, _as_decision, _other_key])
@pytest.mark.parametrize("place", ["last", "among others"])
async def test_a_decision_counts_only_with_its_own_signature(
    enrol: Enrol, site: Site, place: str, forge: Callable[[Tablet, list[Logged]], bytes]
) -> None:
    one = await enrol()
    first, wrong = reports(one, 2)
    rows = own(one)
    after = reports(one, 1) if place == "among others" else []
    put(one.store, one.identity.device_id, 2, signature=forge(one, rows))
    if after:
        await one.engine.sync_once()
        assert at_server(site, first, wrong, *after) == [True, False, True]
        [item] = [item for item in one.items() if item.state == "refused"]
        assert (item.code, item.record_id) == ("entry.signature", wrong)
        assert told(site.store)[0][0].text("what") == "entry.signature"
    else:
        with pytest.raises(ChainForgedError):
            await one.engine.sync_once()
        assert at_server(site, first, wrong) == [True, False]


async def test_entries_signed_by_another_device_of_the_plant_are_not_this_device_s(
    enrol: Enrol, site: Site
) -> None:
    one, other = await enrol(), await enrol()
    made = reports(one, 2)
    for row in own(one):
        signature = other.key.sign(signed_bytes(row.entry.kind, row.hash))
        put(one.store, one.identity.device_id, row.entry.number, signature=signature)
    with pytest.raises(ChainForgedError) as caught:
        await one.engine.sync_once()
    assert caught.value.params == {"number": 1}
    assert at_server(site, *made) == [False, False]
    assert told(site.store)[0][0].whole("number") == 1


async def test_a_push_heard_on_the_way_changes_nothing_when_it_is_sent_again(
    enrol: Enrol, site: Site
) -> None:
    one, thief = await enrol(), await enrol()
    reports(one, 2)
    with one.store.session() as session:
        outgoing = outbox.next_push(session, one.identity.device_id)
    assert outgoing is not None
    first = await one.transport.push(packed(outgoing))
    assert await one.transport.push(packed(outgoing)) == first
    with pytest.raises(ServerRefusedError) as refused:
        await thief.transport.push(packed(outgoing))
    assert refused.value.params["reason"] == "device.other"
    await one.engine.sync_once()
    with site.store.reading() as session:
        assert journal.head(session, one.identity.device_id)[0] == 2


async def test_unsigned_entries_count_until_the_first_signed_one_and_wait_afterwards(
    enrol: Enrol, site: Site
) -> None:
    one = await enrol()
    before = reports(one, 2)
    for number in (1, 2):
        put(one.store, one.identity.device_id, number, signature=None)
    signed = reports(one, 1)
    await one.engine.sync_once()
    assert at_server(site, *before, *signed) == [True, True, True], "of the version before"
    unsigned = reports(one, 2)
    for number in (4, 5):
        put(one.store, one.identity.device_id, number, signature=None)
    later = reports(one, 1)
    await one.engine.sync_once()
    assert at_server(site, *unsigned, *later) == [False, False, True]
    waiting = [(item.code, item.verdict) for item in one.items() if item.state == "refused"]
    assert waiting == [("entry.unsigned", "quarantined")] * 2
    [event], [notice] = told(site.store)
    assert (event.text("what"), event.whole("number")) == ("entry.unsigned", 4)
    assert notice.text("rule") == "security"


@pytest.mark.parametrize("what", ["wrong", "none"])
async def test_a_device_takes_no_decision_of_the_feed_without_its_signature(
    enrol: Enrol, site: Site, what: str
) -> None:
    one, reader = await enrol(), await enrol()
    reports(one, 1)
    await one.engine.sync_once()
    await reader.engine.sync_once()
    [late] = reports(one, 1)
    await one.engine.sync_once()
    good = own(one)[1].signature
    assert good is not None
    forged = bytes(64) if what == "wrong" else None
    put(site.store, one.identity.device_id, 2, signature=forged)
    with pytest.raises(SignatureWrongError) as caught:
        await reader.engine.sync_once()
    assert caught.value.params == {"device": one.identity.device_id, "number": 2}
    with reader.store.reading() as session:
        assert records.lookup(session, late) is None
    put(site.store, one.identity.device_id, 2, signature=good)
    await reader.engine.sync_once()
    assert reader.record(late).text("words") == "漏电 0"


async def test_the_server_signs_what_it_says_itself(enrol: Enrol, site: Site) -> None:
    cells: Mapping[str, str] = {"what": "x", "by": "rule"}
    write_own(site, [OwnStep("rule", "r1", "event", cells), OwnStep("rule", "r2", "event", cells)])
    for row in chain(site.store, SERVER_DEVICE):
        assert row.signature is not None
        message = signed_bytes(row.entry.kind, row.hash)
        assert verifies(public_bytes(site.key), message, row.signature)


async def test_the_feed_carries_signatures_of_decisions_alone(enrol: Enrol, site: Site) -> None:
    one = await enrol()
    reports(one, 1)
    one.write(PERSON, "event", {"what": "x", "by": PERSON}, kind="edit")
    await one.engine.sync_once()
    page = await one.transport.pull(0, 100, own=True)
    mine: list[PulledEntry] = [row for row in page.entries if row.dev == one.identity.device_id]
    assert [row.sig is not None for row in mine] == [True, False]
    with site.store.reading() as session:
        known = devices.lookup(session, one.identity.device_id)
    assert known is not None
    message = signed_bytes("decide", own(one)[0].hash)
    assert verifies(known.public_key, message, bytes.fromhex(mine[0].sig or ""))
