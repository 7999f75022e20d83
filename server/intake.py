"""Taking a push: once, in order, in one transaction; a broken rule refuses one entry only.

A push that cannot be part of the device's chain is not taken at all. One that tells another history
than the one that is here (a restored or copied device) is set aside as a file for a manager:
nobody picks one of the two in silence.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from domain.changes import Entry, decode
from domain.errors import EntryInvalidError, FieldError, RegisterFilesError
from domain.merge import Merged
from domain.records import Record, Value
from domain.words import Words
from offline_store import batches, entries, journal, keep, records
from offline_store.database import lock_feed
from server import clock_check, rights
from server.problems import RefusalError
from server.scene import Scene
from server.site import REGISTERS, Site
from sync.protocol import Params, PushException, PushHead, PushReply, receipt_bytes

_log = logging.getLogger(__name__)
_SET_ASIDE_MAX = 20  # files per device: more forks tell nothing new


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a push: the reply and its exact bytes; `fresh` unless it was here before."""

    reply: PushReply
    data: bytes
    fresh: bool


class _ForkError(Exception):
    """The push tells another history than the one in the journal."""


def take(here: Site, push: PushHead, bodies: Sequence[bytes]) -> Taken:
    """Take a push of the device named in its head; raises RefusalError if it cannot be taken."""
    try:
        taken = here.store.run(lambda session: _taken(here, session, push, bodies))
    except _ForkError as error:
        _set_aside(here.settings.home / "quarantine", push, bodies)
        raise RefusalError(409, "sync.fork") from error
    if not taken.fresh:
        return taken
    refused = sum(1 for one in taken.reply.exceptions if one.verdict == "refused")
    extra = {"device": push.dev, "first": push.first, "last": push.last, "refused": refused}
    _log.info("push", extra=extra | {"feed": taken.reply.feed, "entries": len(bodies)})
    return taken


def _taken(here: Site, session: Session, push: PushHead, bodies: Sequence[bytes]) -> Taken:
    """Judge one push at a time: a verdict looks at other records, which must not move meanwhile."""
    lock_feed(session)
    before = batches.lookup(session, push.dev, push.first)
    if before and before.reply and before.head.hex() == push.head:
        return Taken(PushReply.model_validate_json(before.reply), before.reply, fresh=False)
    _check_chain(session, push, bodies)
    here.refresh(session)
    return _take(here, session, push, bodies)


def _check_chain(session: Session, push: PushHead, bodies: Sequence[bytes]) -> None:
    number, head = journal.head(session, push.dev)
    if push.first > number + 1:
        raise RefusalError(409, "sync.gap", expected=number + 1)
    if push.first <= number:
        here = entries.of_device(session, push.dev, push.first, len(bodies))
        if any(one.body != body for one, body in zip(here, bodies, strict=False)):
            raise _ForkError
        raise RefusalError(409, "sync.gap", expected=number + 1)  # known so far: send from there
    if push.prev != head.hex():
        raise _ForkError
    if journal.chain(head, bodies)[-1].hex() != push.head:
        raise RefusalError(409, "sync.chain", expected=number + 1)


def _take(here: Site, session: Session, push: PushHead, bodies: Sequence[bytes]) -> Taken:
    now = here.now_ms()
    read = _entries(push, bodies)
    if not clock_check.judges(session, now, read):
        raise RefusalError(503, "server.clock")  # the device keeps it and comes again
    wrong: dict[str, RegisterFilesError] = {}
    while True:  # each round refuses at least one more row of a register
        intake = journal.Intake(session, push.dev, [entry.record_id for entry in read])
        exceptions: list[PushException] = []
        for entry, body in zip(read, bodies, strict=True):
            refusal = wrong.get(entry.record_id)
            _, exception = judge(here, session, intake, entry, body, now, refusal)
            if exception:
                exceptions.append(exception)
        found = here.wrong_rows(session, intake)
        if not found.keys() - wrong.keys():
            return settle(here, session, push, intake, exceptions, now)
        wrong |= found


def judge(
    here: Site,
    session: Session,
    intake: journal.Intake,
    entry: Entry,
    body: bytes,
    now: int,
    refusal: FieldError | None = None,
) -> tuple[Merged, PushException | None]:
    """Take the next entry of a push by the rules; the exception is what its device is told.

    `refusal` is why it is refused whatever the rules say.
    """
    refusal = refusal or rights.check(entry, _scene(here, session, intake, entry, now))
    params = _params(refusal)
    code = refusal.code if refusal else None
    merged = intake.add(entry, body, now, refused=code, params=params)
    return merged, None if merged.verdict == "accepted" else _exception(entry, merged, params)


def settle(
    here: Site,
    session: Session,
    push: PushHead,
    intake: journal.Intake,
    exceptions: list[PushException],
    now: int,
) -> Taken:
    """Write what was judged, number it in the feed and sign the receipt."""
    try:
        feed = intake.save()
    except IntegrityError as error:  # an entry id that another entry has already
        raise RefusalError(422, "entry.invalid", n=push.first, reason="id") from error
    receipt = here.receipt(receipt_bytes(push.dev, push.head, feed, now))
    reply = PushReply(
        feed=feed, accepted_to=push.last, exceptions=exceptions, server_ms=now, receipt=receipt
    )
    data = reply.model_dump_json().encode()
    batch = batches.Batch(
        push.dev, push.first, push.last, bytes.fromhex(push.head), feed, now, receipt, data
    )
    batches.add(session, batch)
    if intake.records("register"):
        keep.put(session, REGISTERS, feed)
    return Taken(reply, data, fresh=True)


def _scene(
    here: Site, session: Session, intake: journal.Intake, entry: Entry, received_ms: int
) -> Scene:
    """Return what stands around an entry: the store, and what came before it in this push."""

    def record_of(record_id: str) -> Record | None:
        if intake.has(record_id):
            return intake.record(record_id)
        return records.lookup(session, record_id)

    def photos_of(record_id: str) -> list[Record]:
        found = {one.record_id: one for one in records.evidence_of(session, record_id)}
        for one in intake.records("evidence"):
            if one.text("of") == record_id:
                found[one.record_id] = one
        return list(found.values())

    return Scene(
        definitions=here.pack.definitions,
        received_ms=received_ms,
        record=intake.record(entry.record_id),
        base_refused=intake.base_refused(entry),
        seen=lambda name: intake.seen(entry, name),
        record_of=record_of,
        photos_of=photos_of,
    )


def _entries(push: PushHead, bodies: Sequence[bytes]) -> list[Entry]:
    """Read the bodies. Bytes that nobody can read would stop every device that pulls them."""
    read: list[Entry] = []
    for number, body in enumerate(bodies, push.first):
        try:
            entry = decode(body, push.dev)
        except EntryInvalidError as error:
            reason = str(error.params["reason"])
            raise RefusalError(422, error.code, n=number, reason=reason) from error
        if entry.number != number:
            raise RefusalError(422, "entry.invalid", n=number, reason="number")
        read.append(entry)
    ids = [entry.entry_id for entry in read]
    if len(set(ids)) < len(ids):
        raise RefusalError(422, "entry.invalid", n=push.first, reason="id")
    return read


def _exception(entry: Entry, merged: Merged, params: Mapping[str, Value]) -> PushException:
    return PushException(
        n=entry.number, verdict=merged.verdict, code=merged.code, params=cast("Params", params)
    )


def _params(refusal: FieldError | None) -> dict[str, Value]:
    """Return the params of a refusal as plain values."""
    return {name: _plain(value) for name, value in refusal.params.items()} if refusal else {}


def _plain(value: object) -> Value:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Words):
        return value.in_("en")
    if isinstance(value, list | tuple):
        parts = cast("Collection[object]", value)
        return [str(_plain(part)) for part in parts]
    return str(value)


def _set_aside(folder: Path, push: PushHead, bodies: Sequence[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    device = push.dev.replace(".", "_")
    _log.warning("fork", extra={"device": push.dev, "first": push.first, "last": push.last})
    if len(list(folder.glob(f"{device}-*.jsonl"))) >= _SET_ASIDE_MAX:
        return
    file = folder / f"{device}-{push.first}-{push.head[:12]}.jsonl"
    file.write_bytes(b"\n".join([push.model_dump_json().encode(), *bodies]))
