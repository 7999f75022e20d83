"""The field client: wire one device, show its root screen.

`anshao client` calls `run_web` (a browser on this machine or in the plant's network) or
`run_desktop`; a packaged app starts this file itself. One process is one device with one store;
each browser tab is a sign-in of its own.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import fastapi
import flet as ft
import flet.fastapi as flet_web
import uvicorn

from app import link, logs
from app.field import FieldApp
from app.settings import ClientSettings
from app.wiring import ASSETS, build_field, device_key
from screens.pictures import BYTES_MAX, UPLOAD_FOLDER
from screens.root import show

WEB_PAGE = ASSETS / "web"  # page and font; everything else of assets/ stays private
SESSION_S = 3600  # a tab that lost its socket finds its screen again for so long
SOCKET_MAX_BYTES = 64 * 2**20
log = logging.getLogger(__name__)


def build_api(field: FieldApp) -> fastapi.FastAPI:
    """Return the web client of a device: Flet's page, and the task that keeps it in step."""

    async def main(page: ft.Page) -> None:
        await show(page, field)

    @contextlib.asynccontextmanager
    async def lifespan(_: fastapi.FastAPI) -> AsyncIterator[None]:
        await flet_web.app_manager.start()  # a mounted app's own lifespan never runs
        syncing = asyncio.create_task(
            link.run(field, device_key(field.settings.store), lambda: None)
        )
        syncing.add_done_callback(_report_end)
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

    uploads = field.settings.store / UPLOAD_FOLDER
    uploads.mkdir(exist_ok=True)
    for left in uploads.iterdir():  # pictures that nobody fetched before the last stop
        left.unlink()
    api.mount(
        "/",
        flet_web.app(
            main,
            assets_dir=str(WEB_PAGE),
            no_cdn=True,
            upload_dir=str(uploads),
            max_upload_size=BYTES_MAX,
            secret_key=secrets.token_hex(32),  # signs the addresses of uploads; good for one run
            session_timeout_seconds=SESSION_S,
        ),
    )
    return api


def run_web(settings: ClientSettings) -> None:
    """Serve the client to browsers until the process is stopped."""
    logs.set_up(settings.store / "logs")
    field = build_field(settings)
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


def run_desktop(settings: ClientSettings) -> None:
    """Show the client in a window of its own; its camera is OpenCV's, Flet's refuses there."""
    logs.set_up(settings.store / "logs")
    desktop = (
        settings.model_copy(update={"camera": "desktop"}) if settings.camera == "auto" else settings
    )
    field = build_field(desktop)

    async def main(page: ft.Page) -> None:
        syncing = asyncio.create_task(link.run(field, device_key(settings.store), lambda: None))
        syncing.add_done_callback(_report_end)
        await show(page, field)

    ft.run(main, assets_dir=str(WEB_PAGE), upload_dir=str(settings.store / UPLOAD_FOLDER))


def _report_end(task: "asyncio.Task[None]") -> None:
    """A link that ends by itself is a bug: say so in the log, the app goes on offline."""
    if not task.cancelled() and (error := task.exception()):
        log.error("the link to the server ended", exc_info=error)


def _text(path: Path | None) -> str | None:
    return str(path) if path else None
