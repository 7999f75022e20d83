"""Push and pull promise: every entry once, in order; a broken rule refuses only that entry."""

import asyncio
import gzip
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.changes import canonical, link
from domain.receipts import receipt_bytes
from domain.records import Value
from offline_store import records
from server import clock, duties, main
from sync.protocol import PushHead, PushReply, pack_push
from tests.server.phone import Bench, report


def _state(bench: Bench, record_id: str) -> str:
    with bench.site.store.reading() as session:
        return records.get(session, record_id).text("state")


async def test_what_one_device_pushes_the_other_pulls(bench: Bench) -> None:
    one, two = await bench.phone(), await bench.phone()
    await two.pull()
    hazard = one.write("U012", "hazard", report())
    pushed = await one.push()
    pulled = await two.pull()
    assert pushed.exceptions == []
    assert pushed.accepted_to == 1
    assert [json.loads(row.body)["rec"] for row in pulled.entries] == [hazard]
    assert pulled.entries[0].feed == pushed.feed == pulled.next
    assert pulled.devices[one.device_id]
    assert (await two.pull()).entries == []


async def test_a_receipt_verifies_with_the_server_key(bench: Bench) -> None:
    phone = await bench.phone()
    phone.write("U012", "hazard", report())
    head, _ = phone.waiting()
    reply = await phone.push()
    signed = receipt_bytes(phone.device_id, head.head, reply.feed, reply.server_ms)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(bench.site.public_key))
    key.verify(bytes.fromhex(reply.receipt), signed)


async def test_the_same_push_gets_the_same_reply_byte_for_byte(bench: Bench) -> None:
    phone = await bench.phone()
    phone.write("U012", "hazard", report())
    data = pack_push(*phone.waiting())
    first, second = await phone.send(data), await phone.send(data)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content


async def test_an_entry_without_the_right_is_refused_and_the_others_stand(bench: Bench) -> None:
    phone = await bench.phone()
    hazard = phone.write("U012", "hazard", report())
    phone.write(
        "U012", "hazard", {"state": "accepted", "action": "hazard.accept"}, record_id=hazard
    )
    other = phone.write("U012", "hazard", report(code="HZ-TEST-0002"))
    reply = await phone.push()
    assert [(one.n, one.verdict, one.code) for one in reply.exceptions] == [
        (2, "refused", "access.denied")
    ]
    assert _state(bench, hazard) == "reported"
    assert _state(bench, other) == "reported"


async def test_a_decision_on_a_refused_one_is_refused_too(bench: Bench) -> None:
    phone = await bench.phone()
    hazard = phone.write("U012", "hazard", report())
    phone.write(
        "U012", "hazard", {"state": "accepted", "action": "hazard.accept"}, record_id=hazard
    )
    phone.write(
        "U019",
        "hazard",
        {"state": "dispatched", "action": "hazard.dispatch", "assignee": "U009"},
        record_id=hazard,
    )
    reply = await phone.push()
    assert [one.code for one in reply.exceptions] == ["access.denied", "entry.invalid"]
    assert reply.exceptions[1].params == {"reason": "base_refused"}


async def test_the_loop_from_report_to_closure(bench: Bench) -> None:
    phone = await bench.phone()
    hazard = phone.write("U012", "hazard", report())
    moves: list[tuple[str, dict[str, Value]]] = [
        ("U019", {"state": "accepted", "action": "hazard.accept", "owner": "U019"}),
        ("U019", {"state": "dispatched", "action": "hazard.dispatch", "assignee": "U009"}),
        ("U009", {"state": "rectifying", "action": "hazard.rectify", "rectifier": "U009"}),
    ]
    for person, cells in moves:
        phone.write(person, "hazard", cells, record_id=hazard)
    done: dict[str, Value] = {**moves[-1][1], "state": "to_verify"}
    early = await phone.push()
    assert early.exceptions == []
    phone.write("U009", "hazard", done, record_id=hazard)
    without_photo = await phone.push()
    assert [one.code for one in without_photo.exceptions] == ["shots.missing"]
    photo: dict[str, Value] = {"of": hazard, "shot": "after", "by": "U009", "original": "ab" * 32}
    phone.write("U009", "evidence", photo, kind="attach")
    seen = f"{phone.device_id}:4"  # a real device takes the refused move back before it goes on
    base = dict.fromkeys(done, seen)
    phone.write("U009", "hazard", done, record_id=hazard, base=base)
    phone.write(
        "U034",
        "hazard",
        {"state": "closed", "action": "hazard.verify", "verifier": "U034"},
        record_id=hazard,
    )
    reply = await phone.push()
    assert reply.exceptions == []
    assert _state(bench, hazard) == "closed"


async def test_two_who_accept_without_knowing_keep_the_first(bench: Bench) -> None:
    one, two = await bench.phone(), await bench.phone()
    hazard = one.write("U012", "hazard", report())
    await one.push()
    seen = {"state": f"{one.device_id}:1", "action": f"{one.device_id}:1"}
    accept: dict[str, Value] = {
        "state": "accepted",
        "action": "hazard.accept",
        "owner": "U019",
    }
    back: dict[str, Value] = {"state": "returned", "action": "hazard.return", "note": "x"}
    one.write("U019", "hazard", accept, record_id=hazard)
    two.write("U001", "hazard", back, record_id=hazard, base=seen)
    assert (await one.push()).exceptions == []
    reply = await two.push()
    assert [row.verdict for row in reply.exceptions] == ["conflict"]
    assert _state(bench, hazard) == "accepted"


async def test_a_cursor_behind_the_end_of_the_feed_starts_a_new_life_of_it_once(
    bench: Bench,
) -> None:
    phone = await bench.phone()
    before = await phone.pull()
    phone.cursor = before.next + 5  # this server was copied back from a backup
    after = await phone.pull()
    assert after.epoch != before.epoch
    phone.cursor = 2**53 - 1  # a cursor that was made up stirs up nobody
    assert (await phone.pull()).epoch == after.epoch
    again = main.prepare(bench.settings)
    again.store.close()
    assert again.epoch == after.epoch


async def test_own_entries_come_back_for_a_device_that_asks(bench: Bench) -> None:
    phone = await bench.phone()
    await phone.pull()
    hazard = phone.write("U012", "hazard", report())
    await phone.push()
    query = {"after": phone.cursor, "own": 1}
    response = await bench.client.get("/v1/pull", params=query, headers=phone.auth)
    assert [json.loads(row["body"])["rec"] for row in response.json()["entries"]] == [hazard]


async def test_a_gap_is_named(bench: Bench) -> None:
    phone = await bench.phone()
    phone.write("U012", "hazard", report())
    phone.write("U012", "hazard", report(code="HZ-TEST-0002"))
    phone.sent = 1
    response = await phone.send(pack_push(*phone.waiting()))
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.json()["code"], response.json()["params"]) == ("sync.gap", {"expected": 1})


async def test_a_wrong_chain_is_refused_whole(bench: Bench) -> None:
    phone = await bench.phone()
    hazard = phone.write("U012", "hazard", report())
    head, bodies = phone.waiting()
    broken = head.model_copy(update={"head": "0" * 64})
    response = await phone.send(pack_push(broken, bodies))
    assert (response.status_code, response.json()["code"]) == (409, "sync.chain")
    with bench.site.store.reading() as session:
        assert records.lookup(session, hazard) is None


async def test_a_cloned_device_is_set_aside_and_nothing_is_overwritten(bench: Bench) -> None:
    phone = await bench.phone()
    hazard = phone.write("U012", "hazard", report())
    head, bodies = phone.waiting()
    await phone.push()
    body = json.loads(bodies[0])
    body["set"]["words"] = "另一段历史"
    forged = canonical(body)
    fork = head.model_copy(update={"head": link(bytes.fromhex(head.prev), forged).hex()})
    response = await phone.send(pack_push(fork, [forged]))
    assert (response.status_code, response.json()["code"]) == (409, "sync.fork")
    with bench.site.store.reading() as session:
        assert records.get(session, hazard).text("words") == "三号柜门没锁"
    assert forged in next((bench.settings.home / "quarantine").iterdir()).read_bytes()


def _one(head: PushHead, body: bytes) -> bytes:
    chained = head.model_copy(
        update={"last": head.first, "head": link(bytes.fromhex(head.prev), body).hex()}
    )
    return gzip.compress(chained.model_dump_json().encode() + b"\n" + body)


@pytest.mark.parametrize(
    "reason", ["canonical", "size", "depth", "json", "float", "fields", "number"]
)
async def test_bytes_that_nobody_can_read_do_not_count(bench: Bench, reason: str) -> None:
    phone = await bench.phone()
    phone.write("U012", "hazard", report())
    head, (body,) = phone.waiting()
    wrong = {
        "canonical": body + b" ",
        "size": body.replace(b'"code":"', b'"code":"' + b"x" * 70_000),
        "depth": body.replace(b'"set":{', b'"set":{"a":' + b"[" * 12 + b"]" * 12 + b","),
        "json": body.replace(b'"set":{', b'"set":{"a":' + b"[" * 9000 + b"]" * 9000 + b","),
        "float": body.replace(b'"set":{', b'"set":{"a":1.5,'),
        "fields": b"{}",
        "number": body.replace(b'"n":1', b'"n":7'),
    }[reason]
    response = await phone.send(_one(head, wrong))
    assert response.status_code == 200, response.text
    [got] = PushReply.model_validate_json(response.content).exceptions
    assert (got.n, got.verdict, got.code) == (1, "refused", "entry.unreadable")
    assert got.params == {"reason": reason}
    again = await phone.send(_one(head, body))  # another content under that number is a fork
    assert (again.status_code, again.json()["code"]) == (409, "sync.fork")


async def test_a_gzip_bomb_is_stopped_early(bench: Bench) -> None:
    phone = await bench.phone()
    bomb = gzip.compress(b"0" * 50_000_000)
    response = await phone.send(bomb)
    assert (response.status_code, response.json()["code"]) == (413, "request.size")
    broken = await phone.send(gzip.compress(b"x" * 1000)[:-9])
    assert (broken.status_code, broken.json()["code"]) == (400, "request.gzip")
    other = await phone.send(b"x", **{"Content-Encoding": "br"})
    assert other.status_code == 415


async def test_a_body_over_the_limit_is_refused(bench: Bench) -> None:
    phone = await bench.phone()
    data = bytes(bench.settings.body_max_bytes + 1)
    assert (await phone.send(data)).status_code == 413


async def test_more_entries_than_a_batch_may_hold(bench: Bench) -> None:
    phone = await bench.phone()
    head = PushHead(dev=phone.device_id, first=1, last=501, prev="0" * 64, head="0" * 64)
    data = gzip.compress(b"\n".join([head.model_dump_json().encode(), *([b"{}"] * 501)]))
    response = await phone.send(data)
    assert (response.status_code, response.json()["params"]) == (422, {"reason": "count"})


async def test_nobody_pushes_for_another_device(bench: Bench) -> None:
    one, two = await bench.phone(), await bench.phone()
    one.write("U012", "hazard", report())
    response = await two.send(pack_push(*one.waiting()))
    assert (response.status_code, response.json()["code"]) == (403, "device.other")


async def test_a_waiting_pull_answers_as_soon_as_another_device_pushed(bench: Bench) -> None:
    one, two = await bench.phone(), await bench.phone()
    await two.pull()
    one.write("U012", "hazard", report())
    begun = clock.mono_ms()
    waiting = asyncio.create_task(two.pull(wait=20))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await one.push()
    assert len((await waiting).entries) == 1
    assert clock.mono_ms() - begun < 5_000


async def test_a_waiting_pull_ends_when_the_server_stops(bench: Bench) -> None:
    phone = await bench.phone()
    await phone.pull()
    waiting = asyncio.create_task(phone.pull(wait=20))
    await asyncio.sleep(0.2)
    bench.site.hints.close()
    assert (await asyncio.wait_for(waiting, 5)).entries == []


async def test_own_entries_do_not_come_back(bench: Bench) -> None:
    phone = await bench.phone()
    await phone.pull()
    phone.write("U012", "hazard", report())
    reply = await phone.push()
    pulled = await phone.pull()
    assert pulled.entries == []
    assert pulled.next == reply.feed


@pytest.mark.parametrize("back_days", [20_000, 800, 1])
async def test_a_server_whose_clock_is_behind_judges_nothing_and_takes_it_later(
    bench: Bench, back_days: int
) -> None:
    phone, here = await bench.phone(), bench.site
    phone.write("U012", "hazard", report())
    await phone.push()
    made = phone.write("U012", "hazard", report(reported_ms=clock.now_ms()))
    head, bodies = phone.waiting()
    here.now_ms = lambda: max(0, clock.now_ms() - back_days * 86_400_000)
    refused = await phone.send(pack_push(head, bodies))
    assert (refused.status_code, refused.json()["code"]) == (503, "server.clock")
    ready = await bench.client.get("/health/ready")
    assert (ready.status_code, ready.json()["params"]) == (503, {"wrong": ["clock"]})
    duties.run_duties(here, here.now_ms())  # what it writes meanwhile makes its clock no better
    assert (await phone.send(pack_push(head, bodies))).status_code == 503
    here.now_ms = clock.now_ms
    assert (await phone.push()).exceptions == []
    assert _state(bench, made) == "reported"
    assert (await bench.client.get("/health/ready")).status_code == 200


async def test_after_a_clock_ran_ahead_nobody_waits_for_that_time_to_come(bench: Bench) -> None:
    phone, here = await bench.phone(), bench.site
    phone.write("U012", "hazard", report())
    here.now_ms = lambda: clock.now_ms() + 300 * 86_400_000
    await phone.push()
    here.now_ms = clock.now_ms
    phone.write("U012", "hazard", report())
    assert (await phone.push()).exceptions == []
    assert (await bench.client.get("/health/ready")).status_code == 200
