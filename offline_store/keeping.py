"""Keeping the new entries of a page: all of them at once, and what they make of their records."""

from collections.abc import Sequence

from sqlmodel import Session

from domain.changes import Entry
from domain.merge import TypePolicies
from offline_store import entries, quarantine, records, times
from offline_store.entries import Logged


def keep(
    session: Session, fresh: Sequence[Logged], came: Sequence[Entry], policies: TypePolicies
) -> list[str]:
    """Add what is new of what came, bring the records up to date; returns the records touched.

    A record of which nothing was here is made of what came, without reading that back. Words are
    found in it a little later (`records.index_due`).
    """
    of_page = dict.fromkeys(one.record_id for one in came)
    known = records.known(session, list(of_page))
    entries.add(session, fresh)
    released = quarantine.apply(session, came)
    moved = times.settle(session, came)
    touched = list(of_page | dict.fromkeys([*released, *moved]))
    logged = entries.by_record(fresh, of_page.keys() - known - {*released, *moved})
    new = frozenset(logged)
    logged |= entries.of_records(session, [one for one in touched if one not in new])
    records.save_logged(session, logged, touched, policies, new=new, searched="later")
    return touched
