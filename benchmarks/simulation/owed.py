"""What a device may have, worked out anew from the rules and all records.

The server works it out page by page from what a record was at a cursor; here every record is looked
at as it is now. So a page that gives too much is seen as it is made, and what a device holds in the
end is compared with what it is owed.
"""

import contextlib
from collections.abc import Callable, Generator
from typing import Any
from unittest import mock

from domain import scopes
from domain.changes import decode
from domain.devices import allotment_of, people_of
from offline_store import records
from offline_store.devices import Device
from server import pages
from server.site import Site
from sync.protocol import PullReply


def owed(here: Site, device_id: str) -> set[str] | None:
    """Return the ids of all records that a device is to hold; None: every one."""
    found = here.pack.definitions
    with here.store.reading() as session:
        device = records.lookup(session, device_id)
        people = people_of(found.plant, device).values()
        wanted = scopes.of_people(found.ground, people, allotment_of(device))
        if scopes.EVERYTHING in wanted:
            return None
        rows = session.connection().exec_driver_sql("SELECT record_id FROM record")
        by_id = {
            one.record_id: one
            for one in records.lookup_all(session, [record_id for (record_id,) in rows])
        }
    follows = found.scopes.follows
    given: set[str] = set()
    for one in by_id.values():
        about = by_id.get(one.text(follows[one.type])) if one.type in follows else None
        if scopes.sees(wanted, scopes.of_record(found.ground, one, about)):
            given.add(one.record_id)
    return given


@contextlib.contextmanager
def watched(leaked: Callable[[str], None]) -> Generator[None]:
    """Look at each page that the server makes; `leaked` is told what a device got too much."""

    def look(here: Site, caller: Device, reply: PullReply) -> None:
        theirs = owed(here, caller.device_id) if reply.entries or reply.enter else None
        if theirs is None:
            return
        for one in (*reply.entries, *reply.enter):
            if one.dev == caller.device_id:
                continue
            record_id = decode(one.body, one.dev).record_id
            if record_id not in theirs:
                leaked(f"{caller.device_id} got {one.dev} of {record_id}")

    def look_at(make: Callable[..., PullReply]) -> Callable[..., PullReply]:
        def made(here: Site, caller: Device, *args: Any, **named: Any) -> PullReply:  # noqa: ANN401
            reply = make(here, caller, *args, **named)
            look(here, caller, reply)
            return reply

        return made

    with (
        mock.patch.object(pages, "page", look_at(pages.page)),
        mock.patch.object(pages, "snapshot", look_at(pages.snapshot)),
    ):
        yield
