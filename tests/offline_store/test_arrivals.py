"""Chains with holes promise: a decision stands by itself, and neighbours that are here must fit."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.changes import DeviceTime
from domain.errors import ChainBrokenError
from domain.merge import POLICIES
from domain.proof_reading import ProofError
from domain.signatures import SignatureWrongError
from offline_store import arrivals, devices, entries, journal, proofs, records
from offline_store.database import Store, open_store
from offline_store.entries import Logged
from offline_store.journal import Arrival
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


def test_a_proof_is_made_of_whole_chains_only(pair: Pair) -> None:
    maker = proofs.Maker("A", 1, demo_definitions(date(2026, 10, 20)))
    pair.take([pair.arrival(3), pair.arrival(4)])
    with pair.here.reading() as session, pytest.raises(ProofError) as refused:
        proofs.gather(pair.here, session, records.get(session, "r2"), maker)
    assert refused.value.params["reason"] == "proof_gap"
    pair.take([pair.arrival(1), pair.arrival(2)])
    with pair.here.reading() as session:
        made = proofs.gather(pair.here, session, records.get(session, "r2"), maker)
    assert [one.number for one in made.chains[0].kept] == [3, 4]
