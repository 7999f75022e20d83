"""One way to receive a file: what the receipt says was read where the file rests, or there is none.

On both databases; files rest in the folder or in an object store.
"""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from obstore.store import MemoryStore

from domain.receipts import blob_receipt_bytes
from offline_store import blobs, removals
from offline_store.blobs import BlobRemovedError
from server import receiving
from server.blob_store import FolderBlobs, ObjectBlobs
from server.problems import RefusalError
from sync.protocol import BlobOffer, BlobReply
from tests.server.phone import Bench, Phone
from tests.server.test_tus import PHOTO, SHA, create, head, patch

HALF = len(PHOTO) // 2


def offered(size: int = len(PHOTO)) -> BlobOffer:
    return BlobOffer(sha256=SHA, size=size, kind="original", record="r")


def place(bench: Bench, where: str) -> None:
    """Let files of this server rest there."""
    if where == "objects":
        bench.site.blob_store = ObjectBlobs(MemoryStore(), FolderBlobs(bench.site.store))


def proved(bench: Bench, state: BlobReply | None) -> int:
    """Check a receipt; returns the size it is about."""
    assert state is not None
    assert state.receipt
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(bench.site.public_key))
    said = blob_receipt_bytes(SHA, state.size, state.server_ms)
    key.verify(bytes.fromhex(state.receipt), said)
    return state.size


@pytest.mark.parametrize("where", ["folder", "objects"])
async def test_a_receipt_names_the_size_that_rests_whatever_was_offered(
    bench: Bench, where: str
) -> None:
    place(bench, where)
    part = blobs.part(bench.site.store, SHA)
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(PHOTO)
    assert bench.site.blob_store.keep(SHA, part)  # the server stopped before it wrote the row

    assert receiving.received(bench.site, SHA) is None
    assert proved(bench, receiving.adopted(bench.site, offered(7))) == len(PHOTO)

    assert proved(bench, receiving.received(bench.site, SHA, look=True)) == len(PHOTO)


@pytest.mark.parametrize("where", ["folder", "objects"])
async def test_a_file_removed_while_it_came_gets_no_receipt_and_leaves_no_bytes(
    bench: Bench, where: str
) -> None:
    place(bench, where)
    phone: Phone = await bench.phone()
    assert (await create(bench, phone)).status_code == 201
    assert (await patch(bench, phone, 0, PHOTO[:HALF])).status_code == 204
    part = blobs.part(bench.site.store, SHA)
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(PHOTO)
    with bench.site.store.session() as session:  # decided after the last look at the row
        removals.mark(session, [SHA])

    with pytest.raises(RefusalError) as said:
        receiving.take(bench.site, offered(), part)

    assert (said.value.status, said.value.code) == (410, removals.CODE)
    assert not bench.site.blob_store.has(SHA)
    assert not part.exists()
    with bench.site.store.reading() as session:
        assert removals.is_removed(session, SHA)
    assert (await head(bench, phone)).status_code == 410
    assert (await create(bench, phone)).status_code == 410


async def test_nothing_is_noted_of_a_file_that_was_removed(bench: Bench) -> None:
    store = bench.site.store
    with store.session() as session:
        blobs.put(store, session, PHOTO, "original")
        removals.mark(session, [SHA])
    with pytest.raises(BlobRemovedError), store.session() as session:
        blobs.confirm(session, SHA, "receipt", 1)
    with store.reading() as session:
        row = blobs.lookup(session, SHA)
    assert row is not None
    assert (row.state, row.have, row.receipt) == (removals.REMOVED, False, None)


async def test_other_bytes_than_the_name_says_get_no_receipt(bench: Bench) -> None:
    part = blobs.part(bench.site.store, SHA)
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(PHOTO[:-1])
    assert receiving.take(bench.site, offered(), part) is None
    assert receiving.received(bench.site, SHA) is None
    assert hashlib.sha256(PHOTO).hexdigest() == SHA


def test_limits_are_the_same_for_all(bench: Bench) -> None:
    with pytest.raises(RefusalError) as large:
        receiving.check_size(bench.site, bench.settings.blob_max_bytes + 1)
    assert (large.value.status, large.value.code) == (413, "blob.size")
    bench.site.settings = bench.site.settings.model_copy(update={"disk_free_min_bytes": 2**60})
    with pytest.raises(RefusalError) as full:
        receiving.room_for(bench.site, 1)
    assert (full.value.status, full.value.code) == (507, "server.disk_full")
