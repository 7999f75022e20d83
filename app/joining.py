"""Joining a plant: the first time, or once more with a new key in a store that belongs to it."""

import asyncio
import logging
import platform
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import standing
from app.field import FieldApp, Identity
from app.keyfile import put_in_place, write_new
from domain import merge
from domain.errors import FieldError
from domain.invitations import EnrolPlantError, EnrolServerError, fingerprint, proof_bytes
from offline_store import devices, outbox
from sync.protocol import EnrolReply, EnrolRequest
from sync.pushes import Pusher
from sync.transport import Transport

_log = logging.getLogger(__name__)
FORMER_S = 30.0  # between two tries to send what a former identity has left


def code_of(field: FieldApp) -> str:
    """Return the code to show to the server; "" where nobody has named one yet."""
    return field.invitation.code if field.invitation else field.settings.enrol_code


async def enrol(field: FieldApp, key: Ed25519PrivateKey, transport: Transport) -> None:
    """Ask the server to take this device; raises EnrolError or OfflineError.

    A device that was taken before becomes another one: its old self keeps what it has not sent.
    """
    public, before = key.public_key().public_bytes_raw(), field.identity
    name = field.settings.device_name or platform.node()[:80] or "device"
    code = code_of(field) or "-"
    request = EnrolRequest(
        code=code,
        device_name=name,
        public_key=public.hex(),
        plant=before.plant if before else None,
        proof=key.sign(proof_bytes(code, name, public.hex())).hex(),
    )
    reply = await transport.enrol(request)
    _check(field, reply)
    now = Identity(
        reply.device_id,
        public,
        reply.token,
        reply.plant,
        field.server_url,
        field.settings.device_name or (before.name if before else ""),
        reply.server_public_key if reply.certificate else "",
    )
    if before is not None:
        await asyncio.to_thread(write_new, field.settings.store, key, field.store.seal)

    def save() -> None:
        with field.store.session() as session:
            devices.add(session, devices.Device(now.device_id, public, name))
            standing.save(session, now, before)
            if reply.certificate:
                field.certificate = standing.keep_certificate(session, now, reply.certificate)
        if before is not None:
            put_in_place(field.settings.store, before.short)

    await asyncio.to_thread(save)
    field.identity, field.revoked, field.invitation = now, None, None
    field.key, field.sign, field.key_trouble = key, key.sign, None


def _check(field: FieldApp, reply: EnrolReply) -> None:
    """Believe the server that answers only if it is the one of the QR, and of our records.

    Its public key is no secret: that it has the key is proved by the certificate alone, which is
    checked when it is kept. Without a QR the key is to be the one that this device knows.
    """
    said = field.invitation.key if field.invitation else ""
    if not said and field.identity is not None and field.identity.server_key:
        said = fingerprint(bytes.fromhex(field.identity.server_key))
    if said and (
        reply.certificate is None or fingerprint(bytes.fromhex(reply.server_public_key)) != said
    ):
        raise EnrolServerError(server=field.server_url)
    if field.identity is not None and field.identity.plant != reply.plant:
        raise EnrolPlantError(plant=field.identity.plant)


async def join_again(field: FieldApp, transport: Transport) -> None:
    """Try to join once more, with a new key; what goes wrong is said and the old one goes on."""
    try:
        await enrol(field, Ed25519PrivateKey.generate(), transport)
    except FieldError as error:
        field.trouble, field.invitation = error, None
        _log.info("not joined again: %s", error.code)
    else:
        field.trouble = None
    finally:
        await transport.close()


def left_behind(field: FieldApp) -> int:
    """Return how many entries former identities of this device have not sent."""
    with field.store.reading() as session:
        known = standing.former(session)
        return sum(outbox.count(session, one.device_id).entries for one in known)


def _former(field: FieldApp) -> list[Identity]:
    with field.store.reading() as session:
        return standing.former(session)


async def send_former(
    field: FieldApp,
    make: Callable[[Identity], Transport],
    policies: Callable[[], merge.TypePolicies],
) -> FieldError | None:
    """Send what former identities have left, each under its own name and token, until done.

    Returns the last thing that went wrong; what is left stays here and is tried again.
    """
    wrong: FieldError | None = None
    for one in await asyncio.to_thread(_former, field):
        transport = make(one)
        pusher = Pusher(field.store, transport, one.device_id, policies, lambda: None)
        try:
            await pusher.send_all()
        except FieldError as error:  # stays here, shown in the outbox, and is tried again
            _log.info("former identity: %s", error.code)
            wrong = error
        finally:
            await transport.close()
    return wrong
