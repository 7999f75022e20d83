"""What the server signs content credentials with: a root of its own, a signer below, files 0600.

Kept in the key folder, so backups hold them sealed. Who photographed is told by a pseudonym, keyed
too: the same person is the same name in all photos of this server, and nobody else knows whose.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.keys import write_private

ROOT_FILE: Final = "credentials-root.pem"
SIGNER_FILE: Final = "credentials.pem"
NAMES_FILE: Final = "credentials-names.key"
ROOT_LIFE: Final = timedelta(days=20 * 365)
SIGNER_LIFE: Final = timedelta(days=2 * 365)
RENEW_BEFORE: Final = timedelta(days=30)
_EARLIER: Final = timedelta(days=1)  # clocks of readers may be behind
_USAGES: Final = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
_NAME_HEX: Final = 16


@dataclass(frozen=True, slots=True)
class Signing:
    """PEM of the signer's chain and key, the root to trust, and the key of pseudonyms."""

    chain: bytes
    key: bytes
    root: bytes
    names: bytes

    def pseudonym(self, person_id: str) -> str:
        """Return the name under which this server tells of a person."""
        digest = hmac.new(self.names, person_id.encode(), sha256).hexdigest()
        return f"person-{digest[:_NAME_HEX]}"


def signing(folder: Path, plant: str, now: datetime) -> Signing:
    """Return what to sign with; made on the first call, the signer anew before it runs out."""
    root_key, root = _pair(folder / ROOT_FILE) or _new_root(folder, plant, now)
    kept = _pair(folder / SIGNER_FILE)
    if kept is None or kept[1].not_valid_after_utc - now < RENEW_BEFORE:
        kept = _new_signer(folder, plant, now, root_key, root)
    key, signer = kept
    names = folder / NAMES_FILE
    if not names.exists():
        write_private(names, token_hex(32).encode())
    return Signing(
        chain=_pem(signer) + _pem(root),
        key=_private(key),
        root=_pem(root),
        names=bytes.fromhex(names.read_text("ascii")),
    )


def _new_root(
    folder: Path, plant: str, now: datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(plant, "Anshao content credentials root")
    made = (
        _begun(name, name, key, now, ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_private(folder / ROOT_FILE, _private(key) + _pem(made))
    return key, made


def _new_signer(
    folder: Path,
    plant: str,
    now: datetime,
    root_key: ec.EllipticCurvePrivateKey,
    root: x509.Certificate,
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    made = (
        _begun(_name(plant, "Anshao server"), root.subject, key, now, SIGNER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(above, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    write_private(folder / SIGNER_FILE, _private(key) + _pem(made))
    return key, made


def _begun(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _pair(path: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
    if not path.exists():
        return None
    data = path.read_bytes()
    key = serialization.load_pem_private_key(data, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), path.name
    return key, x509.load_pem_x509_certificate(data)


def _name(plant: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, plant[:64] or "-"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*on: str) -> x509.KeyUsage:
    return x509.KeyUsage(**dict(_each(on)))


def _each(on: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    for name in _USAGES:
        yield name, name in on


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
