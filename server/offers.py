"""The entries of a push as they are read: what nobody can read gets a stand-in under its number."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from domain import unreadable
from domain.changes import DeviceTime, Entry, decode, encode
from domain.errors import EntryInvalidError
from domain.unreadable import UnreadableError
from offline_store import entries
from sync.protocol import PushHead


@dataclass(frozen=True, slots=True)
class Offered:
    """The entries of a push, the bodies to keep, and by number what could not be read."""

    entries: Sequence[Entry]
    bodies: Sequence[bytes]
    wrong: Mapping[int, UnreadableError]

    def up_to(self, count: int) -> "Offered":
        """Return the first so many."""
        some = self.entries[:count]
        kept = {one.number: self.wrong[one.number] for one in some if one.number in self.wrong}
        return Offered(some, self.bodies[:count], kept)

    def stand_ins(self) -> list[Entry]:
        """Return what stands for the unreadable ones."""
        return [one for one in self.entries if one.number in self.wrong]


Draft = tuple[Entry | None, str]  # an entry, or why some bytes are none


def drafts(push: PushHead, bodies: Sequence[bytes]) -> list[Draft]:
    """Read bodies without looking at anything else, so that nobody is kept waiting meanwhile."""
    return [_entry(push.dev, number, body) for number, body in enumerate(bodies, push.first)]


def read(
    session: Session,
    push: PushHead,
    bodies: Sequence[bytes],
    at_ms: int,
    drawn: Sequence[Draft] | None = None,
) -> Offered:
    """Read what a device sent; `at_ms` is when it came, `drawn` what `drafts` made of it."""
    found: list[Entry] = []
    kept: list[bytes] = []
    wrong: dict[int, UnreadableError] = {}
    taken: set[str] = set()
    drawn = drafts(push, bodies) if drawn is None else drawn
    for number, (body, (entry, reason)) in enumerate(zip(bodies, drawn, strict=True), push.first):
        if entry is None or entry.entry_id in taken:
            entry, body = _stand_in(push.dev, number, body, reason or "id", at_ms)  # noqa: PLW2901
            wrong[number] = UnreadableError(reason=reason or "id")
        taken.add(entry.entry_id)
        found.append(entry)
        kept.append(body)
    known = entries.ids_known(session, [one.entry_id for one in found])
    for index, one in enumerate(found if known else ()):
        if one.entry_id in known:  # an id stands for one entry, whoever wrote it
            sent = bodies[index]
            found[index], kept[index] = _stand_in(push.dev, one.number, sent, "id", at_ms)
            wrong[one.number] = UnreadableError(reason="id")
    return Offered(found, kept, wrong)


def _entry(device_id: str, number: int, body: bytes) -> Draft:
    """Return the entry, or why these bytes are none."""
    try:
        entry = decode(body, device_id)
    except EntryInvalidError as error:
        return None, str(error.params["reason"])
    if entry.number != number:
        return None, "number"
    if unreadable.digest_in(body) is not None:  # only the server says so of others
        return None, "stand_in"
    return entry, ""


def _stand_in(
    device_id: str, number: int, body: bytes, reason: str, at_ms: int
) -> tuple[Entry, bytes]:
    name = unreadable.record_id(device_id, number, hashlib.sha256(body).digest())
    entry = Entry(
        device_id, number, name, "edit", unreadable.RULE, name, "event", "event@1", {},
        dict(unreadable.cells(body, reason, at_ms)), at_ms, 0, DeviceTime(at_ms, 0, "", None),
    )  # fmt: skip
    return entry, encode(entry)
