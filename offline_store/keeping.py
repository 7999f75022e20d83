"""Keeping the new entries of a page: all of them at once, and what they make of their records."""

from collections.abc import Sequence

from sqlmodel import Session

from domain.merge import TypePolicies
from offline_store import entries, firsts, quarantine, records, relayed, times
from offline_store.arrival import Arrival
from offline_store.bulk import Row

Fresh = tuple[Arrival, bytes]  # an entry that was not here, and its chain hash


def keep(
    session: Session,
    fresh: Sequence[Fresh],
    arrivals: Sequence[Arrival],
    policies: TypePolicies,
    made: firsts.Rows | None = None,
) -> list[str]:
    """Add what is new of what came, bring the records up to date; returns the records touched.

    A record of which nothing was here is made of what came, without reading that back; `made` is
    what `firsts.rows` says of these arrivals. Words are found in it a little later
    (`records.index_due`).
    """
    came = [one.entry for one in arrivals]
    of_page = dict.fromkeys(one.record_id for one in came)
    known = records.known(session, list(of_page))
    entries.add_rows(session, [_row(*one) for one in fresh])
    relayed.settle(session)
    released = quarantine.apply(session, came)
    moved = times.settle(session, came)
    again = {*released, *moved}
    alone = firsts.usable(session, made or {}, of_page, known | again)
    firsts.save(session, alone)
    touched = list(of_page | dict.fromkeys([*released, *moved]))
    rest = [one for one in touched if one not in alone]
    if rest:
        ours = [one.logged(digest) for one, digest in fresh if one.entry.record_id not in alone]
        logged = entries.by_record(ours, of_page.keys() - known - again)
        new = frozenset(logged)
        logged |= entries.of_records(session, [one for one in rest if one not in new])
        records.save_logged(session, logged, rest, policies, new=new, searched="later")
    return touched


def _row(one: Arrival, digest: bytes) -> Row:
    entry = one.entry
    return (
        entry.device_id, entry.number, entry.entry_id, entry.record_id, entry.kind,
        entry.person_id, one.body, digest, one.feed, one.received_ms, one.verdict, one.code,
        entries.pack_params(one.params), one.signature,
    )  # fmt: skip
