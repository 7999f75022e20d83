"""A damaged store promises: it is kept whole, and everything that can be read of it goes on."""

import os
import random
import secrets
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import StoreDamagedError
from offline_store import backups, blobs, drafts, entries, journal, keep, outbox, safety
from offline_store.database import FILE_NAME, SUSPECT
from tests.offline_store.damage import (
    CONFIRMED,
    ENTRIES,
    PAGE,
    check,
    killed_writing,
    originals,
    overwrite,
    own,
)
from tests.offline_store.oldest import DEVICE


def test_a_store_that_is_whole_opens_without_a_word(folder: Path) -> None:
    store = safety.open_or_save(folder)
    with store.reading() as session:
        assert safety.report(session) is None
    assert len(own(store)) == ENTRIES + 1
    assert not (folder / safety.FOLDER).exists()
    store.close()


@pytest.mark.parametrize("what", ["header", "first page", "text", "another database"])
def test_without_its_header_every_entry_is_still_saved(folder: Path, what: str) -> None:
    bodies = originals(folder)
    file = folder / FILE_NAME
    match what:
        case "header":
            overwrite(file, 0, 100)
        case "first page":
            overwrite(file, 0, PAGE)
        case "text":
            file.write_bytes(b"not a database at all\n" * 200 + file.read_bytes()[4400:])
        case _:
            file.write_bytes(
                b"SQLite format 3\0" + file.read_bytes()[16:100][::-1] + file.read_bytes()[100:]
            )
    damaged = file.read_bytes()
    store = safety.open_or_save(folder)
    report = check(store, bodies)
    assert report.changes == (ENTRIES + 1, 0)
    assert report.unsent == (ENTRIES + 1 - CONFIRMED, 0)
    with store.reading() as session:
        assert drafts.load(session, "draft-1") is not None
        assert keep.get(session, "identity") == {"device_id": DEVICE, "plant": "DEMO"}
        assert outbox.count(session, DEVICE).entries == ENTRIES + 1 - CONFIRMED
        assert len(blobs.pending(session)) == 2
    assert (folder / report.file).read_bytes() == damaged
    store.close()


@pytest.mark.parametrize("seed", range(12))
def test_damage_in_the_middle_costs_only_what_it_hit(folder: Path, seed: int) -> None:
    bodies = originals(folder)
    file = folder / FILE_NAME
    chance = random.Random(seed)
    size = file.stat().st_size
    hits = chance.randrange(1, 4)
    for _ in range(hits):
        overwrite(file, chance.randrange(100, size - 9000), chance.randrange(64, 9000))
    damaged = file.read_bytes()
    # what the damage left must be there: a body lies in one piece, unless it takes several pages
    left = {number for number, body in bodies.items() if body in damaged}
    store = safety.open_or_save(folder)
    with store.reading() as session:
        if safety.report(session) is None:  # it hit what nobody needs: free space, an index
            assert {one.entry.number: one.body for one in own(store)} == bodies
            store.close()
            return
    check(store, bodies)
    saved = {one.entry.number for one in own(store) if not journal.is_stand_in(one.body, DEVICE)}
    # an entry may stand there in full and the rest of its row be gone, at each edge of a hit
    assert len(left - saved) <= 2 * hits
    store.close()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_file_keeps_what_is_left_of_it(folder: Path, share: float) -> None:
    bodies = originals(folder)
    file = folder / FILE_NAME
    os.truncate(file, int(file.stat().st_size * share))
    damaged = file.read_bytes()
    left = {number for number, body in bodies.items() if body in damaged}
    store = safety.open_or_save(folder)
    check(store, bodies)
    saved = {one.entry.number for one in own(store) if not journal.is_stand_in(one.body, DEVICE)}
    assert len(left - saved) <= 1
    store.close()


@pytest.mark.parametrize("left", ["empty", "garbage"])
def test_a_store_of_which_nothing_is_left_begins_anew_and_says_so(folder: Path, left: str) -> None:
    file = folder / FILE_NAME
    size = file.stat().st_size
    file.write_bytes(b"" if left == "empty" else random.Random(2).randbytes(size))
    store = safety.open_or_save(folder)
    with store.reading() as session:
        report = safety.report(session)
        assert report is not None
        assert report.changes[0] == 0
    assert blobs.sweep(store) == 0
    assert len(list(store.blobs.glob("*/*"))) == 2, "photos stay where they are"
    store.close()


def test_a_store_that_is_gone_comes_from_its_last_copy(folder: Path) -> None:
    bodies = originals(folder)
    backups.make(folder / FILE_NAME, 1)
    (folder / FILE_NAME).unlink()
    store = safety.open_or_save(folder)
    assert check(store, bodies).changes == (ENTRIES + 1, 0)
    store.close()


def test_a_copy_gives_what_the_damage_took(folder: Path) -> None:
    bodies = originals(folder)
    file = folder / FILE_NAME
    backups.make(file, 1)
    overwrite(file, 20_000, 80_000)
    store = safety.open_or_save(folder)
    report = check(store, bodies)
    assert report.changes == (ENTRIES + 1, 0)
    assert {one.entry.number: one.body for one in own(store)} == bodies
    store.close()


def test_a_changed_letter_in_an_unsent_entry_is_noticed(folder: Path) -> None:
    bodies = originals(folder)
    file = folder / FILE_NAME
    data = file.read_bytes()
    at = data.index(bodies[ENTRIES])
    file.write_bytes(data[: at + 40] + bytes([data[at + 40] ^ 1]) + data[at + 41 :])
    store = safety.open_or_save(folder)
    report = check(store, bodies)
    assert report.unsent == (ENTRIES - CONFIRMED, 1)
    store.close()


def test_damage_met_at_work_is_looked_for_at_the_next_start(folder: Path) -> None:
    bodies = originals(folder)
    file = folder / FILE_NAME
    data = file.read_bytes()
    at = data.index(bodies[3])  # confirmed long ago: a start does not read it
    file.write_bytes(data[:at] + b"\xff" * 60 + data[at + 60 :])
    store = safety.open_or_save(folder)
    with pytest.raises(StoreDamagedError), store.reading() as session:
        entries.of_record(session, "hazard-3")
    store.close()
    assert (folder / SUSPECT).exists()
    store = safety.open_or_save(folder)
    report = check(store, bodies)
    assert report.changes == (ENTRIES, 1)
    assert report.unsent[1] == 0
    assert not (folder / SUSPECT).exists()
    store.close()


def test_what_stands_only_in_the_log_is_saved_too(folder: Path) -> None:
    killed_writing(folder)
    file = folder / FILE_NAME
    at = file.read_bytes().index(b'"HZ-3F2A-0060","')  # in a record: a fold, not an entry
    overwrite(file, at // PAGE * PAGE, PAGE)
    store = safety.open_or_save(folder)
    with store.reading() as session:
        assert safety.report(session) is not None
    written = {one.entry.record_id for one in own(store)}
    assert {f"hazard-{number}" for number in range(1000, 1006)} <= written
    store.close()


def test_a_lost_log_is_noticed_and_the_rest_kept(folder: Path) -> None:
    bodies = originals(folder)
    killed_writing(folder)
    (folder / (FILE_NAME + "-wal")).unlink()
    store = safety.open_or_save(folder)
    report = check(store, bodies)
    assert report.changes[0] == ENTRIES + 1
    with store.reading() as session:
        assert keep.get(session, keep.OWN_FIRST) is True, "the server may know more"
    store.close()


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize(
    ("at", "bytes_there"),
    [
        (47, b"\x09"),  # "unsupported file format", in words that speak of no damage
        (b"CREATE TABLE entry", b"CREATE TA\xd5\xd5E entry"),  # quoted in a message that is no text
        (b"CREATE TABLE entry", b"CREATE TABLX entry"),
    ],
)
def test_whatever_words_sqlite_has_for_damage_the_store_is_saved(
    folder: Path, at: int | bytes, bytes_there: bytes, thorough: bool
) -> None:
    bodies = originals(folder)
    file = folder / FILE_NAME
    data = file.read_bytes()
    first = data.index(at) if isinstance(at, bytes) else at
    file.write_bytes(data[:first] + bytes_there + data[first + len(bytes_there) :])
    if thorough:
        (folder / SUSPECT).touch()
    with pytest.raises(StoreDamagedError):
        backups.check(file)
    store = safety.open_or_save(folder)
    assert check(store, bodies).changes == (ENTRIES + 1, 0)
    store.close()


@pytest.mark.parametrize("cell", ["body", "hash", "number"])
def test_a_cell_of_another_kind_than_its_column_is_damage(folder: Path, cell: str) -> None:
    bodies = originals(folder)
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection, connection:
        connection.execute(f"UPDATE entry SET {cell} = 'text' WHERE number = {ENTRIES}")
    store = safety.open_or_save(folder)
    report = check(store, bodies)
    assert report.unsent == (ENTRIES - CONFIRMED, 1)
    store.close()


@pytest.mark.parametrize("number", [2, CONFIRMED - 5, CONFIRMED, ENTRIES - 5])
def test_an_entry_whose_device_was_hit_is_still_that_devices(folder: Path, number: int) -> None:
    bodies = originals(folder)
    file = folder / FILE_NAME
    data = file.read_bytes()
    for one in (number, number + 1):  # two in a row: the second follows the first
        cells = b"%sentry-%dhazard-%d" % (bytes([one]), one, one)
        assert data.count(DEVICE.encode() + cells) == 1
        data = data.replace(
            DEVICE.encode() + cells, DEVICE[:-1].encode() + b"%c" % (75 + one % 2) + cells
        )
    file.write_bytes(b"\0" * 100 + data[100:])
    store = safety.open_or_save(folder)
    assert check(store, bodies).changes == (ENTRIES + 1, 0)
    with store.reading() as session:
        assert entries.of_record(session, f"hazard-{number}")[0].entry.device_id == DEVICE
    store.close()


def test_a_suspected_store_that_was_hit_in_many_places_always_opens(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seed = secrets.randbelow(2**31)
    print(f"seed {seed}")
    chance = random.Random(seed)
    bodies = originals(folder)
    for one in range(24):
        hit = tmp_path_factory.mktemp("hit") / "store"
        shutil.copytree(folder, hit)
        file = hit / FILE_NAME
        data = bytearray(file.read_bytes())
        # header, schema or anywhere: each third of the stores
        end = (100, 5 * PAGE, len(data) - 64)[one % 3]
        for _ in range(chance.randrange(1, 12)):
            at, size = chance.randrange(end), chance.choice([1, 1, 4, 64])
            data[at : at + size] = chance.randbytes(size)
        file.write_bytes(data)
        (hit / SUSPECT).touch()
        store = safety.open_or_save(hit)
        with store.reading() as session:
            report = safety.report(session)
        if report is None:  # it hit what nobody needs
            assert {row.entry.number: row.body for row in own(store)} == bodies
        else:
            check(store, bodies)
            assert (hit / report.file).read_bytes() == data
        assert not (hit / SUSPECT).exists()
        store.close()
