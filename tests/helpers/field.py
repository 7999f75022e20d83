"""A device that a server took once and that is offline now: real store, demo plant."""

from functools import cache
from pathlib import Path

from app.field import Devices, FieldApp, Identity, Pack
from app.link import start_engine
from app.settings import ClientSettings
from app.wiring import build_field
from domain.pins import digits, hash_pin
from media.adapters.readers import choose_reader
from media.adapters.simulated import SimulatedCamera, SimulatedLocator
from offline_store import devices
from screens.context import Desk
from sync.transport import Transport
from tests.helpers.definitions import demo_definitions

INSPECTOR = "U003"
ELECTRICIAN = "U009"
MANAGER = "U001"  # a PIN of six digits
PEOPLE = (MANAGER, INSPECTOR, ELECTRICIAN)
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing answers there


@cache
def _pins() -> dict[str, str]:
    people = demo_definitions().plant.people
    return {person: hash_pin(people[person].pin or "", b"salt-of-the-tests") for person in PEOPLE}


def pin_of(person_id: str) -> str:
    """Return somebody's PIN in the demo plant."""
    return demo_definitions().plant.people[person_id].pin or ""


def offline_field(folder: Path, *, lock_after_s: int = 300) -> FieldApp:
    """Build a device with three people; it knows no task and no hazard yet."""
    settings = ClientSettings(
        store=folder / "device",
        store_key_file=folder / "device.secret",
        server_url=NOBODY,
        device_name="防爆手机 07",
        lock_after_s=lock_after_s,
    )
    simulated = Devices(
        camera=lambda: SimulatedCamera([], refusal="none"),
        locator=lambda: SimulatedLocator(None),
        reader=choose_reader(),
    )
    field = build_field(settings, devices=simulated)
    assert field.key is not None
    key = field.key.public_key().public_bytes_raw()
    identity = Identity("00000000-0000-4000-8000-000000003f2a", key, "token", "DEMO")
    with field.store.session() as session:
        devices.add(session, devices.Device(identity.device_id, identity.public_key, "phone"))
    pins = _pins()
    field.identity = identity
    field.pack = Pack(
        definitions=demo_definitions(),
        pins=pins,
        pin_digits={person: digits(stored) for person, stored in pins.items()},
        label_keys={},
        received_ms=field.clock.now_ms(),
    )
    start_engine(field, Transport(NOBODY, identity.token), lambda: None)
    return field


def desk_of(field: FieldApp, person_id: str | None = INSPECTOR) -> Desk:
    """Return a desk at which somebody is signed in already; nobody for None."""
    desk = Desk(field=field, language="zh")
    if person_id is not None:
        desk.person = demo_definitions().plant.people[person_id]
    return desk
