"""What waits to be sent: every record and every photo with its own state and receipt."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import relaying
from domain.evidence import VIDEO
from domain.words import Words
from offline_store import blobs, outbox, records, relay_files
from offline_store.outbox import Item
from sync.status import SyncStatus

PHOTO_KINDS = frozenset({"thumb", "stamped", "original"})


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One line of the outbox.

    `kind`: "inspection", "hazard", "task", "evidence", "event" for entries, "thumb", "stamped",
    `action` is the step of a hazard's decision, in words; `reason` a catalog key's last
    part: the code of a refusal, or of the trouble the last try had.
    """

    item_id: str
    kind: str
    action: Words | None
    title: Words | None
    code: str
    state: str  # "waiting" | "sending" | "received" | "refused"
    size: int | None
    sent: int | None
    receipt: str | None
    reason: str | None
    at_ms: int
    photo: str | None  # the photo or clip that it belongs to: its entry and its files
    shot: str
    is_clip: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is shown as one line: a record, or a photo with its files."""

    items: tuple[OutboxItem, ...]

    @property
    def first(self) -> OutboxItem:
        """The entry itself, before its files."""
        return self.items[0]

    @property
    def state(self) -> str:
        """Where it stands as a whole: received once all of it is."""
        states = {item.state for item in self.items}
        if len(states) > 1 and "refused" not in states:
            return "sending" if self.sent else "waiting"
        return min(states, key=lambda state: _ORDER[state])

    @property
    def size(self) -> int:
        """Bytes of all its files and its entry."""
        return sum(item.size or 0 for item in self.items)

    @property
    def sent(self) -> int:
        """Bytes that the server has."""
        return sum(
            (item.size if item.state == "received" else item.sent) or 0 for item in self.items
        )


@dataclass(frozen=True, slots=True)
class OutboxView:
    """All of it, what still waits first, then what was received lately."""

    items: tuple[OutboxItem, ...]
    waiting: int
    refused: int
    status: SyncStatus


def bundles(items: Sequence[OutboxItem]) -> list[Bundle]:
    """Put each photo and its files together, where its first item stands."""
    found: dict[str, list[OutboxItem]] = {}
    for item in items:
        found.setdefault(item.photo or item.item_id, []).append(item)
    rows = [
        Bundle(tuple(sorted(together, key=lambda item: item.kind in PHOTO_KINDS)))
        for together in found.values()
    ]
    return sorted(rows, key=lambda row: _ORDER[row.state])  # stable: else as the items stand


_ORDER = {"refused": 0, "sending": 1, "waiting": 2, "received": 3}


def view(field: FieldApp) -> OutboxView:
    """Return the outbox as it stands."""
    assert field.engine
    with field.store.reading() as session:
        found = outbox.items(session, field.device.device_id, field.clock.now_ms())
        photos = _photos(session, found)
        items = [_item(field, session, item, photos) for item in found]
    if field.engine.status.phase == "offline":  # nothing is on its way without a network
        items = [
            replace(item, state="waiting") if item.state == "sending" else item for item in items
        ]
    items.sort(key=lambda item: (_ORDER[item.state], item.kind in PHOTO_KINDS, -item.at_ms))
    return OutboxView(
        items=tuple(items),
        waiting=sum(item.state in ("waiting", "sending") for item in items),
        refused=sum(item.state == "refused" for item in items),
        status=field.engine.status,
    )


def waiting(field: FieldApp) -> int:
    """Return how many records and photos the server has not confirmed."""
    if field.identity is None:
        return 0
    with field.store.reading() as session:
        count = outbox.count(session, field.identity.device_id)
    return count.entries + count.blobs


def export(field: FieldApp) -> bytes:
    """Return everything waiting or refused as a zip, to hand over by other means.

    `entries.jsonl` holds the exact bytes of each entry, files are named by their hash.
    """
    made = io.BytesIO()
    with field.store.reading() as session, zipfile.ZipFile(made, "w") as archive:
        logged = outbox.unsettled(session, field.device.device_id)
        head = {"device": field.device.device_id, "key": field.device.public_key.hex()}
        archive.writestr("device.json", json.dumps(head))
        archive.writestr("entries.jsonl", b"\n".join(row.body for row in logged))
        if (message := relaying.unsent(field, session)) is not None:  # what others can take in
            archive.writestr(relay_files.MESSAGE, message)
        for blob in blobs.unsettled(session):
            data = blobs.read(field.store, blob.sha256)
            if data is not None:
                archive.writestr(f"blobs/{blob.sha256}", data)
    return made.getvalue()


def _photos(session: Session, items: Sequence[Item]) -> dict[str, str]:
    """Return which photo a listed entry or file belongs to: item id -> its record."""
    found: dict[str, str] = {}
    for item in items:
        if item.item == "entry" and item.what == "attach":
            record = records.lookup(session, item.record_id)
            hashes = [record.text(kind) for kind in PHOTO_KINDS] if record else []
            found |= dict.fromkeys([item.item_id, *hashes], item.record_id)
    return found


def _item(field: FieldApp, session: Session, item: Item, photos: Mapping[str, str]) -> OutboxItem:
    photo = photos.get(item.item_id)
    record = records.lookup(session, photo or item.record_id)
    asset = field.definitions.plant.assets.get(record.text("asset") if record else "")
    form = field.definitions.forms.get(record.definition.partition("@")[0]) if record else None
    kind = item.what if item.item == "blob" else item.type
    title = form.name if form else asset.name if asset else None
    return OutboxItem(
        item_id=item.item_id,
        kind=kind,
        action=field.definitions.access.actions.get(item.action or ""),
        title=title,
        code=record.text("code") if record else "",
        state=item.state,
        size=item.size,
        sent=item.bytes_sent,
        receipt=item.receipt_code,
        reason=item.code,
        at_ms=item.received_ms or item.made_ms,
        photo=photo,
        shot=record.text("shot") if record else "",
        is_clip=record is not None and record.text("media") == VIDEO,
    )
