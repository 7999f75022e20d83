"""What bench `sync` moves: hazard reports of about 1 KB as a device writes them, and a long feed.

Both are laid into the store in bulk, because the bench measures sync and not writing. Nothing else
is left out: every entry has its place in a chain and its signature, every push its receipt.
"""

import random
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session

from app.field import FieldApp
from domain import merge
from domain.changes import DeviceTime, Entry, encode, genesis, link, signed_bytes
from domain.receipts import receipt_bytes
from domain.records import Value
from offline_store import batches, devices, entries, keep, records
from offline_store.database import Store
from offline_store.entries import Logged
from server.keys import public_bytes
from sync.protocol import PushReply

AT_ONCE = 500  # entries in one transaction and, of the long feed, in one push
WORDS = [
    "valve", "leak", "guard", "missing", "permit", "crane", "sling", "noise", "dust", "alarm",
    "ladder", "railing", "loose", "bolt", "hose", "flange", "gasket", "corroded", "floor",
    "slippery", "blocked", "exit", "cable", "worn", "earth", "cover", "pump", "tank",
]  # fmt: skip
SAID = 55  # words of a report: 330 letters


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports, and where: people and equipment of the demo plant."""

    person: str = "U012"
    asset: str = "TK-101"


def hazard(field: FieldApp, number: int, now_ms: int, source: random.Random) -> dict[str, Value]:
    """Return the cells of a report, every third one about another equipment."""
    who, plant = Reporter(), field.definitions.plant
    assets = sorted(plant.assets)
    asset = plant.assets[who.asset if number % 3 else assets[number % len(assets)]]
    categories = sorted(field.definitions.hazards.categories)
    words = " ".join(source.choices(WORDS, k=SAID))
    far = source.getrandbits
    category = categories[number % len(categories)]
    return {
        "state": "reported", "action": "hazard.report",
        "code": f"HZ-{field.device.short}-{number:05}", "words": words, "language": "en",
        "reporter": who.person, "reported_ms": now_ms, "asset": asset.asset_id,
        "area": asset.area, "unit": asset.owner, "category": category, "grade": "BCD"[number % 3],
        "label_state": "verified", "place_note": f"{source.randrange(40)} m north",
        "proposed": {"category": category, "grade": "C", "unit": asset.owner},
        "source": {
            "inspection": f"{far(128):032x}", "item": str(source.randrange(60)),
            "photos": [f"{far(256):064x}", f"{far(256):064x}"],
        },
    }  # fmt: skip


def fill(field: FieldApp, count: int, key: Ed25519PrivateKey, seed: int = 1) -> list[bytes]:
    """Write reports that wait for the server, as `journal.write` would; returns their bodies."""
    source, own = random.Random(seed), field.device.device_id
    head, bodies = genesis(own, field.device.public_key), list[bytes]()
    for start in range(0, count, AT_ONCE):
        logged: list[Logged] = []
        folded: dict[str, merge.Merged | None] = {}
        for number in range(start + 1, min(start + AT_ONCE, count) + 1):
            stamp, made = field.clock.stamp(), field.clock.stamp()
            entry = Entry(
                own, number, stamp.entry_id, "edit", Reporter().person, made.entry_id,
                "hazard", "hazard@1", {}, hazard(field, number, stamp.wall_ms, source),
                stamp.wall_ms, stamp.counter, stamp.time,
            )  # fmt: skip
            body = encode(entry)
            head = link(head, body)
            signature = key.sign(signed_bytes(entry.kind, head))
            logged.append(Logged(entry, body, head, signature=signature))
            folded[entry.record_id] = merge.fold([merge.FeedEntry(entry, None, None)])
            bodies.append(body)
        with field.store.session() as session:
            entries.add(session, logged)
            records.save(session, folded, {})
    return bodies


@dataclass
class LongFeed:
    """Years of a plant: phones that each wrote thousands of entries about hazards.

    Each record has a report and 99 notes on it. `records_kept` of them are folded, so that a person
    may export them; a feed that nobody asks for needs no more than its entries.
    """

    store: Store
    server_key: Ed25519PrivateKey
    now_ms: int
    phones: int = 100
    per_record: int = 100
    records_kept: int = 3

    def fill(self, count: int) -> list[str]:
        """Write so many entries, received and receipted; returns ids of records to export."""
        each = count // self.phones
        kept: list[str] = []
        for phone in range(self.phones):
            key = Ed25519PrivateKey.from_private_bytes(phone.to_bytes(32, "big"))
            device_id = f"phone-{phone:04}"
            head = genesis(device_id, public_bytes(key))
            known = devices.Device(
                device_id,
                public_bytes(key),
                device_id,
                token_hash=f"{phone:064x}",
                enrolled_ms=self.now_ms,
            )
            with self.store.session() as session:
                devices.add(session, known)
                for first in range(1, each + 1, AT_ONCE):
                    last = min(first + AT_ONCE - 1, each)
                    head = self._push(session, device_id, key, head, first, last)
            kept.append(f"{phone:08x}-{1:024x}")
        with self.store.session() as session:
            some = kept[:: max(1, len(kept) // self.records_kept)]
            records.refold_all(session, some)
        return some

    def _push(
        self,
        session: Session,
        device_id: str,
        key: Ed25519PrivateKey,
        head: bytes,
        first: int,
        last: int,
    ) -> bytes:
        phone, logged = int(device_id[-4:]), list[Logged]()
        feed = phone * 100_000 + last  # growing, as the server numbers them
        for number in range(first, last + 1):
            entry = self._entry(device_id, phone, number)
            body = encode(entry)
            head = link(head, body)
            proved = entry.kind == "decide" or number == last
            signature = key.sign(signed_bytes(entry.kind, head)) if proved else None
            one = Logged(
                entry, body, head, feed, "accepted", received_ms=self.now_ms, signature=signature
            )
            logged.append(one)
        entries.add(session, logged)
        receipt = self.server_key.sign(
            receipt_bytes(device_id, head.hex(), feed, self.now_ms)
        ).hex()
        reply = PushReply(feed=feed, accepted_to=last, server_ms=self.now_ms, receipt=receipt)
        raw = reply.model_dump_json().encode()
        batches.add(
            session, batches.Batch(device_id, first, last, head, feed, self.now_ms, receipt, raw)
        )
        return head

    def _entry(self, device_id: str, phone: int, number: int) -> Entry:
        record, step = divmod(number - 1, self.per_record)
        record_id = f"{phone:08x}-{record + 1:024x}"
        cells: dict[str, Value] = {"note": f"seen again {step}"}
        base = {"note": f"{device_id}:{number - 1}"} if step > 1 else {}
        if not step:
            cells = {
                "state": "reported", "action": "hazard.report", "code": f"HZ-{phone:04}-{record}",
                "words": "valve leak", "language": "en", "reporter": "U012",
                "reported_ms": self.now_ms, "grade": "C",
            }  # fmt: skip
        at = self.now_ms - 10_000_000 + number
        return Entry(
            device_id, number, f"{phone:08x}:{number:08x}", "edit" if step else "decide", "U012",
            record_id, "hazard", "hazard@1", base, cells, at, 0, DeviceTime(at, at, "boot", 50),
        )  # fmt: skip


def read_to_the_end(field: FieldApp, epoch: str, feed: int) -> None:
    """Note that a device has the whole feed."""
    with field.store.session() as session:
        keep.set_cursor(session, keep.Cursor(feed, epoch))
