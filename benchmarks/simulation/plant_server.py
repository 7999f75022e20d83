"""The real server behind its real route functions; restarts, and comes back from a backup."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

from benchmarks.simulation.loop import PowerLost
from benchmarks.simulation.nodes import Disk
from domain.errors import FieldError
from offline_store import devices, journal, keep
from server import accounts, device_records, problems, records, status
from server.problems import RefusalError
from server.settings import ServerSettings
from server.site import EPOCH, Site
from sync.protocol import ENTRIES_MAX

BACKUP = "backup.db"


class LineLost(Exception):  # noqa: N818 -- a fact, not a fault
    """The server went away before it had answered."""


class Asked(NamedTuple):
    """A request as it comes out of the wire."""

    method: str
    path: str
    query: bytes
    params: dict[str, str]
    headers: list[tuple[bytes, bytes]]
    body: bytes


class PlantServer:
    """One server; `life` counts its starts, `restored` how often it came back from a backup."""

    def __init__(self, pattern: Site, disk: Disk, now_ms: Callable[[], int]) -> None:
        """Begin with an empty feed."""
        self.disk = disk
        self._pattern, self._now_ms = pattern, now_ms
        self.life = self.restored = 0
        self.backed_up = False
        self.site = self._start()

    def _start(self) -> Site:
        store, pattern = self.disk.store, self._pattern
        settings = _settings(pattern, self.disk.folder)
        with store.reading() as session:
            epoch = keep.get(session, EPOCH)
        return Site(
            settings=settings,
            store=store,
            pack=pattern.pack,
            key=pattern.key,
            signers=pattern.signers,
            uploads=pattern.uploads,
            epoch=str(epoch),
            now_ms=self._now_ms,
        )

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
        """Copy the store, as a nightly job does."""
        self.disk.copy(BACKUP)
        self.backed_up = True

    def restore(self) -> None:
        """Come back from the last backup."""
        self.site.hints.close()
        self.life += 1
        self.restored += 1
        self.disk.copy_back(BACKUP)
        self.site = self._start()

    def revoke(self, device_id: str) -> None:
        """Shut a device out for good."""
        with self.site.store.session() as session:
            devices.revoke(session, device_id)

    def last_feed(self) -> keep.Cursor:
        """Return the end of the feed, in its present life."""
        with self.site.store.reading() as session:
            return keep.Cursor(journal.last_feed(session), self.site.epoch_now(session))

    async def answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        """Answer a request as the routes do; raises LineLost where the server went away."""
        life = self.life
        try:
            response = await self._routed(asked)
        except RefusalError as error:
            response = problems.problem(error.status, error.code, error.params, error.headers)
        except FieldError as error:
            response = problems.problem(409, error.code, error.params)
        except PowerLost:
            self.restart()
            raise LineLost from None
        if life != self.life:
            raise LineLost
        return response.status_code, dict(response.headers), bytes(response.body)

    async def _routed(self, asked: Asked) -> Response:
        request = _request(asked)
        status.speaks_our_protocol(request)
        here = self.site
        caller = accounts.device(request, here)
        await asyncio.sleep(0)
        if asked.path == "/v1/push":
            return await self.push(request, here, caller, asked)
        given = asked.params
        return await records.pull(
            request,
            here,
            caller,
            after=int(given.get("after", 0)),
            limit=min(int(given.get("limit", ENTRIES_MAX)), ENTRIES_MAX),
            wait=float(given.get("wait", 0)),
            own=int(given.get("own", 0)),
            epoch=given.get("epoch"),
            seen=given.get("seen"),
            k=given.get("k"),
        )

    async def push(
        self, request: Request, here: Site, caller: devices.Device, asked: Asked
    ) -> Response:
        """Take a push."""
        del asked
        return await records.push(request, here, caller)


def _settings(pattern: Site, home: Path) -> ServerSettings:
    """Return the settings of the pattern with another folder."""
    return pattern.settings.model_copy(update={"home": home})


def _request(asked: Asked) -> Request:
    scope: Scope = {
        "type": "http",
        "method": asked.method,
        "path": asked.path,
        "query_string": asked.query,
        "headers": asked.headers,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    return Request(scope, receive)
