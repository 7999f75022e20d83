"""Entries of others on a device that has not everything: their chains have holes here.

The server says the hash before an entry whose predecessor it did not send along. It is believed as
far as nothing here says otherwise: wherever an entry's neighbours are here, they must fit.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain import merge
from domain.changes import genesis, link
from domain.errors import ChainBrokenError
from offline_store import devices, firsts, keeping, signed
from offline_store.arrival import Arrival
from offline_store.entries import IN_MAX
from offline_store.tables import EntryRow


class _Here(NamedTuple):
    body: bytes
    hash: bytes


def receive(
    session: Session,
    arrivals: Sequence[tuple[Arrival, bytes | None]],
    policies: merge.TypePolicies,
    made: firsts.Rows | None = None,
) -> list[str]:
    """Take entries of others, each with the hash before it where the server said one.

    Brings their records up to date and returns them. Raises ChainBrokenError with device and number
    for an entry that does not fit its neighbours or has neither predecessor nor hash before it,
    SignatureWrongError for a decision that its device has not signed; then nothing is kept.
    """
    decisions = signed.Decisions(session)
    here = _around(session, [arrival for arrival, _ in arrivals])
    fresh: list[keeping.Fresh] = []
    for arrival, said in arrivals:
        device_id, number = arrival.entry.device_id, arrival.entry.number
        known = here.get((device_id, number))
        if known is not None:
            if known.body != arrival.body:
                raise ChainBrokenError(device=device_id, number=number)
            _learn(session, arrival)
            continue
        previous = _previous(session, here, arrival, said)
        digest = arrival.linked(previous)
        after = here.get((device_id, number + 1))
        if after is not None and link(digest, after.body) != after.hash:
            raise ChainBrokenError(device=device_id, number=number + 1)
        arrival.check(decisions, digest)
        here[device_id, number] = _Here(arrival.body, digest)
        if number > 1 and (device_id, number - 1) not in here:
            arrival = arrival._replace(behind=previous)  # noqa: PLW2901 -- the same, better known
        fresh.append((arrival, digest))
    return keeping.keep(session, fresh, [arrival for arrival, _ in arrivals], policies, made)


def _previous(
    session: Session,
    here: Mapping[tuple[str, int], _Here],
    arrival: Arrival,
    said: bytes | None,
) -> bytes:
    device_id, number = arrival.entry.device_id, arrival.entry.number
    before = here.get((device_id, number - 1))
    found = before.hash if before else None
    if number == 1:
        device = devices.lookup(session, device_id)
        assert device is not None, "the devices of a page are known before its entries"
        found = genesis(device_id, device.public_key)
    if found is None:
        found = said
    if found is None or said not in (None, found):
        raise ChainBrokenError(device=device_id, number=number)
    return found


def _learn(session: Session, arrival: Arrival) -> None:
    session.connection().execute(
        update(EntryRow)
        .where(
            col(EntryRow.device_id) == arrival.entry.device_id,
            col(EntryRow.number) == arrival.entry.number,
        )
        .values(
            feed=arrival.feed,
            verdict=arrival.verdict,
            code=arrival.code,
            received_ms=arrival.received_ms,
        )
    )


def _around(session: Session, arrivals: Sequence[Arrival]) -> dict[tuple[str, int], _Here]:
    """Return which of these entries and their neighbours are here."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for one in arrivals:
        number = one.entry.number
        wanted[one.entry.device_id] |= {number - 1, number, number + 1}
    found: dict[tuple[str, int], _Here] = {}
    for device_id, numbers in sorted(wanted.items()):
        ordered = sorted(numbers)
        for start in range(0, len(ordered), IN_MAX):
            query = select(col(EntryRow.number), col(EntryRow.body), col(EntryRow.hash)).where(
                col(EntryRow.device_id) == device_id,
                col(EntryRow.number).in_(ordered[start : start + IN_MAX]),
            )
            for number, body, digest in session.connection().execute(query):
                found[device_id, number] = _Here(body, digest)
    return found
