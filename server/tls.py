"""The plant's own certificate authority: https inside a network that the internet does not know.

Browsers give camera and microphone only to https pages, so phones and tablets need it. The CA is
made once per plant and trusted once per device; the certificate of a server or client host is made
again whenever its names change or its end is near. Its keys never leave the folder.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.keys import write_private

CA_DAYS = 3650
HOST_DAYS = (
    397  # Apple's limit is 825 for a private CA; public ones use 397, which all platforms take
)
RENEW_DAYS = 30
_EARLY = timedelta(hours=24)  # a phone whose clock is late must not find it "not yet valid"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files to serve https with, the CA to trust, and its SHA-256 fingerprint to compare by eye."""

    certificate: Path
    key: Path
    ca: Path
    fingerprint: str


def ensure(folder: Path, hosts: tuple[str, ...], plant: str, now: datetime) -> TlsFiles:
    """Return a certificate valid now for all `hosts` (names, addresses); made where missing."""
    assert hosts, "a certificate without a host would be trusted by nobody"
    ca_file, host_file = folder / "ca.pem", folder / "host.pem"
    ca_key_file, host_key_file = folder / "ca.key", folder / "host.key"
    if not (ca_file.exists() and ca_key_file.exists()):
        ca_key = ec.generate_private_key(ec.SECP256R1())
        write_private(ca_key_file, _pem(ca_key))
        ca_file.write_bytes(_authority(ca_key, plant, now).public_bytes(Encoding.PEM))
        host_file.unlink(missing_ok=True)
    ca = x509.load_pem_x509_certificate(ca_file.read_bytes())
    if not (host_key_file.exists() and _good(host_file, hosts, now)):
        key = ec.generate_private_key(ec.SECP256R1())
        write_private(host_key_file, _pem(key))
        signed = _host(key, ca, _load(ca_key_file), hosts, now)
        host_file.write_bytes(signed.public_bytes(Encoding.PEM) + ca_file.read_bytes())
    return TlsFiles(host_file, host_key_file, ca_file, fingerprint(ca_file))


def fingerprint(ca_file: Path) -> str:
    """Return the SHA-256 fingerprint of a certificate file as pairs of hex digits."""
    certificate = x509.load_pem_x509_certificate(ca_file.read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _load(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), path.name
    return key


def _good(path: Path, hosts: tuple[str, ...], now: datetime) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    left = certificate.not_valid_after_utc - now
    return set(_names(hosts)) <= set(names) and left > timedelta(days=RENEW_DAYS)


def _names(hosts: tuple[str, ...]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _subject(plant: str, part: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"Anshao {plant}"[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Anshao {plant} {part}"[:64]),
        ]
    )


def _authority(key: ec.EllipticCurvePrivateKey, plant: str, now: datetime) -> x509.Certificate:
    name = _subject(plant, "CA")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _host(
    key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    hosts: tuple[str, ...],
    now: datetime,
) -> x509.Certificate:
    ca_id = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=HOST_DAYS))
        .add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
