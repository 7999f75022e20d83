"""The field client for browsers: one device, served to any tab of this machine or network.

`anshao client` calls `run_web`; a staged web package starts this file itself. One process is one
device with one store; each browser tab is a sign-in of its own. Phones and desktop windows start
`main.py` and have nothing of this module.
"""

import contextlib
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import fastapi
import flet as ft
import flet.fastapi as flet_web
import uvicorn
from fastapi.responses import StreamingResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import logs
from app.clip_links import ROUTE, Shown
from app.door import Door
from app.field import FieldApp
from app.pace import favour_the_screen
from app.settings import ClientSettings, from_environment
from app.translate import read_catalogs, translator
from app.wiring import ASSETS
from offline_store import blobs
from screens.pictures import UPLOAD_BYTES_MAX, UPLOAD_FOLDER
from screens.root import show
from screens.unlock import unlocking

WEB_PAGE = ASSETS / "web"  # page and font; everything else of assets/ stays private
TIMEZONE = "Asia/Shanghai"  # no plant is known yet
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
SESSION_S = 3600  # a tab that lost its socket finds its screen again for so long
SOCKET_MAX_BYTES = 64 * 2**20
_UNFRAMED = (
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),
)


def build_api(door: Door) -> fastapi.FastAPI:
    """Return the web client of a device: Flet's page, and the task that keeps it in step.

    While the store is closed each page asks for what opens it.
    """
    settings = door.settings
    t = translator(read_catalogs(ASSETS / "locale"), settings.language, TIMEZONE)

    async def main(page: ft.Page) -> None:
        assert door.field is not None, "the page is shown behind the open door"
        await show(page, door.field)

    @contextlib.asynccontextmanager
    async def lifespan(_: fastapi.FastAPI) -> AsyncIterator[None]:
        await flet_web.app_manager.start()  # a mounted app's own lifespan never runs
        door.start()
        yield
        await door.shut()
        await flet_web.app_manager.shutdown()

    api = fastapi.FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @api.get("/ready")
    def ready() -> fastapi.Response:
        """Say whether people can sign in: the pack of the plant is on this device."""
        return fastapi.Response(status_code=200 if door.field and door.field.pack else 503)

    @api.get(f"{ROUTE}/{{token}}")
    def clip(token: str, request: fastapi.Request) -> fastapi.Response:
        """Hand a clip that is open on a screen to its player, in the ranges it asks for."""
        shown = door.field.links.find(token) if door.field else None
        if door.field is None or shown is None:
            return fastapi.Response(status_code=404)
        return played(door.field, shown, request.headers.get("range", ""))

    api.add_middleware(SameOrigin)
    uploads = settings.store / UPLOAD_FOLDER
    uploads.mkdir(parents=True, exist_ok=True)
    for left in uploads.iterdir():  # files that nobody fetched before the last stop
        left.unlink()
    api.mount(
        "/",
        flet_web.app(
            unlocking(door, t, main),
            assets_dir=str(WEB_PAGE),
            no_cdn=True,
            upload_dir=str(uploads),
            max_upload_size=UPLOAD_BYTES_MAX,
            secret_key=secrets.token_hex(32),  # signs the addresses of uploads; good for one run
            session_timeout_seconds=SESSION_S,
        ),
    )
    return api


class SameOrigin:
    """ASGI middleware: only pages of this very client open its socket, and none frames them.

    A page of somebody else in the same browser could sign in as people do, or try PINs until the
    key of the data is forgotten. Programs that are no browser name no origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn a socket of another origin away (403)."""
        headers = Headers(scope=scope) if scope["type"] in ("http", "websocket") else Headers()
        if scope["type"] == "websocket" and not _is_ours(headers):
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_UNFRAMED]
            await send(message)

        await self.app(scope, receive, answer)


def _is_ours(headers: Headers) -> bool:
    origin = headers.get("origin")
    # a proxy in front may speak to us under another name; no page can set that header
    names = (headers.get("host", ""), headers.get("x-forwarded-host", ""))
    return origin is None or urlsplit(origin).netloc.lower() in {
        one.lower() for one in names if one
    }


def played(field: FieldApp, shown: Shown, asked: str) -> fastapi.Response:
    """Return a clip, or the one range of it that a player asked for (RFC 9110 §14)."""
    try:
        size = blobs.size(field.store, shown.sha256)
    except FileNotFoundError:
        return fastapi.Response(status_code=404)
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
    }
    first, last = 0, size - 1
    if found := _RANGE.fullmatch(asked):
        from_text, to_text = found.groups()
        if from_text:
            first, last = int(from_text), min(int(to_text or last), last)
        elif to_text:
            first = max(0, size - int(to_text))
        if first > last or not (from_text or to_text):
            return fastapi.Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    return StreamingResponse(
        blobs.ranged(field.store, shown.sha256, first, last - first + 1),
        status_code=206 if found else 200,
        media_type=shown.mime,
        headers=headers,
    )


def run_web(settings: ClientSettings) -> None:
    """Serve the client to browsers until the process is stopped."""
    logs.set_up(settings.store / "logs")
    door = Door(settings)
    door.open_now()
    favour_the_screen()
    uvicorn.run(
        build_api(door),
        host=settings.host,
        port=settings.port,
        ws_max_size=SOCKET_MAX_BYTES,
        ssl_certfile=_text(settings.certificate),
        ssl_keyfile=_text(settings.private_key),
        log_config=None,
        timeout_graceful_shutdown=3,
    )


def _text(path: Path | None) -> str | None:
    return str(path) if path else None


if __name__ == "__main__":
    run_web(from_environment())
