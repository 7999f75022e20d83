"""What the server holds in quarantine: said in a record of its own, and settled as people decide.

A release changes nothing by itself. Every held entry is judged now by the rules that judge all
others, as far as the plant has come by now; the outcome names those that do not pass.
"""

import hashlib
from collections.abc import Sequence

from sqlmodel import Session

from domain import merge, quarantine
from domain.changes import Entry, canonical
from domain.quarantine import Outcome
from domain.records import Record
from offline_store import devices, entries, records, removals
from offline_store import quarantine as store
from offline_store.entries import Logged
from server import certificates, rights
from server.own_entries import OwnStep, write_own, write_within
from server.scene import Scene
from server.site import Site


def step(
    here: Site, session: Session, device_id: str, why: str, held: Sequence[Entry], after: str = ""
) -> OwnStep:
    """Return what to write about entries of a device that were set aside.

    The id follows from what it says and the server's key, so it is said once; `after` names the
    record of which these are what a release by time has left.
    """
    first, last = held[0].number, held[-1].number
    facts = canonical([why, device_id, first, *([after] if after else [])])
    digest = hashlib.sha256(here.receipt(b"anshao-quarantine-v1\0" + facts).encode()).hexdigest()
    known = devices.lookup(session, device_id)
    now = here.now_ms()
    name = (known.name if known else "") or device_id
    cells = quarantine.held_cells(device_id, name, why, first, last, held, now)
    record_id = f"{quarantine.PREFIX}{digest[:40]}"
    return OwnStep(rights.RULE, record_id, quarantine.TYPE, cells, at_ms=now)


def add_missing(here: Site) -> None:
    """Write the records of what was held before there were such records."""
    with here.store.reading() as session:
        said = [
            (one.text("device"), one.whole("first") or 0, one.whole("last") or 0)
            for one in records.find(session, quarantine.TYPE, limit=records.ALL)
        ]
        steps = [
            step(here, session, run[0].entry.device_id, run[0].code or quarantine.UNSIGNED,
                 [one.entry for one in run])
            for run in _unsaid(session, said)
        ]  # fmt: skip
    write_own(here, steps, only_new=True)


def _unsaid(session: Session, said: Sequence[tuple[str, int, int]]) -> list[list[Logged]]:
    """Return the held entries that no record tells of, in runs that came together."""
    runs: list[list[Logged]] = []
    for device, number in store.ranges(session):
        if any(device == one and first <= number <= last for one, first, last in said):
            continue
        found = store.held(session, device, number, number)
        before = runs[-1][-1] if runs else None
        for one in found:
            if before is not None and (before.entry.device_id, before.feed, before.code) == (
                device, one.feed, one.code,
            ):  # fmt: skip
                runs[-1].append(one)
            else:
                runs.append([one])
    return runs


def settle(here: Site, session: Session, taken: Sequence[Entry]) -> None:
    """Do what the decisions among these entries say, in the transaction that took them."""
    for entry in taken:
        if entry.type != quarantine.TYPE or entry.kind != "decide":
            continue
        record = records.lookup(session, entry.record_id)
        if record is None or record.get("outcome") is not None:
            continue
        state = record.cells.get("state")
        if state is None or state.writer != entry.writer:  # refused, or another one's came first
            continue
        outcome, rest = _settled(here, session, record)
        steps = [
            OwnStep(rights.RULE, record.record_id, quarantine.TYPE, outcome.cells(), kind="decide")
        ]
        if rest:
            held = [one.entry for one in rest]
            steps.append(
                step(here, session, outcome.device, record.text("why"), held, record.record_id)
            )
        write_within(here, session, steps)


def _settled(here: Site, session: Session, record: Record) -> tuple[Outcome, list[Logged]]:
    """Settle what a decision is about; returns the outcome, and what stays held all the same."""
    device, why = record.text("device"), record.text("why")
    first, last = record.whole("first") or 0, record.whole("last") or 0
    barred: dict[int, str] = {}
    held = [] if why in quarantine.NEVER else store.held(session, device, first, last)
    rest: list[Logged] = []
    before_ms = record.whole(quarantine.BEFORE)
    if before_ms is not None and record.text("state") == quarantine.LET:
        count = quarantine.first_after([one.entry for one in held], before_ms)
        held, rest = held[:count], held[count:]
        if rest:
            last = rest[0].entry.number - 1
    for one in held:
        code = quarantine.TURNED_DOWN
        if record.text("state") == quarantine.LET:
            code = _wrong(here, session, one)
        if code:
            barred[one.entry.number] = code
        store.settle(session, one, code or None)
        records.refold(session, one.entry.record_id, here.pack.definitions.policies)
    records.settle_times(session, [one.entry for one in held], here.pack.definitions.policies)
    if why in quarantine.NEVER:  # nothing of it is here, whatever else is held under its numbers
        last = first - 1
    return Outcome(device, first, last, barred, let=record.text("state") == quarantine.LET), rest


def _wrong(here: Site, session: Session, one: Logged) -> str:
    """Return the code why an entry may not count even so; "" if it may."""
    if one.entry.type in quarantine.BARRED_TYPES:  # nobody gets a right by something unproved
        return quarantine.TURNED_DOWN
    scene = _scene(here, session, one)
    standing = certificates.standing_now(session, one.entry.device_id)
    refusal = rights.check(one.entry, scene, standing)
    if refusal:
        return refusal.code
    if scene.record is not None and not all(scene.seen(name) for name in one.entry.set):
        # others went on meanwhile: in its old place of the feed it would undo what they decided
        return quarantine.OVERTAKEN
    return ""


def _scene(here: Site, session: Session, one: Logged) -> Scene:
    """Return what stands around an entry now."""
    logged = entries.of_record(session, one.entry.record_id)
    folded = merge.fold(
        [merge.FeedEntry(row.entry, row.verdict, row.received_ms) for row in logged],
        here.pack.definitions.policies,
    )
    out = {row.entry.writer for row in logged if row.verdict in ("refused", "quarantined")}
    return Scene(
        definitions=here.pack.definitions,
        received_ms=one.received_ms or here.now_ms(),
        record=folded.record if folded else None,
        base_refused=any(writer in out for writer in one.entry.base.values()),
        seen=lambda name: folded is None or merge.seen(folded, one.entry, name),
        record_of=lambda record_id: records.lookup(session, record_id),
        photos_of=lambda record_id: records.evidence_of(session, record_id),
        gone=removals.gone(session),
    )
