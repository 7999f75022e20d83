"""What becomes of each entry of a push: judged by the rules, written, numbered, answered."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from domain.changes import Entry
from domain.errors import FieldError
from domain.merge import Merged
from domain.receipts import receipt_bytes
from domain.records import Record, Value
from domain.words import Words
from offline_store import batches, journal, keep, records, removals
from server import rights
from server.certificates import Standing
from server.problems import RefusalError
from server.scene import Scene
from server.site import REGISTERS, Site
from sync.protocol import Params, PushException, PushHead, PushReply


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a push: the reply and its exact bytes; `fresh` unless it was here before.

    `forged` is the number from which on the chain is not the device's, where that was so;
    `unreadable` are the numbers of entries for which something else stands.
    """

    reply: PushReply
    data: bytes
    fresh: bool
    forged: int | None = None
    unreadable: tuple[int, ...] = ()


class Offer(NamedTuple):
    """An entry as it comes: `refusal` and `quarantined` say why it does not count, if so.

    `refusal` goes before all rules; `signature` was verified; `standing` says who might work on its
    device when it was written.
    """

    entry: Entry
    body: bytes
    signature: bytes | None = None
    refusal: FieldError | None = None
    quarantined: str | None = None
    digest: bytes | None = None  # its chain hash, where it is known
    standing: Standing | None = None


def judge(
    here: Site, session: Session, intake: journal.Intake, offer: Offer, now: int
) -> tuple[Merged, PushException | None]:
    """Take the next entry of a push by the rules; the exception is what its device is told."""
    entry, refusal = offer.entry, offer.refusal
    if refusal is None and offer.quarantined is None:
        scene = scene_of(here, session, intake, entry, now)
        refusal = rights.check(entry, scene, offer.standing)
    params = _params(refusal)
    merged = intake.add(
        entry,
        offer.body,
        now,
        refused=refusal.code if refusal else None,
        quarantined=offer.quarantined,
        params=params,
        signature=offer.signature,
        digest=offer.digest,
    )
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
        push.dev, push.first, push.last, bytes.fromhex(push.head), feed, now, receipt, data,
        str(push.certificate) if push.certificate else None,
    )  # fmt: skip
    batches.add(session, batch)
    if intake.records("register"):
        keep.put(session, REGISTERS, feed)
    return Taken(reply, data, fresh=True)


def scene_of(
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
        gone=removals.gone(session),
    )


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
