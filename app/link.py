"""The link of a device to its server: enrol once, take the pack along, keep in step.

`run` is one task of the client process. It never raises for a missing network: what the person sees
is the status of the sync engine.
"""

import asyncio
import logging
import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple
from datetime import date

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from app import media_choice
from app.field import FieldApp, Identity, Pack
from domain import pins
from domain.definitions import put_together, read
from domain.errors import DefinitionError, FieldError
from media.labels import PlantKey
from offline_store import definitions, devices, keep
from offline_store.database import Store
from sync.engine import SyncEngine
from sync.protocol import EnrolRequest
from sync.protocol import Pack as FirstPack
from sync.transport import Transport

RETRY_S = 3.0
PACK_EVERY_S = 300.0
_log = logging.getLogger(__name__)
MakeTransport = Callable[[str], Transport]  # token -> transport


class PackMessage(FirstPack):
    """A pack as it comes: a server of the version before has no `newer_files` (`server.pack`)."""

    newer_files: dict[str, str] = Field(default_factory=dict)


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
    )


async def enrol(field: FieldApp, key: Ed25519PrivateKey, transport: Transport) -> None:
    """Ask the server to take this device; raises EnrolError or OfflineError."""
    public = key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    name = field.settings.device_name or platform.node()[:80] or "device"
    request = EnrolRequest(
        code=field.settings.enrol_code or "-", device_name=name, public_key=public.hex()
    )
    reply = await transport.enrol(request)
    identity = Identity(
        reply.device_id,
        public,
        reply.token,
        reply.plant,
        field.server_url,
        field.settings.device_name,
    )

    def save() -> None:
        with field.store.session() as session:
            devices.add(session, devices.Device(identity.device_id, public, name))
            keep.put(
                session,
                "identity",
                {
                    "device_id": identity.device_id,
                    "public_key": public.hex(),
                    "token": identity.token,
                    "plant": identity.plant,
                    "server_url": identity.server_url,
                    "name": identity.name,
                },
            )

    await asyncio.to_thread(save)
    field.identity = identity


async def refresh_pack(field: FieldApp, transport: Transport) -> bool:
    """Take the newest pack along; returns whether there was a newer one."""

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
    return True


async def run(
    field: FieldApp,
    key: Ed25519PrivateKey | None,
    on_change: Callable[[], None],
    transports: MakeTransport | None = None,
) -> None:
    """Enrol, take the pack along, sync; until cancelled. `on_change` is called on the loop.

    `key` may be missing where the device is enrolled: it goes on syncing without signing.
    """
    make = transports or make_transport(field)
    while field.identity is None or field.pack is None:
        if await _first_contact(field, key, make):
            break
        on_change()
        await asyncio.sleep(RETRY_S)
    transport = make(field.device.token)
    engine = start_engine(field, transport, on_change)
    on_change()
    wanted, loop = asyncio.Event(), asyncio.get_running_loop()
    field.want_pack = lambda: _tell(loop, wanted)
    packs = asyncio.create_task(_keep_pack(field, transport, on_change, wanted))
    try:
        await engine.run()
    finally:
        packs.cancel()
        await transport.close()


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
    engine = SyncEngine(
        field.store,
        transport,
        field.device,
        lambda: field.definitions.policies,
        field.clock.mono_ms,
        on_change,
        on_server_time=field.clock.anchor,
        on_register=lambda: field.want_pack(),  # noqa: PLW0108 - it is set after this
    )
    field.media = media_choice.rules(field)
    engine.pace.rules = lambda: field.media
    engine.pace.kind = field.link_kind
    field.engine = engine
    field.nudge = engine.nudge
    return engine


async def _first_contact(
    field: FieldApp, key: Ed25519PrivateKey | None, make: MakeTransport
) -> bool:
    transport = make(field.identity.token if field.identity else "")
    try:
        if field.identity is None:
            assert key is not None, "a device of no plant has a key"
            await enrol(field, key, transport)
            await transport.close()
            transport = make(field.device.token)
        await refresh_pack(field, transport)
    except FieldError as error:
        field.trouble = error
        _log.info("no first contact: %s", error.code)
        return False
    finally:
        await transport.close()
    field.trouble = None
    return True


def keep_anchor(field: FieldApp) -> None:
    """Store the last server time seen, so that a restart within this boot stays calibrated."""
    anchor = field.clock.last_anchor
    if anchor:
        with field.store.session() as session:
            keep.set_anchor(session, keep.Anchor(*astuple(anchor)))


def _tell(loop: asyncio.AbstractEventLoop, wanted: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(wanted.set)


async def _keep_pack(
    field: FieldApp, transport: Transport, on_change: Callable[[], None], wanted: asyncio.Event
) -> None:
    """Ask for a newer pack from time to time, and as soon as somebody administered something."""
    while True:
        wanted.clear()
        try:
            await asyncio.to_thread(keep_anchor, field)
            if await refresh_pack(field, transport):
                on_change()
        except FieldError as error:  # offline or unusable: the pack taken along stays in use
            _log.info("pack not refreshed: %s", error.code)
        except SQLAlchemyError:  # the store was busy: there is a next time
            _log.exception("pack not refreshed")
        with suppress(TimeoutError):
            await asyncio.wait_for(wanted.wait(), PACK_EVERY_S)
