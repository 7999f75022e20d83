"""Around every request: how often, protocol header, one log line, and a number for each incident.

Whatever goes wrong below, in the framework too, is answered with a problem document.
"""

import hashlib
import logging
import math
import secrets
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import clock
from server.problems import CODES, MEDIA_TYPE, problem
from server.rates import Rates
from sync.protocol import PROTOCOL, PROTOCOL_HEADER

_log = logging.getLogger(__name__)
_HEADER: Final = (PROTOCOL_HEADER.lower().encode(), str(PROTOCOL).encode())
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_NOTHING_NEW: Final = 204
_KEPT: Final = {b"allow", b"content-range", b"retry-after", b"www-authenticate"}


class _Answer:
    """What goes back: our headers on it, and a problem instead of an error that is none of ours."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.status = 0
        self._replaced = False
        self._scope, self._receive, self._send = scope, receive, send

    async def send(self, message: Message) -> None:
        """Pass on one message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", []))
            if self.status >= 400 and Headers(raw=headers).get("content-type") != MEDIA_TYPE:
                self._replaced = True
                await self._instead([one for one in headers if one[0].lower() in _KEPT])
                return
            if self.status != _NOTHING_NEW:  # the most frequent answer of all, on paid links
                headers += [_HEADER, _NOSNIFF]
            message["headers"] = headers
        if not self._replaced:
            await self._send(message)

    async def problem(
        self, status: int, code: str, headers: dict[str, str] | None = None, **params: object
    ) -> None:
        """Answer with a problem."""
        await problem(status, code, params, headers)(self._scope, self._receive, self.send)

    async def _instead(self, kept: list[tuple[bytes, bytes]]) -> None:
        code = f"http.{self.status}"
        answer = problem(self.status, code if code in CODES else "http.400", {})
        answer.raw_headers += [*kept, _HEADER, _NOSNIFF]
        await answer(self._scope, self._receive, self._send)


class Traffic:
    """ASGI middleware; streams pass through it untouched."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        """Wrap `app`."""
        self.app, self.rates = app, rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, log it, and turn a bug into a problem with an incident number."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, answer = clock.mono_ms(), _Answer(scope, receive, send)
        try:
            await self._serve(scope, receive, answer)
        except ClientDisconnect:  # nobody hears it; the log does not call it an incident
            if not answer.status:
                await answer.problem(400, "request.cut")
        except Exception:
            incident = secrets.token_hex(4)
            _log.exception("incident", extra={"incident": incident})
            if answer.status:  # the answer has begun; the client sees it break off
                raise
            await answer.problem(500, "server.incident", incident=incident)
        finally:
            route = scope.get("route")
            line = {
                "method": scope["method"],
                # the pattern, not the path: a path holds ids of photos
                "route": route.path if isinstance(route, Route) else "none",
                "status": answer.status,
                "ms": clock.mono_ms() - begun,
                "device": scope.get("state", {}).get("device", ""),
            }
            _log.info("request", extra=line)

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        said = Headers(scope=scope).get("authorization", "")
        key = hashlib.sha256(said.encode("latin-1", "replace")).hexdigest() if said else ""
        address = str((scope.get("client") or ("",))[0])
        wait_s = math.ceil(self.rates.wait_s(key, address, clock.mono_ms()))
        if wait_s:
            again = {"Retry-After": str(wait_s)}
            await answer.problem(429, "request.rate", again, wait_s=wait_s)
            return
        await self.app(scope, receive, answer.send)
        if scope.get("state", {}).get("device"):  # its token was good
            self.rates.proved(key, clock.mono_ms())
