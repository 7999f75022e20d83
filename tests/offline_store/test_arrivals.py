"""Chains with holes promise: a decision stands by itself, and neighbours that are here must fit."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from domain.changes import DeviceTime, canonical
from domain.errors import ChainBrokenError
from domain.merge import POLICIES
from domain.proof_checks import check
from domain.proof_reading import ProofError, read
from domain.proofs import Proof, encode
from domain.signatures import SignatureWrongError
from offline_store import arrivals, devices, entries, journal, proofs, records
from offline_store.database import Store, open_store
from offline_store.entries import Logged
from offline_store.journal import Arrival
from offline_store.tables import EntryRow
from tests.helpers.definitions import demo_definitions

COUNT = 12  # entries of one device; every third is a decision, each two share a record
Came = tuple[Arrival, bytes | None]


@dataclass
class Pair:
    """The whole chain of a device, and a store that gets parts of it."""

    made: list[Logged]
    here: Store

    def arrival(self, number: int, **changes: object) -> Came:
        one = self.made[number - 1]
        before = self.made[number - 2].hash if number > 1 else None
        signature = one.signature if one.entry.kind == "decide" else None
        arrival = Arrival(one.entry, one.body, number, "accepted", None, 5, signature)
        return arrival._replace(**changes), before  # pyright: ignore[reportArgumentType]

    def take(self, came: Sequence[Came]) -> list[str]:
        with self.here.session() as session:
            return arrivals.receive(session, came, POLICIES)

    def numbers(self) -> list[int]:
        with self.here.reading() as session:
            return [one.entry.number for one in entries.of_device(session, "A", 1, 100)]


@pytest.fixture
def pair() -> Iterator[Pair]:
    key = Ed25519PrivateKey.generate()
    there, here = open_store(None), open_store(None)
    for store in (there, here):
        with store.session() as session:
            devices.add(session, devices.Device("A", key.public_key().public_bytes_raw()))
    for number in range(1, COUNT + 1):
        stamp = journal.Stamp(number, 0, DeviceTime(number, 1, "b", 5), f"e{number}")
        with there.session() as session:
            journal.write(
                session,
                journal.Author("A", "U012", key.sign),
                stamp,
                kind="decide" if number % 3 == 0 else "edit",
                record_id=f"r{(number + 1) // 2}",
                type="gap",
                definition="gap@1",
                set={"note": f"n{number}"},
            )
    with there.reading() as session:
        made = entries.of_device(session, "A", 1, 100)
    there.close()
    yield Pair(made, here)
    here.close()


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_in_whatever_order_ends_as_the_chain_that_was_made(
    pair: Pair, seed: int
) -> None:
    chance = random.Random(seed)
    order = [chance.sample(range(1, COUNT + 1), chance.randint(1, COUNT)) for _ in range(4)]
    for numbers in order:
        pair.take([pair.arrival(number) for number in numbers])
    known = {number for numbers in order for number in numbers}
    with pair.here.reading() as session:
        here = {one.entry.number: one for one in entries.of_device(session, "A", 1, 100)}
        assert not entries.broken(session, waiting=False)
    assert here.keys() == known
    assert all(one.hash == pair.made[number - 1].hash for number, one in here.items()), seed


def test_without_the_hash_before_it_an_entry_needs_the_one_before(pair: Pair) -> None:
    with pytest.raises(ChainBrokenError) as broken:
        pair.take([(pair.arrival(5)[0], None)])
    assert broken.value.params == {"device": "A", "number": 5}
    pair.take([pair.arrival(4), (pair.arrival(5)[0], None)])
    assert pair.numbers() == [4, 5]


def test_a_hash_that_its_neighbours_deny_is_refused_and_nothing_is_kept(pair: Pair) -> None:
    pair.take([pair.arrival(2)])
    with pytest.raises(ChainBrokenError):
        pair.take([pair.arrival(7), (pair.arrival(3)[0], b"\1" * 32)])
    assert pair.numbers() == [2]
    pair.take([pair.arrival(5)])
    wrong = pair.arrival(4)[0]._replace(body=pair.made[3].body.replace(b"n4", b"n9"))
    with pytest.raises(ChainBrokenError):  # it does not lead to the fifth
        pair.take([(wrong, pair.made[2].hash)])
    assert pair.numbers() == [2, 5]


def test_the_same_number_with_other_bytes_is_a_fork(pair: Pair) -> None:
    pair.take([pair.arrival(4)])
    other = pair.arrival(4)[0]._replace(body=pair.made[3].body.replace(b"n4", b"n9"))
    with pytest.raises(ChainBrokenError):
        pair.take([(other, pair.made[2].hash)])


@pytest.mark.parametrize("what", ["body", "prev", "signature"])
def test_behind_a_hole_a_decision_is_what_its_device_signed_or_nothing(
    pair: Pair, what: str
) -> None:
    arrival, before = pair.arrival(6)
    if what == "body":
        arrival = arrival._replace(body=arrival.body.replace(b"n6", b"n9"))
    elif what == "prev":
        before = b"\2" * 32
    else:
        arrival = arrival._replace(signature=b"\3" * 64)
    with pytest.raises(SignatureWrongError):
        pair.take([(arrival, before)])
    assert pair.numbers() == []


def test_an_entry_that_is_known_only_learns_its_verdict(pair: Pair) -> None:
    pair.take([pair.arrival(7), pair.arrival(8)])
    pair.take([pair.arrival(8, verdict="refused", code="access.denied", feed=40)])
    with pair.here.reading() as session:
        one = entries.of_device(session, "A", 8, 1)[0]
        assert (one.verdict, one.code, one.feed) == ("refused", "access.denied", 40)
        assert records.get(session, "r4").text("note") == "n7"


def proof_of(pair: Pair, record_id: str) -> Proof:
    """What a store makes of a record, written and read again."""
    maker = proofs.Maker("A", 1, demo_definitions(date(2026, 10, 20)))
    with pair.here.reading() as session:
        made = proofs.gather(pair.here, session, records.get(session, record_id), maker)
    return read(encode(made))


def said(proof: Proof) -> dict[str, list[int]]:
    """What `verify` says, with the entry it says it of; the plant's key does not help here."""
    found: dict[str, list[int]] = {}
    for one in check(proof, b"\7" * 32):
        number = one.params.get("number")
        found.setdefault(one.code, []).append(number if isinstance(number, int) else 0)
    return found


def test_a_proof_of_a_part_says_what_is_there_and_what_is_not(pair: Pair) -> None:
    pair.take([pair.arrival(3), pair.arrival(4), pair.arrival(9), pair.arrival(10)])
    proof = proof_of(pair, "r2")
    (chain,) = proof.chains
    assert [(one.first, one.last) for one in chain.holes] == [(1, 2)]
    assert [one.number for one in chain.kept] == [3, 4]
    found = said(proof)
    assert found["entry.signed"] == [3]
    assert found["entry.unsigned"] == [4]  # a signature behind a hole vouches for nothing before it
    assert "chain.parts" in found
    assert "chain.whole" not in found
    assert not {"chain.broken", "entry.forged", "head.false"} & found.keys()
    told = next(one for one in check(proof) if one.code == "chain.parts")
    assert (told.mark, told.params["spans"], told.params["missing"]) == ("open", "1-2", 2)
    pair.take([pair.arrival(5), pair.arrival(6)])  # now the sixth, a decision, covers the fourth
    found = said(proof_of(pair, "r2"))
    assert found["entry.covered"] == [4]
    assert "entry.unsigned" not in found


def test_a_proof_of_the_whole_chain_stays_what_it_was(pair: Pair) -> None:
    pair.take([pair.arrival(number) for number in (1, 2, 3, 4)])
    proof = proof_of(pair, "r2")
    assert proof.chains[0].holes == ()
    assert b'"v":1' in encode(proof)
    assert "chain.whole" in said(proof)


def test_what_is_changed_beside_a_hole_is_found(pair: Pair) -> None:
    pair.take([pair.arrival(3), pair.arrival(6)])
    proof = proof_of(pair, "r2")
    (chain,) = proof.chains

    def changed(**parts: object) -> Proof:
        links = tuple(
            replace(one, **{k: v for k, v in parts.items() if hasattr(one, k)})  # pyright: ignore[reportArgumentType]
            for one in chain.links
        )
        return replace(proof, chains=(replace(chain, links=links),))

    (kept,) = chain.kept
    for other in (
        changed(head=b"\1" * 32),
        changed(body=kept.body.replace(b"n3", b"n9")),
        changed(signature=b"\1" * 64),
    ):
        found = said(other)
        assert {"chain.broken", "entry.forged"} & found.keys(), found
    for first, last in ((2, 2), (1, 1)):  # a hole of another length
        assert "chain.gap" in said(changed(first=first, last=last))


@pytest.mark.parametrize("cut", ["holes", "version"])
def test_a_file_with_holes_says_so_in_its_version(pair: Pair, cut: str) -> None:
    pair.take([pair.arrival(3)])
    data = encode(proof_of(pair, "r2"))
    assert b'"v":2' in data
    if cut == "version":
        data = data.replace(b'"v":2', b'"v":1')
    else:
        document = json.loads(data)
        document["devices"][0]["chain"] = document["devices"][0]["chain"][1:]
        data = canonical(document)
    with pytest.raises(ProofError) as refused:
        read(data)
    assert refused.value.params["reason"] == "proof_version"


def test_what_came_before_this_version_makes_no_proof_beside_a_hole(pair: Pair) -> None:
    pair.take([pair.arrival(3)])
    with pair.here.session() as session:  # the version before kept no hash before it
        session.connection().execute(update(EntryRow).values(params=None))
    with pytest.raises(ProofError) as refused:
        proof_of(pair, "r2")
    assert refused.value.params["reason"] == "proof_gap"
