"""Works whose approval ends soon or has just ended, for the people who are on them."""

from dataclasses import dataclass

from app.field import FieldApp
from app.use_cases import works
from domain.access import subject_of
from domain.control import flows
from domain.plant import Person
from domain.work import expires_ms
from domain.workflow import RULE, rows_of
from offline_store import records

MINUTE_MS = 60_000
HISTORY_MS = 60 * MINUTE_MS  # an end longer ago alarms nobody any more


@dataclass(frozen=True, slots=True)
class Ending:
    """A work that ends at `expires_ms`; `over`: it has."""

    record_id: str
    code: str
    title: str
    expires_ms: int
    over: bool


def warn_ms(field: FieldApp) -> int:
    """Return how long before the end people are warned."""
    return field.definitions.defaults.whole("work.warn_min") * MINUTE_MS


def endings(field: FieldApp, person: Person) -> list[Ending]:
    """Return what ends soon or ended within the hour and names this person, the first end first.

    A work that is over expires here. Nothing without a trusted time: then no end is known.
    """
    if field.pack is None or not field.clock.trusted:
        return []
    now, near = field.clock.now_ms(), warn_ms(field)
    found: list[Ending] = []
    for flow, work in flows(field.definitions):
        running = {one for row in rows_of(flow, RULE, work.expired) for one in row.sources}
        with field.store.reading() as session:
            states = sorted(running | {work.expired})
            for one in records.find(session, flow.code, state=states, limit=works.LIST_MAX):
                end = expires_ms(work, one)
                if end is None or person.person_id not in subject_of(one).named:
                    continue
                if end - near <= now < end + HISTORY_MS:
                    code, title = one.text("code"), one.text("title")
                    found.append(Ending(one.record_id, code, title, end, now > end))
    if any(one.over for one in found):
        works.expire(field)
    return sorted(found, key=lambda one: (one.expires_ms, one.record_id))
