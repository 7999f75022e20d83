"""When the server, or somebody in its place, answers rubbish: it is said, nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from domain.errors import (
    FieldError,
    OfflineError,
    ServerRefusedError,
    ServerTroubleError,
    StrangeReplyError,
)
from offline_store import blobs, journal, outbox
from server.site import Site
from sync.transport import Transport
from tests.server.phone import report
from tests.sync.field import Tablet

Enrol = Callable[..., Awaitable[Tablet]]
PHOTO = bytes(range(256)) * 400
PORTAL = b"<html><body><form action='/login'>Wi-Fi</form></body></html>"
HTML, JSON = {"Content-Type": "text/html"}, {"Content-Type": "application/json"}


class _Endless(httpx.AsyncByteStream):
    """A body that never ends: as much as anybody reads, or a trickle."""

    def __init__(self, piece: bytes, pause: Callable[[], Awaitable[None]]) -> None:
        self.piece, self.pause = piece, pause

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await self.pause()
            yield self.piece


class _CutOff(httpx.AsyncByteStream):
    """A body that breaks in the middle."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"feed": 1, "acc'
        message = "cut"
        raise httpx.ReadError(message)


class InItsPlace(httpx.AsyncBaseTransport):
    """Answers every request itself while `answer` is set; else the real server does."""

    def __init__(self, server: httpx.AsyncBaseTransport) -> None:
        self.server = server
        self.answer: Callable[[], httpx.Response] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if self.answer:
            return self.answer()
        return await self.server.handle_async_request(request)


async def _at_once() -> None:
    """No pause."""


async def _slowly() -> None:
    await asyncio.sleep(0.01)


def _incident() -> httpx.Response:
    body = b'{"type":"urn:anshao:problem:server.incident","title":"x","status":500,'
    body += b'"code":"server.incident","params":{"incident":"0badcafe"}}'
    return httpx.Response(500, headers={"Content-Type": "application/problem+json"}, content=body)


RUBBISH: dict[str, tuple[Callable[[], httpx.Response], type[FieldError]]] = {
    "500 of the server": (_incident, ServerTroubleError),
    "500 without a word": (lambda: httpx.Response(500), StrangeReplyError),
    "502 of a proxy": (
        lambda: httpx.Response(502, headers=HTML, content=PORTAL), StrangeReplyError,
    ),
    "garbage": (lambda: httpx.Response(200, content=bytes(range(256)) * 9), StrangeReplyError),
    "sign-in page": (lambda: httpx.Response(200, headers=HTML, content=PORTAL), StrangeReplyError),
    "page that says it is JSON": (
        lambda: httpx.Response(200, headers=JSON, content=PORTAL), StrangeReplyError,
    ),
    "other JSON": (lambda: httpx.Response(200, headers=JSON, content=b"[1, 2]"), StrangeReplyError),
    "empty": (lambda: httpx.Response(200), StrangeReplyError),
    "sent elsewhere": (
        lambda: httpx.Response(302, headers={"Location": "http://portal.test/"}), StrangeReplyError,
    ),
    "packed wrongly": (
        lambda: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=_Bytes(b"no")),
        StrangeReplyError,
    ),
    "cut in the middle": (lambda: httpx.Response(200, stream=_CutOff()), OfflineError),
    "flood without end": (
        lambda: httpx.Response(200, stream=_Endless(b" " * 65536, _at_once)), StrangeReplyError,
    ),
    "trickle without end": (
        lambda: httpx.Response(200, stream=_Endless(b" ", _slowly)), StrangeReplyError,
    ),
}  # fmt: skip


class _Bytes(httpx.AsyncByteStream):
    """A body as it stands, packed or not."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.data


@pytest.mark.parametrize("case", RUBBISH)
async def test_rubbish_is_said_nothing_is_lost_and_later_all_arrives(
    enrol: Enrol, site: Site, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, expected = RUBBISH[case]
    one = await enrol()
    between = InItsPlace(one.link)
    monkeypatch.setattr("sync.transport.READ_S", 1.0)
    transport = Transport(
        "http://server", _token(one), http=between, patience_s=0.2, reply_max_bytes=1_000_000
    )
    one.engine._transport = one.engine._files.transport = transport
    one.engine._files.uploader.transport = transport
    one.engine._downloader.transport = one.engine._pusher.transport = transport
    hazard = one.write("U012", "hazard", report())
    sha = one.photo(hazard, PHOTO)
    between.answer = answer
    for _ in range(3):
        with pytest.raises(expected):
            await one.engine.sync_once()
    status = one.engine.status
    assert type(status.error) is expected  # what the screen words, with its remedy
    assert status.waiting == 2  # the entry and the photo
    offline = issubclass(expected, OfflineError)
    assert status.phase == ("offline" if offline else "idle")
    with one.store.reading() as session:
        assert journal.head(session, one.identity.device_id)[0] == 1
        assert outbox.count(session, one.identity.device_id).entries == 1
    assert blobs.read(one.store, sha) == PHOTO
    between.answer = None
    await one.engine.sync_once()
    assert (one.engine.status.error, one.engine.status.waiting) == (None, 0)
    assert {item.state for item in one.items()} == {"received"}
    assert blobs.read(site.store, sha) == PHOTO
    await transport.close()


async def test_a_page_in_place_of_a_photo_is_never_kept_as_the_photo(
    enrol: Enrol, site: Site
) -> None:
    one, two = await enrol(), await enrol()
    sha = one.photo("r", PHOTO)
    await one.engine.sync_once()
    between = InItsPlace(two.link)
    two.engine._downloader.transport = Transport("http://server", _token(two), http=between)
    between.answer = lambda: httpx.Response(200, headers=HTML, content=PORTAL)
    with pytest.raises(ServerRefusedError):
        await two.engine.fetch_blob(sha)
    assert blobs.read(two.store, sha) is None
    between.answer = None
    assert await two.engine.fetch_blob(sha) == PHOTO


def _token(one: Tablet) -> str:
    return one.transport._client.headers["Authorization"].removeprefix("Bearer ")
