"""The client in a browser promises: no page of somebody else uses its socket, or frames it."""

from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.door import Door
from app.settings import ClientSettings
from main_web import SameOrigin, build_api

FORWARDED = {"origin": "https://plant.example:8443", "x-forwarded-host": "plant.example:8443"}


async def asked(app: ASGIApp, kind: str, path: str, headers: dict[str, str]) -> list[Message]:
    """Ask once, without a network; returns what came back."""
    came: list[Message] = []
    named = {"host": "tablet:8550", **headers}
    scope: Scope = {
        "type": kind, "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("tablet", 8550),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "subprotocols": [], "state": {},
    }  # fmt: skip

    async def receive() -> Message:
        first = "websocket.connect" if kind == "websocket" else "http.request"
        return {"type": first, "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        came.append(message)

    await app(scope, receive, send)
    return came


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://tablet:8551", "http://tablet:8550.evil.example"],
)
async def test_a_socket_of_another_page_is_turned_away(tmp_path: Path, origin: str) -> None:
    settings = ClientSettings(store=tmp_path / "store", store_key_file=tmp_path / "secret")
    api = build_api(Door(settings))
    came = await asked(api, "websocket", "/ws", {"origin": origin})
    assert [one["type"] for one in came] == ["websocket.close"]
    page = await asked(api, "http", "/ready", {"origin": origin})
    assert (b"x-frame-options", b"DENY") in page[0]["headers"]


@pytest.mark.parametrize("headers", [{}, {"origin": "http://Tablet:8550"}, FORWARDED])
async def test_its_own_page_a_program_and_a_proxy_in_front_get_through(
    headers: dict[str, str],
) -> None:
    async def hello(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    came = await asked(SameOrigin(hello), "websocket", "/ws", headers)
    assert [one["type"] for one in came] == ["websocket.accept"]
