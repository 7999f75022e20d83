"""Bytes that are no entry, in the midst of a push: they stop nobody, and somebody is told."""

import json
from pathlib import Path

import pytest

from domain.changes import canonical, link_digest
from domain.merge import POLICIES
from domain.quarantine import UNREADABLE
from domain.unreadable import WHAT, cells, digest_in, record_id
from offline_store import devices, entries, records
from offline_store.database import Store, open_store
from sync import taking
from sync.protocol import PullReply
from tests.hostile.attacker import Attacker, attacker, body, raw
from tests.server.phone import Bench

pytestmark = pytest.mark.parametrize("signed", [True, False])


def posing(phone: Attacker, number: int) -> bytes:
    """A stand-in as only the server makes them: it would hide another entry behind its digest."""
    name = record_id(phone.device_id, number, bytes(32))
    said = {**cells(b"", "json", 1_760_000_000_000), "digest": "0" * 64}
    made = body(number, name, id=name, by="rule", kind="edit", type="event", set=said)
    bytes_of = canonical(made | {"def": "event@1"})
    assert digest_in(bytes_of) == bytes(32)
    return bytes_of


def mixed(phone: Attacker) -> tuple[list[bytes], list[int]]:
    """A push of good entries and all sorts of bad ones between them; the numbers of the good."""
    first = phone.sent + 1
    good = body(first)
    bad = [
        b"\xff\xfe\x00 no text", b"", b"{}", b"[" * 3000, raw(body(first + 7, words="x", n=1.5)),
        raw(body(first + 9, set={"words": "x" * 70_000})), raw(body(first + 99)),
        canonical(body(first + 13, id=good["id"])), posing(phone, first + 15),
    ]  # fmt: skip
    made = [canonical(good)]
    for one in bad:
        made += [one, canonical(body(first + len(made) + 1))]
    return made, list(range(first, first + len(made), 2))


async def page(bench: Bench, phone: Attacker, *, own: int = 0) -> PullReply:
    asked = {"after": 0, "limit": 500, "own": own}
    got = await bench.client.get("/v1/pull", params=asked, headers=phone.auth)
    assert got.status_code == 200, got.text
    return PullReply.model_validate_json(got.content)


def whole(store: Store, device_id: str, count: int) -> None:
    with store.reading() as session:
        assert not entries.broken(session, waiting=False)
        assert len(entries.of_device(session, device_id, 1, 100)) == count


async def test_the_others_of_the_push_count_and_whoever_pulls_goes_on(
    bench: Bench, tmp_path: Path, *, signed: bool
) -> None:
    phone, other = await attacker(bench), await attacker(bench)
    made, good = mixed(phone)
    answer = await phone.push(made, signed=signed)
    assert answer.status_code == 200, answer.text
    said = {one["n"]: (one["verdict"], one["code"]) for one in answer.json()["exceptions"]}
    assert said == {n: ("refused", WHAT) for n in range(1, len(made) + 1) if n not in good}
    decided = await phone.push([canonical(body(phone.sent + 1))], signed=signed)
    assert decided.json()["exceptions"] == []
    store = open_store(tmp_path)
    taking.take(store, await page(bench, other), POLICIES)  # a decision behind it verifies, too
    with store.reading() as session:
        found = entries.of_device(session, phone.device_id, 1, 100)
        accepted = [one.entry.number for one in found if one.verdict == "accepted"]
        assert accepted == [*good, len(made) + 1]
        assert [one.text("what") for one in records.find(session, "event")] == [WHAT], "the alarm"
    for one in (store, bench.site.store):
        whole(one, phone.device_id, len(made) + 1)
    store.close()


async def test_the_device_itself_learns_what_became_of_them(
    bench: Bench, tmp_path: Path, *, signed: bool
) -> None:
    phone, other = await attacker(bench), await attacker(bench)
    taken = body(1)
    await other.push([canonical(taken)], signed=signed)
    odd = canonical(body(1, id=taken["id"]))  # the device itself reads what it wrote
    answer = await phone.push([odd, canonical(body(2))], signed=signed)
    assert [one["code"] for one in answer.json()["exceptions"]] == [WHAT]
    store = open_store(tmp_path)
    reply = await page(bench, phone, own=1)
    mine = [one for one in reply.entries if one.dev == phone.device_id]
    assert [one.verdict for one in mine] == ["refused", "accepted"]
    with store.session() as session:
        key = bytes.fromhex(reply.devices[phone.device_id])
        devices.add(session, devices.Device(phone.device_id, key))
    taking.take(store, reply, POLICIES)
    with store.session() as session:  # as the device itself holds it: its own bytes
        connection = session.connection()
        connection.exec_driver_sql(
            "UPDATE entry SET body = ? WHERE device_id = ? AND number = 1", (odd, phone.device_id)
        )
    taking.take(store, reply, POLICIES)
    store.close()


async def test_sent_again_it_is_the_same_and_no_fork(bench: Bench, *, signed: bool) -> None:
    phone = await attacker(bench)
    made, _ = mixed(phone)
    packed = phone.pack(made, signed=signed)
    once, twice = await phone.send(packed), await phone.send(packed)
    assert (once.status_code, once.content) == (200, twice.content)
    part = await phone.send(phone.pack(made[:3], signed=signed))  # cut differently
    assert part.json()["code"] == "sync.gap"
    assert part.json()["params"]["expected"] == len(made) + 1
    made[1] = b"other bytes"
    forked = await phone.send(phone.pack(made, signed=signed))
    assert forked.json()["code"] == "sync.fork"


async def test_a_person_sees_it_and_the_bytes_are_kept(bench: Bench, *, signed: bool) -> None:
    phone = await attacker(bench)
    made, good = mixed(phone)
    await phone.push(made, signed=signed)
    with bench.site.store.reading() as session:
        [card] = records.find(session, "quarantine")
        told = [one.text("step") for one in records.find(session, "notice")]
    assert (card.text("why"), card.text("state")) == (UNREADABLE, "held")
    assert (card.whole("first"), card.whole("last")) == (2, len(made) - 1)
    items = card.get("items")
    assert isinstance(items, list)
    assert len(items) == len(made) - len(good)
    assert "unreadable" in told
    [file] = (bench.settings.home / "quarantine").glob("*.jsonl")
    head, _, kept = file.read_bytes().partition(b"\n")
    assert json.loads(head)["dev"] == phone.device_id
    assert kept == b"\n".join(made[1::2])


async def test_a_stand_in_that_a_device_sends_hides_nothing(bench: Bench, *, signed: bool) -> None:
    phone = await attacker(bench)
    sent = posing(phone, 1)
    hidden = link_digest(phone.head, bytes(32)).hex()  # the chain as if it hid those bytes
    answer = await phone.send(phone.pack([sent], signed=signed, head=hidden, each=False))
    assert answer.status_code == 409
    with bench.site.store.reading() as session:
        assert entries.of_device(session, phone.device_id, 1, 1) == []
