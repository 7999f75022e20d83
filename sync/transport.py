"""The device's side of the wire: one method per message, and typed failures.

    no answer, a cut                   OfflineError: try again later
    not what our server says           StrangeReplyError: a Wi-Fi's page, a proxy, garbage, no end
    problem reply of the server        ServerRefusedError(reason=code, status=..., ...params)
    the same with status 500 and more  ServerTroubleError: the server's own fault

Authorization is added here and never logged. A reply has a largest size, and a slowest pace at
which it may come: an answer without end is given up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from domain.errors import (
    DeviceBlockedError,
    EnrolError,
    EntryInvalidError,
    OfflineError,
    ServerRefusedError,
    ServerTroubleError,
    StrangeReplyError,
)
from sync import packing
from sync.pages import PAGE_TYPE, unpack_page
from sync.protocol import (
    BLOB_MAX_BYTES,
    ENTRIES_MAX,
    PROTOCOL,
    PROTOCOL_HEADER,
    SERVER_TIME,
    BlobOffer,
    BlobReply,
    EnrolReply,
    EnrolRequest,
    Pack,
    PullReply,
    PushReply,
    read_problem,
)

CONNECT_S = 10.0
READ_S = 30.0  # silence on the line, not the whole reply: 2G links are slow, not silent
REPLY_MAX_BYTES = 64 * 1024 * 1024  # a full page of the largest entries has half of that
PATIENCE_S = 120.0  # for a reply, and a second more for each KiB of it
PACE_BYTES_S = 1024
_NOTHING_NEW, _NOT_MODIFIED, _PARTIAL, _SERVER_FAULT = 204, 304, 206, 500
_TIME_DIGITS = 16
_M = TypeVar("_M", bound=BaseModel)


class Reply(NamedTuple):
    """A reply, read to its end."""

    status_code: int
    headers: httpx.Headers
    content: bytes


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
        self._newer = False  # whether this server is known to speak version 1.2
        self._client = httpx.AsyncClient(
            base_url=server_url,
            headers=headers,
            transport=http,
            verify=verify,
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
            raise EnrolError(**error.params) from error
        return _parsed(EnrolReply, reply)

    async def pack(self, tag: str | None = None) -> tuple[Pack, bytes, str] | None:
        """Return the plant's pack, its bytes and its tag; None if `tag` is still the newest."""
        headers = {"If-None-Match": tag} if tag else {}
        reply = await self._send("GET", "/v1/pack", headers=headers)
        if reply.status_code == _NOT_MODIFIED:
            return None
        return _parsed(Pack, reply), reply.content, reply.headers.get("ETag", "")

    async def push(self, packed: bytes) -> tuple[PushReply, bytes]:
        """Send a packed push (`protocol.pack_push`); returns the reply and its exact bytes."""
        headers = {"Content-Type": "application/jsonl", "Content-Encoding": "gzip"}
        reply = await self._send("POST", "/v1/push", content=packed, headers=headers)
        return _parsed(PushReply, reply), reply.content

    async def pull(
        self,
        after: int,
        limit: int,
        *,
        wait_s: int = 0,
        own: bool = False,
        known: Mapping[str, str] | None = None,
    ) -> PullReply:
        """Return the next page of the feed, waiting up to `wait_s` for one to come.

        `known` is what this device knows of the feed's life: `epoch`, `seen`, the mark that came
        with the cursor, and `mark`, what it subscribes to (a server of 1.1 takes no notice).
        """
        said = known or {}
        params: dict[str, int | str] = {"after": after}
        params |= {"limit": limit} if limit != ENTRIES_MAX else {}
        params |= {"wait": wait_s} if wait_s else {}
        params |= {"own": 1} if own else {}
        if not self._newer:  # a server of the version before knows these alone
            params |= {name: said[name] for name in ("epoch", "seen") if name in said}
        params["k"] = ".".join(said.get(name, "") for name in ("epoch", "seen", "mark"))
        timeout = httpx.Timeout(READ_S + wait_s, connect=CONNECT_S)
        reply = await self._send("GET", "/v1/pull", params=params, timeout=timeout)
        if reply.status_code == _NOTHING_NEW:
            return _unchanged(after, said, reply)
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
            return _parsed(PullReply, reply)
        self._newer = True
        try:
            return unpack_page(reply.content)
        except EntryInvalidError as error:
            raise StrangeReplyError(reason="reply") from error

    async def offer_blob(self, offer: BlobOffer) -> BlobReply:
        """Announce a file; returns how much of it the server has."""
        reply = await self._send("POST", "/v1/blobs", content=_json(offer))
        return _parsed(BlobReply, reply)

    async def send_part(self, sha256: str, offset: int, part: bytes) -> BlobReply:
        """Send the bytes from `offset` on; returns how much the server has now."""
        headers = {
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        reply = await self._send("PATCH", f"/v1/blobs/{sha256}", content=part, headers=headers)
        return _parsed(BlobReply, reply)

    async def fetch_blob(self, sha256: str, offset: int = 0) -> bytes:
        """Return the bytes of a file from `offset` on."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        reply = await self._send(
            "GET", f"/v1/blobs/{sha256}", headers=headers, max_bytes=BLOB_MAX_BYTES
        )
        if offset and reply.status_code != _PARTIAL:
            return reply.content[offset:]
        return reply.content

    async def fetch_part(self, sha256: str, offset: int, size: int) -> bytes:
        """Return at most `size` bytes of a file from `offset` on; none where it ends."""
        headers = {"Range": f"bytes={offset}-{offset + size - 1}"}
        reply = await self._send(
            "GET", f"/v1/blobs/{sha256}", headers=headers, max_bytes=BLOB_MAX_BYTES
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
    ) -> Reply:
        request = self._client.build_request(
            method,
            path,
            content=content,
            headers=_with_type(content, headers),
            params=params,
            timeout=timeout or self._client.timeout,
        )
        try:
            reply = await self._read(request, max_bytes or self._reply_max_bytes)
        except httpx.DecodingError as error:  # says it is packed, and is not
            raise StrangeReplyError(reason="reply") from error
        except httpx.HTTPError as error:
            raise OfflineError(reason=type(error).__name__) from error
        except TimeoutError as error:
            raise StrangeReplyError(reason="endless") from error
        if httpx.codes.is_success(reply.status_code) or reply.status_code == _NOT_MODIFIED:
            return reply
        problem = read_problem(reply.content)
        if problem is None:  # not our server: a captive portal, a proxy without its backend
            raise StrangeReplyError(reason=str(reply.status_code))
        if problem.code == DeviceBlockedError.code:
            raise DeviceBlockedError(why=str(problem.params.get("why", "")))
        params_of = {key: value for key, value in problem.params.items() if key != "reason"}
        params_of["detail"] = problem.params.get("reason")
        kind = ServerTroubleError if reply.status_code >= _SERVER_FAULT else ServerRefusedError
        raise kind(**params_of | {"reason": problem.code, "status": reply.status_code})

    async def _read(self, request: httpx.Request, max_bytes: int) -> Reply:
        """Send, and read the reply as long as it comes at some pace and does not grow too large."""
        wait_s = request.extensions["timeout"]["read"]
        async with asyncio.timeout(self._patience_s + wait_s) as limit:
            reply = await self._client.send(request, stream=True)
            try:
                if reply.is_stream_consumed:  # another transport than the network had it whole
                    return Reply(reply.status_code, reply.headers, reply.content)
                content = bytearray()
                async for piece in reply.aiter_raw():
                    content += piece
                    if len(content) > max_bytes:
                        raise StrangeReplyError(reason="size")
                    limit.reschedule((limit.when() or 0.0) + len(piece) / PACE_BYTES_S)
            finally:
                await reply.aclose()
        coat = reply.headers.get("Content-Encoding", "")
        return Reply(reply.status_code, reply.headers, _uncovered(bytes(content), coat, max_bytes))


def _uncovered(data: bytes, coat: str, max_bytes: int) -> bytes:
    """Return a reply without its coat; the library would unpack gigabytes in one go."""
    if coat in ("", "identity") or not data:
        return data
    if coat not in packing.accepted().split(", "):
        raise StrangeReplyError(reason="reply")
    try:
        return packing.inflate(data, max_bytes, coat)
    except EntryInvalidError as error:
        reason = "size" if error.params["reason"] == "size" else "reply"
        raise StrangeReplyError(reason=reason) from error


def _unchanged(after: int, known: Mapping[str, str], reply: Reply) -> PullReply:
    """Return the page that says nothing: the server leaves out what the device knows."""
    said = reply.headers.get(SERVER_TIME, "")
    if not (said.isascii() and said.isdigit() and len(said) < _TIME_DIGITS):
        raise StrangeReplyError(reason="reply")
    return PullReply(
        next=after,
        more=False,
        server_ms=int(said),
        epoch=known.get("epoch", ""),
        mark=known.get("seen"),
    )


def _with_type(content: bytes | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    kind = {"Content-Type": "application/json"} if content is not None else {}
    return {**kind, **(headers or {})}


def _json(message: BaseModel) -> bytes:
    return message.model_dump_json().encode()


def _parsed(kind: type[_M], reply: Reply) -> _M:
    try:
        return kind.model_validate_json(reply.content)
    except ValidationError as error:  # a captive portal answers 200 with its own page
        raise StrangeReplyError(reason="reply") from error
