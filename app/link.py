"""The link of a device to its server: enrol once, take the pack along, keep in step.

`run` is one task of the client process. It never raises for a missing network: what the person sees
is the status of the sync engine.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import date
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from app import joining, media_choice, repair_copies, standing, timekeeping, unlock
from app.field import FieldApp, Pack
from app.joining import enrol
from app.keyfile import find_key
from domain import pins
from domain.definitions import put_together, read
from domain.errors import DefinitionError, FieldError
from domain.invitations import DeviceRevokedError, Invitation
from media.labels import PlantKey
from offline_store import definitions, keep
from offline_store.database import Store
from sync.engine import SyncEngine
from sync.protocol import Pack as FirstPack
from sync.resting import Patience, Wait, rest
from sync.transport import Transport

PACK_EVERY_S = 300.0
__all__ = ["enrol", "load_pack", "refresh_pack", "run", "start", "start_engine"]
_log = logging.getLogger(__name__)
MakeTransport = Callable[[str], Transport]  # token -> transport


class PackMessage(FirstPack):
    """A pack as it comes: a server of the version before has no `newer_files` (`server.pack`)."""

    newer_files: dict[str, str] = Field(default_factory=dict)
    unlock_key: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


def make_transport(field: FieldApp) -> MakeTransport:
    """Return how to talk to the server of the settings, over its CA where it uses TLS."""
    settings = field.settings
    verify: str | bool = str(settings.server_ca) if settings.server_ca else True
    return lambda token: Transport(field.server_url, token, verify=verify)


def load_pack(store: Store) -> Pack | None:
    """Return the pack taken along last, ready for use; None before the first."""
    with store.reading() as session:
        newest = definitions.newest(session)
        received = keep.get(session, "pack.received_ms")
    if newest is None:
        return None
    return read_pack(newest[1], received if isinstance(received, int) else 0)


def read_pack(body: bytes, received_ms: int) -> Pack:
    """Read a pack's bytes; raises DefinitionError for one that this version cannot use."""
    try:
        message = PackMessage.model_validate_json(body)
    except ValidationError as error:
        raise DefinitionError(problems=["pack"]) from error
    files = put_together(message.files, message.newer_files)
    found, problems = read(files, date.fromisoformat(message.day0))
    if found is None or problems:
        raise DefinitionError(
            problems=[f"{problem.path}:{problem.line} {problem.code}" for problem in problems]
        )
    hashes = {row.person_id: row.pin_hash for row in message.people}
    return Pack(
        definitions=found,
        pins=hashes,
        pin_digits={person: pins.digits(stored) for person, stored in hashes.items()},
        label_keys={
            int(key_id): PlantKey(key.plant, bytes.fromhex(key.public_key))
            for key_id, key in message.plant_keys.items()
        },
        received_ms=received_ms,
        temporary=frozenset(row.person_id for row in message.people if row.temporary),
        pin_since_ms={row.person_id: row.since_ms for row in message.people},
        unlock_key=bytes.fromhex(message.unlock_key),
    )


def keep_way_back(field: FieldApp) -> None:
    """Let the server of the pack be able to open this device's data, should its key be lost."""
    if field.store.seal and field.identity and field.pack and field.pack.unlock_key:
        key, device = field.pack.unlock_key, field.identity.device_id
        unlock.keep_way_back(field.settings, field.store.seal, key, device)


async def refresh_pack(field: FieldApp, transport: Transport) -> bool:
    """Take the newest certificate and pack along; returns whether there was a newer pack.

    The certificate first: no right comes before the certificate that names it.
    """
    await standing.refresh(field, transport)

    def known() -> str | None:
        with field.store.reading() as session:
            tag = keep.get(session, "pack.etag")
            return tag if isinstance(tag, str) and definitions.newest(session) else None

    fetched = await transport.pack(await asyncio.to_thread(known))
    now = field.clock.now_ms()
    if fetched is None:
        return False
    message, body, etag = fetched
    pack = await asyncio.to_thread(read_pack, body, now)

    def save() -> None:
        with field.store.session() as session:
            definitions.save(session, message.version, body, now)
            keep.put(session, "pack.etag", etag)
            keep.put(session, "pack.received_ms", now)

    await asyncio.to_thread(save)
    field.pack = pack
    await asyncio.to_thread(keep_way_back, field)
    return True


async def run(
    field: FieldApp,
    key: Ed25519PrivateKey | None,
    on_change: Callable[[], None],
    transports: MakeTransport | None = None,
) -> None:
    """Enrol, take the pack along, sync; until cancelled. `on_change` is called on the loop.

    A device without a code asks nobody: it waits until somebody names one.

    With `field.invitation` set and the engine stopped it joins anew, and goes on as that device.

    `key` may be missing where the device is enrolled: it goes on syncing without signing.
    """
    make = transports or make_transport(field)
    while True:
        await _meet(field, key, make, on_change)
        await _keep_in_step(field, make, on_change)
        if field.invitation is None:
            return
        await joining.join_again(field, make(""))
        on_change()


async def _meet(
    field: FieldApp,
    key: Ed25519PrivateKey | None,
    make: MakeTransport,
    on_change: Callable[[], None],
) -> None:
    """Join and take the pack along, however long that takes; what goes wrong is in `trouble`."""
    patience, called, loop = Patience(), asyncio.Event(), asyncio.get_running_loop()
    field.nudge = lambda: _tell(loop, called)
    while field.identity is None or field.pack is None:
        called.clear()
        if field.identity is None and not joining.code_of(field):
            await called.wait()
            continue
        another = partial(_is_other, field, field.invitation)
        error = await _first_contact(field, key, make)
        if error is None:
            return
        on_change()
        await rest(patience.after(error), called, field.clock.mono_ms, another)
        if another():  # another code, maybe of another server
            patience.worked()


def _is_other(field: FieldApp, asked: Invitation | None) -> bool:
    """Say whether somebody named another code or server meanwhile."""
    return field.invitation != asked


async def _keep_in_step(
    field: FieldApp, make: MakeTransport, on_change: Callable[[], None]
) -> None:
    """Sync until cancelled, or until this device is to become another one."""
    transport = make(field.device.token)
    engine = start_engine(field, transport, on_change)
    on_change()
    wanted, loop = asyncio.Event(), asyncio.get_running_loop()
    field.want_pack = lambda: _tell(loop, wanted)
    beside = [
        asyncio.create_task(_keep_pack(field, transport, on_change, wanted)),
        asyncio.create_task(_keep_former(field, make)),
    ]
    try:
        await engine.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await transport.close()


async def _keep_former(field: FieldApp, make: MakeTransport) -> None:
    """Send what this device left behind as another one, until nothing is left."""
    patience, nobody = Patience(least_s=joining.FORMER_S), asyncio.Event()
    while await asyncio.to_thread(joining.left_behind, field):
        error = await joining.send_former(
            field, lambda one: make(one.token), lambda: field.definitions.policies
        )
        await rest(patience.after(error), nobody, field.clock.mono_ms, lambda: False)


def start(field: FieldApp, key: Ed25519PrivateKey | None) -> "asyncio.Task[None]":
    """Start `run` as a task of the running loop; one that ends by itself is a bug, and logged."""
    task = asyncio.create_task(run(field, key, lambda: None))
    task.add_done_callback(_report_end)
    return task


def _report_end(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("the link to the server ended", exc_info=error)


def start_engine(
    field: FieldApp, transport: Transport, on_change: Callable[[], None]
) -> SyncEngine:
    """Make the sync engine of an enrolled device, and let use cases nudge it from any thread."""

    def changed() -> None:
        error = engine.status.error
        if isinstance(error, DeviceRevokedError) and field.revoked is None:
            field.revoked = str(error.params["why"])
            with field.store.session() as session:  # it holds after the next start, too
                keep.put(session, keep.REVOKED, field.revoked)
        on_change()

    engine = SyncEngine(
        field.store,
        transport,
        field.device,
        lambda: field.definitions.policies,
        field.clock.mono_ms,
        changed,
        on_server_time=field.clock.anchor,
        on_register=lambda: field.want_pack(),  # noqa: PLW0108 - it is set after this
        on_round=lambda: repair_copies.look(field) or timekeeping.look(field),
    )
    field.media = media_choice.rules(field)
    engine.pace.rules = lambda: field.media
    engine.pace.kind = field.link_kind
    field.engine = engine
    field.nudge = engine.nudge
    return engine


async def _first_contact(
    field: FieldApp, key: Ed25519PrivateKey | None, make: MakeTransport
) -> FieldError | None:
    """Try once; returns what went wrong."""
    transport = make(field.identity.token if field.identity else "")
    try:
        if field.identity is None:
            assert key is not None, "a device of no plant has a key"
            await joining.enrol(field, key, transport)
            await transport.close()
            transport = make(field.device.token)
        await refresh_pack(field, transport)
    except FieldError as error:
        field.trouble = error
        _log.info("no first contact: %s", error.code)
        return error
    finally:
        await transport.close()
    field.trouble = None
    return None


def keep_anchor(field: FieldApp) -> None:
    """Store the last server time seen, so that a restart within this boot stays calibrated."""
    with field.store.session() as session:
        timekeeping.keep_clock(field, session)


def _tell(loop: asyncio.AbstractEventLoop, wanted: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(wanted.set)


async def _keep_pack(
    field: FieldApp, transport: Transport, on_change: Callable[[], None], wanted: asyncio.Event
) -> None:
    """Ask for a newer pack from time to time, and as soon as somebody administered something."""
    patience = Patience(least_s=PACK_EVERY_S)
    while True:
        wanted.clear()
        wait = Wait(PACK_EVERY_S)
        try:
            await asyncio.to_thread(keep_anchor, field)
            await asyncio.to_thread(find_key, field)
            if await refresh_pack(field, transport):
                on_change()
        except FieldError as error:  # offline or unusable: the pack taken along stays in use
            _log.info("pack not refreshed: %s", error.code)
            wait = patience.after(error)
        except SQLAlchemyError:  # the store was busy: there is a next time
            _log.exception("pack not refreshed")
        await rest(wait, wanted, field.clock.mono_ms, lambda: False)
