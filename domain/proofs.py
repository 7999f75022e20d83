"""Proof files: one record with all that shows where it comes from, for people without server.

A proof is one file of canonical JSON. It holds the entries of a record and of its evidence as the
devices hashed them; of every other entry of those devices 32 bytes stand in its place, so that each
chain can be followed from its beginning. A device that has not everything leaves holes, and says
where: each part is then worth what is signed in it. With them go the devices' keys, their
signatures, the server's receipts, the photos, and the names to read it all by.
`domain.proof_reading` reads such a file, `domain.proof_checks` says what holds.
"""

import base64
import hashlib
from dataclasses import dataclass

from domain.changes import canonical
from domain.records import Value

FORMAT, VERSION = "anshao-proof", 1
WITH_HOLES = 2  # version of a file whose maker had a part of some chain
SERVER = "server"  # device id of what the server writes by itself
RULE = "rule"  # person id of what no person did
EVIDENCE = "evidence"
FILE_CELLS = ("original", "thumb")  # cells of evidence that name a file; the first one is best
FILES_MAX_BYTES = 64 * 1024 * 1024  # of photos and clips, before they become text
DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Others:
    """Entries of other records, from number `first` on: 32 bytes (SHA-256 of the body) for each."""

    first: int
    digests: bytes

    @property
    def last(self) -> int:
        """Number of the last of them."""
        return self.first + len(self.digests) // DIGEST_BYTES - 1


@dataclass(frozen=True, slots=True)
class Hole:
    """Entries `first` to `last` that the maker of the file did not have.

    `head` is said to be the hash of the last: nothing ties what lies before to what lies behind.
    """

    first: int
    last: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry of the record: its exact bytes, its chain hash, and what the server made of it."""

    number: int
    body: bytes
    hash: bytes
    signature: bytes | None
    received_ms: int | None
    verdict: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """A signature of an entry of whatever record: it vouches for the whole chain up to there."""

    number: int
    kind: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server's signature for entries `first` to `last`, of which the last has hash `head`."""

    first: int
    last: int
    head: bytes
    feed: int
    at_ms: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Chain:
    """A device and its chain; `statement` is the server's signature that it took this device in."""

    device_id: str
    public_key: bytes
    name: str
    enrolled_ms: int | None
    statement: bytes | None
    links: tuple[Others | Kept | Hole, ...]
    heads: tuple[Head, ...] = ()
    receipts: tuple[Receipt, ...] = ()

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The entries that are here with their bytes."""
        return tuple(one for one in self.links if isinstance(one, Kept))

    @property
    def holes(self) -> tuple[Hole, ...]:
        """What the maker of the file did not have."""
        return tuple(one for one in self.links if isinstance(one, Hole))


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A photo or clip that evidence names, and the server's receipt for it, if there is one."""

    sha256: bytes
    data: bytes
    receipt: bytes | None = None
    received_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """What a code of the entries is called: `table` is "people", "states" and the like."""

    table: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Proof:
    """All that one file says. `seal` is the server's signature over everything else in it."""

    record_id: str
    type: str
    plant: str
    timezone: str
    made_ms: int
    made_by: str  # device id of whose store it was made from
    key: bytes | None  # the plant's public key as the maker of the file says
    chains: tuple[Chain, ...]
    files: tuple[ProofFile, ...]
    names: tuple[Name, ...]
    seal: bytes | None = None


def encode(proof: Proof) -> bytes:
    """Return the bytes of the file."""
    return canonical(_content(proof) | {"seal": _hex(proof.seal)})


def sealed_bytes(proof: Proof) -> bytes:
    """Return what the server signs as seal: whatever is changed, added or left out breaks it."""
    digest = hashlib.sha256(canonical(_content(proof))).digest()
    return b"anshao-proof-v1\0" + digest


def statement_bytes(device_id: str, public_key: bytes, name: str, enrolled_ms: int | None) -> bytes:
    """Return what the server signs to say that a device with this key belongs to the plant."""
    row: list[Value] = [device_id, public_key.hex(), name, enrolled_ms]
    return b"anshao-device-v1\0" + canonical(row)


def _content(proof: Proof) -> dict[str, Value]:
    return {
        "format": FORMAT,
        "v": WITH_HOLES if any(one.holes for one in proof.chains) else VERSION,
        "record": proof.record_id,
        "type": proof.type,
        "plant": proof.plant,
        "timezone": proof.timezone,
        "made_ms": proof.made_ms,
        "made_by": proof.made_by,
        "key": _hex(proof.key),
        "devices": [_chain(one) for one in proof.chains],
        "files": [_file(one) for one in proof.files],
        "names": [[one.table, one.code, one.zh, one.en] for one in proof.names],
    }


def _chain(chain: Chain) -> Value:
    return {
        "id": chain.device_id,
        "key": chain.public_key.hex(),
        "name": chain.name,
        "enrolled_ms": chain.enrolled_ms,
        "statement": _hex(chain.statement),
        "chain": [_link(one) for one in chain.links],
        "heads": [
            {"n": one.number, "kind": one.kind, "sig": one.signature.hex()} for one in chain.heads
        ],
        "receipts": [
            {
                "first": one.first,
                "last": one.last,
                "head": one.head.hex(),
                "feed": one.feed,
                "at_ms": one.at_ms,
                "sig": one.signature.hex(),
            }
            for one in chain.receipts
        ],
    }


def _link(one: Others | Kept | Hole) -> Value:
    if isinstance(one, Hole):
        return {"n": one.first, "to": one.last, "head": one.head.hex()}
    if isinstance(one, Others):
        return {"n": one.first, "others": _base64(one.digests)}
    return {
        "n": one.number,
        "body": one.body.decode(),
        "hash": one.hash.hex(),
        "sig": _hex(one.signature),
        "received_ms": one.received_ms,
        "verdict": one.verdict,
        "code": one.code,
    }


def _file(one: ProofFile) -> Value:
    return {
        "sha256": one.sha256.hex(),
        "data": _base64(one.data),
        "receipt": _hex(one.receipt),
        "received_ms": one.received_ms,
    }


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data.hex()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
