"""The real server behind its real routes; restarts, fills up, and comes back from a backup."""

import asyncio
import functools
import http
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from fastapi import FastAPI
from starlette.requests import ClientDisconnect

from benchmarks.simulation.loop import PowerLost
from benchmarks.simulation.nodes import UPLOADS, Disk
from domain.records import Value
from offline_store import devices, journal, keep, removals
from server import device_records, main, own_entries, problems
from server.own_entries import OwnStep
from server.rights import RULE
from server.site import EPOCH, Site
from server.uploads import Uploads

BACKUP = "backup.db"
NEVER_S = 3600.0  # a sender that fell silent; whoever reads gives up before


class LineLost(Exception):  # noqa: N818 -- a fact, not a fault
    """The server went away before it had answered."""


class Asked(NamedTuple):
    """A request as it comes out of the wire: `body` in pieces, the last may break off.

    `ends`: "whole", "cut" (the line says so), or "silent" (nobody says anything any more).
    """

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: list[bytes]
    ends: str = "whole"


class Answer(NamedTuple):
    """What goes back."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@functools.cache
def _app() -> FastAPI:
    """Return the routes of the product; which server they belong to changes from call to call."""
    app = FastAPI(title="simulated")
    main.add_routes(app)
    return app


class PlantServer:
    """One server; `life` counts its starts, `restored` how often it came back from a backup."""

    def __init__(self, pattern: Site, disk: Disk, now_ms: Callable[[], int]) -> None:
        """Begin with an empty feed."""
        self.disk = disk
        self._pattern, self._true_ms = pattern, now_ms
        self.wall_ahead_ms = self.furthest_ahead_ms = 0
        self.life = self.restored = 0
        self.backed_up = False
        self.incidents: list[str] = []
        self.site = self._start()

    def now_ms(self) -> int:
        """Return what the server's clock shows."""
        return self._true_ms() + self.wall_ahead_ms

    def set_clock(self, ahead_ms: int) -> None:
        """Let the clock jump."""
        self.wall_ahead_ms = ahead_ms
        self.furthest_ahead_ms = max(self.furthest_ahead_ms, ahead_ms)

    def _start(self) -> Site:
        store, pattern = self.disk.store, self._pattern
        settings = pattern.settings.model_copy(
            update={"home": self.disk.folder, "disk_free_min_bytes": 0}
        )
        with store.reading() as session:
            epoch = keep.get(session, EPOCH)
        here = Site(
            settings=settings,
            store=store,
            pack=pattern.pack,
            key=pattern.key,
            signers=pattern.signers,
            uploads=Uploads(self.disk.folder / UPLOADS),
            epoch=str(epoch),
            now_ms=self.now_ms,
            base=pattern.base,
        )
        with store.reading() as session:
            here.refresh(session)  # what was administered before this start
        removals.sweep(store)  # what a crash or a backup left of removed files, as each start does
        return here

    def enrol(self, device: devices.Device) -> None:
        """Take a device in, as the route does once the code is right."""
        with self.site.store.session() as session:
            device_records.add(self.site, session, device)

    def restart(self) -> None:
        """Stop in the middle of everything and start again on what was committed."""
        self.site.hints.close()
        self.life += 1
        self.disk.restart()
        self.site = self._start()

    def back_up(self) -> None:
        """Copy the store and the photos, as a nightly job does."""
        self.disk.copy(BACKUP)
        self.backed_up = True

    def restore(self, *, told: bool) -> None:
        """Come back from the last backup; `told`: by the command, which begins a new epoch."""
        self.site.hints.close()
        self.life += 1
        self.restored += 1
        self.disk.copy_back(BACKUP)
        if told:
            with self.disk.store.session() as session:
                keep.put(session, EPOCH, secrets.token_hex(8))
        self.site = self._start()

    def say(self, record_id: str) -> None:
        """Write something of the server's own; a backup of before does not have it."""
        cells: dict[str, Value] = {"what": "simulated", "by": RULE, "life": self.life}
        own_entries.write_own(self.site, [OwnStep(RULE, record_id, "event", cells)])
        self.site.hints.announce()

    def last_feed(self) -> keep.Cursor:
        """Return the end of the feed, in its present life."""
        with self.site.store.reading() as session:
            return keep.Cursor(journal.last_feed(session), self.site.epoch_now(session))

    async def answer(self, asked: Asked) -> Answer:
        """Answer a request; raises LineLost where the server went away or the request broke off."""
        life = self.life
        try:
            answer = await self.routed(asked)
        except PowerLost:
            if life == self.life:
                self.restart()
            raise LineLost from None
        except ClientDisconnect:
            raise LineLost from None
        except Exception as error:  # noqa: BLE001 -- what the product calls an incident
            self.incidents.append(f"{asked.method} {asked.path}: {error!r}")
            answer = _incident()
        if life != self.life or asked.ends != "whole":
            raise LineLost
        return answer

    async def routed(self, asked: Asked) -> Answer:
        """Hand a request to its route."""
        app = _app()
        app.state.site = self.site
        status: list[int] = []
        headers: list[tuple[bytes, bytes]] = []
        body = bytearray()
        pieces = list(asked.body)

        async def receive() -> dict[str, Any]:
            if pieces:
                piece = pieces.pop(0)
                more = bool(pieces) or asked.ends != "whole"
                return {"type": "http.request", "body": piece, "more_body": more}
            if asked.ends != "cut":  # nobody leaves before the answer
                await asyncio.sleep(NEVER_S)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # noqa: ANN401 -- of ASGI
            if message["type"] == "http.response.start":
                status.append(message["status"])
                headers.extend(message["headers"])
            else:
                body.extend(message.get("body", b""))

        await app(_scope(app, asked), receive, send)
        return Answer(status[0], headers, bytes(body))


def _scope(app: FastAPI, asked: Asked) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": asked.method,
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": asked.query,
        "headers": asked.headers,
        "client": ("127.0.0.1", 1),
        "server": ("server", 80),
        "state": {},
        "app": app,
    }


def _incident() -> Answer:
    response = problems.problem(
        http.HTTPStatus.INTERNAL_SERVER_ERROR, "server.incident", {"incident": "simulated"}
    )
    return Answer(response.status_code, response.raw_headers, bytes(response.body))
