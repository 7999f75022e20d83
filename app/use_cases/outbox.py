"""What waits to be sent: every record and every photo with its own state and receipt."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, NamedTuple
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.field import FieldApp, Identity
from app.standing import former
from app.use_cases import relaying
from domain.evidence import VIDEO
from domain.words import Words
from offline_store import backups, blobs, outbox, records, relay_files
from offline_store.blobs import ORIGINAL, PRIORITIES
from offline_store.outbox import Item
from sync.files import SMALL_BYTES
from sync.resting import BACKOFF_MAX_S
from sync.status import SyncStatus

_STEP = 1024 * 1024
_MEMBER_BYTES = 512  # of a zip: what a file takes beside its bytes
_PAGES = ("hazard", "inspection")  # types of records that have a page
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
    at_ms: int  # when the server received it, else when it was made
    photo: str | None  # the photo or clip that it belongs to: its entry and its files
    shot: str
    is_clip: bool = False
    awaited: bool = False  # somebody asked the server for it: it goes before the others
    held: bool = False  # waits for a better link
    made_ms: int = 0
    received_ms: int | None = None
    opens: str = ""  # the page of its record; empty where there is none


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

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for one of its files."""
        return any(item.awaited for item in self.items)

    @property
    def held(self) -> bool:
        """Whether all that is left of it waits for a better link."""
        left = [item for item in self.items if item.state != "received"]
        return bool(left) and all(item.held for item in left)


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long what is left takes on this link, in whole seconds rounded up; None: nobody knows.

    `seconds` is for what goes now, `held_seconds` for originals that wait for a better link;
    `kbit_s` what the link moved lately, 0 where nobody knows.
    """

    kbit_s: int
    left_bytes: int
    seconds: int | None
    held_bytes: int
    held_seconds: int | None


@dataclass(frozen=True, slots=True)
class OutboxView:
    """All of it, what still waits first, then what was received lately.

    `waiting` are `entries` and `files` that the server has not confirmed.
    """

    items: tuple[OutboxItem, ...]
    entries: int
    files: int
    refused: int
    status: SyncStatus
    forecast: Forecast

    @property
    def waiting(self) -> int:
        """Whatever waits, entries and files."""
        return self.entries + self.files

    @property
    def passes_on(self) -> bool:
        """Whether entries wait, which another device can take along; files go by network alone."""
        left = (one for one in self.items if one.state in ("waiting", "sending"))
        return any(one.kind not in PHOTO_KINDS for one in left)


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
        left = outbox.count(session, field.device.device_id)
        items = [_item(field, session, item, photos) for item in found]
    if field.engine.status.phase == "offline":  # nothing is on its way without a network
        items = [
            replace(item, state="waiting") if item.state == "sending" else item for item in items
        ]
    status = field.engine.status
    items = [_standing(item, status) for item in items]
    items.sort(key=lambda item: (_ORDER[item.state], item.kind in PHOTO_KINDS, -item.at_ms))
    return OutboxView(
        items=tuple(items),
        entries=left.entries,
        files=left.blobs,
        refused=sum(item.state == "refused" for item in items),
        status=status,
        forecast=forecast(status, field.media.cap_bytes_s, left.bytes),
    )


def forecast(status: SyncStatus, cap_bytes_s: int, left_bytes: int) -> Forecast:
    """Reckon how long it takes, by what the link has moved lately and what it may."""
    rate = min(status.rate, cap_bytes_s) if cap_bytes_s else status.rate
    going = max(0, left_bytes - status.held_bytes)
    return Forecast(
        kbit_s=rate * 8 // 1000,
        left_bytes=going,
        seconds=_seconds(going, rate),
        held_bytes=status.held_bytes,
        held_seconds=_seconds(status.held_bytes, rate),
    )


def _seconds(size: int, rate: int) -> int | None:
    return -(-size // rate) if rate else None


def _standing(item: OutboxItem, status: SyncStatus) -> OutboxItem:
    """Say of a file that is left whether somebody waits for it, or it for a better link."""
    if item.state not in ("waiting", "sending") or item.kind not in PHOTO_KINDS:
        return item
    awaited = item.item_id in status.wanted
    large = (item.size or 0) > SMALL_BYTES
    waits = PRIORITIES.get(item.kind, ORIGINAL) >= status.held_from and large
    held = bool(status.held_bytes) and waits and not awaited
    # an original of which a part was sent stands still all the same
    return replace(item, awaited=awaited, held=held, state="waiting" if held else item.state)


def retry(field: FieldApp, sha256: str) -> None:
    """Queue a refused file again; one that is no longer refused stays as it is."""
    with field.store.session() as session:
        known = blobs.lookup(session, sha256)
        if known and known.state == "refused":
            blobs.retry(session, sha256)
    if field.engine:
        field.engine.hurry()


def next_try_s(status: SyncStatus) -> int | None:
    """Return within how many seconds a device without a link tries again; None: it has one."""
    if status.phase != "offline":
        return None
    asked = status.error.params.get("retry_s") if status.error else None
    return asked if isinstance(asked, int) and asked > 0 else round(BACKOFF_MAX_S)


def export_name(field: FieldApp, number: int = 0) -> str:
    """Return what the file is called: whose it is and of which day; `number` of several, from 0."""
    zone = ZoneInfo(field.definitions.plant.timezone)
    day = datetime.fromtimestamp(field.clock.now_ms() / 1000, zone).strftime("%Y%m%d")
    part = f"-{number + 1}" if number else ""
    return f"anshao-outbox-{field.device.short}-{day}{part}.zip"


def waiting(field: FieldApp) -> int:
    """Return how many records and photos the server has not confirmed."""
    if field.identity is None:
        return 0
    with field.store.reading() as session:
        count = outbox.count(session, field.identity.device_id)
    return count.entries + count.blobs


def export(field: FieldApp, files: Sequence[str] | None = None) -> bytes:
    """Return everything waiting or refused as a zip; with clips `export_to` is the way.

    `files`: with these photos and clips alone, by their SHA-256.
    """
    made = io.BytesIO()
    _write_export(field, made, files)
    return made.getvalue()


def export_to(field: FieldApp, file: Path) -> int:
    """Write the same into a file, however large, and durably; returns its size.

    Raises StoreFullError; a file that could not be finished is gone.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        with blobs.naming_a_full_disk():
            with part.open("wb") as made:
                _write_export(field, made, None)
            backups.sync(part)
            part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


class Parts(NamedTuple):
    """The files to hand over where each has to fit into memory: the hashes that each takes along.

    All of them hold every entry. `too_large` photos or clips fit into none, and stay here.
    """

    files: tuple[tuple[str, ...], ...]
    too_large: int


def parts(field: FieldApp, most_bytes: int) -> Parts:
    """Share out what waits among files of at most so many bytes (more if the entries need it).

    Nothing is written down in clear where the rest of this device is sealed.
    """
    found: list[list[str]] = [[]]
    left = room = most_bytes - len(export(field, ()))
    too_large = 0
    with field.store.reading() as session:
        waiting = blobs.unsettled(session)
    here = [one for one in waiting if blobs.is_here(field.store, one.sha256)]
    for one in sorted(here, key=lambda blob: (blob.priority, blob.size, blob.sha256)):
        size = one.size + _MEMBER_BYTES
        if size > room:
            too_large += 1
            continue
        if size > left:
            found.append([])
            left = room
        found[-1].append(one.sha256)
        left -= size
    return Parts(tuple(tuple(some) for some in found), too_large)


def _write_export(field: FieldApp, made: IO[bytes], files: Sequence[str] | None) -> None:
    """Write the zip of `docs/reference/protocol.md`, "Outbox file": nothing large is in memory."""
    with field.store.reading() as session, zipfile.ZipFile(made, "w") as archive:
        _write_identity(session, archive, field.device, "")
        for one in former(session):
            _write_identity(session, archive, one, f"former/{one.device_id}/")
        for number, message in enumerate(relaying.unsent(field, session)):  # for others to take in
            archive.writestr(relay_files.message_name(number), message)
        for blob in blobs.unsettled(session):
            wanted = files is None or blob.sha256 in files
            if wanted and blobs.is_here(field.store, blob.sha256):
                with archive.open(f"blobs/{blob.sha256}", "w", force_zip64=True) as into:
                    for step in _steps(field, blob.sha256):
                        into.write(step)


def _write_identity(session: Session, archive: zipfile.ZipFile, one: Identity, folder: str) -> None:
    """Write what the server has not taken of this device, or of what it was before."""
    logged = outbox.unsettled(session, one.device_id)
    links = outbox.links(session, one.device_id, logged)
    head = {"v": 1, "device": one.device_id, "key": one.public_key.hex()}
    archive.writestr(f"{folder}device.json", json.dumps(head))
    archive.writestr(f"{folder}entries.jsonl", b"\n".join(row.body for row in logged))
    archive.writestr(f"{folder}chain.jsonl", "\n".join(json.dumps(link) for link in links))


def _steps(field: FieldApp, sha256: str) -> Iterator[bytes]:
    at = 0
    while step := blobs.read_part(field.store, sha256, at, _STEP):
        at += len(step)
        yield step


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
    # a file has no time of its own: it was made with its photo
    made_ms = item.made_ms or (record.whole("taken_ms") or 0 if record else 0)
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
        at_ms=item.received_ms or made_ms,
        made_ms=made_ms,
        received_ms=item.received_ms,
        photo=photo,
        shot=record.text("shot") if record else "",
        is_clip=record is not None and record.text("media") == VIDEO,
        opens=f"/{record.type}/{record.record_id}" if record and record.type in _PAGES else "",
    )
