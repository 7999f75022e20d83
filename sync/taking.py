"""Keeping a page of the feed, some entries at a time: a person's save waits for one part only.

The store has one writer. A page of hundreds of entries in one transaction would hold up an answer
for a quarter of a second. Each part keeps its entries and the cursor behind them in one
transaction, so a cut leaves whole parts; the rest of the page is asked for again.
"""

from collections.abc import Iterator, Sequence

from sqlmodel import Session

from domain.changes import DECISIONS, Entry, decode
from domain.merge import TypePolicies
from offline_store import arrivals as holed
from offline_store import blobs, devices, journal, keep, leaving, lives, removals
from offline_store.database import Store
from sync.protocol import PulledEntry, PullReply

AT_ONCE = 250  # entries: some 20 ms on two slow cores


def take(store: Store, reply: PullReply, policies: TypePolicies, *, own: str | None = None) -> bool:
    """Keep a page; returns whether somebody administered. Call it in a thread.

    `own` is this device where it may lack entries of others: then the server says what stands
    before a hole. Raises ChainBrokenError where a device's entries do not go on from what is here;
    the parts before that one stay.
    """
    administered = take_whole(store, reply, policies, own)
    for part, cursor in _parts(reply):
        with store.session() as session:
            administered |= _receive(session, reply, part, policies, own)
            keep.set_cursor(session, keep.Cursor(cursor, reply.epoch))
            if cursor == reply.next and not reply.more:
                lives.finish(session, policies)
            if own is not None:  # what comes is to be seen again, though it may have left before
                leaving.unmark(session, _record_ids(part))
            if cursor == reply.next:
                leaving.mark(session, reply.leave)
                keep.set_mark(session, keep.Cursor(cursor, reply.epoch), reply.mark)
                keep.set_as_of(session, reply.server_ms)
    _take_away(store, reply.entries)
    if own is not None:
        leaving.settle(store, own)
    return administered


def take_whole(store: Store, reply: PullReply, policies: TypePolicies, own: str | None) -> bool:
    """Keep the records of a page that come whole, the cursor stays; returns as `take`."""
    administered = False
    for start in range(0, len(reply.enter), AT_ONCE):
        with store.session() as session:
            part = reply.enter[start : start + AT_ONCE]
            administered |= _receive(session, reply, part, policies, own)
    _take_away(store, reply.enter)
    if reply.enter:
        with store.session() as session:
            leaving.unmark(session, _record_ids(reply.enter))
    return administered


def _record_ids(came: Sequence[PulledEntry]) -> set[str]:
    return {decode(one.body.encode(), one.dev).record_id for one in came}


def _take_away(store: Store, came: Sequence[PulledEntry]) -> None:
    """Delete the files of personal media that these entries removed, once they are kept."""
    if any('"type":"removal"' in one.body for one in came):
        removals.sweep(store)


def _receive(
    session: Session,
    reply: PullReply,
    part: Sequence[PulledEntry],
    policies: TypePolicies,
    own: str | None,
) -> bool:
    arrivals = [_arrival(one) for one in part]
    # a device that was taken in is known by its key before it has sent anything (for relay)
    taken_in = {one.entry.record_id for one in arrivals if one.entry.type == "device"}
    for device_id in taken_in | {one.dev for one in part}:
        public_key = reply.devices.get(device_id)
        if public_key is not None:
            devices.add(session, devices.Device(device_id, bytes.fromhex(public_key)))
    lives.clear_way(session, arrivals, policies)
    if own is None:
        journal.receive(session, arrivals, policies)
    else:
        mine = [one for one in arrivals if one.entry.device_id == own]
        journal.receive(session, mine, policies)
        others = [
            (one, bytes.fromhex(row.prev) if row.prev else None)
            for one, row in zip(arrivals, part, strict=True)
            if row.dev != own
        ]
        holed.receive(session, others, policies)
    removals.apply(session, _counting(arrivals))
    _want_thumbnails(session, arrivals)
    return any(arrival.entry.type == "register" for arrival in arrivals)


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


def _arrival(one: PulledEntry) -> journal.Arrival:
    body = one.body.encode()
    entry = decode(body, one.dev)
    return journal.Arrival(
        entry,
        body,
        one.feed,
        one.verdict,
        one.code,
        one.received_ms,
        # of decisions alone: those are verified before they are kept, and nothing else may be kept
        bytes.fromhex(one.sig) if one.sig and entry.kind in DECISIONS else None,
    )


def _counting(arrivals: Sequence[journal.Arrival]) -> Iterator[Entry]:
    return (one.entry for one in arrivals if one.verdict not in ("refused", "quarantined"))


def _want_thumbnails(session: Session, arrivals: Sequence[journal.Arrival]) -> None:
    for arrival in arrivals:
        thumbnail = arrival.entry.set.get("thumb")
        if arrival.entry.type == "evidence" and isinstance(thumbnail, str):
            blobs.want(session, thumbnail, kind="thumb", record_id=arrival.entry.record_id)
