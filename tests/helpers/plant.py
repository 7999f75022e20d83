"""A plant in one process: the real server and real devices, joined without sockets.

`PlantSite.device()` builds a device with its own store; `Wire` is its link, which can be
cut and joined again. Only hardware is simulated.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from app import link
from app.clock import Clock, read_wall_ms
from app.field import Devices, FieldApp
from app.settings import ClientSettings
from app.wiring import FONT, build_field
from domain.errors import PositionError
from domain.places import Fix, Place
from domain.plant import Asset, Person
from domain.words import Words
from media.adapters.readers import choose_reader
from media.adapters.simulated import SimulatedCamera
from media.label_sheet import PrintLabel, picture
from media.labels import Label, sign
from server import clock
from server.duties import run_duties
from server.main import create_app, prepare
from server.settings import ServerSettings
from server.site import Site
from sync.transport import Transport
from tests.helpers.definitions import FOLDER

ENROL_CODE = "test-code-1"


class Wire(httpx.AsyncBaseTransport):
    """The link from one device to the server; `up` says whether there is a network.

    `last` is a path: after the next request to it was answered the network is gone.
    """

    def __init__(self, app: FastAPI) -> None:
        """Join the device to the app without a socket."""
        self._inner = httpx.ASGITransport(app=app)
        self.up = True
        self.last = ""
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, or fail as a network without signal does."""
        self.requests += 1
        if not self.up:
            msg = "no network"
            raise httpx.ConnectError(msg, request=request)
        response = await self._inner.handle_async_request(request)
        if self.last and request.url.path == self.last:
            self.up, self.last = False, ""
        return response


@dataclass
class Here:
    """Where a simulated device is: implements the port Locator."""

    fix: Fix | None = None
    asked: int = 0

    async def current(self) -> Fix:
        """Return the position set by the test; none is a refusal, as indoors."""
        self.asked += 1
        if self.fix is None:
            raise PositionError(reason="timeout")
        return replace(self.fix, at_ms=read_wall_ms())

    def stand_at(self, asset: Asset, *, accuracy_m: int = 6) -> Fix:
        """Put the device beside an asset."""
        self.fix = Fix(asset.place, accuracy_m * 100, read_wall_ms())
        return self.fix


@dataclass
class Device:
    """One device of the plant with its link and its position."""

    app: FieldApp
    wire: Wire
    here: Here
    settings: ClientSettings
    pictures: list[bytes]  # what its camera sees, in turn; the last one stays

    def person(self, person_id: str) -> Person:
        """Return a person of the plant by id."""
        return self.app.definitions.plant.people[person_id]

    async def sync(self) -> None:
        """Send and fetch everything there is."""
        assert self.app.engine
        await self.app.engine.sync_once()


@dataclass
class ServerTime:
    """The server's clock, which a test may set forward or back."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        """Return the time of this clock."""
        return clock.now_ms() + self.ahead_ms

    def be(self, at_ms: int) -> None:
        """Set the clock to a time."""
        self.ahead_ms = at_ms - clock.now_ms()

    def pass_by(self, minutes: float) -> None:
        """Let time pass."""
        self.ahead_ms += round(minutes * 60_000)


@dataclass
class PlantSite:
    """The server and its devices."""

    folder: Path
    server: FastAPI
    server_settings: ServerSettings
    time: ServerTime = field(default_factory=ServerTime)
    devices: list[Device] = field(default_factory=list[Device])

    async def device(
        self, name: str = "phone-1", code: str = ENROL_CODE, clock: Clock | None = None
    ) -> Device:
        """Build a device, enrol it (unless its folder says it is), take everything along."""
        settings = ClientSettings(
            store=self.folder / name,
            store_key_file=self.folder / f"{name}.secret",
            server_url="http://plant.test",
            enrol_code=code,
            device_name=name,
        )
        wire, here, pictures = Wire(self.server), Here(), list[bytes]()
        app = build_field(settings, clock=clock, devices=simulated(here, pictures))
        device = Device(app, wire, here, settings, pictures)
        self.devices.append(device)
        if app.identity is None:
            assert app.key is not None
            await link.enrol(app, app.key, self.transport(wire))
        transport = self.transport(wire, app.device.token)
        await link.refresh_pack(app, transport)
        link.start_engine(app, transport, lambda: None)
        await device.sync()
        return device

    def restart(self, device: Device, clock: Clock | None = None) -> Device:
        """Kill a device's app and start it again on the same store, as after a flat battery."""
        device.app.store.close()
        app = build_field(device.settings, clock=clock, devices=device.app.devices)
        again = replace(device, app=app)
        link.start_engine(app, self.transport(device.wire, app.device.token), lambda: None)
        self.devices[self.devices.index(device)] = again
        return again

    def label(
        self,
        label_id: str,
        *,
        version: int | None = None,
        plant: str = "DEMO",
        forged: bool = False,
    ) -> bytes:
        """Return a picture (PNG) of a printed label; a forged one is signed by somebody else."""
        site: Site = self.server.state.site
        signer = site.signers[plant]
        own = site.pack.definitions.plant
        asset = own.assets.get(label_id)
        wanted = version or (asset.label_version if asset else 1)
        kind = "checkpoint" if label_id in own.checkpoints else "asset"
        label = Label(kind, plant, label_id, wanted, date(2026, 10, 1), signer.key_id)
        key = Ed25519PrivateKey.generate() if forged else signer.private
        name = Words({"zh": label_id, "en": label_id})
        printed = PrintLabel(sign(label, key), label_id, wanted, name, name)
        return picture(printed, "zh", FONT)

    async def run_duties(self) -> int:
        """Let the server do now what it does by itself."""
        return await asyncio.to_thread(run_duties, self.server.state.site, self.time())

    async def run_duties_elsewhere(self) -> int:
        """The same in a process that has just been started, beside the first one."""

        def run() -> int:
            other = prepare(self.server_settings, self.time)
            try:
                return run_duties(other, self.time())
            finally:
                other.store.close()

        return await asyncio.to_thread(run)

    def transport(self, wire: Wire, token: str = "") -> Transport:
        """Return a transport over a wire."""
        return Transport("http://plant.test", token, http=wire)


def simulated(here: Here, pictures: list[bytes]) -> Devices:
    """Return hardware without hardware; the code reader is the real one.

    A camera sees what the list holds when it is opened.
    """
    return Devices(
        camera=lambda: SimulatedCamera(list(pictures)),
        locator=lambda: here,
        reader=choose_reader(),
    )


@asynccontextmanager
async def plant(
    folder: Path, database_url: str | None = None, definitions: Path = FOLDER
) -> AsyncIterator[PlantSite]:
    """Start the real server app of the demo plant on `folder`, seeding it where it is empty.

    `database_url` names a PostgreSQL database; without it the server has a file in its folder.
    `definitions` is the folder that it reads.
    """
    settings = ServerSettings(
        home=folder / "server",
        enrol_code=ENROL_CODE,
        demo=True,
        database_url=database_url,
        definitions=definitions,
        duties_s=3600,  # a test runs them when it wants to
    )
    time = ServerTime()
    server = await asyncio.to_thread(create_app, settings, time)
    async with server.router.lifespan_context(server):
        site = PlantSite(folder, server, settings, time)
        try:
            yield site
        finally:
            for device in site.devices:
                device.app.store.close()


def far_from(place: Place, north_m: int) -> Place:
    """Return a place so many metres north."""
    return Place(place.lat_e7 + round(north_m / 111_195 * 1e7), place.lon_e7, place.floor)


__all__ = ["Clock", "Device", "Here", "PlantSite", "Wire", "far_from", "plant", "simulated"]
