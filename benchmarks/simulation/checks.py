"""What must hold: while the plant runs, and after everything has had its time to arrive.

The truth is the server's feed folded from zero by the product's own merge, taken outside of any
planted bug, and what each device ever told a person.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.simulation.owed import owed
from benchmarks.simulation.plant_server import PlantServer
from benchmarks.simulation.tablet import Tablet
from domain import merge
from domain.changes import DECISIONS, Entry, canonical, decode, genesis, link
from domain.merge import FeedEntry
from domain.privacy import removed_in
from offline_store import blobs, times
from offline_store.database import Store

NOTES_MAX = 20


@dataclass
class Findings:
    """What was found wrong; `notes` say where, for people."""

    lost: int = 0
    double_decisions: int = 0
    lost_stops: int = 0
    diverged: int = 0
    leaked: int = 0  # what a device got or kept that it may not see
    notes: list[str] = field(default_factory=list[str])

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        wrong = (self.lost, self.double_decisions, self.lost_stops, self.diverged, self.leaked)
        return not any(wrong)

    def note(self, words: str) -> None:
        """Keep the first notes."""
        if len(self.notes) < NOTES_MAX:
            self.notes.append(words)


class Kept(NamedTuple):
    """An entry as a store has it."""

    entry: Entry
    body: bytes
    hash: bytes
    feed: int | None
    verdict: merge.Verdict | None
    received_ms: int | None


class Picture(NamedTuple):
    """Everything of a store that must be alike: entries by (device, number), and the rows."""

    entries: Mapping[tuple[str, int], Kept]
    rows: Mapping[str, str]
    keys: Mapping[str, bytes]
    true: dict[str, times.TrueTime]  # corrected times, by writer


def picture(store: Store) -> Picture:
    """Read a store."""
    with store.reading() as session:
        run = session.connection().exec_driver_sql
        kept = {
            (row[0], row[1]): Kept(decode(row[2], row[0]), *row[2:])
            for row in run(
                "SELECT device_id, number, body, hash, feed, verdict, received_ms FROM entry"
                " ORDER BY device_id, number"
            )
        }
        parts: dict[str, list[Any]] = {
            row[0]: [json.loads(row[1]), row[2], [], []]
            for row in run("SELECT record_id, cells, open_holds FROM record")
        }
        for row in run("SELECT record_id, field, kept, other FROM conflict"):
            sides = [json.loads(row[2]), json.loads(row[3])]
            parts.setdefault(row[0], [None, None, [], []])[2].append([row[1], *sides])
        for row in run("SELECT record_id, hold_id, kind, lifted_by FROM hold"):
            parts.setdefault(row[0], [None, None, [], []])[3].append(list(row[1:]))
        keys = {row[0]: row[1] for row in run("SELECT device_id, public_key FROM device")}
        true = {
            f"{row[0]}:{row[1]}": times.TrueTime(row[2], row[3])
            for row in run("SELECT device_id, number, true_ms, unc_ms FROM entry_time")
        }
    return Picture(kept, {name: _row(*one) for name, one in parts.items()}, keys, true)


def _row(cells: Any, held: Any, conflicts: list[Any], holds: list[Any]) -> str:  # noqa: ANN401
    conflicts.sort(key=json.dumps)
    return json.dumps([cells, held, conflicts, sorted(holds, key=json.dumps)], sort_keys=True)


def stopped_rightly(found: Findings, server: PlantServer, tablet: Tablet) -> None:
    """A device that says its chain is another one than the server's is right."""
    theirs = _chain(server.disk.store, tablet.device_id)
    own = _chain(tablet.disk.store, tablet.device_id)
    if all(own.get(number, digest) == digest for number, digest in theirs.items()):
        found.diverged += 1
        found.note(f"device {tablet.number} stopped for a fork that is none")


def _chain(store: Store, device_id: str) -> dict[int, bytes]:
    with store.reading() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT number, hash FROM entry WHERE device_id = ?", (device_id,)
        )
        return {row[0]: row[1] for row in rows}


def audit(found: Findings, server: PlantServer, tablets: Sequence[Tablet]) -> None:
    """What a device shows as received is on the server, at any moment."""
    with server.disk.store.reading() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT device_id, max(number) FROM entry GROUP BY device_id"
        )
        last = {row[0]: row[1] for row in rows}
    for tablet in tablets:
        tablet.note_confirmed()
        for device_id, shown in tablet.shown.items():
            if shown > last.get(device_id, 0) and not server.restored:
                found.lost += 1
                found.note(f"{device_id} shows {shown} as received, the server has not got it")


def inspect(
    found: Findings,
    server: PlantServer,
    tablets: Sequence[Tablet],
    policies: merge.TypePolicies,
) -> None:
    """Look at everything once nothing moves any more."""
    truth = picture(server.disk.store)
    expected = folded(truth, policies)
    _compare(found, "server", truth.rows, expected)
    _chains(found, "server", truth)
    _decisions(found, truth)
    _stops(found, "server", truth, truth)
    _incidents(found, server)
    gone = set(removed_in(one.entry for one in truth.entries.values()))
    _gone(found, "server", server.disk.store, gone)
    for tablet in tablets:
        found.lost += tablet.lost_saves
        if tablet.lost_saves:
            found.note(f"device {tablet.number}: a crash took {tablet.lost_saves} saves")
        _confirmed(found, tablet, truth)
        if tablet.stopped:
            continue
        _photos(found, tablet, server, gone)
        if tablet.locked:  # it may send, and gets nothing any more
            _sent(found, tablet, server)
            continue
        name, here = f"device {tablet.number}", picture(tablet.disk.store)
        theirs = owed(server.site, tablet.device_id)
        shown = truth if theirs is None else part_of(truth, theirs)
        wanted = {one: row for one, row in expected.items() if one in shown.rows}
        _gone(found, name, tablet.disk.store, gone)
        _pictures(found, tablet, shown, server.disk.store)
        _chains(found, name, here, holes=theirs is not None)
        _alike(found, name, tablet, here, shown, truth)
        _leaks(found, name, tablet, here, theirs)
        _compare(found, name, here.rows, wanted)
        _stops(found, name, shown, here)


def part_of(truth: Picture, theirs: set[str]) -> Picture:
    """Return what of all there is a device is to hold."""
    entries = {at: one for at, one in truth.entries.items() if one.entry.record_id in theirs}
    rows = {record_id: row for record_id, row in truth.rows.items() if record_id in theirs}
    return truth._replace(entries=entries, rows=rows)


def _leaks(
    found: Findings, name: str, tablet: Tablet, here: Picture, theirs: set[str] | None
) -> None:
    """Nothing of others is here that the device may not see; own entries are the own chain."""
    if theirs is None:
        return
    kept = [
        one.entry.writer
        for (device_id, _), one in here.entries.items()
        if device_id not in tablet.ids and one.entry.record_id not in theirs
    ]
    kept += [record_id for record_id in here.rows if record_id not in theirs]
    if kept:
        found.leaked += len(kept)
        found.note(f"{name}: keeps {len(kept)} that it may not see, first {kept[0]}")


def _sent(found: Findings, tablet: Tablet, server: PlantServer) -> None:
    """A lost device has sent all that it had."""
    owes = tablet.owes(server.disk.store)
    if owes:
        found.diverged += 1
        found.note(f"device {tablet.number}, lost: {owes} not sent, {tablet.error}")


def _incidents(found: Findings, server: PlantServer) -> None:
    """Nobody met what it did not know: no answer 500, no round of sync that fell over."""
    for what in server.incidents:
        found.diverged += 1
        found.note(f"incident: {what}")


def _gone(found: Findings, name: str, store: Store, gone: set[str]) -> None:
    """Of what was removed for good nobody has a byte."""
    for sha in sorted(gone):
        if blobs.is_here(store, sha):
            found.leaked += 1
            found.note(f"{name}: file {sha[:12]} was removed, and is here")


def _photos(found: Findings, tablet: Tablet, server: PlantServer, gone: set[str]) -> None:
    """Each photo that a person was told is kept is on the server, byte for byte, or was removed.

    One that its device had to give up with its record is lost where the server then comes back
    from a backup of before: nobody has it any more.
    """
    for sha in sorted(tablet.photos - gone):
        data = blobs.read(server.disk.store, sha)
        if data is not None and hashlib.sha256(data).hexdigest() == sha:
            continue
        if server.restored and tablet.had_less and not blobs.is_here(tablet.disk.store, sha):
            continue
        found.lost += 1
        found.note(f"device {tablet.number}: photo {sha[:12]} is not on the server")


def _pictures(found: Findings, tablet: Tablet, truth: Picture, server: Store) -> None:
    """Each small picture that the server has is on each device."""
    for one in truth.entries.values():
        sha = one.entry.set.get("thumb")
        if one.entry.type != "evidence" or not isinstance(sha, str):
            continue
        if blobs.is_here(server, sha) and not blobs.is_here(tablet.disk.store, sha):
            found.diverged += 1
            found.note(f"device {tablet.number} lacks the small picture {sha[:12]}")
            return


def folded(truth: Picture, policies: merge.TypePolicies) -> dict[str, str]:
    """Fold the feed of the server from zero."""
    feed = sorted(truth.entries.values(), key=lambda one: (one.feed or 0, one.entry.number))
    by_record: dict[str, list[FeedEntry]] = {}
    for one in feed:
        fed = FeedEntry(times.read(one.entry, truth.true), one.verdict, one.received_ms)
        by_record.setdefault(one.entry.record_id, []).append(fed)
    rows: dict[str, str] = {}
    for record_id, fed in by_record.items():
        merged = merge.fold(fed, policies)
        if merged is None or merged.record is None:
            continue
        cells = {
            name: [cell.value, cell.writer, cell.wall_ms, cell.counter]
            for name, cell in merged.record.cells.items()
        }
        conflicts = [
            [one.field, *([side.value, side.writer, side.wall_ms, side.counter] for side in sides)]
            for one in merged.conflicts
            for sides in [(one.kept, one.other)]
        ]
        holds = [[one.hold_id, one.kind, one.lifted_by] for one in merged.holds]
        held = sum(1 for one in merged.holds if one.lifted_by is None)
        rows[record_id] = _row(cells, held, list(conflicts), list(holds))
    return rows


def _compare(
    found: Findings, name: str, here: Mapping[str, str], expected: Mapping[str, str]
) -> None:
    wrong = [one for one in {**here, **expected} if here.get(one) != expected.get(one)]
    if wrong:
        found.diverged += 1
        found.note(f"{name}: {len(wrong)} records are not what the feed makes, first {wrong[0]}")


def _confirmed(found: Findings, tablet: Tablet, truth: Picture) -> None:
    """What was ever shown as received, or kept on a device that can send, is on the server."""
    promised = dict(tablet.confirmed)
    if not tablet.stopped:
        promised |= tablet.written
    for writer, digest in promised.items():
        kept = truth.entries.get(writer)
        if kept is None or hashlib.sha256(kept.body).digest() != digest:
            found.lost += 1
            found.note(f"device {tablet.number}: entry {writer} is not on the server")


def _alike(
    found: Findings, name: str, tablet: Tablet, here: Picture, shown: Picture, truth: Picture
) -> None:
    missing = [one for one in shown.entries if one not in here.entries]
    if missing:
        found.lost += len(missing)
        found.note(f"{name} lacks {len(missing)} entries, first {missing[0]}")
    unsent = [one for one in here.entries if here.entries[one].feed is None]
    if unsent:
        found.diverged += 1
        found.note(f"{name}: outbox not empty, {unsent[0]}: {tablet.state}")
    differ = [
        one
        for one, kept in here.entries.items()
        if one not in truth.entries
        or kept.body != truth.entries[one].body
        or (kept.feed is not None and kept.verdict != truth.entries[one].verdict)
    ]
    if differ:
        found.diverged += 1
        found.note(f"{name}: {len(differ)} entries differ, first {differ[0]}")


def _chains(found: Findings, name: str, here: Picture, *, holes: bool = False) -> None:
    """Numbers without gaps, each hash made of the one before; `holes`: where that one is here."""
    number, head, device = 0, b"", ""
    for (device_id, at), kept in here.entries.items():
        if device_id != device:
            device, number, head = device_id, 0, genesis(device_id, here.keys[device_id])
        if holes and at != number + 1:
            number, head = at, kept.hash
            continue
        number, head = number + 1, link(head, kept.body)
        if at != number or head != kept.hash:
            found.diverged += 1
            found.note(f"{name}: the chain of {device_id} breaks at {at}")
            return


def _decisions(found: Findings, truth: Picture) -> None:
    """No decision stands twice in the feed, and of two about one state only one counts."""
    same: Counter[bytes] = Counter()
    taken: Counter[tuple[str, str]] = Counter()
    for one in truth.entries.values():
        entry = one.entry
        if entry.kind not in DECISIONS:
            continue
        same[
            canonical(
                [
                    entry.person_id,
                    entry.record_id,
                    entry.kind,
                    dict(entry.set),
                    dict(entry.base),
                    entry.wall_ms,
                    entry.counter,
                ]
            )
        ] += 1
        base = entry.base.get("state")
        if entry.type == "hazard" and "state" in entry.set and base and one.verdict == "accepted":
            taken[entry.record_id, base] += 1
    double = sum(1 for times in (*same.values(), *taken.values()) if times > 1)
    if double:
        found.double_decisions += double
        found.note(f"{double} decisions were taken twice")


def _stops(found: Findings, name: str, truth: Picture, here: Picture) -> None:
    """Each stop of the feed is a hold; it is open unless a lift that names it lifted it."""
    by_writer = {one.entry.writer: one.entry for one in truth.entries.values()}
    holds: dict[str, str | None] = {}
    for row in here.rows.values():
        holds |= {one[0]: one[2] for one in json.loads(row)[3]}
    for one in truth.entries.values():
        entry = one.entry
        if entry.set.get("action") != "permit.stop" or one.verdict in {"refused", "quarantined"}:
            continue
        lifted_by = holds.get(entry.entry_id, "nothing")
        lift = by_writer.get(lifted_by or "")
        named = lift.set.get("holds") if lift else None
        if lifted_by is not None and not (isinstance(named, list) and entry.entry_id in named):
            found.lost_stops += 1
            found.note(f"{name}: the stop {entry.writer} of {entry.record_id} is gone")
