"""Pages of the feed and of snapshots, made for one device in one transaction."""

from collections.abc import Sequence, Set
from typing import NamedTuple

from sqlmodel import Session

from domain.carried import CARRIER, CELL, inside
from domain.changes import DECISIONS, Entry, decode
from offline_store import blobs, devices, entries, journal, quarantine, records, scoped
from offline_store.devices import Device
from offline_store.entries import Logged, Stored
from offline_store.scoped import Asked, Turn
from server import scoping
from server.problems import RefusalError
from server.scoping import Subscribed
from server.site import Site
from sync.protocol import SNAPSHOT_MAX, VERSION, PulledEntry, PullReply, Subscription

_ENTER_MAX = 2000  # entries of whole records on one page: fewer pushes are put on it then
_LOOKED_AT_MAX = 2000  # records looked at for one page of a snapshot
_TAKES_IN = b'"type":"device"'  # stands in the body of an entry that takes a device in
_CARRIES = f'"{CELL}":{{'.encode()  # and in one that carries another (`domain.carried`)


class Ask(NamedTuple):
    """What a device asks for; `mark` names its subscription, None from one of version 1.1.

    `kept` is up to where it has stored the feed, where it asks ahead of that; `sent` the number of
    its own entry that was confirmed last, 0 for none, and `file` how the name of the file begins
    that was.
    """

    after: int
    limit: int
    own: bool
    epoch: str | None = None
    seen: str | None = None
    mark: str | None = None
    whole: bool = False
    kept: int | None = None
    sent: int | None = None
    file: str | None = None


def page(here: Site, caller: Device, ask: Ask) -> PullReply:
    """Return the next page of the feed for a device."""
    with here.store.reading() as session:
        epoch, last = here.epoch_now(session), journal.last_feed(session)
        another = _of_another_life(session, caller, ask, epoch, last)
        if not another:
            if ask.after <= last:
                _has_read(here, caller, ask)
            return _page_of(here, session, epoch, caller, ask)
    here.renew_epoch(ask.after)
    with here.store.reading() as session:
        return _page_of(here, session, here.epoch_now(session), caller, ask)


def _has_read(here: Site, caller: Device, ask: Ask) -> None:
    """Note that whoever asks for what comes after has what came before, if it says no other."""
    has = ask.after if ask.kept is None else min(ask.kept, ask.after)
    here.watch.read_to(caller.device_id, has, here.now_ms())


def _page_of(here: Site, session: Session, epoch: str, caller: Device, ask: Ask) -> PullReply:
    here.refresh(session)
    theirs = scoping.subscribed(session, here.pack.definitions, caller.device_id)
    if ask.mark is None and not theirs.whole:  # chains with holes mean nothing to it
        raise RefusalError(426, "protocol.version", wanted=VERSION)
    if ask.mark not in (None, theirs.mark) and not (theirs.whole and not ask.mark):
        return _told(here, session, epoch, theirs, ask)
    if theirs.whole:
        reply, more = _everything(here, session, epoch, caller, ask)
    else:
        turn, cursor, more = _turn(here, session, caller, theirs, ask)
        reply = _reply(here, session, epoch, turn, cursor)
    told = _subscription(theirs) if ask.mark == "" else None
    return reply.model_copy(
        update={"more": more, "subscription": told, "own_last": _own_last(session, caller, ask)}
    )


def _own_last(session: Session, caller: Device, ask: Ask) -> int | None:
    """Return the number of a device's last entry here, if it knows of fewer and asks for none."""
    if ask.own or ask.sent is None:
        return None
    last = journal.head(session, caller.device_id)[0]
    return last if last > ask.sent else None


def snapshot(
    here: Site, caller: Device, wanted: Sequence[str], after: str, *, own: bool, only_ids: bool
) -> PullReply:
    """Return a page of the records of some scopes by id; `next` is the cursor to pull from.

    `after` of the reply is where the next page goes on; None where this was the last.
    """
    with here.store.reading() as session:
        cursor = journal.last_feed(session)
        theirs = scoping.subscribed(session, here.pack.definitions, caller.device_id)
        if not set(wanted) <= set(theirs.scopes):
            raise RefusalError(403, "scope.other")
        seen = scoping.view(session, here.pack.definitions, tuple(wanted))
        found: list[str] = []
        most = _LOOKED_AT_MAX if only_ids else SNAPSHOT_MAX
        for _ in range(0, _LOOKED_AT_MAX, SNAPSHOT_MAX):
            ids = scoped.after(session, after, SNAPSHOT_MAX)
            visible = seen.of(records.lookup_all(session, ids))
            found += [one for one in ids if one in visible]
            after = ids[-1] if len(ids) == SNAPSHOT_MAX else ""
            if not after or len(found) >= most:
                break
        whole = [] if only_ids else seen.whole(found, without=None if own else caller.device_id)
        reply = _reply(here, session, here.epoch_now(session), Turn([], whole, []), cursor)
    told = {"after": after or None, "more": bool(after), "ids": found if only_ids else []}
    return reply.model_copy(update=told)


def _told(here: Site, session: Session, epoch: str, theirs: Subscribed, ask: Ask) -> PullReply:
    """Say what the device is to hold; entries come once it says the same."""
    return PullReply(
        next=ask.after,
        more=True,
        server_ms=here.now_ms(),
        epoch=epoch,
        mark=entries.mark(session, ask.after),
        subscription=_subscription(theirs),
    )


def _subscription(theirs: Subscribed) -> Subscription:
    return Subscription(mark=theirs.mark, rules=theirs.rules, scopes=list(theirs.scopes))


def _turn(
    here: Site, session: Session, caller: Device, theirs: Subscribed, ask: Ask
) -> tuple[Turn, int, bool]:
    limit = ask.limit
    while True:
        found, cursor, more = entries.page(session, ask.after, limit)
        view = scoping.view(session, here.pack.definitions, theirs.scopes)
        turn = view.turn(found, Asked(caller.device_id, ask.after, ask.own, ask.whole))
        if len(turn.enter) <= _ENTER_MAX or limit == 1:
            return turn, cursor, more
        limit = max(1, limit // 4)


def _everything(
    here: Site, session: Session, epoch: str, caller: Device, ask: Ask
) -> tuple[PullReply, bool]:
    """Return the page of a device that may have everything: bodies go on as they are stored."""
    without = None if ask.own else caller.device_id
    found, cursor, more = entries.stored_page(session, ask.after, ask.limit, without=without)
    names = {one.device_id for one in found}
    # its key is known before it has sent anything; one name too many says no more than that
    names |= {one.record_id for one in found if _TAKES_IN in one.body}
    names |= {inner.device_id for one in found if (inner := _carried(one)) is not None}
    sent = [_passed_on(one) for one in found]
    return _page(here, session, epoch, names, cursor).model_copy(update={"entries": sent}), more


def _carried(one: Stored) -> Entry | None:
    if one.device_id != CARRIER or _CARRIES not in one.body:
        return None
    return inside(decode(one.body, one.device_id))


def _passed_on(one: Stored) -> PulledEntry:
    verdict, code = quarantine.stored_as_sent(one)
    sig = one.signature.hex() if one.signature and one.kind in DECISIONS else None
    received_ms = one.received_ms or 0
    return PulledEntry(one.device_id, one.feed, verdict, code, received_ms, one.body, sig)


def _reply(here: Site, session: Session, epoch: str, turn: Turn, cursor: int) -> PullReply:
    rows = [*turn.enter, *turn.entries]  # in the order in which a device takes them
    taken_in = {one.entry.record_id for one in rows if one.entry.type == "device"}
    carried = {inner.device_id for one in rows if (inner := inside(one.entry)) is not None}
    names = taken_in | carried | {one.entry.device_id for one in rows}
    before = scoped.before(session, rows)

    def sent(one: Logged, *, settled: bool) -> PulledEntry:
        # a whole record comes with what held entries have become, the feed with what they were
        verdict, code = (one.verdict, one.code) if settled else quarantine.as_sent(one)
        assert verdict is not None
        assert one.feed is not None
        previous = before.get((one.entry.device_id, one.entry.number))
        return PulledEntry(
            one.entry.device_id,
            one.feed,
            verdict,
            code,
            one.received_ms or 0,
            one.body,
            one.signature.hex() if one.signature and one.entry.kind in DECISIONS else None,
            previous.hex() if previous else None,
        )

    return _page(here, session, epoch, names, cursor).model_copy(
        update={
            "entries": [sent(one, settled=False) for one in turn.entries],
            "enter": [sent(one, settled=True) for one in turn.enter],
            "leave": turn.leave,
        }
    )


def _page(here: Site, session: Session, epoch: str, names: Set[str], cursor: int) -> PullReply:
    """Return a page without entries yet; `names` are the devices whose keys are told with it."""
    keys = {one.device_id: one.public_key.hex() for one in devices.find(session, sorted(names))}
    return PullReply(
        devices=keys,
        next=cursor,
        more=False,
        server_ms=here.now_ms(),
        epoch=epoch,
        mark=entries.mark(session, cursor),
    )


def _of_another_life(session: Session, caller: Device, ask: Ask, epoch: str, last: int) -> bool:
    """Say whether a device has read or sent what this feed does not have: it was copied back.

    A device that knows only an earlier epoch says nothing about this one: it reads anew anyhow.
    """
    if ask.epoch is not None and ask.epoch != epoch:
        return False
    if ask.after > last:
        return True
    if ask.sent is not None and ask.sent > journal.head(session, caller.device_id)[0]:
        return True
    if ask.file is not None and not blobs.is_known(session, ask.file):
        return True
    if ask.seen is None:  # a device of the version before, or one that has just begun
        return False
    return entries.mark(session, ask.after) != ask.seen
