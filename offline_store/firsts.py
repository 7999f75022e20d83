"""Rows of records of which a page brings the first entry and nothing else: most of a long pull.

What such an entry makes of its record follows from it alone, so it is worked out before the store
is locked, and without the parts of a fold that only a second entry would ask for. Whether really
nothing is here is looked at in the transaction (`offline_store.keeping`).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import merge
from offline_store import bulk, relayed, search, times
from offline_store.arrival import Arrival
from offline_store.records import STORED, row_of_first
from offline_store.tables import RecordRow

Rows = Mapping[str, tuple[Any, ...]]  # by record


def rows(arrivals: Sequence[Arrival], policies: merge.TypePolicies) -> Rows:
    """Return the rows that single plain entries make; other records are left to the fold."""
    often = Counter([one.entry.record_id for one in arrivals])
    found: dict[str, tuple[Any, ...]] = {}
    for one in arrivals:
        entry = one.entry
        alone = often[entry.record_id] == 1 and one.verdict not in merge.OUT
        if alone and merge.is_plain(entry, policies.get(entry.type, {})):
            found[entry.record_id] = row_of_first(entry, one.received_ms, one.feed)
    return found


def usable(session: Session, made: Rows, about: Collection[str], known: Collection[str]) -> Rows:
    """Return those of `about` that still hold: nothing of the record is `known` in the store."""
    if not made or relayed.some(session):
        return {}
    found = {one: made[one] for one in about if one in made and one not in known}
    for record_id in times.corrected_records(session, list(found)):
        del found[record_id]
    return found


def save(session: Session, made: Rows) -> None:
    """Insert the rows; words are found in them a little later (`records.index_due`)."""
    if not made:
        return
    last = session.connection().execute(select(func.max(col(RecordRow.row)))).scalar() or 0
    bulk.insert(session, RecordRow, STORED, list(made.values()))
    search.later_from(session, last + 1)
