"""Letting work under control expire: once its approval is over nobody may go on by it."""

from domain.control import flows
from domain.holds import ACTION, STATE
from domain.work import is_over
from domain.workflow import RULE, rows_of
from offline_store import records
from server.own_entries import OwnStep, write_own
from server.site import Site


def expire(here: Site, now_ms: int) -> int:
    """Let every work expire whose approval is over; returns how many. A duty of `server.duties`."""
    found = here.pack.definitions
    steps: list[OwnStep] = []
    with here.store.reading() as session:
        for flow, work in flows(found):
            code, over = flow.code, work.expired
            states = sorted({one for row in rows_of(flow, RULE, over) for one in row.sources})
            for record in records.find(session, code, state=states, limit=records.ALL):
                if is_over(work, record, now_ms):
                    cells = {STATE: over, ACTION: RULE}
                    step = OwnStep(RULE, record.record_id, code, cells, kind="decide")
                    steps.append(step)
    written = write_own(here, steps)
    return sum(1 for one in written if one.verdict != "refused")
