"""Taking a push: once, in order, in one transaction; a broken rule refuses one entry only.

A push that cannot be part of the device's chain is not taken at all. One that tells another history
than the one that is here (a restored or copied device) is set aside as a file for a manager: nobody
picks one of the two in silence. Where a chain is not what its device signed, what stands before
that is taken, the rest set aside likewise, and somebody is told. What nobody can read is refused
alone: a stand-in keeps its place (`server.offers`).
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlmodel import Session

from domain.changes import Entry, digest_of
from domain.control import flow_of
from domain.errors import FieldError
from domain.merge import OUT
from domain.quarantine import FORGED, UNREADABLE
from domain.signatures import UnprovedError
from offline_store import batches, devices, entries, journal, records, times
from offline_store.database import lock_feed
from server import alarms, certificates, clock_check, quarantine, revocation, work_rights
from server import reports as quick
from server.ahead import Ahead, look
from server.certificates import Standing
from server.offers import Offered, read
from server.own_entries import OwnStep, write_own, write_within
from server.problems import RefusalError
from server.proving import ForgedError, Proof, prove
from server.site import Site
from server.verdicts import Offer, Taken, judge, settle
from sync.protocol import PushException, PushHead, PushReply

_log = logging.getLogger(__name__)
_VIOLATIONS = {"access.denied": alarms.RIGHTS, "work.expired": alarms.EXPIRED}
_SET_ASIDE_MAX = 20  # files per device: more forks tell nothing new


class _ForkError(Exception):
    """The push tells another history than the one in the journal, from entry `number` on."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def take(
    here: Site, push: PushHead, bodies: Sequence[bytes], sigs: Mapping[int, bytes] | None = None
) -> Taken:
    """Take a push of the device named in its head; raises RefusalError if it cannot be taken."""
    aside, ahead = here.settings.home / "quarantine", look(here, push, bodies)
    try:
        taken = here.store.run(
            lambda session: _taken(here, session, push, bodies, ahead, sigs or {})
        )
    except _ForkError as error:
        _set_aside(aside, "fork", push, bodies)
        _tell(here, push, alarms.FORK, error.number, bodies)
        raise RefusalError(409, "sync.fork") from error
    except ForgedError as error:
        _set_aside(aside, "forged", push, bodies)
        _tell(here, push, alarms.FORGED, error.number, bodies)
        raise RefusalError(409, "sync.signature", expected=error.number) from error
    if not taken.fresh:
        return taken
    if taken.forged is not None:
        _set_aside(aside, "forged", push, bodies[taken.forged - push.first :])
    if taken.unreadable:
        _set_aside(aside, "unreadable", push, [bodies[n - push.first] for n in taken.unreadable])
    refused = sum(1 for one in taken.reply.exceptions if one.verdict == "refused")
    extra = {"device": push.dev, "first": push.first, "last": push.last, "refused": refused}
    _log.info("push", extra=extra | {"feed": taken.reply.feed, "entries": len(bodies)})
    return taken


def _tell(here: Site, push: PushHead, what: str, number: int, bodies: Sequence[bytes]) -> None:
    """Say to people what was set aside from entry `number` on, once however often it comes."""
    with here.store.reading() as session:
        aside = read(session, push, bodies, here.now_ms()).entries[number - push.first :]
        steps = alarms.steps(here, session, what, push.dev, number, here.now_ms())
        steps.append(quarantine.step(here, session, push.dev, f"entry.{what}", aside))
    write_own(here, steps, only_new=True)


def _taken(
    here: Site,
    session: Session,
    push: PushHead,
    bodies: Sequence[bytes],
    ahead: Ahead,
    sigs: Mapping[int, bytes],
) -> Taken:
    """Judge one push at a time: a verdict looks at other records, which must not move meanwhile."""
    lock_feed(session)
    before = batches.lookup(session, push.dev, push.first)
    if before and before.reply and before.head.hex() == push.head:
        return Taken(PushReply.model_validate_json(before.reply), before.reply, fresh=False)
    _check_chain(session, push, bodies, ahead.hashes)
    if push.newest is not None:
        devices.tell(session, push.dev, push.newest, here.now_ms())
    offered = read(session, push, bodies, here.now_ms(), ahead.drafts)
    device, its = devices.lookup(session, push.dev), records.lookup(session, push.dev)
    proof = prove(session, push, sigs, offered, ahead.hashes, device, its)
    proof = revocation.held(device, its, proof)
    here.refresh(session, locked=True)
    own, behind = offered.up_to(proof.count), offered.entries[proof.count :]
    last = own.entries[-1].number
    head = push.model_copy(update={"last": last, "head": ahead.hashes[proof.count - 1].hex()})
    standing = certificates.standing(session, push)
    taken = _take(here, session, head, own, ahead, proof, standing)
    forged = None if proof.whole else last + 1
    quarantine.settle(here, session, own.entries)
    steps = _alarms(here, session, push, proof, forged, own)
    steps += _violations(here, session, push, taken, own.entries)
    if proof.quarantined:
        steps.append(quarantine.step(here, session, push.dev, proof.quarantined, offered.entries))
    elif own.wrong:
        steps.append(quarantine.step(here, session, push.dev, UNREADABLE, own.stand_ins()))
    if forged is not None:
        steps.append(quarantine.step(here, session, push.dev, FORGED, behind))
    if steps:
        write_within(here, session, steps, only_new=True)
    return replace(taken, forged=forged, unreadable=tuple(own.wrong))


def _alarms(
    here: Site,
    session: Session,
    push: PushHead,
    proof: Proof,
    forged: int | None,
    offered: Offered,
) -> list[OwnStep]:
    found: list[tuple[str, int]] = []
    if proof.unproved:  # the first stands for all: each is listed as refused
        found.append((alarms.SIGNATURE, min(proof.unproved)))
    if proof.quarantined:
        found.append((alarms.of_code(proof.quarantined), push.first))
    if offered.wrong:
        found.append((alarms.UNREADABLE, min(offered.wrong)))
    if forged is not None:
        found.append((alarms.FORGED, forged))
    now = here.now_ms()
    return [
        step
        for what, number in found
        for step in alarms.steps(here, session, what, push.dev, number, now)
    ]


def _violations(
    here: Site, session: Session, push: PushHead, taken: Taken, found_in: Sequence[Entry]
) -> list[OwnStep]:
    """Tell who must know that somebody decided about work without the right, or after its end."""
    found = here.pack.definitions
    controlled = {one for one in {entry.type for entry in found_in} if flow_of(found, one)}
    if not controlled:
        return []
    wrong = {one.n: one.code for one in taken.reply.exceptions if one.verdict == "refused"}
    told: list[tuple[str, int]] = []
    for entry in found_in:
        if entry.type not in controlled:
            continue
        code = wrong.get(entry.number)
        if code in _VIOLATIONS:
            told.append((_VIOLATIONS[code], entry.number))
        elif code is None and work_rights.is_late(
            entry, records.lookup(session, entry.record_id), found
        ):
            told.append((alarms.LATE, entry.number))
    now = here.now_ms()
    return [
        step for what, n in told for step in alarms.steps(here, session, what, push.dev, n, now)
    ]


def _check_chain(
    session: Session, push: PushHead, bodies: Sequence[bytes], hashes: Sequence[bytes]
) -> None:
    """Raise if a push with these chain hashes does not go on from what is here."""
    number, head = journal.head(session, push.dev)
    if push.first > number + 1:
        raise RefusalError(409, "sync.gap", expected=number + 1)
    if push.first <= number:
        here = entries.of_device(session, push.dev, push.first, len(bodies))
        sent = (hashlib.sha256(body).digest() for body in bodies)
        for one, digest in zip(here, sent, strict=False):
            if digest_of(one.body) != digest:
                raise _ForkError(one.entry.number)
        raise RefusalError(409, "sync.gap", expected=number + 1)  # known so far: send from there
    if push.prev != head.hex():
        raise _ForkError(push.first)
    if hashes[-1].hex() != push.head and not push.each:  # with each signature we see since where
        raise RefusalError(409, "sync.chain", expected=number + 1)


def _take(
    here: Site,
    session: Session,
    push: PushHead,
    offered: Offered,
    ahead: Ahead,
    proof: Proof,
    standing: Standing | None = None,
) -> Taken:
    now = here.now_ms()
    if not clock_check.judges(session, now, offered.entries):
        raise RefusalError(503, "server.clock")  # the device keeps it and comes again
    wrong: dict[str, FieldError] = {}
    at = (push.first - 1, bytes.fromhex(push.prev))  # as `_check_chain` found it
    ids = [entry.record_id for entry in offered.entries]
    anchors = {entry.number for entry, _ in times.anchors(offered.entries)}
    reports, out = quick.under(here), set[int]()
    while True:  # each round refuses at least one more row of a register, or one more anchor
        timed = times.read_ahead(offered.entries, without=out)
        intake = journal.Intake(session, push.dev, ids, here.pack.definitions.policies, at)
        exceptions: list[PushException] = []
        for entry, body, digest in zip(timed, offered.bodies, ahead.hashes, strict=False):
            refusal = offered.wrong.get(entry.number) or wrong.get(entry.record_id)
            if entry.number in proof.unproved:
                refusal = UnprovedError()
            signature = proof.signatures.get(entry.number)
            first = refusal is None and not proof.quarantined and intake.untouched(entry.record_id)
            row = ahead.row(entry, reports, now) if first else None
            if row or (first and reports.sure(entry, body, now)):
                intake.begin(entry, body, now, signature, digest, row)
                continue
            offer = Offer(entry, body, signature, refusal, proof.quarantined, digest, standing)
            _, exception = judge(here, session, intake, offer, now)
            if exception:
                exceptions.append(exception)
            elif first:
                reports.learn(entry)
        found = here.wrong_rows(session, intake)
        refused = {one.n for one in exceptions if one.verdict in OUT and one.n in anchors} - out
        if not (found.keys() - wrong.keys() or refused):
            return settle(here, session, push, intake, exceptions, now)
        wrong |= found
        out |= refused


def _set_aside(folder: Path, why: str, push: PushHead, bodies: Sequence[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    device = push.dev.replace(".", "_")
    _log.warning(why, extra={"device": push.dev, "first": push.first, "last": push.last})
    if len(list(folder.glob(f"{device}-*.jsonl"))) >= _SET_ASIDE_MAX:
        return
    file = folder / f"{device}-{push.first}-{push.head[:12]}.jsonl"
    file.write_bytes(b"\n".join([push.model_dump_json().encode(), *bodies]))
