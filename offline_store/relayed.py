"""Entries that came by relay: kept beside the journal until the feed brings them.

On a device such an entry counts in its record, on top of the feed, together with own entries that
wait. On the server one waits here while entries before it are missing, and counts for nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, cast

from sqlalchemy import Row, delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from domain.changes import decode
from domain.errors import EntryInvalidError, StoreDamagedError
from domain.relay import Piece
from offline_store import bulk
from offline_store.entries import IN_MAX, Logged
from offline_store.tables import EntryRow, RelayedRow

# "counts" in its record here; "refused": may not be done, as far as this device knows; "held": only
# the server lets it count; "fork": another entry has its number, or that of one before it; on the
# server "waiting": for what stands before it, and "carried": a stop that is in force meanwhile
State = Literal["counts", "refused", "held", "fork", "waiting", "carried"]
_FOLDED: Final = ("counts", "refused")
_DELIVERED: Final = ("taken", "known")  # what the server answers when an entry is in its feed
# what may be another answer later: once a gap is filled, there is room, or a signature came
_FOR_NOW: Final = ("waiting", "relay.full", "relay.unsigned")
_BEGINS: Final = frozenset({"state", "of", "what"})  # cells of which every first entry sets one


@dataclass(frozen=True, slots=True)
class Came:
    """How an entry came: from which device, when (ms of the clock here), what it is here."""

    came_from: str
    came_ms: int
    state: State
    code: str | None = None


class Relayed(NamedTuple):
    """An entry that came by relay; `answer` is what the server said when it was passed on."""

    piece: Piece
    came: Came
    passed: str | None
    answer: str | None


_ANY = "SELECT 1 FROM relayed LIMIT 1"  # asked with every fold


def some(session: Session) -> bool:
    """Whether anything is here."""
    return bulk.first(session, _ANY) is not None


def add(session: Session, piece: Piece, came: Came) -> bool:
    """Keep an entry; returns False where the same one is here already."""
    entry, connection = piece.entry, session.connection()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {
        "device_id": entry.device_id,
        "number": entry.number,
        "hash": piece.hash,
        "previous": piece.previous,
        "record_id": entry.record_id,
        "body": piece.body,
        "signature": piece.signature,
        "state": came.state,
        "code": came.code,
        "came_from": came.came_from,
        "came_ms": came.came_ms,
    }
    statement = dialect.insert(RelayedRow).values(**values).on_conflict_do_nothing()
    return connection.execute(statement).rowcount == 1


def sign(session: Session, piece: Piece) -> None:
    """Keep a signature of an entry that came without its own before."""
    this = col(RelayedRow.hash) == piece.hash
    session.connection().execute(
        update(RelayedRow)
        .where(this, col(RelayedRow.signature).is_(None))
        .values(signature=piece.signature)
    )


def at(session: Session, device_id: str, number: int) -> list[bytes]:
    """Return the hashes of what came for a place of a chain; two of them are a fork."""
    query = select(col(RelayedRow.hash)).where(
        col(RelayedRow.device_id) == device_id, col(RelayedRow.number) == number
    )
    return list(session.connection().execute(query).scalars())


def find(
    session: Session,
    *,
    device_id: str | None = None,
    record_ids: Sequence[str] | None = None,
    not_passed: str | None = None,
    limit: int = 1000,
) -> list[Relayed]:
    """Return what is here in the order of its chains.

    `not_passed` leaves out what a server answered in this life of its feed.
    """
    query = select(*_COLUMNS).order_by(
        col(RelayedRow.device_id), col(RelayedRow.number), col(RelayedRow.hash)
    )
    if device_id is not None:
        query = query.where(col(RelayedRow.device_id) == device_id)
    if record_ids is not None:
        query = query.where(col(RelayedRow.record_id).in_(record_ids[:IN_MAX]))
    if not_passed is not None:
        passed = col(RelayedRow.passed)
        query = query.where(passed.is_(None) | (passed != not_passed))
    return [_relayed(row) for row in session.connection().execute(query.limit(limit))]


def devices(session: Session) -> list[str]:
    """Return the devices of whose entries some are here."""
    query = select(col(RelayedRow.device_id)).distinct().order_by(col(RelayedRow.device_id))
    return list(session.connection().execute(query).scalars())


def count(session: Session, device_id: str | None = None) -> int:
    """Return how many entries are here, of one device or of all."""
    query = select(func.count()).select_from(RelayedRow)
    if device_id is not None:
        query = query.where(col(RelayedRow.device_id) == device_id)
    return session.connection().execute(query).scalar() or 0


def passed(session: Session, rows: Iterable[Relayed], epoch: str, answer: str) -> None:
    """Note what the server said to entries that were passed on."""
    for one in rows:
        entry = one.piece.entry
        session.connection().execute(
            update(RelayedRow)
            .where(
                col(RelayedRow.device_id) == entry.device_id,
                col(RelayedRow.number) == entry.number,
                col(RelayedRow.hash) == one.piece.hash,
            )
            .values(passed=epoch, answer=answer)
        )


def ask_again(session: Session) -> None:
    """Let what the server did not take yet be offered to it once more."""
    session.connection().execute(
        update(RelayedRow).where(col(RelayedRow.answer).in_(_FOR_NOW)).values(passed=None)
    )


def settle(session: Session) -> None:
    """Let go of what the journal has by now."""
    if not some(session):
        return
    journal_has = exists().where(
        col(EntryRow.device_id) == col(RelayedRow.device_id),
        col(EntryRow.number) == col(RelayedRow.number),
        col(EntryRow.hash) == col(RelayedRow.hash),
    )
    run = session.connection().execute
    gone = list(run(select(col(RelayedRow.row)).where(journal_has)).scalars())
    for start in range(0, len(gone), IN_MAX):
        some_rows = gone[start : start + IN_MAX]
        run(delete(RelayedRow).where(col(RelayedRow.row).in_(some_rows)))


def drop_delivered(session: Session, epoch: str) -> list[str]:
    """Let go of what the server of this life has; returns the records it was of.

    It has what it took, and all that stands in a chain before an entry that its feed brought: what
    proved that may be gone from here, so that it cannot be asked for each.
    """
    if not some(session):
        return []
    brought = exists().where(
        col(EntryRow.device_id) == col(RelayedRow.device_id),
        col(EntryRow.number) >= col(RelayedRow.number),
        col(EntryRow.feed).is_not(None),
    )
    answer = col(RelayedRow.answer)
    has = answer.in_(_DELIVERED) | (answer.in_(_FOR_NOW) & brought)
    delivered = (col(RelayedRow.passed) == epoch, has)
    run = session.connection().execute
    of = list(run(select(col(RelayedRow.record_id)).where(*delivered).distinct()).scalars())
    run(delete(RelayedRow).where(*delivered))
    return sorted(of)


def mark(session: Session, piece: Piece, state: State) -> None:
    """Note what has become of one entry."""
    device_id, number, digest = piece.place
    session.connection().execute(
        update(RelayedRow)
        .where(
            col(RelayedRow.device_id) == device_id,
            col(RelayedRow.number) == number,
            col(RelayedRow.hash) == digest,
        )
        .values(state=state)
    )


def turn_down(session: Session, pieces: Iterable[Piece]) -> list[str]:
    """Let these entries be a fork, and all that goes on from them; returns the records of it.

    The server would wait for what stands before those: it has other entries with their numbers.
    """
    theirs, of = {one.place for one in pieces}, set[str]()
    for device_id in sorted({device_id for device_id, _, _ in theirs}):
        for row in find(session, device_id=device_id, limit=count(session, device_id)):
            if row.piece.place in theirs or row.piece.before in theirs:
                theirs.add(row.piece.place)
                mark(session, row.piece, "fork")
                of.add(row.piece.entry.record_id)
    return sorted(of)


def goes_on_from_fork(session: Session, piece: Piece) -> bool:
    """Say whether an entry follows one that is a fork."""
    device_id, number, digest = piece.before
    query = select(col(RelayedRow.row)).where(
        col(RelayedRow.device_id) == device_id,
        col(RelayedRow.number) == number,
        col(RelayedRow.hash) == digest,
        col(RelayedRow.state) == "fork",
    )
    return session.connection().execute(query).first() is not None


def drop(session: Session, piece: Piece) -> None:
    """Let go of one entry."""
    device_id, number, digest = piece.place
    session.connection().execute(
        delete(RelayedRow).where(
            col(RelayedRow.device_id) == device_id,
            col(RelayedRow.number) == number,
            col(RelayedRow.hash) == digest,
        )
    )


def on_top(
    session: Session, record_ids: Sequence[str], logged: Mapping[str, Sequence[Logged]]
) -> Mapping[str, Sequence[Logged]]:
    """Put what came by relay behind the feed, in one order with own entries that wait.

    The order is that of the logical clocks, which are later than all their authors had seen. It
    is the same on every device that has the same entries, and what builds on another comes later.
    """
    if not some(session):
        return logged
    came: dict[str, list[Logged]] = defaultdict(list)
    for start in range(0, len(record_ids), IN_MAX):
        ids = record_ids[start : start + IN_MAX]
        taken = exists().where(
            col(EntryRow.device_id) == col(RelayedRow.device_id),
            col(EntryRow.number) == col(RelayedRow.number),
        )
        query = select(*_COLUMNS).where(
            col(RelayedRow.record_id).in_(ids), col(RelayedRow.state).in_(_FOLDED), ~taken
        )
        for row in session.connection().execute(query):
            one = _relayed(row)
            verdict = "refused" if one.came.state == "refused" else None
            piece = one.piece
            came[row.record_id].append(
                Logged(piece.entry, piece.body, piece.hash, None, verdict, one.came.code)
            )
    found = dict(logged)
    for record_id, others in came.items():
        own = logged.get(record_id, [])
        confirmed = [one for one in own if one.feed is not None]
        waiting = [one for one in own if one.feed is None]
        begun = bool(own) or any(
            not one.entry.base and not _BEGINS.isdisjoint(one.entry.set) for one in others
        )
        if begun:  # a decision about what is not here yet waits for it
            found[record_id] = confirmed + _in_order([*waiting, *others])
    return found


def _in_order(waiting: Sequence[Logged]) -> list[Logged]:
    latest: dict[str, tuple[int, int]] = {}
    keyed: list[tuple[tuple[int, int, str, int], Logged]] = []
    for one in sorted(waiting, key=lambda one: (one.entry.device_id, one.entry.number)):
        entry = one.entry
        stamp = max((entry.wall_ms, entry.counter), latest.get(entry.device_id, (0, 0)))
        latest[entry.device_id] = stamp  # a chain stays in its order, whatever its clock did
        keyed.append(((*stamp, entry.device_id, entry.number), one))
    return [one for _, one in sorted(keyed, key=lambda pair: pair[0])]


_COLUMNS = (
    col(RelayedRow.row),
    col(RelayedRow.device_id),
    col(RelayedRow.number),
    col(RelayedRow.hash),
    col(RelayedRow.previous),
    col(RelayedRow.record_id),
    col(RelayedRow.body),
    col(RelayedRow.signature),
    col(RelayedRow.state),
    col(RelayedRow.code),
    col(RelayedRow.came_from),
    col(RelayedRow.came_ms),
    col(RelayedRow.passed),
    col(RelayedRow.answer),
)


def _relayed(row: "Row[*tuple[Any, ...]]") -> Relayed:
    try:
        entry = decode(row.body, row.device_id)
    except EntryInvalidError as error:  # it was checked when it came in
        raise StoreDamagedError(file="relayed") from error
    piece = Piece(entry, row.body, row.previous, row.hash, row.signature)
    came = Came(row.came_from, row.came_ms, cast("State", row.state), row.code)
    return Relayed(piece, came, row.passed, row.answer)
