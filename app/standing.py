"""What this device is for its server: identity, certificate, and who it was before."""

import asyncio
import logging
from dataclasses import asdict, replace

from sqlmodel import Session

from app.field import FieldApp, Identity
from domain.certificates import Certificate, CertificateError, verified
from domain.errors import ServerRefusedError
from domain.records import Value
from offline_store import journal, keep
from offline_store.database import Store
from sync.protocol import CertificateReply
from sync.transport import Transport

_CERTIFICATE, _IDENTITY, _FORMER = "certificate", "identity", "identity.former"
_NOT_FOUND = 404  # a server of the version before makes no certificates
_log = logging.getLogger(__name__)


def identity(store: Store) -> Identity | None:
    """Return who this device is; None before a server has taken it."""
    with store.reading() as session:
        return _read(keep.get(session, _IDENTITY))


def former(session: Session) -> list[Identity]:
    """Return who this device was before, first one first."""
    kept = keep.get(session, _FORMER)
    rows = kept if isinstance(kept, list) else []
    return [one for row in rows if (one := _read(row)) is not None]


def save(session: Session, now: Identity, before: Identity | None = None) -> None:
    """Keep who this device is; `before` goes on sending what it had not sent."""
    keep.put(session, _IDENTITY, _row(now))
    if before is not None:
        kept = keep.get(session, _FORMER)
        rows = kept if isinstance(kept, list) else []
        keep.put(session, _FORMER, [*rows, _row(before)])
        keep.put(session, keep.REVOKED, value=None)


def certificate(store: Store, known: Identity | None) -> Certificate | None:
    """Return the certificate of this device; one that nobody is in where it is gone or changed.

    None where its server makes none.
    """
    if known is None or not known.server_key:
        return None
    with store.reading() as session:
        kept = keep.get(session, _CERTIFICATE)
    row = kept if isinstance(kept, dict) else {}
    try:
        return _verified(known, str(row.get("body")), str(row.get("sig")))
    except CertificateError:
        _log.exception("certificate", extra={"device": known.device_id})
        return Certificate(0, known.plant, "", known.device_id, known.public_key.hex(), 0, 0, {})


def keep_certificate(session: Session, known: Identity, reply: CertificateReply) -> Certificate:
    """Check a certificate and keep it; raises CertificateError."""
    found = _verified(known, reply.body, reply.sig)
    keep.put(session, _CERTIFICATE, {"body": reply.body, "sig": reply.sig})
    keep.put(session, keep.CERTIFICATE, found.serial)
    return found


async def refresh(field: FieldApp, transport: Transport) -> None:
    """Fetch a newer certificate, if there is one; tells how far this device has written."""
    known = field.device
    have = field.certificate.serial if field.certificate else 0

    def newest() -> int:
        with field.store.reading() as session:
            return journal.head(session, known.device_id)[0]

    try:
        reply = await transport.certificate(have, await asyncio.to_thread(newest))
    except ServerRefusedError as error:
        if error.params.get("status") == _NOT_FOUND:
            return
        raise
    if reply is None:
        return
    trusted = known if known.server_key else replace(known, server_key=reply.key)

    def kept() -> Certificate:
        with field.store.session() as session:
            found = keep_certificate(session, trusted, reply)
            if trusted is not known:
                keep.put(session, _IDENTITY, _row(trusted))
            return found

    found = await asyncio.to_thread(kept)
    field.identity, field.certificate = trusted, found


def _verified(known: Identity, body: str, sig: str) -> Certificate:
    try:
        signature, key = bytes.fromhex(sig), bytes.fromhex(known.server_key)
    except ValueError as error:
        raise CertificateError(reason="form") from error
    found = verified(body.encode(), signature, key, known.device_id, known.public_key.hex())
    if found.plant != known.plant:
        raise CertificateError(reason="plant")
    return found


def _row(one: Identity) -> dict[str, Value]:
    return {**asdict(one), "public_key": one.public_key.hex()}


def _read(kept: Value) -> Identity | None:
    if not isinstance(kept, dict):
        return None
    return Identity(
        str(kept["device_id"]),
        bytes.fromhex(str(kept["public_key"])),
        str(kept["token"]),
        str(kept["plant"]),
        str(kept.get("server_url") or ""),
        str(kept.get("name") or ""),
        str(kept.get("server_key") or ""),
    )
