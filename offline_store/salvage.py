"""Save what can be read of a damaged database into a fresh one.

Entries are what counts: records, conflicts and the search index are made from them anew. Gaps in
the own chain are bridged (`chains`). A server cuts each device's chain at its first gap instead,
because devices send on from there.
"""

import json
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from domain.changes import decode, genesis
from domain.definitions import put_together, read
from domain.errors import EntryInvalidError, StoreDamagedError
from domain.policies import POLICIES, TypePolicies
from offline_store import (
    backups,
    blobs,
    chains,
    cipher_pages,
    keep,
    pages,
    records,
    salvaged,
    sealed_files,
    sealing,
    search,
    tables,
)
from offline_store.database import Store
from offline_store.pages import Cell, shape
from offline_store.sealing import Seal

EPOCH = "server.epoch"  # kept by a server: the name of this life of its feed
SERVER = "server"  # the device whose entries the server writes itself
_CHUNK = 500
_NUMBERED = shape("tii")  # the key of an entry in its index, and its row
_CODE = re.compile(r"([A-Z]{2})-[0-9A-F]{4}-([0-9]{4,9})\Z")
_SHA = re.compile(r"[0-9a-f]{64}\Z")

Key = tuple[Cell, ...]
Found = dict[Key, dict[str, Cell]]


@dataclass
class Counts:
    """What became of one table's rows."""

    saved: int = 0
    lost: int = 0


@dataclass
class Saved:
    """What was saved; `unsent` are the changes of this device that the server had not confirmed."""

    tables: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    unsent: Counts = field(default_factory=Counts)
    files_found: int = 0  # files in the folder whose row was lost
    unreadable_rows: int = 0  # of whatever table
    # device and number of each entry that the index knows
    indexed: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    # of entries that had to get another hash: what they were and how they were signed
    signatures: Mapping[int, tuple[bytes, bytes]] = field(
        default_factory=dict[int, tuple[bytes, bytes]]
    )

    @property
    def changes(self) -> Counts:
        """Entries of all devices."""
        return self.tables["entry"]


@dataclass(frozen=True, slots=True)
class _Table:
    model: type[SQLModel]
    fits: pages.Shape
    key: tuple[str, ...]
    whole: Callable[[Mapping[str, Cell]], bool] = lambda _row: True


def _json_body(row: Mapping[str, Cell]) -> bool:
    try:
        json.loads(cast("bytes", row["body"]))
    except ValueError:
        return False
    return True


def _entry(row: Mapping[str, Cell]) -> bool:
    try:
        entry = decode(cast("bytes", row["body"]), str(row["device_id"]))
    except (EntryInvalidError, AssertionError):
        return False
    return (entry.number, entry.entry_id, entry.record_id) == (
        row["number"], row["entry_id"], row["record_id"]
    ) and len(cast("bytes", row["hash"])) == 32  # fmt: skip


def _blob(row: Mapping[str, Cell]) -> bool:
    return _SHA.match(str(row["sha256"])) is not None


_TABLES: dict[str, _Table] = {
    "entry": _Table(tables.EntryRow, shape("ntittttbbBIITTT"), ("device_id", "number"), _entry),
    "draft": _Table(tables.DraftRow, shape("tttib"), ("draft_id",), _json_body),
    "blob": _Table(tables.BlobRow, shape("tittiitTIiT"), ("sha256",), _blob),
    "batch": _Table(tables.BatchRow, shape("tiibBTIITB"), ("device_id", "first")),
    "device": _Table(tables.DeviceRow, shape("tbttTI"), ("device_id",)),
    "pack": _Table(tables.PackRow, shape("tib"), ("version",), _json_body),
    "keep": _Table(tables.KeepRow, shape("tb"), ("name",), _json_body),
    "cursor": _Table(tables.CursorRow, shape("tit"), ("scope",)),
    "time_anchor": _Table(tables.AnchorRow, shape("tiii"), ("boot_id",)),
}
# tables whose rows nothing else looks like, so that they are believed without their page's word
_KNOWN_BY_LOOK = frozenset({"entry", "draft", "blob"})
# a draft that was finished or thrown away since must not come back
_FROM_BACKUPS = tuple(name for name in _TABLES if name not in {"draft", "cursor", "time_anchor"})


def fill(
    store: Store,
    file: Path,
    files: Path,
    *,
    serves: bool,
    policies: TypePolicies | None = None,
) -> Saved:
    """Fill an empty store from a damaged file, its log and its copies; `files` holds the blobs.

    `serves` is for the server's store, where other rules hold for gaps. Records are folded by
    `policies`; without them by those of the newest pack that is found, else by the product's own.
    """
    saved = Saved()
    found = _read(file, saved, store.seal)
    found["entry"] = _at_home(found, saved.indexed)
    numbers = _numbers(found, saved.indexed)
    for copy in backups.newest(file):
        for name, rows in _read(copy, Saved(), store.seal).items():
            if name in _FROM_BACKUPS:
                found[name] = rows | found[name]
    own = None if serves else _own(found)
    _join(found, own, numbers, saved, serves=serves)
    _drop_what_must_not_stay(found, serves=serves)
    _count_codes(found, own)
    with store.session() as session:
        _insert(session, found, saved)
        saved.files_found = _find_files(session, found, files, own, store.seal)
        if own:
            keep.put(session, keep.OWN_FIRST, value=True)
            salvaged.put(session, saved.signatures)
        _refold(session, found, policies or _policies(found))
    return saved


def _join(
    found: dict[str, Found],
    own: str | None,
    numbers: Mapping[str, int],
    saved: Saved,
    *,
    serves: bool,
) -> None:
    """Put the chains together, and count what is missing in them."""
    whole: Found = {}
    devices = chains.by_device(found["entry"].values())
    for device in devices.keys() | numbers.keys():  # of some nothing but their numbers is left
        rows = devices.get(device, [])
        head = _genesis(found, device)
        kept: Sequence[chains.Row] = chains.sound(rows, head)
        highest = max([numbers.get(device, 0), *map(chains.number_of, rows)])
        if device == own:
            bridged = chains.bridged(kept, head, highest)
            saved.unsent = Counts(bridged.waiting, bridged.lost)
            saved.changes.lost += bridged.lost
            saved.changes.saved -= bridged.lost
            saved.signatures, kept = bridged.signatures, bridged.rows
        elif serves and device != SERVER:  # numbers of its own must never be given twice
            kept = chains.to_first_gap(kept)
        saved.changes.saved += len(kept)
        saved.changes.lost += highest - len(kept)
        whole |= {(device, row["number"]): row for row in kept}
    found["entry"] = whole


def _genesis(found: Mapping[str, Found], device: str) -> bytes | None:
    known = found["device"].get((device,))
    return genesis(device, cast("bytes", known["public_key"])) if known else None


def _read(file: Path, saved: Saved, seal: Seal | None) -> dict[str, Found]:
    """Return the rows of all tables we can read, the confirmed version of an entry first."""
    found: dict[str, Found] = {name: {} for name in _TABLES}
    decode = cipher_pages.decoder(seal) if seal and seal.way == "cipher" else None
    with pages.opened(file, file.with_name(file.name + "-wal"), decode) as opened:
        for row in opened.rows():
            row = _unsealed(row, seal)  # noqa: PLW2901 -- the same row, readable
            if row is None:
                saved.unreadable_rows += 1
                continue
            for name, table in _TABLES.items():
                if table.fits(row.values) and (row.sure or name in _KNOWN_BY_LOOK):
                    _take(found[name], name, table, row.values, saved, sure=row.sure)
                    break
        for values in opened.index_keys():
            if len(values) == 3 and _NUMBERED(values):
                saved.indexed.add((str(values[0]), cast("int", values[1])))
    return found


def _unsealed(row: pages.Row | None, seal: Seal | None) -> pages.Row | None:
    if row is None or seal is None or seal.way != "bodies":
        return row
    try:
        return row._replace(values=[sealing.opened(seal, value) for value in row.values])
    except StoreDamagedError:
        return None


def _take(
    found: Found, name: str, table: _Table, values: Sequence[Cell], saved: Saved, *, sure: bool
) -> None:
    columns = [column.name for column in cast("Any", table.model).__table__.columns]
    row = dict(zip(columns, values, strict=False))
    row.pop("row", None)
    if not table.whole(row):
        if sure and name != "entry":  # those are counted by their numbers
            saved.tables[name].lost += 1
        return
    key = tuple(row[part] for part in table.key)
    known = found.get(key)
    if known is None or (sure and name == "entry" and known["feed"] is None):
        found[key] = row


def _at_home(found: Mapping[str, Found], indexed: Collection[tuple[str, int]]) -> Found:
    """Return the entries, each under the device that made it; what was there already stays."""
    heads = {str(device): _genesis(found, str(device)) or b"" for (device,) in found["device"]}
    rows: Found = {}
    for row in chains.at_home(found["entry"].values(), indexed, heads):
        rows.setdefault((row["device_id"], row["number"]), row)
    return rows


def _numbers(found: Mapping[str, Found], indexed: Collection[tuple[str, int]]) -> dict[str, int]:
    """Return the highest number of each device that anything readable speaks of."""
    devices = {str(row["device_id"]) for row in found["entry"].values()}
    highest: dict[str, int] = defaultdict(int)

    def saw(device: str, number: int) -> None:
        highest[device] = max(highest[device], number)

    for device, number in indexed:
        if device in devices:
            saw(device, number)
    for row in found["batch"].values():
        saw(str(row["device_id"]), cast("int", row["last"]))
    for row in found["entry"].values():
        saw(str(row["device_id"]), cast("int", row["number"]))
        entry = decode(cast("bytes", row["body"]), str(row["device_id"]))
        for writers in entry.base.values():
            for writer in writers.split("+"):
                device, _, number = writer.rpartition(":")
                if number.isdecimal() and len(number) < 10:
                    saw(device, int(number))
    return highest


def _own(found: Mapping[str, Found]) -> str | None:
    """Return the device this store belongs to, as it says itself or as its outbox shows."""
    row = found["keep"].get(("identity",))
    identity = json.loads(cast("bytes", row["body"])) if row else None
    if isinstance(identity, dict) and "device_id" in identity:
        return str(cast("dict[str, object]", identity)["device_id"])
    waiting = {str(row["device_id"]) for row in found["entry"].values() if row["feed"] is None}
    return waiting.pop() if len(waiting) == 1 else None


def _drop_what_must_not_stay(found: dict[str, Found], *, serves: bool) -> None:
    """A push without answer is cut anew, the feed is read from its beginning."""
    records_of = {row["record_id"] for row in found["entry"].values()}
    found["draft"] = {key: row for key, row in found["draft"].items() if key[0] not in records_of}
    found["batch"] = {
        key: row
        for key, row in found["batch"].items()
        if row["reply"] is not None
        and all((row["device_id"], row[end]) in found["entry"] for end in ("first", "last"))
    }
    for row in found["cursor"].values():
        row["feed"] = 0
    for name in (keep.SUBSCRIPTION, keep.FILLING):  # who knows what is still here
        found["keep"].pop((name,), None)
    for name in (search.KEPT, search.SINCE):  # the fresh store has an index of its own
        found["keep"].pop((name,), None)
    if serves and (EPOCH,) in found["keep"]:  # another life of the feed: devices read it anew
        found["keep"][EPOCH,]["body"] = f'"{secrets.token_hex(8)}"'.encode()


def _count_codes(found: dict[str, Found], own: str | None) -> None:
    """Let no short code be given twice: the counters go on behind the highest in use."""
    codes: list[object] = [
        json.loads(cast("bytes", row["body"])).get("code") for row in found["draft"].values()
    ]
    codes += [
        decode(cast("bytes", row["body"]), own).set.get("code")
        for row in found["entry"].values()
        if own and row["device_id"] == own
    ]
    for match in filter(None, (_CODE.match(code) for code in codes if isinstance(code, str))):
        name = f"code.{match[1]}"
        kept = found["keep"].setdefault((name,), {"name": name, "body": b"0"})
        last = json.loads(cast("bytes", kept["body"]))
        kept["body"] = str(max(last if isinstance(last, int) else 0, int(match[2]))).encode()


def _insert(session: Session, found: Mapping[str, Found], saved: Saved) -> None:
    for name, table in _TABLES.items():
        known = {column.name for column in cast("Any", table.model).__table__.columns}
        rows = [
            {column: value for column, value in row.items() if column in known}
            for row in found[name].values()
        ]
        if name != "entry":
            saved.tables[name].saved = len(rows)
        for start in range(0, len(rows), _CHUNK):
            session.connection().execute(insert(table.model), rows[start : start + _CHUNK])


def _find_files(
    session: Session,
    found: Mapping[str, Found],
    files: Path,
    own: str | None,
    seal: Seal | None,
) -> int:
    """Give each file of our own evidence a row again; the server knows what it has."""
    count = 0
    for row in found["entry"].values():
        if row["device_id"] != own or row["kind"] != "attach":
            continue
        entry = decode(cast("bytes", row["body"]), str(own))
        about = entry.set.get("of")
        for kind, sha in entry.set.items():
            if not (isinstance(sha, str) and _SHA.match(sha)) or (sha,) in found["blob"]:
                continue
            place = files / sha[:2] / sha
            if place.is_file():
                size = sealed_files.size_of(place, seal)
                blobs.add(
                    session, sha, size, kind=kind, record_id=about if isinstance(about, str) else ""
                )
                count += 1
    return count


def _policies(found: Mapping[str, Found]) -> TypePolicies:
    """Return the policies that this device merged by: those of the pack it took along last."""
    packs = sorted(found["pack"].values(), key=lambda row: cast("int", row["received_ms"]))
    for row in reversed(packs):
        try:
            message = json.loads(cast("bytes", row["body"]))
            files = put_together(message["files"], message.get("newer_files", {}))
            definitions, _ = read(files, date.fromisoformat(message["day0"]))
        except (AttributeError, KeyError, TypeError, ValueError):  # damaged, but still JSON
            continue
        if definitions is not None:
            return definitions.policies
    return POLICIES


def _refold(session: Session, found: Mapping[str, Found], policies: TypePolicies) -> None:
    ids: Collection[str] = dict.fromkeys(str(row["record_id"]) for row in found["entry"].values())
    ordered = list(ids)
    for start in range(0, len(ordered), _CHUNK):
        records.refold_all(session, ordered[start : start + _CHUNK], policies)
