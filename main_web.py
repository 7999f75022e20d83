"""The field client for browsers: one device, served to any tab of this machine or network.

`anshao client` calls `run_web`; a staged web package starts this file itself. One process is one
device with one store; each browser tab is a sign-in of its own. Phones and desktop windows start
`main.py` and have nothing of this module.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import fastapi
import flet as ft
import flet.fastapi as flet_web
import uvicorn
from fastapi.responses import FileResponse

from app import link, logs
from app.clip_links import ROUTE
from app.field import FieldApp
from app.pace import favour_the_screen
from app.settings import ClientSettings, from_environment
from app.wiring import ASSETS, build_field
from screens.pictures import UPLOAD_BYTES_MAX, UPLOAD_FOLDER
from screens.root import show

WEB_PAGE = ASSETS / "web"  # page and font; everything else of assets/ stays private
SESSION_S = 3600  # a tab that lost its socket finds its screen again for so long
SOCKET_MAX_BYTES = 64 * 2**20


def build_api(field: FieldApp) -> fastapi.FastAPI:
    """Return the web client of a device: Flet's page, and the task that keeps it in step."""

    async def main(page: ft.Page) -> None:
        await show(page, field)

    @contextlib.asynccontextmanager
    async def lifespan(_: fastapi.FastAPI) -> AsyncIterator[None]:
        await flet_web.app_manager.start()  # a mounted app's own lifespan never runs
        syncing = link.start(field, field.key)
        yield
        if field.engine:
            field.engine.stop()
        syncing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await syncing
        await flet_web.app_manager.shutdown()
        field.store.close()

    api = fastapi.FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @api.get("/ready")
    def ready() -> fastapi.Response:
        """Say whether people can sign in: the pack of the plant is on this device."""
        return fastapi.Response(status_code=200 if field.pack else 503)

    @api.get(f"{ROUTE}/{{token}}")
    def clip(token: str) -> fastapi.Response:
        """Hand a clip that is open on a screen to its player, in the ranges it asks for."""
        shown = field.links.find(token)
        if shown is None or not shown.path.exists():
            return fastapi.Response(status_code=404)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return FileResponse(shown.path, media_type=shown.mime, headers=headers)

    uploads = field.settings.store / UPLOAD_FOLDER
    uploads.mkdir(exist_ok=True)
    for left in uploads.iterdir():  # files that nobody fetched before the last stop
        left.unlink()
    api.mount(
        "/",
        flet_web.app(
            main,
            assets_dir=str(WEB_PAGE),
            no_cdn=True,
            upload_dir=str(uploads),
            max_upload_size=UPLOAD_BYTES_MAX,
            secret_key=secrets.token_hex(32),  # signs the addresses of uploads; good for one run
            session_timeout_seconds=SESSION_S,
        ),
    )
    return api


def run_web(settings: ClientSettings) -> None:
    """Serve the client to browsers until the process is stopped."""
    logs.set_up(settings.store / "logs")
    field = build_field(settings)
    favour_the_screen()
    uvicorn.run(
        build_api(field),
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
