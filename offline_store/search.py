"""Find records by words, people, equipment and time; the index follows each save of a record.

What comes from others is noted and indexed a little later (`later`), or by whoever searches first.

On SQLite it is a full-text table over our own terms (`search_terms`). Its row numbers follow the
record's own time, so that the newest hit comes first without sorting, and a span of time is a range
of rows. PostgreSQL keeps the same terms in an array; only devices search much.
The index is derived: `VERSION` rises with every change of the terms, and a store with another one
is indexed anew when it is opened.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, text
from sqlmodel import Session

from domain.records import Record, Value
from offline_store import bulk, keep, sealing, search_terms
from offline_store.search_terms import joined, tag
from offline_store.tables import SearchDueRow

VERSION: Final = 2
LIMIT_MAX = 1000
MEANT_MAX = 200  # ids that one word of a query may stand for
# by type: the cell of its time, and the cells whose text is found
INDEXED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "hazard": ("reported_ms", ("code", "words", "note", "place_note", "interim")),
    "task": ("due_ms", ("code", "title", "template", "plan", "work", "parts")),
    "inspection": ("submitted_ms", ("code", "note", "answers")),
    "maintenance": ("submitted_ms", ("code", "note", "work", "parts")),
    "gap": ("raised_ms", ("code", "note", "form", "item")),
    "event": ("at_ms", ("code", "what", "text")),
}
WHO: Final = ("reporter", "assignee", "owner", "inspector", "by", "verifier")
WHICH: Final = ("asset", "area", "unit")
WHAT: Final = ("category", "element", "state", "grade", "template", "work", "kind")  # codes of data
KEPT: Final = "search.version"  # name of the kept version
SINCE: Final = "search.since"  # row of the table of records: from there on, none is in the index
_MINUTE_MS = 60_000
_SLOTS = 1 << 16  # rows of one minute: one for each ms, the rest for what shares its ms
_PAGE = 500
_NESTED_MAX = 4  # how deep texts within a cell are looked for


def find(  # noqa: PLR0913 -- the four anchors, words and a page
    session: Session,
    words: str,
    *,
    types: Sequence[str] = (),
    person: str | None = None,
    asset: str | None = None,
    area: str | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    meant: Mapping[str, Collection[str]] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[str]:
    """Return ids of records that have all the words, newest first; no words: all that fit.

    `types` empty: every indexed type. `person` is anybody with a part in the record. `since_ms` and
    `until_ms` bound the record's own time (reported, submitted, due), both included. `meant`
    names for a word (split at spaces) the ids of equipment, areas, units or people and the codes of
    kinds and states that it stands for: those count as hits too. A query of marks alone finds
    nothing.
    """
    asked = _groups(words, meant or {})
    if asked is None:
        return []
    if types:
        asked.append([[tag("type", one)] for one in types])
    for kind, value in (("who", person), ("which", asset), ("which", area)):
        if value is not None:
            asked.append([[tag(kind, value)]])
    limit, offset = max(0, min(limit, LIMIT_MAX)), max(0, offset)
    span = (max(0, since_ms or 0), until_ms)
    search = _find_in_array if _is_postgresql(session) else _find_in_rows
    return search(session, asked, span, limit, offset)


def update(session: Session, records: Sequence[Record], record_ids: Collection[str]) -> None:
    """Bring the index up to date in the transaction that saves the records.

    `record_ids` names all that were touched: those without a record any more leave the index.
    """
    docs = {
        record.record_id: _document(record)
        for record in records
        if record.type in INDEXED and record.get("deleted") is not True
    }
    skipped = {record.record_id for record in records if record.type not in INDEXED}
    touched = [record_id for record_id in record_ids if record_id not in skipped]
    write = _write_array if _is_postgresql(session) else _write_rows
    for start in range(0, len(touched), _PAGE):
        some = touched[start : start + _PAGE]
        write(session, some, {one: docs[one] for one in some if one in docs})


def later(session: Session, record_ids: Sequence[str]) -> None:
    """Note records that a later `records.index_due` shall find words in: it takes its time."""
    bulk.delete(session, SearchDueRow, "record_id", record_ids)
    bulk.insert(session, SearchDueRow, ("record_id",), [(one,) for one in record_ids])


def later_from(session: Session, row: int) -> None:
    """Note the same of all records from a row of their table on: nothing was here of them."""
    since = keep.get(session, SINCE)
    if not isinstance(since, int) or row < since:
        keep.put(session, SINCE, row)


def due(session: Session, limit: int) -> list[str]:
    """Return records that came and are not in the index yet."""
    noted = [record_id for (record_id,) in bulk.run(session, _NOTED, (limit,))]
    return noted or [record_id for record_id, _ in _since(session, limit)]


def done(session: Session, record_ids: Sequence[str]) -> None:
    """Note that these, which `due` has just named, are in the index."""
    if bulk.first(session, _NOTED, (1,)) is not None:
        bulk.delete(session, SearchDueRow, "record_id", record_ids)
        return
    rows = [row for _, row in _since(session, len(record_ids) + 1)]
    keep.put(session, SINCE, rows[-1] if len(rows) > len(record_ids) else None)


def _since(session: Session, limit: int) -> list[tuple[str, int]]:
    """Return records from the row on from which they are not in the index, in order."""
    since = keep.get(session, SINCE)
    if not isinstance(since, int):
        return []
    return [(record_id, at) for record_id, at in bulk.run(session, _FROM, (since, limit))]


_NOTED = "SELECT record_id FROM search_due LIMIT ?"
_FROM = 'SELECT record_id, "row" FROM record WHERE "row" >= ? ORDER BY "row" LIMIT ?'


def outdated(session: Session) -> bool:
    """Say whether the index was made by another version of the terms, or never."""
    return keep.get(session, KEPT) != VERSION


def clear(session: Session) -> None:
    """Empty the index, to fill it anew."""
    if not _is_postgresql(session):
        connection = session.connection()
        connection.execute(text("INSERT INTO search_words (search_words) VALUES ('delete-all')"))
    session.connection().execute(text("DELETE FROM search_doc"))


def settle(session: Session) -> None:
    """Note that the index is whole."""
    keep.put(session, KEPT, VERSION)


# --- what is asked ------------------------------------------------------------------------------

_Groups = list[list[list[str]]]  # all of: any of: all of these terms


def _groups(words: str, meant: Mapping[str, Collection[str]]) -> _Groups | None:
    """Return what a record must have; None if something was typed that nothing can be found by."""
    asked: _Groups = []
    for word, terms in search_terms.of_query(words):
        ids = list(meant.get(word, ()))[:MEANT_MAX]
        ways = [terms] if terms else []
        ways += [[tag(kind, one)] for one in ids for kind in ("which", "who", "what")]
        if ways:
            asked.append(ways)
    return asked if asked or not words.strip() else None


# --- what is kept -------------------------------------------------------------------------------


def _document(record: Record) -> tuple[int, str]:
    """Return the time of a record (ms) and its terms."""
    when, cells = INDEXED[record.type]
    at_ms = record.whole(when)
    if at_ms is None:
        at_ms = min((cell.wall_ms for cell in record.cells.values()), default=0)
    tags = [tag("type", record.type)]
    tags += [tag("who", record.text(cell)) for cell in WHO if record.text(cell)]
    tags += [tag("which", record.text(cell)) for cell in WHICH if record.text(cell)]
    tags += [tag("what", record.text(cell)) for cell in WHAT if record.text(cell)]
    tags.append(tag("what", record.definition.rpartition("@")[0]))
    texts = [one for cell in (*cells, *WHICH) for one in _texts(record.get(cell))]
    return max(0, at_ms), joined(texts, tags)


def _texts(value: Value, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict) and depth < _NESTED_MAX:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one, depth + 1)


# --- SQLite -------------------------------------------------------------------------------------


def _find_in_rows(
    session: Session, asked: _Groups, span: tuple[int, int | None], limit: int, offset: int
) -> list[str]:
    last = (1 << 63) - 1 if span[1] is None else _row(span[1])
    params: dict[str, object] = {
        "first": _row(span[0]), "last": last, "limit": limit, "offset": offset
    }  # fmt: skip
    if asked:
        blind = _blind(session)
        params["asked"] = " AND ".join(
            "(" + " OR ".join(_all_of(map(blind, way)) for way in ways) + ")" for ways in asked
        )
        query = (
            "SELECT search_doc.record_id FROM search_words"
            " JOIN search_doc ON search_doc.row = search_words.rowid"
            " WHERE search_words MATCH :asked AND search_words.rowid BETWEEN :first AND :last"
            " ORDER BY search_words.rowid DESC LIMIT :limit OFFSET :offset"
        )
    else:
        query = (
            "SELECT record_id FROM search_doc WHERE row BETWEEN :first AND :last"
            " ORDER BY row DESC LIMIT :limit OFFSET :offset"
        )
    return [row[0] for row in session.connection().execute(text(query), params)]


def _all_of(terms: Iterable[str]) -> str:
    return "(" + " AND ".join(f'"{term}"' for term in terms) + ")"


def _blind(session: Session) -> Callable[[str], str]:
    """Return how terms stand in this file: as they are, or as keyed hashes (`sealing`)."""
    seal = sealing.of(session.connection().connection.dbapi_connection)
    return seal.blind if seal else str


_KNOWN = text("SELECT record_id, row, terms FROM search_doc WHERE record_id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)
_UNWORD = text(
    "INSERT INTO search_words (search_words, rowid, terms) VALUES ('delete', :row, :terms)"
)
_UNDOC = text("DELETE FROM search_doc WHERE row = :row")
_TAKEN = text("SELECT row FROM search_doc WHERE row = :row")
_TAKEN_ALL = text("SELECT row FROM search_doc WHERE row IN :rows").bindparams(
    bindparam("rows", expanding=True)
)
_LAST = text("SELECT max(row) FROM search_doc WHERE row >= :row AND row < :after")
_DOC = text("INSERT INTO search_doc (row, record_id, terms) VALUES (:row, :id, :terms)")
_WORD = text("INSERT INTO search_words (rowid, terms) VALUES (:row, :terms)")


def _write_rows(session: Session, ids: Sequence[str], docs: Mapping[str, tuple[int, str]]) -> None:
    connection, blind = session.connection(), _blind(session)
    docs = {one: (at_ms, blind(terms)) for one, (at_ms, terms) in docs.items()}
    gone: list[dict[str, object]] = []
    same: set[str] = set()
    for known in connection.execute(_KNOWN, {"ids": list(ids)}):
        doc = docs.get(known.record_id)
        if doc and doc[1] == known.terms and _row(doc[0]) // _SLOTS == known.row // _SLOTS:
            same.add(known.record_id)
        else:
            gone.append({"row": known.row, "terms": known.terms})
    if gone:
        connection.execute(_UNWORD, gone)
        connection.execute(_UNDOC, gone)
    wanted = {_row(at_ms) for record_id, (at_ms, _) in docs.items() if record_id not in same}
    taken = {row[0] for row in connection.execute(_TAKEN_ALL, {"rows": list(wanted)})}
    rows: list[dict[str, object]] = []
    for record_id, (at_ms, terms) in docs.items():
        if record_id not in same:
            row = _free(session, _row(at_ms), taken)
            taken.add(row)
            rows.append({"row": row, "id": record_id, "terms": terms})
    if rows:
        connection.execute(_DOC, rows)
        connection.execute(_WORD, rows)


def _row(at_ms: int) -> int:
    minute, rest = divmod(max(0, at_ms), _MINUTE_MS)
    return minute * _SLOTS + rest


def _free(session: Session, row: int, taken: set[int]) -> int:
    """Return the row of a time, or where it is taken the next one behind all of its minute.

    `taken` has what is taken of the rows that the times ask for, in the store and in this write.
    """
    if row not in taken:
        return row
    connection = session.connection()
    while row in taken or connection.execute(_TAKEN, {"row": row}).first():
        after = (row // _SLOTS + 1) * _SLOTS
        last: int = connection.execute(_LAST, {"row": row, "after": after}).scalar() or row
        row = max(last, *(one for one in taken if row <= one < after), row) + 1
    return row


# --- PostgreSQL ---------------------------------------------------------------------------------


def _is_postgresql(session: Session) -> bool:
    return session.connection().dialect.name == "postgresql"


def _find_in_array(
    session: Session, asked: _Groups, span: tuple[int, int | None], limit: int, offset: int
) -> list[str]:
    params: dict[str, object] = {"first": span[0], "limit": limit, "offset": offset}
    wanted = ["at_ms >= :first"]
    if span[1] is not None:
        params["last"] = span[1]
        wanted.append("at_ms <= :last")
    for one, ways in enumerate(asked):
        names = [f"way_{one}_{two}" for two in range(len(ways))]
        params |= dict(zip(names, ways, strict=True))
        wanted.append(
            "(" + " OR ".join(f"terms @> CAST(:{name} AS text[])" for name in names) + ")"
        )
    query = (
        f"SELECT record_id FROM search_doc WHERE {' AND '.join(wanted)}"  # noqa: S608 -- names only
        " ORDER BY at_ms DESC, row DESC LIMIT :limit OFFSET :offset"
    )
    return [row[0] for row in session.connection().execute(text(query), params)]


def _write_array(session: Session, ids: Sequence[str], docs: Mapping[str, tuple[int, str]]) -> None:
    connection = session.connection()
    drop = text("DELETE FROM search_doc WHERE record_id IN :ids")
    connection.execute(drop.bindparams(bindparam("ids", expanding=True)), {"ids": list(ids)})
    rows = [
        {"id": record_id, "at_ms": at_ms, "terms": terms.split(" ")}
        for record_id, (at_ms, terms) in docs.items()
    ]
    if rows:
        add = text(
            "INSERT INTO search_doc (record_id, at_ms, terms)"
            " VALUES (:id, :at_ms, CAST(:terms AS text[]))"
        )
        connection.execute(add, rows)
