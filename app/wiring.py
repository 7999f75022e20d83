"""The only place that chooses adapters and puts one device together."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import standing, timekeeping
from app.clock import Clock, read_mono_ms
from app.field import Devices, FieldApp, Identity
from app.keyfile import KEY_FILE, catch_up, device_key, keep_key, read_patiently
from app.link import keep_way_back, load_pack
from app.settings import ClientSettings
from app.translate import read_catalogs
from app.unlock import NOTHING, SecretStore, Typed, open_seal
from domain.errors import FieldError
from domain.merge import POLICIES
from domain.signatures import KeyMissingError, KeyOtherError
from media.adapters.readers import choose_reader
from media.connectivity import Connectivity
from media.labels import PREFIX, whole
from media.ports import Camera, Locator
from offline_store import blobs, keep, quarantine, records, removals, safety
from offline_store.database import Store
from offline_store.sealing import Seal

ASSETS = Path(__file__).resolve().parent.parent / "assets"
FONT = ASSETS / "fonts" / "SafeSC.otf"
__all__ = ["ASSETS", "FONT", "KEY_FILE", "build_field", "device_key", "signing_key"]
_log = logging.getLogger(__name__)


def _sweep_exports(store: Store) -> None:
    """Remove what versions before left here in clear because it was too large to hand over."""
    if (folder := store.folder / "exports").is_dir():
        shutil.rmtree(folder)


def build_field(
    settings: ClientSettings,
    *,
    clock: Clock | None = None,
    devices: Devices | None = None,
    typed: Typed = NOTHING,
) -> FieldApp:
    """Open the device's store and everything around it; touches no network.

    A device that was taken by a server before can work at once; another one waits for
    `app.link.run` to enrol it. `clock` and `devices` replace the real ones in tests; `typed` is
    what opens the store where a person has to. Raises what `app.unlock.open_seal` does.
    """
    secrets = key_store()
    store = safety.open_or_save(settings.store, seal=open_seal(settings, secrets, typed))
    blobs.sweep(store)
    removals.sweep(store)
    _sweep_exports(store)
    identity = standing.identity(store)
    key, trouble = signing_key(settings.store, identity, store.seal)
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
        secrets=secrets,
    )
    field.pack = load_pack(store)
    field.certificate = standing.certificate(store, identity)
    keep_way_back(field)
    timekeeping.go_on(field)
    with store.session() as session:
        why = keep.get(session, keep.REVOKED)
        field.revoked = why if isinstance(why, str) else None
        quarantine.catch_up(session, field.definitions.policies if field.pack else POLICIES)
    return field


def key_store() -> SecretStore | None:
    """Return the key store of this system, if it has one."""
    try:
        from media.adapters import keyring_secrets
    except ImportError:  # phones have no wheel of `keyring`
        return None
    return keyring_secrets.of_system()


def signing_key(
    folder: Path, identity: Identity | None, seal: Seal | None
) -> tuple[Ed25519PrivateKey | None, FieldError | None]:
    """Return the key to sign with, or why there is none.

    A device that a server has taken signs with the key it was taken with, or not at all: with any
    other one the server would refuse all it writes, for good. Only a device of no plant gets a key.
    """
    if identity is None:
        return device_key(folder, seal), None
    catch_up(folder, identity.public_key, seal)
    key = read_patiently(folder / KEY_FILE, seal)
    if key is None:
        trouble: FieldError = KeyMissingError()
    elif key.public_key().public_bytes_raw() != identity.public_key:
        trouble = KeyOtherError()
    else:
        keep_key(folder / KEY_FILE, key, seal)
        return key, None
    _log.error("no key to sign with", extra={"code": trouble.code, "device": identity.device_id})
    return None, trouble


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
        clock.restore(kept)


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
