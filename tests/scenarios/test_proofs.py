"""A record proved to somebody who has neither server nor account: `anshao export` and `verify`.

One hazard of the demo plant, reported with photos and accepted on a real device, is exported from
the real server once; each test judges that file, or a copy that somebody has tampered with.
"""

import asyncio
import hashlib
import json
import random
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.changes import canonical, decode
from domain.proof_checks import check
from domain.proof_reading import read
from domain.proofs import Chain, Head, Kept, Others, Proof
from server import proofs as server_proofs
from server.keys import public_bytes
from server.proofs import seal
from tests.helpers.plant import PlantSite
from tests.scenarios.proving import (
    FLIPS,
    WORDS,
    Made,
    Path_,
    codes,
    flipped,
    hazard,
    leaves,
    rechained,
    resealed,
    verdict,
    with_links,
    with_value,
)


def test_everything_of_an_exported_record_holds(made: Made) -> None:
    found = check(made.proof, made.key)
    assert not [one for one in found if one.mark in ("broken", "open")]
    assert found[-1].code == "sum.holds"
    assert {one.type for one in (e.entry for e in found) if one} == {"hazard", "evidence"}


async def test_it_holds_on_both_databases(site: PlantSite) -> None:
    device = await site.device()
    record_id = await hazard(device)
    file = await asyncio.to_thread(server_proofs.export, site.server_settings, record_id)
    key = public_bytes(site.server.state.site.key)
    assert not codes(read(file), key, "broken", "open")


def test_a_change_of_any_value_is_noticed(made: Made) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    document = json.loads(made.file)
    paths = list(leaves(document))
    kinds: dict[Path_, list[Path_]] = {}
    for path in paths:
        kinds.setdefault(tuple("*" if isinstance(part, int) else part for part in path), []).append(
            path
        )
    chosen = [dice.choice(some) for some in kinds.values()] + dice.choices(paths, k=FLIPS)
    for path in chosen:
        data = with_value(made.file, path, lambda value: flipped(value, dice))
        assert not verdict(data, made.key), f"seed {seed}: {path}"


def test_a_change_of_any_byte_is_noticed(made: Made) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(FLIPS):
        data = bytearray(made.file)
        at = dice.randrange(len(data))
        data[at] ^= 1 << dice.randrange(8)
        assert not verdict(bytes(data), made.key), f"seed {seed}: byte {at}"


def test_a_part_that_was_taken_out_is_noticed(made: Made) -> None:
    document = json.loads(made.file)
    for name, some in (("files", document["files"]), ("names", document["names"])):
        shorter = canonical({**document, name: some[1:]})
        assert not verdict(shorter, made.key), name


def test_the_key_of_another_plant_proves_nothing(made: Made) -> None:
    other = public_bytes(Ed25519PrivateKey.generate())
    broken = codes(made.proof, other, "broken")
    assert {"key.other", "seal.broken", "device.false", "entry.receipt_false"} <= broken


def test_a_forger_with_a_key_of_his_own_is_consistent_but_not_the_plant(made: Made) -> None:
    forged = resealed(made.proof)
    assert {"key.other", "seal.broken"} <= codes(forged, made.key, "broken")
    honest = check(made.proof)
    assert honest[-1].code == "sum.consistent"
    assert any(one.code == "key.inside" for one in honest)


def test_words_changed_in_an_entry_break_chain_and_signature(made: Made) -> None:
    def soften(one: Kept | Others) -> Kept | Others:
        if isinstance(one, Others):
            return one
        return replace(one, body=one.body.replace(WORDS.encode(), "都正常".encode()))

    broken = codes(
        resealed(replace(made.proof, chains=with_links(made.proof, soften))), made.key, "broken"
    )
    assert "chain.broken" in broken
    assert "entry.forged" in broken


def test_hashes_computed_again_after_a_change_do_not_help(made: Made) -> None:
    chains = rechained(made.proof, lambda body: body.replace(WORDS.encode(), "都正常".encode()))
    broken = codes(replace(made.proof, chains=chains), made.key, "broken")
    assert "chain.broken" not in broken
    assert {"entry.forged", "receipt.false", "seal.broken"} <= broken


def test_an_entry_that_was_left_out_is_named(made: Made) -> None:
    chain = next(one for one in made.proof.chains if one.kept)
    gone = next(one for one in chain.kept if decode(one.body, chain.device_id).type == "hazard")

    def hide(one: Kept | Others) -> Kept | Others:
        return Others(gone.number, hashlib.sha256(gone.body).digest()) if one == gone else one

    hidden = replace(made.proof, chains=with_links(made.proof, hide), seal=None)
    found = check(hidden, made.key)
    missing = [one.params["number"] for one in found if one.code == "base.missing"]
    assert missing == [gone.number]
    cut = replace(chain, links=tuple(one for one in chain.links if one != gone))
    assert "chain.gap" in codes(replace(made.proof, chains=(cut,)), made.key, "broken")


def test_an_old_digest_that_was_swapped_breaks_what_is_signed_after_it(seeded: Made) -> None:
    def swap(one: Kept | Others) -> Kept | Others:
        return Others(one.first, b"\1" * 32 + one.digests[32:]) if isinstance(one, Others) else one

    proof = replace(seeded.proof, chains=with_links(seeded.proof, swap))
    assert any(isinstance(one, Others) for one in seeded.proof.chains[0].links)
    assert {"chain.broken", "seal.broken"} <= codes(proof, seeded.key, "broken")


def test_a_photo_that_was_swapped_is_named(made: Made) -> None:
    files = tuple(replace(one, data=b"another photo") for one in made.proof.files)
    broken = codes(replace(made.proof, files=files), made.key, "broken")
    assert {"file.swapped", "file.receipt_false"} <= broken
    honest = tuple(replace(one, sha256=hashlib.sha256(b"x").digest(), data=b"x") for one in files)
    assert "file.stranger" in codes(replace(made.proof, files=honest), made.key, "broken")


def test_a_photo_that_is_missing_is_named(made: Made) -> None:
    assert "file.missing" in codes(replace(made.proof, files=()), made.key, "open")


def test_entries_without_signature_are_reported_as_not_signed(made: Made) -> None:
    def bare(one: Kept | Others) -> Kept | Others:
        return one if isinstance(one, Others) else replace(one, signature=None)

    chains = tuple(replace(c, heads=()) for c in with_links(made.proof, bare))
    proof = seal(
        replace(made.proof, chains=chains),
        made.plant_key,
        frozenset(one.device_id for one in chains),
    )
    found = check(proof, made.key)
    assert not [one for one in found if one.mark == "broken"]
    assert [one.code for one in found if one.mark == "open"] == [
        *["entry.unsigned"] * len(proof.chains[0].kept), "sum.open",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "code", "said"),
    [
        ("quarantined", "entry.unsigned", "entry.quarantined"),
        ("accepted", "entry.released", "entry.released"),
    ],
)
def test_what_the_server_held_is_unproved_whatever_was_signed_behind_it(
    made: Made, verdict: str, code: str, said: str
) -> None:
    chain = made.proof.chains[0]
    first = chain.kept[0]
    assert any(one.number > first.number for one in chain.heads) or chain.kept[-1].signature

    def hold(one: Kept | Others) -> Kept | Others:
        if one != first:
            return one
        return replace(first, signature=None, verdict=verdict, code=code)

    proof = seal(
        replace(made.proof, chains=with_links(made.proof, hold)),
        made.plant_key,
        frozenset(one.device_id for one in made.proof.chains),
    )
    found = check(proof, made.key)
    assert not [one for one in found if one.mark == "broken"]
    opened = [one.code for one in found if one.mark == "open"]
    assert opened == ["entry.held", said, "sum.open"]


def test_a_device_that_the_server_did_not_enrol_is_only_claimed(made: Made) -> None:
    proof = seal(made.proof, made.plant_key, frozenset())
    assert "device.claimed" not in codes(made.proof, made.key, "open")
    bare = tuple(replace(one, statement=None) for one in proof.chains)
    assert "device.claimed" in codes(
        seal(replace(proof, chains=bare), made.plant_key, frozenset()), made.key, "open"
    )


def test_a_devices_own_file_claims_what_only_the_server_can_say(made: Made) -> None:
    found = check(read(made.own), made.key)
    assert not [one for one in found if one.mark == "broken"]
    opened = {one.code for one in found if one.mark == "open"}
    assert {"seal.none", "device.claimed", "sum.open"} <= opened
    assert {"entry.signed", "entry.received"} <= {one.code for one in found}


def test_what_the_server_wrote_in_a_persons_name_is_only_claimed(seeded: Made) -> None:
    found = check(seeded.proof, seeded.key)
    assert not [one for one in found if one.mark == "broken"]
    assert {"device.server", "chain.whole", "entry.signed", "entry.received"} <= {
        one.code for one in found
    }
    # the demo's first day: written in the names of people who signed nothing themselves
    assert {one.code for one in found if one.mark == "open"} == {"entry.by_server", "sum.open"}


def first(proof: Proof, chain: Chain) -> Proof:
    """The proof with another first chain."""
    return replace(proof, chains=(chain, *proof.chains[1:]))


WRONG: dict[str, tuple[str, Callable[[Proof], Proof]]] = {
    "the chain ends before its receipts": (
        "chain.short",
        lambda proof: first(proof, replace(proof.chains[0], links=proof.chains[0].links[:-1])),
    ),
    "an entry of another record": (
        "entry.stranger",
        lambda proof: replace(
            proof,
            record_id=decode(proof.chains[0].kept[0].body, proof.chains[0].device_id).record_id,
        ),
    ),
    "no entry of the record": ("entry.none", lambda proof: replace(proof, record_id="another")),
    "an entry in the place of another": (
        "entry.unreadable",
        lambda proof: replace(
            proof, chains=rechained(proof, lambda body: re.sub(rb'"n":\d+', b'"n":77', body))
        ),
    ),
    "a device that calls itself the server": (
        "device.false",
        lambda proof: first(proof, replace(proof.chains[0], device_id="server")),
    ),
    "a device twice": ("twice", lambda proof: replace(proof, chains=proof.chains * 2)),
    "a photo twice": ("twice", lambda proof: replace(proof, files=proof.files * 2)),
    "a name twice": ("twice", lambda proof: replace(proof, names=proof.names * 2)),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_even_under_the_plants_own_seal(made: Made, what: str) -> None:
    code, change = WRONG[what]
    proof = seal(change(made.proof), made.plant_key, frozenset())
    broken = codes(proof, made.key, "broken")
    assert code in broken
    assert "seal.broken" not in broken


def test_a_decision_counts_only_with_a_signature_of_its_own(made: Made) -> None:
    chain = made.proof.chains[0]
    kinds = {one.number: decode(one.body, chain.device_id).kind for one in chain.kept}
    last = chain.kept[-1]
    assert kinds[last.number] == "decide"
    assert last.signature
    decided = [one for one in chain.kept[:-1] if kinds[one.number] == "decide"]
    links = tuple(replace(one, signature=None) if one in decided else one for one in chain.links)
    head = Head(last.number, "decide", last.signature)
    proof = first(made.proof, replace(chain, links=links, heads=(*chain.heads, head)))
    found = [one for one in check(proof, made.key) if one.code == "entry.unsigned"]
    assert [one.params["number"] for one in found] == [one.number for one in decided]
