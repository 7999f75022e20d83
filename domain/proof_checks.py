"""What of a proof holds: every claim of the file against hashes and signatures, nothing on trust.

The file is somebody's word. What counts is the plant's public key that the reader got by another
way; with the key inside the file alone only its consistency can be shown.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from domain.carried import inside, proved
from domain.changes import DECISIONS, Entry, decode, genesis, link, link_digest, signed_bytes
from domain.errors import EntryInvalidError
from domain.joins import heads
from domain.privacy import REMOVAL, removed_in
from domain.proof_findings import Finding, Mark, Worth, summed, worth
from domain.proof_times import first_anchors, true_time
from domain.proofs import (
    DIGEST_BYTES,
    EVIDENCE,
    FILE_CELLS,
    RULE,
    SERVER,
    Chain,
    Hole,
    Kept,
    Others,
    Proof,
    ProofFile,
    Receipt,
    sealed_bytes,
    statement_bytes,
)
from domain.quarantine import RELEASED
from domain.receipts import blob_receipt_bytes, receipt_bytes
from domain.records import Value
from domain.signatures import verifies
from domain.trusted_time import anchor_of

__all__ = ["Finding", "Mark", "Worth", "check", "worth"]
SPANS_MAX = 12  # holes that are named one by one
MISSING_MAX = 50  # lines about entries that are missing: more tell nothing new


@dataclass(slots=True)
class _Case:
    """A proof under examination: the key that counts, and the entries that could be read."""

    proof: Proof
    key: bytes | None
    entries: list[tuple[Chain, Kept, Entry]] = field(
        default_factory=list[tuple[Chain, Kept, Entry]]
    )
    hashes: dict[str, dict[int, bytes]] = field(default_factory=dict[str, dict[int, bytes]])

    def whole_between(self, chain: Chain, first: int, last: int) -> bool:
        """Whether no hole lies between two entries: a signature vouches for its own part alone."""
        return not any(first <= one.last < last for one in chain.holes)

    def signed(self, message: bytes, signature: bytes | None) -> bool:
        """Whether the plant signed it."""
        return bool(self.key and signature) and verifies(self.key or b"", message, signature or b"")


def check(proof: Proof, key: bytes | None = None) -> list[Finding]:
    """Return what holds and what does not; `key` is the plant's, got by another way than the file.

    The last finding sums up: "sum.holds" only if nothing is broken, missing or merely claimed, and
    the plant's key was given; without it "sum.consistent" is the most that can be said.
    """
    case = _Case(proof, key or proof.key)
    found = [_of_record(proof), _of_key(proof, key), _of_seal(case, key)]
    found += _twice(proof)
    for chain in proof.chains:
        found += _of_device(case, chain)
        found += _of_chain(case, chain)
    found += _of_entries(case)
    found += _of_bases(case)
    found += _of_files(case)
    found.append(Finding("limits", "note"))
    found.append(summed(found, key))
    return found


def _of_record(proof: Proof) -> Finding:
    params: dict[str, Value] = {
        "record": proof.record_id,
        "type": proof.type,
        "plant": proof.plant,
        "made_ms": proof.made_ms,
        "device": proof.made_by,
    }
    return Finding("record", "note", params)


def _of_key(proof: Proof, key: bytes | None) -> Finding:
    if key is None and proof.key is None:
        return Finding("key.none", "open")
    if key is None:
        assert proof.key is not None
        return Finding("key.inside", "note", {"public": proof.key.hex()})  # the sum says what of it
    if proof.key not in (None, key):
        return Finding("key.other", "broken", {"public": key.hex()})
    return Finding("key.given", "holds", {"public": key.hex()})


def _of_seal(case: _Case, key: bytes | None) -> Finding:
    if case.proof.seal is None:
        return Finding("seal.none", "open")
    if case.signed(sealed_bytes(case.proof), case.proof.seal):
        # by the key inside the file nobody knows whose seal it is
        return Finding("seal.good", "holds") if key else Finding("seal.inside", "note")
    return Finding("seal.broken", "broken")


def _twice(proof: Proof) -> Iterator[Finding]:
    """Two of a kind could be read in two ways."""
    devices = [chain.device_id for chain in proof.chains]
    files = [one.sha256 for one in proof.files]
    names = [(one.table, one.code) for one in proof.names]
    if any(len(set(some)) < len(some) for some in (devices, files, names)):
        yield Finding("twice", "broken")


def _of_device(case: _Case, chain: Chain) -> Iterator[Finding]:
    params: dict[str, Value] = {
        "device": chain.device_id,
        "name": chain.name,
        "enrolled_ms": chain.enrolled_ms,
    }
    if chain.device_id == SERVER:
        own = case.key is not None and chain.public_key == case.key
        if own or case.key is not None:
            yield Finding("device.server" if own else "device.false", _mark(own), params)
            return
    if chain.statement is None:
        yield Finding("device.claimed", "open", params)
        return
    said = statement_bytes(chain.device_id, chain.public_key, chain.name, chain.enrolled_ms)
    good = case.signed(said, chain.statement)
    yield Finding("device.enrolled" if good else "device.false", _mark(good), params)


def _of_chain(case: _Case, chain: Chain) -> Iterator[Finding]:
    """Follow the chain from its beginning; keep the hashes that something else refers to."""
    wanted = {one.number for one in (*chain.kept, *chain.heads)}
    wanted |= {number for one in chain.receipts for number in (one.first, one.last)}
    hashes = case.hashes.setdefault(chain.device_id, {})
    head, last, others = genesis(chain.device_id, chain.public_key), 0, 0
    for one in chain.links:
        if (one.number if isinstance(one, Kept) else one.first) != last + 1:
            yield Finding("chain.gap", "broken", {"device": chain.device_id, "number": last + 1})
            return
        if isinstance(one, Hole):
            head, last = one.head, one.last
            continue
        if isinstance(one, Others):
            for at in range(0, len(one.digests), DIGEST_BYTES):
                head, last = link_digest(head, one.digests[at : at + DIGEST_BYTES]), last + 1
                if last in wanted:
                    hashes[last] = head
            others += len(one.digests) // DIGEST_BYTES
            continue
        head, last = link(head, one.body), one.number
        hashes[last] = head
        if head != one.hash:
            yield Finding("chain.broken", "broken", {"device": chain.device_id, "number": last})
            return
    good = wanted <= hashes.keys()
    params: dict[str, Value] = {
        "device": chain.device_id,
        "last": last,
        "kept": len(chain.kept),
        "others": others,
    }
    if good and chain.holes:
        missing = sum(one.last - one.first + 1 for one in chain.holes)
        shown = [f"{one.first}-{one.last}" for one in chain.holes[:SPANS_MAX]]
        spans = ", ".join(shown) + (" …" if len(chain.holes) > SPANS_MAX else "")
        yield Finding("chain.parts", "open", {**params, "missing": missing, "spans": spans})
    else:
        yield Finding("chain.whole" if good else "chain.short", _mark(good), params)
    yield from _of_heads(case, chain)


def _of_heads(case: _Case, chain: Chain) -> Iterator[Finding]:
    for one in chain.heads:
        if not _signs(case, chain, one.number, one.kind, one.signature):
            params: dict[str, Value] = {"device": chain.device_id, "number": one.number}
            yield Finding("head.false", "broken", params)
    for one in chain.receipts:
        if not _received(case, chain, one):
            params = {"device": chain.device_id, "first": one.first, "last": one.last}
            mark: Mark = "broken" if case.key else "open"
            yield Finding("receipt.false" if case.key else "receipt.unread", mark, params)


def _signs(case: _Case, chain: Chain, number: int, kind: str, signature: bytes) -> bool:
    head = case.hashes[chain.device_id].get(number)
    return head is not None and verifies(chain.public_key, signed_bytes(kind, head), signature)


def _received(case: _Case, chain: Chain, one: Receipt) -> bool:
    head = case.hashes[chain.device_id].get(one.last)
    said = receipt_bytes(chain.device_id, one.head.hex(), one.feed, one.at_ms)
    return head == one.head and case.signed(said, one.signature)


def _of_entries(case: _Case) -> Iterator[Finding]:
    """Tell who did what when, in the order of the stamps, and how far each of it is proved."""
    for chain in case.proof.chains:
        for kept in chain.kept:
            try:
                entry = decode(kept.body, chain.device_id)
            except EntryInvalidError:
                entry = None
            if entry is None or entry.number != kept.number:
                params: dict[str, Value] = {"device": chain.device_id, "number": kept.number}
                yield Finding("entry.unreadable", "broken", params)
                continue
            case.entries.append((chain, kept, entry))
    case.entries.sort(key=lambda one: (one[2].wall_ms, one[2].counter, one[2].writer))
    ours = _ours(case)
    covers = {chain.device_id: _covers(case, chain) for chain in case.proof.chains}
    pushes = {chain.device_id: _by_number(chain) for chain in case.proof.chains}
    if not any(entry.record_id == case.proof.record_id for _, _, entry in case.entries):
        yield Finding("entry.none", "broken", {"record": case.proof.record_id})
    anchors = first_anchors([entry for _, _, entry in case.entries])
    for chain, kept, entry in case.entries:
        yield Finding("entry", "note", {"number": entry.number}, entry)
        if made := true_time(entry, anchors):
            yield Finding("entry.corrected", "note", made)
        if entry.record_id not in ours:
            yield Finding("entry.stranger", "broken", {"record": entry.record_id})
        yield _of_signature(case, chain, kept, entry, covers[chain.device_id])
        yield from _of_quarantine(kept)
        yield from _of_carried(case, entry)
        if chain.device_id == SERVER and entry.person_id != RULE:  # nobody signed on there
            yield Finding("entry.by_server", "open", {"person": entry.person_id})
        yield _of_receipt(case, chain, kept, pushes[chain.device_id].get(kept.number))
        if kept.verdict not in (None, "accepted", "merged", "quarantined"):
            yield Finding("entry.verdict", "note", {"verdict": kept.verdict, "code": kept.code})


def _of_carried(case: _Case, entry: Entry) -> Iterator[Finding]:
    """A stop that the server put in force before its turn, inside an entry of its own."""
    found = inside(entry)
    if found is None:
        return
    keys = {chain.device_id: chain.public_key for chain in case.proof.chains}
    params: dict[str, Value] = {
        "device": found.device_id, "number": found.number, "person": found.person_id,
    }  # fmt: skip
    key = keys.get(found.device_id)
    if key is None:  # of that device nothing else is here
        yield Finding("entry.carried_open", "open", params)
        return
    good = proved(entry, key)
    yield Finding("entry.carried" if good else "entry.carried_false", _mark(good), params)


def _ours(case: _Case) -> set[str]:
    """Return the record, the evidence that says it belongs to it, and anchors of their times."""
    wanted = case.proof.record_id
    return {wanted} | {
        entry.record_id
        for _, _, entry in case.entries
        if (entry.type in (EVIDENCE, REMOVAL) and entry.set.get("of") == wanted)
        or (entry.kind == "anchor" and anchor_of(entry.set) is not None)
    }


def _covers(case: _Case, chain: Chain) -> list[int]:
    """Return the numbers up to which a good signature vouches for the chain, in order."""
    good = {
        one.number
        for one in chain.heads
        if _signs(case, chain, one.number, one.kind, one.signature)
    }
    return sorted(good)


def _by_number(chain: Chain) -> dict[int, Receipt]:
    """Return for each entry that is here the receipt that covers it, where there is one."""
    receipts = sorted(chain.receipts, key=lambda one: one.first)
    firsts = [one.first for one in receipts]
    found: dict[int, Receipt] = {}
    for kept in chain.kept:
        at = bisect_right(firsts, kept.number) - 1
        if at >= 0 and kept.number <= receipts[at].last:
            found[kept.number] = receipts[at]
    return found


def _of_signature(
    case: _Case, chain: Chain, kept: Kept, entry: Entry, covers: list[int]
) -> Finding:
    params: dict[str, Value] = {"number": entry.number, "device": chain.device_id}
    if kept.signature is not None:
        good = _signs(case, chain, kept.number, entry.kind, kept.signature)
        return Finding("entry.signed" if good else "entry.forged", _mark(good), params)
    at = bisect_left(covers, entry.number)
    later = covers[at] if at < len(covers) else None
    whole = later is not None and case.whole_between(chain, entry.number, later)
    if entry.kind in DECISIONS or not whole:  # of a decision its own signature counts alone
        return Finding("entry.unsigned", "open", params)
    params["later"] = later
    if kept.verdict == "quarantined" or kept.code == RELEASED:
        # it may have come unsigned, and been changed before the device signed on behind it
        return Finding("entry.held", "open", params)
    return Finding("entry.covered", "holds", params)


def _of_quarantine(kept: Kept) -> Iterator[Finding]:
    """What is held counts for nothing; what a manager released counts by their word alone."""
    if kept.verdict == "quarantined":
        yield Finding("entry.quarantined", "open", {"code": kept.code})
    elif kept.code == RELEASED:
        yield Finding("entry.released", "open")


def _of_receipt(case: _Case, chain: Chain, kept: Kept, receipt: Receipt | None) -> Finding:
    params: dict[str, Value] = {"received_ms": kept.received_ms}
    if receipt is None:
        code = "entry.waiting" if kept.received_ms is None else "entry.claimed"
        return Finding(code, "open", params)
    if case.key is None:
        return Finding("entry.claimed", "open", params)
    good = _received(case, chain, receipt) and receipt.at_ms == kept.received_ms
    return Finding("entry.received" if good else "entry.receipt_false", _mark(good), params)


def _of_bases(case: _Case) -> Iterator[Finding]:
    """An entry says what its writer had seen: those entries must be here, too."""
    here = {(chain.device_id, kept.number) for chain in case.proof.chains for kept in chain.kept}
    carried = [one for _, _, entry in case.entries if (one := inside(entry)) is not None]
    here |= {(one.device_id, one.number) for one in carried}
    missing: set[tuple[str, int]] = set()
    for _, _, entry in case.entries:
        for writer in entry.base.values():
            try:
                seen = heads(writer)
            except ValueError:
                seen = {}
                yield Finding("entry.unreadable", "broken", {"number": entry.number, "device": ""})
            missing |= seen.items() - here
    for device, number in sorted(missing)[:MISSING_MAX]:
        yield Finding("base.missing", "broken", {"device": device, "number": number})
    if not missing:
        yield Finding("base.whole", "holds")


def _of_files(case: _Case) -> Iterator[Finding]:
    """Each photo that evidence names must be here as its hash says, and no other."""
    files = {one.sha256.hex(): one for one in case.proof.files}
    removed = removed_in(entry for _, _, entry in case.entries)
    named: set[str] = set()
    for _, _, entry in case.entries:
        if entry.type != EVIDENCE:
            continue
        hashes = [entry.set[cell] for cell in FILE_CELLS if isinstance(entry.set.get(cell), str)]
        if not hashes:
            continue
        named |= {str(one) for one in hashes}
        best = next((at for at, one in enumerate(hashes) if one in files), None)
        params: dict[str, Value] = {"evidence": entry.record_id, "sha256": str(hashes[0])}
        if (said := removed.get(str(hashes[0]))) and best != 0:
            yield Finding("file.removed", "note", params | {"done_ms": said.at_ms, "why": said.why})
            continue
        if best is None:
            yield Finding("file.missing", "open", params)
            continue
        params |= {"sha256": str(hashes[best]), "size": len(files[str(hashes[best])].data)}
        yield from _of_file(case, files[str(hashes[best])], params)
        if best > 0 or "original" not in entry.set:
            yield Finding("file.thumbnail", "open", {**params, "sha256": str(hashes[0])})
    for sha in sorted(files.keys() - named):
        yield Finding("file.stranger", "broken", {"sha256": sha})


def _of_file(case: _Case, one: ProofFile, params: Mapping[str, Value]) -> Iterator[Finding]:
    good = hashlib.sha256(one.data).digest() == one.sha256
    yield Finding("file.good" if good else "file.swapped", _mark(good), params)
    if one.receipt is None or one.received_ms is None:
        yield Finding("file.unconfirmed", "note", params)
        return
    said = blob_receipt_bytes(one.sha256.hex(), len(one.data), one.received_ms)
    taken = case.signed(said, one.receipt)
    told = {**params, "received_ms": one.received_ms}
    if taken or case.key:
        yield Finding("file.received" if taken else "file.receipt_false", _mark(taken), told)
    else:
        yield Finding("file.unconfirmed", "note", params)


def _mark(good: bool) -> Mark:
    return "holds" if good else "broken"
