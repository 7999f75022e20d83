"""The only place that chooses adapters and puts one device together."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.clock import Anchor, Clock, read_mono_ms
from app.field import Devices, FieldApp, Identity
from app.link import load_pack
from app.settings import ClientSettings
from app.translate import read_catalogs
from domain.errors import FieldError
from domain.merge import POLICIES
from domain.signatures import KeyMissingError, KeyOtherError
from media.adapters.readers import choose_reader
from media.connectivity import Connectivity
from media.labels import PREFIX, whole
from media.ports import Camera, Locator
from offline_store import blobs, keep, quarantine, records, safety
from offline_store.database import Store

ASSETS = Path(__file__).resolve().parent.parent / "assets"
FONT = ASSETS / "fonts" / "SafeSC.otf"
KEY_FILE = "device.key"
_log = logging.getLogger(__name__)


def build_field(
    settings: ClientSettings, *, clock: Clock | None = None, devices: Devices | None = None
) -> FieldApp:
    """Open the device's store and everything around it; touches no network.

    A device that was taken by a server before can work at once; another one waits for
    `app.link.run` to enrol it. `clock` and `devices` replace the real ones in tests.
    """
    settings.store.mkdir(parents=True, exist_ok=True)
    settings.store.chmod(0o700)  # whoever made the folder: records are for its owner alone
    store = safety.open_or_save(settings.store)
    blobs.sweep(store)
    identity = _identity(store)
    key, trouble = signing_key(settings.store, identity)
    clock = clock or Clock(floor_ms=_latest_ms(store), not_before_ms=_told_ms(store))
    _restore_anchor(store, clock)
    field = FieldApp(
        settings=settings,
        store=store,
        clock=clock,
        catalogs=read_catalogs(ASSETS / "locale"),
        devices=devices or _devices(settings, clock),
        font=FONT,
        language=settings.language,
        sign=key.sign if key else None,
        identity=identity,
        key=key,
        key_trouble=trouble,
    )
    field.pack = load_pack(store)
    with store.session() as session:
        quarantine.catch_up(session, field.definitions.policies if field.pack else POLICIES)
    return field


def signing_key(
    folder: Path, identity: Identity | None
) -> tuple[Ed25519PrivateKey | None, FieldError | None]:
    """Return the key to sign with, or why there is none.

    A device that a server has taken signs with the key it was taken with, or not at all: with any
    other one the server would refuse all it writes, for good. Only a device of no plant gets a key.
    """
    if identity is None:
        return device_key(folder), None
    key = _read_key(folder / KEY_FILE)
    if key is None:
        trouble: FieldError = KeyMissingError()
    elif key.public_key().public_bytes_raw() != identity.public_key:
        trouble = KeyOtherError()
    else:
        return key, None
    _log.error("no key to sign with", extra={"code": trouble.code, "device": identity.device_id})
    return None, trouble


def device_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key of a device of no plant yet, made at the first call; its owner's alone."""
    path = folder / KEY_FILE
    if (known := _read_key(path)) is not None:
        return known
    path.unlink(missing_ok=True)  # a start that was cut while it wrote: nobody knows that key
    key = Ed25519PrivateKey.generate()
    raw = key.private_bytes(
        serialization.Encoding.Raw,
        serialization.PrivateFormat.Raw,
        serialization.NoEncryption(),
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    return key


def _read_key(path: Path) -> Ed25519PrivateKey | None:
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except (OSError, ValueError):  # not there, not ours to read, cut short
        return None


def _identity(store: Store) -> Identity | None:
    with store.reading() as session:
        kept = keep.get(session, "identity")
    if not isinstance(kept, dict):
        return None
    return Identity(
        str(kept["device_id"]),
        bytes.fromhex(str(kept["public_key"])),
        str(kept["token"]),
        str(kept["plant"]),
        str(kept.get("server_url") or ""),
        str(kept.get("name") or ""),
    )


def _told_ms(store: Store) -> int:
    """Return the last time that a server told this device; 0 before the first contact."""
    with store.reading() as session:
        received = keep.get(session, "pack.received_ms")
        told = keep.latest_anchor_ms(session)
    return max(told, received if isinstance(received, int) else 0)


def _latest_ms(store: Store) -> int:
    with store.reading() as session:
        return records.latest_ms(session)


def _restore_anchor(store: Store, clock: Clock) -> None:
    with store.reading() as session:
        kept = keep.anchor(session, clock.boot)
    if kept:
        clock.restore(Anchor(kept.boot, kept.mono_ms, kept.server_ms, kept.rtt_ms))


def _devices(settings: ClientSettings, clock: Clock) -> Devices:
    reader = choose_reader(accept=lambda text: not text.startswith(PREFIX) or whole(text))
    kind, _, folder = settings.camera.partition(":")
    if kind == "simulated":
        return replace(_simulated(folder, clock), reader=reader)
    return Devices(_camera(kind), _locator(clock), reader, _connectivity)


def _camera(kind: str) -> Callable[[], Camera]:
    """Return how a screen gets its camera: Flet's control on phones and in browsers.

    Flet's control refuses desktop windows; the root screen says which platform it is by asking
    for "desktop", and OpenCV takes over there.
    """
    if kind == "none":
        from media.adapters.simulated import SimulatedCamera

        return lambda: SimulatedCamera([], refusal="none")
    if kind == "desktop":
        from media.adapters.opencv_camera import OpencvCamera

        return lambda: OpencvCamera(read_mono_ms)
    from media.adapters.flet_camera import FletCamera

    return FletCamera


def _connectivity() -> Connectivity:
    from media.adapters.flet_connectivity import FletConnectivity

    return FletConnectivity()


def _locator(clock: Clock) -> Callable[[], Locator]:
    from media.adapters.flet_locator import FletLocator

    return lambda: FletLocator(clock.now_ms)


def _simulated(folder: str, clock: Clock) -> Devices:
    """Pictures of a folder in place of a camera, for machines that have none and for tests."""
    from domain.places import Fix, Place
    from media.adapters.simulated import SimulatedCamera, SimulatedLocator

    pictures = sorted(Path(folder).glob("*.jpg"))
    clips = sorted(Path(folder).glob("*.webm"))
    here = Fix(Place(300010900, 1225008440), 600, clock.now_ms())
    return Devices(
        camera=lambda: SimulatedCamera(pictures, clips=clips),
        locator=lambda: SimulatedLocator(here),
        reader=choose_reader(),
    )
