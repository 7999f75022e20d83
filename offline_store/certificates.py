"""Certificates as the server made them, per device; devices keep theirs among the small things."""

from functools import lru_cache

from sqlalchemy import bindparam, delete
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from domain.certificates import Certificate, decode
from offline_store.tables import CertificateRow

_ANY = 2**53  # above every serial
KEPT = 50  # per device: half a year of weekly changes


def add(session: Session, one: Certificate, body: bytes, signature: bytes) -> None:
    """Keep a certificate that was made; very old ones of the device go."""
    session.add(
        CertificateRow(
            device_id=one.device, serial=one.serial, from_ms=one.from_ms, until_ms=one.until_ms,
            body=body, signature=signature,
        )
    )  # fmt: skip
    session.flush()
    rest = (
        select(CertificateRow.serial)
        .where(col(CertificateRow.device_id) == one.device)
        .order_by(col(CertificateRow.serial).desc())
        .offset(KEPT)
        .limit(KEPT)
    )
    old = list(session.exec(rest))
    if old:
        device = col(CertificateRow.device_id) == one.device
        session.connection().execute(
            delete(CertificateRow).where(device, col(CertificateRow.serial).in_(old))
        )


def newest(session: Session, device_id: str) -> tuple[Certificate, bytes, bytes] | None:
    """Return the newest certificate of a device, its bytes and its signature."""
    row = session.exec(
        select(CertificateRow)
        .where(col(CertificateRow.device_id) == device_id)
        .order_by(col(CertificateRow.serial).desc())
        .limit(1)
    ).first()
    return (decode(row.body), row.body, row.signature) if row else None


def first_ms(session: Session, device_id: str) -> int | None:
    """Return from when the first certificate of a device was; None where none is here."""
    query = select(CertificateRow.from_ms).where(
        col(CertificateRow.device_id) == device_id, col(CertificateRow.serial) == 1
    )
    return session.exec(query).first()


def of_device(session: Session, device_id: str, up_to: int | None = None) -> list[Certificate]:
    """Return the certificates of a device in order, at most up to serial `up_to`."""
    given = {"device": device_id, "upto": _ANY if up_to is None else up_to}
    rows = session.connection().execute(_OF_DEVICE, given).scalars()
    return [_decoded(bytes(body)) for body in rows]


_decoded = lru_cache(maxsize=256)(decode)  # the same ones with each push
_OF_DEVICE = (
    core_select(col(CertificateRow.body))
    .where(col(CertificateRow.device_id) == bindparam("device"))
    .where(col(CertificateRow.serial) <= bindparam("upto"))
    .order_by(col(CertificateRow.serial))
)
