"""A device whose own entries are not taken promises: it says so, and all the rest goes on."""

import asyncio
import hashlib
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.changes import DECISIONS, signed_bytes
from domain.errors import ChainBrokenError, StrangeReplyError
from domain.signatures import ChainForgedError, verifies
from offline_store import blobs, entries, outbox, records
from server.site import Site
from sync import taking
from sync.protocol import PushReply
from sync.pushes import packed
from tests.server.phone import report
from tests.sync.conftest import Enrol
from tests.sync.field import Tablet
from tests.sync.test_signatures import PERSON, at_server, chain, own, put, reports, tamper

PHOTO = random.Random(4).randbytes(200_000)
THUMB = random.Random(5).randbytes(9_000)


def forge(one: Tablet) -> list[str]:
    made = reports(one, 3)
    tamper(one, 2)
    return made


def cut_back(one: Tablet) -> list[str]:
    """Another history under numbers that the server has."""
    with one.store.session() as session:
        session.connection().exec_driver_sql(
            "DELETE FROM entry WHERE device_id = ?", (one.identity.device_id,)
        )
        session.connection().exec_driver_sql("DELETE FROM batch")
    return reports(one, 1)


async def test_a_device_with_a_forged_chain_still_pulls_and_fetches_and_says_why(
    enrol: Enrol,
) -> None:
    one, office = await enrol(), await enrol()
    forge(one)
    with pytest.raises(ChainForgedError):
        await one.engine.sync_once()
    hazard = office.write(PERSON, "hazard", report("阀门漏"))
    thumb = office.photo(hazard, THUMB, "thumb")
    office.write(PERSON, "evidence", {"of": hazard, "thumb": thumb}, kind="attach")
    await office.engine.sync_once()
    mine = one.photo(hazard, PHOTO)
    for _ in range(2):
        with pytest.raises(ChainForgedError) as caught:
            await one.engine.sync_once()
        assert caught.value.params == {"number": 2}
    assert one.record(hazard).text("words") == "阀门漏"
    assert blobs.read(one.store, thumb) == THUMB
    assert [item.state for item in one.items() if item.item_id == mine] == ["received"]
    status = one.engine.status
    assert (status.phase, status.waiting) == ("idle", 2), "what is forged waits, nothing is lost"
    assert status.error is not None
    assert status.error.code == "sync.forged"
    assert await one.engine.fetch_blob(hashlib.sha256(THUMB).hexdigest()) == THUMB


@pytest.mark.parametrize(
    ("harm", "said"), [(forge, ChainForgedError), (cut_back, ChainBrokenError)]
)
async def test_while_it_runs_news_arrives_and_the_reason_stays_on_the_screen(
    enrol: Enrol, harm: object, said: type[Exception]
) -> None:
    one, office = await enrol(), await enrol()
    reports(one, 1)
    await one.engine.sync_once()
    if harm is forge:
        reports(one, 2)
        tamper(one, 3)
    else:
        cut_back(one)
    running = asyncio.create_task(one.engine.run())
    hazard = office.write(PERSON, "hazard", report("阀门漏"))
    await office.engine.sync_once()
    async with asyncio.timeout(10):
        while True:
            with one.store.reading() as session:
                if records.lookup(session, hazard):
                    break
            await asyncio.sleep(0.02)
    pushes = one.link.requests.count(("POST", "/v1/push"))
    assert isinstance(one.engine.status.error, said)
    assert one.engine.status.phase != "offline"
    assert pushes < 10, "the server is not asked without pause"
    one.engine.stop()
    async with asyncio.timeout(5):
        await running


async def test_a_first_report_takes_one_push_and_one_page(enrol: Enrol) -> None:
    one = await enrol()
    reports(one, 1)
    await one.engine.sync_once()
    asked = [path for _, path in one.link.requests]
    assert (asked.count("/v1/push"), asked.count("/v1/pull")) == (1, 1)


async def test_once_the_chain_is_taken_the_reason_goes(enrol: Enrol, site: Site) -> None:
    one = await enrol()
    made = reports(one, 2)
    good = own(one)[1].signature
    put(one.store, one.identity.device_id, 2, signature=bytes(64))
    with pytest.raises(ChainForgedError):
        await one.engine.sync_once()
    put(one.store, one.identity.device_id, 2, signature=good)
    await one.engine.sync_once()
    assert (one.engine.status.error, one.engine.status.waiting) == (None, 0)
    assert at_server(site, *made) == [True, True]


def outgoing_of(one: Tablet) -> outbox.Outgoing:
    with one.store.session() as session:
        found = outbox.next_push(session, one.identity.device_id)
    assert found is not None
    return found


@pytest.mark.parametrize("less", [2, 3, 100])
async def test_an_answer_about_fewer_entries_than_are_known_confirms_nothing(
    enrol: Enrol, less: int
) -> None:
    one = await enrol()
    reports(one, 4)
    await one.engine.sync_once()
    reports(one, 3)
    outgoing = outgoing_of(one)
    told = PushReply(
        feed=9, accepted_to=max(0, outgoing.batch.first - less), server_ms=1, receipt="00"
    )
    with pytest.raises(StrangeReplyError):
        one.engine._pusher.confirm(outgoing, told, b"{}")
    with one.store.reading() as session:
        assert outbox.count(session, one.identity.device_id).entries == 3
    assert outgoing_of(one) == outgoing, "the same push goes again"


async def test_an_answer_that_takes_none_of_it_is_no_confirmation(enrol: Enrol) -> None:
    one = await enrol()
    reports(one, 2)
    outgoing = outgoing_of(one)
    told = PushReply(feed=9, accepted_to=0, server_ms=1, receipt="00")
    with pytest.raises(ChainForgedError) as caught:
        one.engine._pusher.confirm(outgoing, told, b"{}")
    assert caught.value.params == {"number": 1}
    with one.store.reading() as session:
        assert outbox.count(session, one.identity.device_id).entries == 2


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("junk", ["none", "zeros", "another key"])
async def test_the_server_keeps_and_passes_on_verified_signatures_only(
    enrol: Enrol, site: Site, junk: str, each: bool
) -> None:
    """Entry 2 of 4 is no decision: its signature is not needed, so it is not kept unseen."""
    one, reader = await enrol(), await enrol()
    reports(one, 1)
    one.write(PERSON, "event", {"what": "x", "by": PERSON}, kind="edit")
    reports(one, 2)
    outgoing = outgoing_of(one)
    rows = list(outgoing.entries)
    other = Ed25519PrivateKey.generate().sign(signed_bytes("edit", rows[1].hash))
    wrong = {"none": None, "zeros": bytes(64), "another key": other}[junk]
    rows[1] = rows[1]._replace(signature=wrong)
    data = packed(outgoing._replace(entries=rows), each=each)
    reply, _ = await one.transport.push(data)
    # asked for each, the server looks at each; else the last one vouches for those before it
    assert reply.accepted_to == (1 if each else 4)
    for store in (site.store, reader.store):
        await reader.engine.sync_once()
        kept = [row for row in chain(store, one.identity.device_id) if row.signature]
        assert kept
        for row in kept:
            message = signed_bytes(row.entry.kind, row.hash)
            assert verifies(one.identity.public_key, message, row.signature or b"")


async def test_a_device_keeps_no_signature_of_the_feed_that_it_has_not_verified(
    enrol: Enrol, site: Site
) -> None:
    one, reader = await enrol(), await enrol()
    one.write(PERSON, "event", {"what": "x", "by": PERSON}, kind="edit")
    await one.engine.sync_once()
    page = await reader.transport.pull(0, 100)
    junk = [
        row._replace(sig="ab" * 64) if row.dev == one.identity.device_id else row
        for row in page.entries
    ]
    taking.take(reader.store, page.model_copy(update={"entries": junk}), {})
    with reader.store.reading() as session:
        [row] = entries.of_device(session, one.identity.device_id, 1, 10)
    assert row.entry.kind not in DECISIONS
    assert row.signature is None
