"""The queries that lists ask, each made once: building one takes longer than its answer."""

from functools import cache
from typing import Final

from sqlalchemy import BigInteger, Select, and_, bindparam, or_, select
from sqlmodel import col

from offline_store.tables import RecordRow

# what each bound compares, by its name in `records.find`
_BOUNDS: Final = {
    "due_before_ms": col(RecordRow.due_ms) < bindparam("due_before_ms"),
    "due_from_ms": col(RecordRow.due_ms) >= bindparam("due_from_ms"),
    "changed_from_ms": col(RecordRow.changed_ms) >= bindparam("changed_from_ms"),
}


def columns() -> "Select[str, str, str, bytes]":
    """Return the query for records as they are read; the caller says which."""
    return select(
        col(RecordRow.record_id),
        col(RecordRow.type),
        col(RecordRow.definition),
        col(RecordRow.cells),
    )


@cache
def finding(
    one: frozenset[str], many: frozenset[str], bounds: frozenset[str], *, by_due: bool, after: bool
) -> "Select[str, str, str, bytes]":
    """Return the query of a list: columns equal to `one` value, or among `many`, within `bounds`.

    Values, `limit` and `offset` are parameters by the names of `records.find`.
    """
    query = columns().where(
        col(RecordRow.type) == bindparam("of_type"), col(RecordRow.deleted).is_(False)
    )
    for name in sorted(one):
        query = query.where(col(getattr(RecordRow, name)) == bindparam(name))
    for name in sorted(many):
        query = query.where(col(getattr(RecordRow, name)).in_(bindparam(name, expanding=True)))
    if after:
        changed, last = col(RecordRow.changed_ms), col(RecordRow.record_id)
        at = bindparam("after_ms", type_=BigInteger)
        behind = and_(changed == at, last > bindparam("after_id"))
        query = query.where(changed <= at, or_(changed < at, behind))
    query = query.where(*(_BOUNDS[name] for name in sorted(bounds)))
    first = col(RecordRow.due_ms) if by_due else col(RecordRow.changed_ms).desc()
    query = query.order_by(first, col(RecordRow.record_id))
    limit, offset = bindparam("limit", type_=BigInteger), bindparam("offset", type_=BigInteger)
    return query.limit(limit).offset(offset)


EVIDENCE: Final = (
    columns()
    .where(col(RecordRow.parent) == bindparam("of"), col(RecordRow.type) == "evidence")
    .order_by(col(RecordRow.record_id))
    .limit(bindparam("limit", type_=BigInteger))
)
