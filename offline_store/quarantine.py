"""Held entries and what became of them: the outcome, applied to the journal of any store.

The feed never changes. A server that has let entries in goes on sending them as held ones; who
reads it applies the outcome that comes behind, and so arrives at the same records.
"""

import json
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain.changes import Entry
from domain.merge import TypePolicies, Verdict
from domain.quarantine import RELEASED, TYPE, outcome_of
from offline_store import entries, records, times
from offline_store.entries import IN_MAX, Logged, Stored
from offline_store.tables import EntryRow

HELD_AS = "held"  # param of a settled entry: the code it was held for


def held(session: Session, device_id: str, first: int, last: int) -> list[Logged]:
    """Return the entries of a device in this range that are held, in the order of its chain."""
    found: list[Logged] = []
    while first <= last and (some := entries.of_device(session, device_id, first, IN_MAX)):
        found += [one for one in some if one.entry.number <= last and one.verdict == "quarantined"]
        first = some[-1].entry.number + 1
    return found


def names(session: Session, device_id: str, sha256: str) -> bool:
    """Say whether an entry of a device names a file: one that is held, was settled, or counts."""
    query = select(col(EntryRow.body)).where(col(EntryRow.device_id) == device_id)
    wanted = sha256.encode()
    return any(wanted in bytes(body) for (body,) in session.connection().execute(query))


def settle(session: Session, one: Logged, barred: str | None) -> None:
    """Let a held entry count, or refuse it for good with the code why."""
    params = {**(one.params or {}), HELD_AS: one.code or ""}
    session.connection().execute(
        update(EntryRow)
        .where(
            col(EntryRow.device_id) == one.entry.device_id,
            col(EntryRow.number) == one.entry.number,
        )
        .values(
            verdict="refused" if barred else "accepted",
            code=barred or RELEASED,
            params=entries.pack_params(params),
        )
    )


def apply(session: Session, arrived: Sequence[Entry]) -> list[str]:
    """Apply the outcomes among entries that came; returns the ids of records to fold again."""
    touched: dict[str, None] = {}
    for entry in arrived:
        outcome = outcome_of(entry)
        if outcome is None:
            continue
        these = held(session, outcome.device, outcome.first, outcome.last)
        for one in these:
            settle(session, one, outcome.code(one.entry.number))
            touched[one.entry.record_id] = None
        touched |= dict.fromkeys(times.settle(session, [one.entry for one in these]))
    return list(touched)


def catch_up(session: Session, policies: TypePolicies) -> None:
    """Apply the outcomes that came while the program knew nothing of them yet; changes no others.

    A program of the version before keeps them and does nothing; this is called at the start.
    """
    kept: list[Entry] = []
    for record in records.find(session, TYPE, limit=records.ALL):
        kept += [one.entry for one in entries.of_record(session, record.record_id)]
    records.refold_all(session, apply(session, kept), policies)


def as_sent(one: Logged) -> tuple[Verdict | None, str | None]:
    """Return verdict and code of an entry as the feed tells them, before any outcome."""
    before = one.params.get(HELD_AS) if one.params else None
    return ("quarantined", before) if isinstance(before, str) else (one.verdict, one.code)


def stored_as_sent(one: Stored) -> tuple[Verdict, str | None]:
    """Return the same of an entry that is passed on as it is stored."""
    before = json.loads(one.params).get(HELD_AS) if one.params else None
    return ("quarantined", before) if isinstance(before, str) else (one.verdict, one.code)


def ranges(session: Session) -> list[tuple[str, int]]:
    """Return device and number of every entry that is held."""
    query = (
        select(col(EntryRow.device_id), col(EntryRow.number))
        .where(col(EntryRow.verdict) == "quarantined")
        .order_by(col(EntryRow.device_id), col(EntryRow.number))
    )
    return [(device, number) for device, number in session.connection().execute(query)]
