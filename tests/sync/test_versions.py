"""Two versions promise: a device and a server of neighbouring versions lose nothing by it.

1.0 knows no signatures, 1.1 does, 1.2 knows scopes.
The conversations were recorded with the real programs of both.
"""

import itertools
import json
import re
from typing import cast

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain import merge
from offline_store import entries, outbox
from offline_store.database import Store, open_store
from server.problems import MEDIA_TYPE
from server.site import Site
from sync.engine import SyncEngine
from sync.protocol import unpack_push
from sync.transport import Transport
from tests.server.phone import report
from tests.sync import recorded
from tests.sync.conftest import Enrol
from tests.sync.field import Identity, Link
from tests.sync.recorded import DEVICE, SEED, Exchange

PERSON = "U012"


class Recorded(httpx.AsyncBaseTransport):
    """A server as it was recorded: it knows the requests of one conversation and no others."""

    def __init__(self, name: str) -> None:
        self.left = recorded.read(name)
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if path == "/v1/pull":
            return self._reply(next(one for one in self.left if "lines" not in one["request"]))
        said = recorded.packed_lines(request.content)
        found = next(one for one in self.left if one["request"].get("lines") == said)
        self.left.remove(found)
        return self._reply(found)

    def _reply(self, found: Exchange) -> httpx.Response:
        said = found["reply"]
        kind = "application/json" if said["status"] == httpx.codes.OK else MEDIA_TYPE
        return httpx.Response(said["status"], json=said["body"], headers={"Content-Type": kind})


def engine(store: Store, link: httpx.AsyncBaseTransport) -> SyncEngine:
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    ticks = itertools.count(0, 100)
    return SyncEngine(
        store,
        Transport("http://server", recorded.TOKEN, http=link),
        Identity(DEVICE, public),
        lambda: merge.POLICIES,
        lambda: next(ticks),
        lambda: None,
    )


@pytest.mark.parametrize(("server", "pushes"), [("1.0", 2), ("1.1", 1)])
async def test_this_device_sends_and_hears_all_as_recorded(server: str, pushes: int) -> None:
    store = open_store(None)
    recorded.write(store)
    link = Recorded(f"1.1-at-{server}")
    one = engine(store, link)
    await one.sync_once()
    assert (one.status.waiting, one.status.error) == (0, None)
    with store.reading() as session:
        mine = entries.of_device(session, DEVICE, 1, 10)
    assert [row.verdict for row in mine] == ["accepted"] * 3
    assert all(row.signature for row in mine), "nothing is taken off what stands here"
    assert link.asked.count("/v1/push") == pushes
    store.close()


async def test_a_device_that_took_a_newer_server_for_an_old_one_is_put_right_by_it() -> None:
    store = open_store(None)
    recorded.write(store)
    link = Recorded("1.1-at-1.1")
    one = engine(store, link)
    one._pusher._bare = True
    await one.sync_once()
    assert (one.status.waiting, one.status.error) == (0, None)
    assert link.asked.count("/v1/push") == 2
    store.close()


@pytest.mark.parametrize("name", ["1.0-at-1.1", "1.1-at-1.1", "1.2-at-1.2"])
async def test_this_server_answers_a_recorded_device_as_recorded(
    app: httpx.ASGITransport, site: Site, name: str
) -> None:
    recorded.let_in(site.store)
    with site.store.reading() as session:
        before = entries.page(session, 0, 500)[1]
    async with httpx.AsyncClient(base_url="http://server", transport=app) as client:
        for one in recorded.read(name):
            asked = one["request"]
            if "/v1/pull" in asked["path"]:  # the feed of this server began elsewhere
                path = re.sub(r"after=\d+", f"after={before}", asked["path"])
                asked = asked | {"path": path}
            method, path, content, headers = recorded.http_request(asked)
            reply = await client.request(method, path, content=content, headers=headers)
            assert reply.status_code == one["reply"]["status"]
            assert alike(recorded.said_by(reply), one["reply"]["body"])
    site.store.close()


@pytest.mark.parametrize("device", ["1.0", "1.1"])
def test_an_answer_of_this_server_has_all_that_one_of_the_version_before_has(device: str) -> None:
    newer, older = taken(f"{device}-at-1.1"), taken(f"{device}-at-1.0")
    assert len(newer) == 3
    assert all(map(alike, newer, older))


def taken(name: str) -> list[object]:
    """The answers of a conversation, the refusals left out."""
    replies = [one["reply"] for one in recorded.read(name)]
    return [said["body"] for said in replies if said["status"] == httpx.codes.OK]


_OF_THE_TIME = {"feed", "server_ms", "receipt", "received_ms", "next", "epoch"}
_OF_THE_RULES = {"subscription"}  # its marks change with scopes.yaml


def alike(now: object, before: object) -> bool:
    """Whether an answer has what an earlier one had; more is allowed, and times differ."""
    if isinstance(now, dict) and isinstance(before, dict):
        said, knew = cast("dict[str, object]", now), cast("dict[str, object]", before)
        return all(
            name in said
            and (
                type(said[name]) is type(was)
                if name in _OF_THE_TIME | _OF_THE_RULES
                else alike(said[name], was)
            )
            for name, was in knew.items()
        )
    if isinstance(now, list) and isinstance(before, list):
        rows, earlier = cast("list[object]", now), cast("list[object]", before)
        return len(rows) == len(earlier) and all(map(alike, rows, earlier))
    return now == before


class VersionBefore(httpx.AsyncBaseTransport):
    """This server, reading pushes as the recorded one of version 1.0 did, until it is updated."""

    def __init__(self, link: Link) -> None:
        self.link, self.updated = link, False
        recording = recorded.read("1.1-at-1.0")
        self.refusal = next(one["reply"] for one in recording if one["reply"]["status"] == 422)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.updated or request.url.path != "/v1/push":
            return await self.link.handle_async_request(request)
        first, *rest = recorded.packed_lines(request.content)
        head = json.loads(first)
        if len(rest) != head["last"] - head["first"] + 1:
            body, status = self.refusal["body"], self.refusal["status"]
            return httpx.Response(status, json=body, headers={"Content-Type": MEDIA_TYPE})
        known = {key: head[key] for key in ("v", "dev", "first", "last", "prev", "head")}
        asked = {"method": "POST", "path": "/v1/push", "lines": [json.dumps(known), *rest]}
        content = recorded.http_request(asked)[2]
        headers = {k: v for k, v in request.headers.items() if k != "content-length"}
        plain = httpx.Request("POST", request.url, headers=headers, content=content)
        return await self.link.handle_async_request(plain)


async def test_after_the_server_is_updated_signed_pushes_count_and_nothing_is_quarantined(
    enrol: Enrol, site: Site
) -> None:
    one, reader = await enrol(), await enrol()
    token = one.transport._client.headers["Authorization"].removeprefix("Bearer ")
    between = VersionBefore(one.link)
    transport = Transport("http://server", token, http=between)
    one.engine._transport = one.engine._pusher.transport = transport
    one.write(PERSON, "hazard", report("一"))
    one.write(PERSON, "hazard", report("二"))
    await one.engine.sync_once()
    between.updated = True
    for words in ("三", "四"):
        one.write(PERSON, "hazard", report(words))
        await one.engine.sync_once()
    await reader.engine.sync_once()
    assert [item.verdict for item in one.items()] == ["accepted"] * 4
    with site.store.reading() as session:
        assert entries.signs_since(session, one.identity.device_id) == 3
    with reader.store.reading() as session:
        seen = entries.of_device(session, one.identity.device_id, 1, 10)
    assert [row.signature is not None for row in seen] == [False, False, True, True]
    await transport.close()


async def test_a_push_taken_before_the_update_is_not_taken_twice_after_it(
    enrol: Enrol, site: Site
) -> None:
    from sync.pushes import packed

    one = await enrol()
    one.write(PERSON, "hazard", report())
    with one.store.session() as session:
        outgoing = outbox.next_push(session, one.identity.device_id)
    assert outgoing is not None
    head, bodies, _ = unpack_push(
        "\n".join(recorded.packed_lines(packed(outgoing, bare=True))).encode()
    )
    assert head.signed
    lines = [head.model_dump_json(exclude={"sig", "each", "signed"}).encode(), *bodies]
    _, _, content, _ = recorded.http_request(
        {"method": "POST", "path": "/v1/push", "lines": [line.decode() for line in lines]}
    )
    assert content is not None
    first, _ = await one.transport.push(content)  # its answer is lost
    await one.engine.sync_once()  # now signed
    [item] = one.items()
    assert (item.state, item.verdict) == ("received", "accepted")
    with one.store.reading() as session:
        assert entries.of_device(session, one.identity.device_id, 1, 10)[0].feed == first.feed
