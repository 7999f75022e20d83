"""Around every request: protocol header, one log line, and a number for what went wrong inside."""

import logging
import secrets
from typing import Final

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import clock
from server.problems import problem
from sync.protocol import PROTOCOL, PROTOCOL_HEADER

_log = logging.getLogger(__name__)
_HEADER: Final = (PROTOCOL_HEADER.lower().encode(), str(PROTOCOL).encode())
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")


class Traffic:
    """ASGI middleware; streams pass through it untouched."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, log it, and turn a bug into a problem with an incident number."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = clock.mono_ms(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), _HEADER, _NOSNIFF]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            incident = secrets.token_hex(4)
            _log.exception("incident", extra={"incident": incident})
            if status:  # the answer has begun; the client sees it break off
                raise
            answer = problem(500, "server.incident", {"incident": incident})
            await answer(scope, receive, noted)
        finally:
            route = scope.get("route")
            line = {
                "method": scope["method"],
                # the pattern, not the path: a path holds ids of photos
                "route": route.path if isinstance(route, Route) else "none",
                "status": status,
                "ms": clock.mono_ms() - begun,
                "device": scope.get("state", {}).get("device", ""),
            }
            _log.info("request", extra=line)
