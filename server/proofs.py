"""Proof files made by the server: it alone can say which devices it took in, and seal the file."""

from dataclasses import replace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session

from domain.proofs import Chain, Proof, encode, sealed_bytes, statement_bytes
from domain.records import Record
from offline_store import devices, proofs
from offline_store.database import Store, open_store
from server import clock, keys, pack, standing
from server.keys import public_bytes
from server.registers import Base, definitions_of
from server.settings import ServerSettings
from server.site import SERVER_DEVICE


def export(settings: ServerSettings, wanted: str, *, small: bool = False) -> bytes:
    """Return the sealed proof file of a record of this server, named by id or short code.

    Raises ServerMissingError, RecordMissingError, ProofError.
    """
    standing.require(settings)
    store = open_store(settings.home, settings.database_url)
    try:
        return encode(_proof(settings, store, wanted, small=small))
    finally:
        store.close()


def public_pem(settings: ServerSettings) -> bytes:
    """Return the plant's public key as a PEM file; raises ServerMissingError."""
    standing.require(settings)
    key = keys.server_key(settings.home / "keys").public_key()
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def seal(proof: Proof, key: Ed25519PrivateKey, enrolled: frozenset[str]) -> Proof:
    """Return the proof with the plant's key, its statement on each device it took in, its seal."""
    chains = tuple(_stated(one, key, enrolled) for one in proof.chains)
    stated = replace(proof, key=public_bytes(key), chains=chains, seal=None)
    return replace(stated, seal=key.sign(sealed_bytes(stated)))


def _stated(chain: Chain, key: Ed25519PrivateKey, enrolled: frozenset[str]) -> Chain:
    if chain.device_id not in enrolled:
        return chain
    said = statement_bytes(chain.device_id, chain.public_key, chain.name, chain.enrolled_ms)
    return replace(chain, statement=key.sign(said))


def _proof(settings: ServerSettings, store: Store, wanted: str, *, small: bool) -> Proof:
    files = pack.without_pins(pack.load_files(settings.definitions))
    files = pack.with_served(settings.home, files)
    now = clock.now_ms()
    with store.reading() as session:
        base = Base(files, clock.moment(now).date(), {}, {})
        maker = proofs.Maker(SERVER_DEVICE, now, definitions_of(base, session))
        record = proofs.find(session, wanted)
        return sealed_proof(settings, store, session, record, maker, small=small)


def sealed_proof(
    settings: ServerSettings,
    store: Store,
    session: Session,
    record: Record,
    maker: proofs.Maker,
    *,
    small: bool,
) -> Proof:
    """Return the proof of a record with the plant's statements and seal; raises ProofError."""
    proof = proofs.gather(store, session, record, maker, small=small)
    known = devices.find(session, [chain.device_id for chain in proof.chains])
    enrolled = frozenset(one.device_id for one in known if one.token_hash is not None)
    return seal(proof, keys.server_key(settings.home / "keys"), enrolled)
