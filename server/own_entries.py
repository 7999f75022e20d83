"""What the server itself has to say, as entries of the device "server".

Notices, rounds, gaps and register rows take the way of every push: same rules, same journal, signed
with the server's key.
Several processes may serve one database, so each call reads the end of the chain under the lock
that numbers the feed and goes on from there; nobody else can lengthen the chain in between.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import Session

from domain.changes import DeviceTime, Entry, encode, link, signed_bytes
from domain.errors import EntryInvalidError
from domain.records import Value
from offline_store import devices, journal
from offline_store.database import lock_feed
from server import clock
from server.keys import public_bytes
from server.site import SERVER_DEVICE, Site
from server.verdicts import Offer, judge, settle
from sync.protocol import ENTRIES_MAX, PushException, PushHead

_log = logging.getLogger(__name__)
KNOWN = "known"  # the verdict on a step that was left out: its record is here already


@dataclass(frozen=True, slots=True)
class OwnStep:
    """One entry that the server wants to write.

    `person` is the person id it is signed with ("rule" for what the product does by itself).
    `at_ms` is when it happened, left out: now. `base` names the writers whose values were seen,
    left out: what the store holds when the entry is written. `definition` is `TYPE@1` if left out.
    """

    person: str
    record_id: str
    type: str
    set: Mapping[str, Value]
    kind: str = "edit"
    at_ms: int | None = None
    definition: str = ""
    base: Mapping[str, str] | None = None


class Written(NamedTuple):
    """What became of a step: a verdict of the merge, or KNOWN; `code` says why it was refused."""

    verdict: str
    code: str | None = None


def write_own(here: Site, steps: Sequence[OwnStep], *, only_new: bool = False) -> list[Written]:
    """Write the steps in order, all in one transaction; returns what became of each.

    With `only_new` a step whose record exists is left out: two processes, or one that was started
    again, say a thing once if its record id follows from what it says. Call it in a thread, not on
    the event loop. Devices that wait for news are told.
    """
    if not steps:
        return []
    return _announced(
        here, steps, lambda session: write_within(here, session, steps, only_new=only_new)
    )


def write_and_tell(
    here: Site, steps: Sequence[OwnStep], notices: Sequence[OwnStep]
) -> list[Written]:
    """Write steps and the notices of them like `write_own`, all in one transaction.

    What stands is not found due again, so a notice that was not written with it would never be. A
    notice whose record exists is left out.
    """
    if not steps and not notices:
        return []

    def write(session: Session) -> list[Written]:
        said = write_within(here, session, steps)
        return said + write_within(here, session, notices, only_new=True)

    return _announced(here, [*steps, *notices], write)


def _announced(
    here: Site, steps: Sequence[OwnStep], write: Callable[[Session], list[Written]]
) -> list[Written]:
    written = here.store.run(write)
    if any(one.verdict != KNOWN for one in written):
        here.hints.announce()
    for step, one in zip(steps, written, strict=True):
        if one.verdict == "refused":
            _log.warning("own entry refused", extra={"code": one.code, "type": step.type})
    return written


def write_within(
    here: Site, session: Session, steps: Sequence[OwnStep], *, only_new: bool = False
) -> list[Written]:
    """Write the steps in a transaction that does more; the caller announces them (`Site.hints`)."""
    lock_feed(session)
    devices.add(session, devices.Device(SERVER_DEVICE, public_bytes(here.key), SERVER_DEVICE))
    written: list[Written] = []
    for start in range(0, len(steps), ENTRIES_MAX):
        written += _batch(here, session, steps[start : start + ENTRIES_MAX], only_new=only_new)
    return written


def _batch(
    here: Site, session: Session, steps: Sequence[OwnStep], *, only_new: bool
) -> list[Written]:
    number, before = journal.head(session, SERVER_DEVICE)
    ids, policies = [step.record_id for step in steps], here.pack.definitions.policies
    taking = journal.Intake(session, SERVER_DEVICE, ids, policies)
    now = here.now_ms()
    written: list[Written] = []
    exceptions: list[PushException] = []
    last = number
    for counter, step in enumerate(steps):
        here_now = taking.record(step.record_id)
        if only_new and here_now is not None and here_now.type != step.type:
            # not known: it was never said. Writing would be refused for ever, time after time
            written.append(Written("refused", EntryInvalidError.code))
            continue
        if only_new and taking.known(step.record_id):
            written.append(Written(KNOWN))
            continue
        last += 1
        entry = _entry(taking, step, last, counter, now)
        body = encode(entry)
        signature = here.key.sign(signed_bytes(entry.kind, link(taking.head, body)))
        merged, exception = judge(here, session, taking, Offer(entry, body, signature), now)
        written.append(Written(merged.verdict, merged.code))
        if exception:
            exceptions.append(exception)
    if last > number:
        push = PushHead(
            dev=SERVER_DEVICE,
            first=number + 1,
            last=last,
            prev=before.hex(),
            head=taking.head.hex(),
        )
        settle(here, session, push, taking, exceptions, now)
    return written


def _entry(taking: journal.Intake, step: OwnStep, number: int, counter: int, now: int) -> Entry:
    record = taking.record(step.record_id)
    base: dict[str, str] = {}
    if record:
        base = {name: record.cells[name].writer for name in step.set if name in record.cells}
    at_ms = now if step.at_ms is None else step.at_ms
    return Entry(
        device_id=SERVER_DEVICE,
        number=number,
        entry_id=clock.new_id(at_ms),
        kind=step.kind,
        person_id=step.person,
        record_id=step.record_id,
        type=step.type,
        definition=step.definition or f"{step.type}@1",
        base=base if step.base is None else dict(step.base),
        set=dict(step.set),
        wall_ms=at_ms,
        counter=counter,
        time=DeviceTime(at_ms, clock.mono_ms(), clock.boot_id(), 0),
    )
