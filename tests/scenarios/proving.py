"""A hazard of the demo plant, its proof file, and what somebody may do to such a file."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import anshao
from app.translate import read_catalogs
from domain.changes import genesis, link, link_digest
from domain.proof_checks import check, worth
from domain.proof_reading import ProofError, read
from domain.proofs import Chain, Hole, Kept, Others, Proof
from domain.records import Value
from server.keys import public_bytes
from server.proofs import seal
from server.settings import ServerSettings
from tests.helpers.plant import Device
from tests.scenarios.loop import act, report

INSPECTOR, LEADER = "U003", "U025"
WORDS = "高高液位联锁旁路没恢复"
FLIPS = 400
Path_ = tuple[str | int, ...]  # of a value in a JSON document
CATALOGS = read_catalogs(anshao.ROOT / "assets" / "locale")


@dataclass(frozen=True)
class Made:
    """What one day at the plant left behind."""

    folder: Path
    record_id: str
    file: bytes  # exported by the server
    own: bytes  # exported by the device
    pem: bytes
    plant_key: Ed25519PrivateKey

    @property
    def proof(self) -> Proof:
        """The server's file, read."""
        return read(self.file)

    @property
    def key(self) -> bytes:
        """The plant's public key."""
        return public_bytes(self.plant_key)


async def hazard(device: Device) -> str:
    """Report a hazard with two photos, accept it; everything is on the server afterwards."""
    report(device, INSPECTOR, "DB-03", "另一处", ("panorama",))
    record_id = report(device, INSPECTOR, "TK-101", WORDS, ("panorama", "closeup"))
    report(device, INSPECTOR, "DB-03", "又一处")
    await device.sync()
    act(device, LEADER, record_id, "accept>accepted")
    await device.sync()
    await device.sync()
    return record_id


def codes(proof: Proof, key: bytes | None, *marks: str) -> set[str]:
    """The codes of the findings with one of these marks."""
    return {one.code for one in check(proof, key) if one.mark in marks}


def resealed(proof: Proof) -> Proof:
    """What somebody makes who has a key of their own, and puts it into the file, too."""
    forger = Ed25519PrivateKey.generate()
    return seal(proof, forger, frozenset(one.device_id for one in proof.chains))


def with_links(proof: Proof, change: Callable[[Kept | Others], Kept | Others]) -> tuple[Chain, ...]:
    """The chains of a proof with each link changed; a server's have no holes."""
    return tuple(
        replace(chain, links=tuple(change(one) for one in chain.links if not isinstance(one, Hole)))
        for chain in proof.chains
    )


def leaves(value: Value, path: Path_ = ()) -> Iterator[Path_]:
    """The path of every value in a JSON document."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from leaves(part, (*path, at))
    else:
        yield path


def flipped(value: Value, dice: random.Random) -> Value:
    """Another value of the same kind."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value + dice.choice((-1, 1))
    if not value or not isinstance(value, str):
        return "x"
    at = dice.randrange(len(value))
    return (
        value[:at]
        + dice.choice([c for c in "0123456789abcdefX" if c != value[at]])
        + value[at + 1 :]
    )


def with_value(data: bytes, path: Path_, change: Callable[[Value], Value]) -> bytes:
    """The bytes of a proof file in which one value is another one; all else is as it was."""
    document = changed(json.loads(data), path, change)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def changed(value: Value, path: Path_, change: Callable[[Value], Value]) -> Value:
    """A document with the value at the end of a path changed."""
    if not path:
        return change(value)
    part, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {**value, str(part): changed(value[str(part)], rest, change)}
    assert isinstance(value, list)
    return [changed(one, rest, change) if at == part else one for at, one in enumerate(value)]


def verdict(data: bytes, key: bytes) -> bool:
    """Whether verify would say that everything holds."""
    try:
        return worth(check(read(data), key), key) == "holds"
    except ProofError:
        return False


def rechained(proof: Proof, change: Callable[[bytes], bytes]) -> tuple[Chain, ...]:
    """Chains with other bodies and every hash after them computed again, as the issue has it."""
    chains: list[Chain] = []
    for chain in proof.chains:
        head, links = genesis(chain.device_id, chain.public_key), list[Kept | Others]()
        for one in chain.links:
            if isinstance(one, Others):
                for at in range(0, len(one.digests), 32):
                    head = link_digest(head, one.digests[at : at + 32])
                links.append(one)
            elif isinstance(one, Kept):
                body = change(one.body)
                head = link(head, body)
                links.append(replace(one, body=body, hash=head))
        chains.append(replace(chain, links=tuple(links)))
    return tuple(chains)


def server_settings(folder: Path) -> ServerSettings:
    """Settings of a server in a folder."""
    return ServerSettings(home=folder)
