"""What is signed stays signed where its place in the chain stays; nothing old is signed again."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.changes import DeviceTime, signed_bytes
from domain.signatures import verifies
from offline_store import devices, entries, journal, keep, outbox, safety
from offline_store.database import FILE_NAME, Store, open_store
from offline_store.entries import Logged
from tests.offline_store.damage import overwrite
from tests.offline_store.oldest import DEVICE, PERSON, START_MS

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def write(store: Store, number: int, *, signs: bool = True) -> None:
    at_ms = START_MS + number
    stamp = journal.Stamp(at_ms, 0, DeviceTime(at_ms, number, "boot", None), f"entry-{number}")
    author = journal.Author(DEVICE, PERSON, KEY.sign if signs else None)
    with store.session() as session:
        journal.write(
            session, author, stamp, kind="decide" if number % 2 else "edit",
            record_id=f"hazard-{number}", type="hazard", definition="hazard@1",
            set={"words": f"漏电 {number}"},
        )  # fmt: skip


def own(store: Store) -> list[Logged]:
    with store.reading() as session:
        return entries.of_device(session, DEVICE, 1, 1000)


def signed(store: Store) -> list[bool]:
    """For each entry whether it is signed; a signature that is there must be good."""
    for one in own(store):
        message = signed_bytes(one.entry.kind, one.hash)
        assert one.signature is None or verifies(PUBLIC, message, one.signature)
    return [one.signature is not None for one in own(store)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path)
    with store.session() as session:
        devices.add(session, devices.Device(DEVICE, PUBLIC, "phone"))
        keep.put(session, "identity", {"device_id": DEVICE, "plant": "DEMO"})
    for number in range(1, 7):
        write(store, number)
    return store


def test_every_entry_is_signed_with_it(store: Store) -> None:
    assert signed(store) == [True] * 6
    store.close()


def test_a_salvage_keeps_what_kept_its_place_and_signs_nothing(store: Store) -> None:
    with store.session() as session:
        session.connection().exec_driver_sql("DELETE FROM entry WHERE number = 4")
    folder = store.folder
    store.close()
    overwrite(folder / FILE_NAME, 0, 100)
    saved = safety.open_or_save(folder)
    assert signed(saved) == [True, True, True, False, False, False]
    write(saved, 7)
    assert signed(saved)[6:] == [True], "the device goes on"
    saved.close()


def test_a_store_saved_without_a_gap_keeps_all_its_signatures(store: Store) -> None:
    folder = store.folder
    store.close()
    overwrite(folder / FILE_NAME, 0, 100)
    saved = safety.open_or_save(folder)
    assert signed(saved) == [True] * 6
    saved.close()


def test_signed_and_unsigned_entries_never_share_a_push(store: Store) -> None:
    for number in (7, 8):
        write(store, number, signs=False)
    write(store, 9)
    cuts: list[tuple[int, int]] = []
    while True:
        with store.session() as session:
            push = outbox.next_push(session, DEVICE)
            if push is None:
                break
            cuts.append((push.batch.first, push.batch.last))
            session.connection().exec_driver_sql(
                f"UPDATE entry SET feed = 1 WHERE number <= {push.batch.last}"
            )
            session.connection().exec_driver_sql("UPDATE batch SET reply = x'7b7d'")
    assert cuts == [(1, 6), (7, 8), (9, 9)]
    store.close()


@pytest.mark.parametrize("column", ["hash", "signature"])
def test_behind_an_end_that_was_changed_nothing_is_signed(store: Store, column: str) -> None:
    with store.session() as session:
        session.connection().exec_driver_sql(
            f"UPDATE entry SET {column} = zeroblob(32) WHERE number = 6"
        )
    write(store, 7)
    assert own(store)[6].signature is None
    store.close()
