"""The device's side of the wire: one method per message, and typed failures.

    no answer, a cut                   OfflineError: try again later
    not what our server says           StrangeReplyError: a Wi-Fi's page, a proxy, garbage, no end
    problem reply of the server        ServerRefusedError(reason=code, status=..., ...params)
    the same with status 500 and more  ServerTroubleError: the server's own fault

Authorization is added here and never logged. A reply has a largest size, and a slowest pace at
which it may come: an answer without end is given up.
"""

import asyncio
import base64
import hashlib
import ssl
from collections.abc import Mapping, Sequence
from functools import lru_cache

import httpx
from pydantic import BaseModel

from domain.errors import (
    EnrolError,
    EntryInvalidError,
    OfflineError,
    ServerRefusedError,
    StrangeReplyError,
)
from domain.invitations import REASONS
from sync import packing
from sync.pacing import Swift
from sync.pages import PAGE_TYPE, unpack_page
from sync.protocol import (
    BLOB_MAX_BYTES,
    ENTRIES_MAX,
    LIFE,
    PROTOCOL,
    PROTOCOL_HEADER,
    TUS_VERSION,
    BlobOffer,
    BlobReply,
    CertificateReply,
    EnrolReply,
    EnrolRequest,
    Pack,
    PullReply,
    PushReply,
    WantedBlobs,
)
from sync.relay_messages import RelayReply
from sync.replies import Reply, blob_reply, parsed, refusal, unchanged, uncovered

CONNECT_S = 10.0
READ_S = 30.0  # silence on the line, not the whole reply: 2G links are slow, not silent
REPLY_MAX_BYTES = 64 * 1024 * 1024  # a full page of the largest entries has half of that
PATIENCE_S = 120.0  # for a reply, and a second more for each KiB of it
PACE_BYTES_S = 1024
_NOTHING_NEW, _NOT_MODIFIED, _PARTIAL = 204, 304, 206
_NO_CONTENT, _NOT_FOUND = 204, 404
_TUS = {"Tus-Resumable": TUS_VERSION}
_PART = "application/offset+octet-stream"
_BARE = {"Accept-Encoding": "identity"}


class Transport:
    """Talks to one server; `token` comes from enrolment."""

    def __init__(
        self,
        server_url: str,
        token: str = "",
        *,
        http: httpx.AsyncBaseTransport | None = None,
        verify: str | bool = True,
        patience_s: float = PATIENCE_S,
        reply_max_bytes: int = REPLY_MAX_BYTES,
    ) -> None:
        """Prepare a client; `http` replaces the network, `verify` names the plant's CA file."""
        self._patience_s, self._reply_max_bytes = patience_s, reply_max_bytes
        headers = {PROTOCOL_HEADER: str(PROTOCOL), "Accept-Encoding": packing.accepted()}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._swift = Swift()
        self.life: str | None = None  # of the server's feed, as it was said with the last push
        self._newer = False  # whether this server is known to speak version 1.2
        self._client = httpx.AsyncClient(
            base_url=server_url,
            headers=headers,
            transport=http,
            verify=_public_trust() if verify is True else verify,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
        )
        for name in ("Accept", "User-Agent", "Connection"):  # they say nothing that a server asks
            self._client.headers.pop(name, None)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def enrol(self, request: EnrolRequest) -> EnrolReply:
        """Join the plant; raises EnrolError with the server's reason."""
        try:
            reply = await self._send("POST", "/v1/enrol", content=_json(request))
        except ServerRefusedError as error:
            kind = REASONS.get(str(error.params["reason"]), EnrolError)
            raise kind(**error.params) from error
        return parsed(EnrolReply, reply)

    async def certificate(self, have: int, newest: int) -> CertificateReply | None:
        """Return the device's newer certificate; None while `have` (a serial) is the newest.

        `newest` is the number of the last entry that this device wrote.
        """
        params = {"have": have, "newest": newest}
        reply = await self._send("GET", "/v1/certificate", params=params)
        return None if reply.status_code == _NOT_MODIFIED else parsed(CertificateReply, reply)

    async def pack(self, tag: str | None = None) -> tuple[Pack, bytes, str] | None:
        """Return the plant's pack, its bytes and its tag; None if `tag` is still the newest."""
        headers = {"If-None-Match": tag} if tag else {}
        reply = await self._send("GET", "/v1/pack", headers=headers)
        if reply.status_code == _NOT_MODIFIED:
            return None
        return parsed(Pack, reply), reply.content, reply.headers.get("ETag", "")

    async def push(self, packed: bytes) -> tuple[PushReply, bytes]:
        """Send a push (`protocol.pack_push`); returns the reply and its exact bytes."""
        headers = {"Content-Type": "application/jsonl"}
        if packing.is_packed(packed):
            headers["Content-Encoding"] = packing.GZIP
        reply = await self._send("POST", "/v1/push", content=packed, headers=headers)
        self.life = reply.headers.get(LIFE)
        return parsed(PushReply, reply), reply.content

    async def relay(self, packed: bytes) -> RelayReply:
        """Bring the server entries of other devices (`domain.relay`), packed with gzip."""
        headers = {"Content-Encoding": "gzip"}
        reply = await self._send("POST", "/v1/relay", content=packed, headers=headers)
        return parsed(RelayReply, reply)

    async def pull(
        self,
        after: int,
        limit: int,
        *,
        wait_s: int = 0,
        own: bool = False,
        known: Mapping[str, str] | None = None,
        kept: int | None = None,
        sparing: bool = True,
    ) -> PullReply:
        """Return the next page of the feed, waiting up to `wait_s` for one to come.

        `known` is what this device knows of the feed's life: `epoch`, `seen`, the mark that came
        with the cursor, `sent` and `file`, the last own entry and file that were confirmed, and
        `mark`, what it subscribes to (a server of 1.1 takes no notice of the latter three).
        `kept` is the cursor that is kept, where that is not `after`. `sparing`: bytes are paid
        for; else a page needs no coat on a link that was quicker just now than packing it is.
        """
        said = known or {}
        params: dict[str, int | str] = {"after": after}
        params |= {"limit": limit} if limit != ENTRIES_MAX else {}
        params |= {"wait": wait_s} if wait_s else {}
        params |= {"own": 1} if own else {}
        params |= {"kept": kept} if kept is not None else {}
        params |= {"sent": said["sent"]} if "sent" in said else {}
        # a restart ends each wait, and who meets a server asks without one first
        params |= {"file": said["file"]} if "file" in said and not wait_s else {}
        if not self._newer:  # a server of the version before knows these alone
            params |= {name: said[name] for name in ("epoch", "seen") if name in said}
        params["k"] = ".".join(said.get(name, "") for name in ("epoch", "seen", "mark"))
        timeout = httpx.Timeout(READ_S + wait_s, connect=CONNECT_S)
        leave_out = (PROTOCOL_HEADER,) if self._newer else ()  # asked all day, on paid links
        now_s = asyncio.get_running_loop().time()
        bare = _BARE if not sparing and self._swift.at(now_s) else None
        reply = await self._send(
            "GET", "/v1/pull", headers=bare, params=params, timeout=timeout, leave_out=leave_out
        )
        if reply.status_code == _NOTHING_NEW:
            self._newer = True
            return unchanged(after, said, reply)
        return self._page(reply)

    async def snapshot(
        self, scopes: Sequence[str], after: str = "", *, own: bool = False, only_ids: bool = False
    ) -> PullReply:
        """Return a page of the records of these scopes; `enter` has their entries."""
        params: dict[str, str | int | list[str]] = {"scope": list(scopes)}
        params |= {"after": after} if after else {}
        params |= {"own": 1} if own else {}
        params |= {"only": "ids"} if only_ids else {}
        return self._page(await self._send("GET", "/v1/snapshot", params=params))

    def _page(self, reply: Reply) -> PullReply:
        if not reply.headers.get("Content-Type", "").startswith(PAGE_TYPE):
            return parsed(PullReply, reply)
        self._newer = True
        try:
            return unpack_page(reply.content)
        except EntryInvalidError as error:
            raise StrangeReplyError(reason="reply") from error

    async def offer_blob(self, offer: BlobOffer) -> BlobReply:
        """Announce a file to a server of protocol 1.1; returns how much of it that has."""
        reply = await self._send("POST", "/v1/blobs", content=_json(offer))
        return parsed(BlobReply, reply)

    async def blob_state(self, sha256: str) -> BlobReply | None:
        """Return how much of a file the server has, with the receipt of a whole one; None: nothing.

        What an earlier request still sends of it over a dead line is ended and counted.
        """
        try:
            return blob_reply(await self._send("HEAD", f"/v1/blobs/{sha256}", headers=_TUS))
        except ServerRefusedError as error:
            if error.params.get("status") != _NOT_FOUND:
                raise
            return None

    async def create_blob(self, offer: BlobOffer, part: bytes) -> BlobReply:
        """Announce a file together with its first bytes; returns how much the server has now."""
        facts = {"sha256": offer.sha256, "kind": offer.kind, "record": offer.record}
        packed = [f"{name} {_base64(fact.encode())}" for name, fact in facts.items()]
        headers = {
            **_TUS,
            "Upload-Length": str(offer.size),
            "Upload-Metadata": ",".join(packed),
            "Content-Type": _PART,
        }
        return blob_reply(await self._send("POST", "/v1/blobs", content=part, headers=headers))

    async def send_part(self, sha256: str, offset: int, part: bytes) -> BlobReply:
        """Send the bytes from `offset` on; returns how much the server has now.

        A server of protocol 1.1 takes the same, and answers with a body.
        """
        digest = hashlib.sha256(part).digest()
        headers = {
            **_TUS,
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {_base64(digest)}",
            "Content-Type": _PART,
        }
        reply = await self._send("PATCH", f"/v1/blobs/{sha256}", content=part, headers=headers)
        return blob_reply(reply) if reply.status_code == _NO_CONTENT else parsed(BlobReply, reply)

    async def wanted_blobs(self) -> frozenset[str]:
        """Return the files that somebody waits for, whoever has them."""
        reply = await self._send("GET", "/v1/blobs/wanted")
        return frozenset(parsed(WantedBlobs, reply).wanted)

    async def fetch_blob(self, sha256: str, offset: int = 0, *, waiting: bool = False) -> bytes:
        """Return the bytes of a file from `offset` on; `waiting` says that a person looks for it.

        A server that does not have it yet then asks for it before others.
        """
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        reply = await self._send(
            "GET",
            f"/v1/blobs/{sha256}",
            headers=headers,
            params={"waiting": 1} if waiting else None,
            max_bytes=BLOB_MAX_BYTES,
        )
        if offset and reply.status_code != _PARTIAL:
            return reply.content[offset:]
        return reply.content

    async def fetch_part(self, sha256: str, offset: int, size: int) -> bytes:
        """Return at most `size` bytes of a file from `offset` on; none where it ends."""
        headers = {"Range": f"bytes={offset}-{offset + size - 1}"}
        reply = await self._send(
            "GET",
            f"/v1/blobs/{sha256}",
            headers=headers,
            params={"waiting": 1},
            max_bytes=BLOB_MAX_BYTES,
        )
        if reply.status_code != _PARTIAL:  # somebody between us answers with the whole file
            return reply.content[offset : offset + size]
        return reply.content

    async def _send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, int | str | list[str]] | None = None,
        timeout: httpx.Timeout | None = None,
        max_bytes: int | None = None,
        leave_out: Sequence[str] = (),
    ) -> Reply:
        request = self._client.build_request(
            method,
            path,
            content=content,
            headers=_with_type(content, headers),
            params=params,
            timeout=timeout or self._client.timeout,
        )
        for name in leave_out:
            del request.headers[name]
        try:
            reply = await self._read(request, max_bytes or self._reply_max_bytes)
        except httpx.DecodingError as error:  # says it is packed, and is not
            raise StrangeReplyError(reason="reply") from error
        except httpx.HTTPError as error:
            self._swift.lost()
            raise OfflineError(reason=type(error).__name__) from error
        except TimeoutError as error:
            self._swift.lost()
            raise StrangeReplyError(reason="endless") from error
        if httpx.codes.is_success(reply.status_code) or reply.status_code == _NOT_MODIFIED:
            return reply
        raise refusal(method, reply)

    async def _read(self, request: httpx.Request, max_bytes: int) -> Reply:
        """Send, and read the reply as long as it comes at some pace and does not grow too large."""
        wait_s = request.extensions["timeout"]["read"]
        now_s = asyncio.get_running_loop().time
        began = now_s()
        async with asyncio.timeout(self._patience_s + wait_s) as limit:
            reply = await self._client.send(request, stream=True)
            first = now_s()
            try:
                if reply.is_stream_consumed:  # another transport than the network had it whole
                    if len(reply.content) > max_bytes:
                        raise StrangeReplyError(reason="size")
                    return Reply(reply.status_code, reply.headers, reply.content)
                content = bytearray()
                async for piece in reply.aiter_raw():
                    content += piece
                    if len(content) > max_bytes:
                        raise StrangeReplyError(reason="size")
                    limit.reschedule((limit.when() or 0.0) + len(piece) / PACE_BYTES_S)
                self._swift.learn(len(content), began, first, now_s())
            finally:
                await reply.aclose()
        coat = reply.headers.get("Content-Encoding", "")
        return Reply(reply.status_code, reply.headers, uncovered(bytes(content), coat, max_bytes))


@lru_cache(maxsize=1)
def _public_trust() -> ssl.SSLContext:
    """Return the authorities that everybody believes: reading them takes tens of milliseconds."""
    return httpx.create_ssl_context()


def _with_type(content: bytes | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    kind = {"Content-Type": "application/json"} if content is not None else {}
    return {**kind, **(headers or {})}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _json(message: BaseModel) -> bytes:
    return message.model_dump_json().encode()
