"""A device of the demo plant that no server knows: what a benchmark of the client works on."""

from datetime import UTC, datetime
from pathlib import Path

from app.field import Devices, FieldApp, Identity, Pack
from app.settings import ClientSettings
from app.wiring import ASSETS, build_field
from domain.definitions import load
from media.adapters.readers import choose_reader
from media.adapters.simulated import SimulatedCamera, SimulatedLocator
from offline_store import devices


def device(folder: Path) -> FieldApp:
    """Open a store in `folder` and take the definitions that ship."""
    nothing = Devices(
        camera=lambda: SimulatedCamera([], refusal="none"),
        locator=lambda: SimulatedLocator(None),
        reader=choose_reader(),
    )
    settings = ClientSettings(store=folder, store_key_file=folder.with_suffix(".secret"))
    field = build_field(settings, devices=nothing)
    own = Identity("00000000-0000-4000-8000-000000003f2a", b"\1" * 32, "", "DEMO")
    with field.store.session() as session:
        devices.add(session, devices.Device(own.device_id, own.public_key))
    now_ms = field.clock.now_ms()
    shipped = ASSETS / "definitions"
    files = {
        path.relative_to(shipped).as_posix(): path.read_text("utf-8")
        for path in sorted(shipped.rglob("*.yaml"))
    }
    definitions = load(files, datetime.fromtimestamp(now_ms / 1000, tz=UTC).date())
    field.identity, field.pack = own, Pack(definitions, {}, {}, {}, now_ms)
    return field
