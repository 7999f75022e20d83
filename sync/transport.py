"""The device's side of the wire: one method per message, and typed failures.

    no answer, a cut, a proxy's page   OfflineError: try again later
    problem reply of the server        ServerRefusedError(reason=code, status=..., ...params)

Authorization is added here and never logged.
"""

from collections.abc import Mapping
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from domain.errors import EnrolError, OfflineError, ServerRefusedError
from sync.protocol import (
    PROTOCOL,
    PROTOCOL_HEADER,
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
_NOT_MODIFIED, _PARTIAL = 304, 206
_M = TypeVar("_M", bound=BaseModel)


class Transport:
    """Talks to one server; `token` comes from enrolment."""

    def __init__(
        self,
        server_url: str,
        token: str = "",
        *,
        http: httpx.AsyncBaseTransport | None = None,
        verify: str | bool = True,
    ) -> None:
        """Prepare a client; `http` replaces the network, `verify` names the plant's CA file."""
        headers = {PROTOCOL_HEADER: str(PROTOCOL)}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.AsyncClient(
            base_url=server_url,
            headers=headers,
            transport=http,
            verify=verify,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def enrol(self, request: EnrolRequest) -> EnrolReply:
        """Join the plant; raises EnrolError with the server's reason."""
        try:
            reply = await self._send("POST", "/v1/enrol", content=_json(request))
        except ServerRefusedError as error:
            raise EnrolError(**error.params) from error
        return _read(EnrolReply, reply)

    async def pack(self, tag: str | None = None) -> tuple[Pack, bytes, str] | None:
        """Return the plant's pack, its bytes and its tag; None if `tag` is still the newest."""
        headers = {"If-None-Match": tag} if tag else {}
        reply = await self._send("GET", "/v1/pack", headers=headers)
        if reply.status_code == _NOT_MODIFIED:
            return None
        return _read(Pack, reply), reply.content, reply.headers.get("ETag", "")

    async def push(self, packed: bytes) -> tuple[PushReply, bytes]:
        """Send a packed push (`protocol.pack_push`); returns the reply and its exact bytes."""
        headers = {"Content-Type": "application/jsonl", "Content-Encoding": "gzip"}
        reply = await self._send("POST", "/v1/push", content=packed, headers=headers)
        return _read(PushReply, reply), reply.content

    async def pull(
        self, after: int, limit: int, *, wait_s: int = 0, own: bool = False
    ) -> PullReply:
        """Return the next page of the feed, waiting up to `wait_s` for one to come."""
        params = {"after": after, "limit": limit, "wait": wait_s, "own": int(own)}
        timeout = httpx.Timeout(READ_S + wait_s, connect=CONNECT_S)
        reply = await self._send("GET", "/v1/pull", params=params, timeout=timeout)
        return _read(PullReply, reply)

    async def offer_blob(self, offer: BlobOffer) -> BlobReply:
        """Announce a file; returns how much of it the server has."""
        reply = await self._send("POST", "/v1/blobs", content=_json(offer))
        return _read(BlobReply, reply)

    async def send_part(self, sha256: str, offset: int, part: bytes) -> BlobReply:
        """Send the bytes from `offset` on; returns how much the server has now."""
        headers = {
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        reply = await self._send("PATCH", f"/v1/blobs/{sha256}", content=part, headers=headers)
        return _read(BlobReply, reply)

    async def fetch_blob(self, sha256: str, offset: int = 0) -> bytes:
        """Return the bytes of a file from `offset` on."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        reply = await self._send("GET", f"/v1/blobs/{sha256}", headers=headers)
        if offset and reply.status_code != _PARTIAL:
            return reply.content[offset:]
        return reply.content

    async def _send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, int] | None = None,
        timeout: httpx.Timeout | None = None,
    ) -> httpx.Response:
        request = self._client.build_request(
            method,
            path,
            content=content,
            headers=_with_type(content, headers),
            params=params,
            timeout=timeout or self._client.timeout,
        )
        try:
            reply = await self._client.send(request)
        except httpx.HTTPError as error:
            raise OfflineError(reason=type(error).__name__) from error
        if reply.is_success or reply.status_code == _NOT_MODIFIED:
            return reply
        problem = read_problem(reply.content)
        if problem is None:  # not our server: a captive portal, a proxy without its backend
            raise OfflineError(reason=str(reply.status_code))
        params_of = {key: value for key, value in problem.params.items() if key != "reason"}
        raise ServerRefusedError(
            **params_of | {"reason": problem.code, "status": reply.status_code}
        )


def _with_type(content: bytes | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    kind = {"Content-Type": "application/json"} if content is not None else {}
    return {**kind, **(headers or {})}


def _json(message: BaseModel) -> bytes:
    return message.model_dump_json().encode()


def _read(kind: type[_M], reply: httpx.Response) -> _M:
    try:
        return kind.model_validate_json(reply.content)
    except ValidationError as error:  # a captive portal answers 200 with its own page
        raise OfflineError(reason="reply") from error
