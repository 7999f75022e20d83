"""The server process: put the site together, serve it, stop it without losing anything."""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool

from domain.plant import Plant
from offline_store import journal, peers, removals, safety
from offline_store.database import Store
from server import (
    accounts,
    attachments,
    clock,
    definitions,
    demo,
    device_records,
    duties,
    feed,
    keys,
    logs,
    nagging,
    pack,
    pins,
    problems,
    quarantine,
    records,
    relay,
    status,
    trust,
    used_photos,
)
from server.rates import Rates
from server.registers import Base
from server.settings import ServerSettings
from server.site import Site
from server.traffic import Traffic
from server.uploads import Uploads

VERSION = "0.1.0"
GENERATION = 1  # higher than before: processes of before may not serve the same database
KEEP_ALIVE_S = 75  # longer than the longest wait of a pull
STOP_S = 20  # for uploads under way; what they stored stays
_GARBAGE_AT = 50_000  # objects more than were freed
_log = logging.getLogger(__name__)


def prepare(settings: ServerSettings, now_ms: Callable[[], int] = clock.now_ms) -> Site:
    """Open the store, read the definitions, make what is missing; seed a demo store once."""
    for folder in (settings.home, settings.home / "keys"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as unless_ready:
        beside = unless_ready.enter_context(ExitStack())
        beside.enter_context(peers.joined(settings.database_url, GENERATION))
        store = safety.open_or_save(settings.home, settings.database_url, serves=True)
        unless_ready.callback(store.close)
        with store.starting():
            here = _site(settings, store, now_ms)
        store.at_close.push(beside.pop_all())
        unless_ready.pop_all()
        return here


def _site(settings: ServerSettings, store: Store, now_ms: Callable[[], int]) -> Site:
    key_folder = settings.home / "keys"
    raw = pack.load_files(settings.definitions)
    clean = pack.without_pins(raw)
    start = demo.first_start(store, clean, now_ms())
    clean = pack.with_served(settings.home, clean)
    found = pack.read_definitions(clean, start.day0)
    plant = found.plant
    pin_hashes = pins.stored(key_folder)
    if settings.demo and plant.people.keys() - pin_hashes.keys():
        pin_hashes = pins.add_missing(key_folder, pack.pins_in(raw))
    signers = keys.label_signers(key_folder, _plants(plant))
    unlock_key = keys.unlock_key(key_folder).public_key().public_bytes_raw()
    base = Base(clean, start.day0, pin_hashes, signers, unlock_key)
    here = Site(
        settings=settings,
        store=store,
        pack=pack.make(found, clean, pin_hashes, signers, unlock_key=unlock_key),
        key=keys.server_key(key_folder),
        signers=signers,
        uploads=Uploads(settings.home / "uploads"),
        epoch=start.epoch,
        now_ms=now_ms,
        base=base,
    )
    with store.reading() as session:
        here.refresh(session)  # what was administered before this start
    here.uploads.leave_behind(store.blobs)
    removals.sweep(store)  # a backup may have brought some back
    device_records.add_missing(here)
    quarantine.add_missing(here)
    if settings.demo:
        demo.seed(here)
    return here


async def _follow(here: Site) -> None:
    """Notice what other processes wrote: new entries for those who wait."""

    def last_feed() -> int:
        with here.store.reading() as session:
            return journal.last_feed(session)

    await feed.follow(here.hints, lambda: run_in_threadpool(last_feed))


def _plants(plant: Plant) -> tuple[str, ...]:
    return (plant.code, *plant.others)


def add_routes(app: FastAPI) -> None:
    """Add everything that devices talk to, and how failures are answered."""
    problems.install(app)
    for part in (accounts, definitions, records, relay, attachments):
        app.include_router(part.router, dependencies=[Depends(status.speaks_our_protocol)])
    app.include_router(status.router)


def create_app(settings: ServerSettings, now_ms: Callable[[], int] = clock.now_ms) -> FastAPI:
    """Return the app; its store is open until the app's lifespan ends."""
    here = prepare(settings, now_ms)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        _log.info("started", extra={"version": here.pack.definitions.version})
        await run_in_threadpool(nagging.begin, here)
        await run_in_threadpool(used_photos.begin, here)
        loops = [asyncio.create_task(duties.keep_going(here))]
        if here.store.shared:
            loops.append(asyncio.create_task(_follow(here)))
        yield
        here.hints.close()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)  # a round under way ends first
        here.store.close()
        _log.info("stopped")

    app = FastAPI(title="Anshao", version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.site = here
    add_routes(app)
    if settings.tls:
        app.include_router(trust.router)
    app.add_middleware(Traffic, rates=Rates(settings.requests_per_s, settings.requests_burst))
    return app


class _Server(uvicorn.Server):
    """Uvicorn that ends waiting pulls at once when it is told to stop.

    Not where the signal is taken: that may be in the middle of writing a line of the log, where
    another line is an error, and the signal would be lost with it.
    """

    def __init__(self, config: uvicorn.Config, here: Site, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._here = here
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _log.info("stopping")
        self._here.hints.close()
        await super().shutdown(sockets)


def run(settings: ServerSettings, listening: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way and return.

    `listening` is called once the server answers at its address.
    """
    os.umask(0o077)  # the folder holds photos of people
    logs.start(settings.home / "logs", settings.log_max_bytes)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        http="h11",  # the quicker parser, where it is installed, takes headers without end
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
        ssl_certfile=_text(settings.tls_certificate),
        ssl_keyfile=_text(settings.tls_key),
    )
    server = _Server(config, app.state.site, listening)
    _collect_rarely()

    def stop(_number: int, _frame: FrameType | None) -> None:
        # uvicorn takes these signals while it serves and raises them again at its end: by then all
        # is done, and the process ends with 0. One that comes before it serves stops it as well.
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run()
    if not server.started:
        raise SystemExit(1)


def _collect_rarely() -> None:
    """Look for garbage seldom, and never among what stays: a quarter of a push went into that.

    Almost all that a push makes ends with it and is freed at once; only rings need the collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_AT, 20, 20)


def _text(path: Path | None) -> str | None:
    return str(path) if path else None
