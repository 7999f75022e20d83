"""Keeping a page of the feed, some entries at a time: a person's save waits for one part only.

The store has one writer. A page of hundreds of entries in one transaction would hold up an answer
for a quarter of a second. Each part keeps its entries and the cursor behind them in one
transaction, so a cut leaves whole parts; the rest of the page is asked for again. What does not
need the store (reading bodies, what single entries make of their records) is done before
(`prepare`), mostly while the page before is being kept.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from sqlmodel import Session

from domain.carried import inside
from domain.changes import DECISIONS, Entry, decode, digest_of
from domain.errors import EntryInvalidError
from domain.merge import TypePolicies
from offline_store import arrivals as holed
from offline_store import blobs, devices, firsts, journal, keep, leaving, lives, removals
from offline_store.arrival import Arrival
from offline_store.database import Store
from sync.protocol import PulledEntry, PullReply

AT_ONCE = 500  # entries: some 30 ms on two slow cores


class Part(NamedTuple):
    """Entries that are kept in one transaction, the cursor behind them, and what they make."""

    rows: Sequence[PulledEntry]
    cursor: int
    arrivals: Sequence[Arrival]
    made: firsts.Rows


def prepare(reply: PullReply, policies: TypePolicies) -> list[Part]:
    """Read the parts of a page; up to the first with an entry that is none, for `take` to say."""
    found: list[Part] = []
    for rows, cursor in _parts(reply):
        try:
            found.append(_part(rows, cursor, policies))
        except EntryInvalidError:
            break
    return found


def take(
    store: Store,
    reply: PullReply,
    policies: TypePolicies,
    *,
    own: str | None = None,
    ready: Iterable[Part] = (),
) -> bool:
    """Keep a page; returns whether somebody administered. Call it in a thread.

    `own` is this device where it may lack entries of others: then the server says what stands
    before a hole. `ready` is what `prepare` made of this page. Raises ChainBrokenError where a
    device's entries do not go on from what is here; the parts before that one stay.
    """
    administered = take_whole(store, reply, policies, own)
    before, types = iter(ready), set[str]()
    for rows, cursor in _parts(reply):
        part = next(before, None) or _part(rows, cursor, policies)
        with store.session() as session:
            types |= _receive(session, reply, part, policies, own)
            keep.set_cursor(session, keep.Cursor(cursor, reply.epoch))
            if cursor == reply.next and not reply.more:
                lives.finish(session, policies)
            if own is not None:  # what comes is to be seen again, though it may have left before
                leaving.unmark(session, {one.entry.record_id for one in part.arrivals})
            if cursor == reply.next:
                leaving.mark(session, reply.leave)
                keep.set_mark(session, keep.Cursor(cursor, reply.epoch), reply.mark)
                keep.set_as_of(session, reply.server_ms)
                if own is not None and not reply.more:
                    leaving.mark_delivered(session, reply.epoch, policies)
    _take_away(store, types)
    if own is not None:
        leaving.settle(store, own)
    return administered or "register" in types


def take_whole(store: Store, reply: PullReply, policies: TypePolicies, own: str | None) -> bool:
    """Keep the records of a page that come whole, the cursor stays; returns as `take`."""
    types, ids = set[str](), set[str]()
    for start in range(0, len(reply.enter), AT_ONCE):
        part = _part(reply.enter[start : start + AT_ONCE], 0, policies)
        ids |= {one.entry.record_id for one in part.arrivals}
        with store.session() as session:
            types |= _receive(session, reply, _going_on(session, part, own), policies, own)
    _take_away(store, types)
    if reply.enter:
        with store.session() as session:
            leaving.unmark(session, ids)
    return "register" in types


def _going_on(session: Session, part: Part, own: str | None) -> Part:
    """Return a part of what comes whole with own entries only as far as the own chain goes on.

    They come by record, not by number: what stands between comes by the feed. What goes on from
    another history (of a copied device) is not ours, and the next push is told so.
    """
    if own is None:
        return part
    number, head = journal.head(session, own)
    pairs = list(zip(part.rows, part.arrivals, strict=True))
    kept = [pair for pair in pairs if pair[0].dev != own]
    mine = [pair for pair in pairs if pair[0].dev == own]
    for row, arrival in sorted(mine, key=lambda pair: pair[1].entry.number):
        if arrival.entry.number > number:
            if arrival.entry.number > number + 1 or row.prev not in (None, head.hex()):
                break
            number, head = number + 1, arrival.linked(head)
        kept.append((row, arrival))
    return part._replace(rows=[row for row, _ in kept], arrivals=[one for _, one in kept])


def _take_away(store: Store, types: Set[str]) -> None:
    """Delete the files of personal media that entries of a page removed, once they are kept."""
    if "removal" in types:
        removals.sweep(store)


def _receive(
    session: Session, reply: PullReply, part: Part, policies: TypePolicies, own: str | None
) -> set[str]:
    """Keep the entries of a part; returns the types of their records."""
    arrivals = part.arrivals
    types = {one.entry.type for one in arrivals}
    # a device that was taken in is known by its key before it has sent anything (for relay)
    taken_in = {one.entry.record_id for one in arrivals if one.entry.type == "device"}
    carried = {inner.device_id for one in arrivals if (inner := inside(one.entry)) is not None}
    for device_id in taken_in | carried | {one.dev for one in part.rows}:
        public_key = reply.devices.get(device_id)
        if public_key is not None:
            devices.add(session, devices.Device(device_id, bytes.fromhex(public_key)))
    lives.clear_way(session, arrivals, policies)
    if own is None:
        journal.receive(session, arrivals, policies, part.made)
    else:
        mine = [one for one in arrivals if one.entry.device_id == own]
        journal.receive(session, mine, policies, part.made)
        others = [
            (one, bytes.fromhex(row.prev) if row.prev else None)
            for one, row in zip(arrivals, part.rows, strict=True)
            if row.dev != own
        ]
        holed.receive(session, others, policies, part.made)
    if "removal" in types:
        removals.apply(session, _counting(arrivals))
    if "evidence" in types:
        _want_thumbnails(session, arrivals)
    return types


def _parts(reply: PullReply) -> Iterator[tuple[Sequence[PulledEntry], int]]:
    """Yield the entries in parts, each with the cursor behind it; an empty page is one part.

    Entries pushed together share their feed number. A part that ends among them has its cursor
    before them: what is known already is asked for again, never left out.
    """
    rows = reply.entries
    for start in range(0, len(rows) - AT_ONCE, AT_ONCE):
        end = start + AT_ONCE
        yield rows[start:end], min(rows[end - 1].feed, rows[end].feed - 1)
    rest = (len(rows) - 1) // AT_ONCE * AT_ONCE if rows else 0
    yield rows[rest:], reply.next


def _part(rows: Sequence[PulledEntry], cursor: int, policies: TypePolicies) -> Part:
    arrivals = [_arrival(one) for one in rows]
    return Part(rows, cursor, arrivals, firsts.rows(arrivals, policies))


def _arrival(one: PulledEntry) -> Arrival:
    entry = decode(one.body, one.dev)
    return Arrival(
        entry,
        one.body,
        one.feed,
        one.verdict,
        one.code,
        one.received_ms,
        # of decisions alone: those are verified before they are kept, and nothing else may be kept
        bytes.fromhex(one.sig) if one.sig and entry.kind in DECISIONS else None,
        digest_of(one.body),
    )


def _counting(arrivals: Sequence[Arrival]) -> Iterator[Entry]:
    return (one.entry for one in arrivals if one.verdict not in ("refused", "quarantined"))


def _want_thumbnails(session: Session, arrivals: Sequence[Arrival]) -> None:
    for arrival in arrivals:
        thumbnail = arrival.entry.set.get("thumb")
        if arrival.entry.type == "evidence" and isinstance(thumbnail, str):
            blobs.want(session, thumbnail, kind="thumb", record_id=arrival.entry.record_id)
