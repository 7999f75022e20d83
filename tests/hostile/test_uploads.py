"""Uploads promise: nobody but its sender spoils one, and a file that was removed stays removed."""

import asyncio
from collections.abc import AsyncIterator

from offline_store import blobs, records, removals
from server import clock
from tests.hostile.attacker import refused
from tests.server.phone import Bench, Phone
from tests.server.test_tus import PHOTO, SHA, TUS, create, head, metadata, patch

ADMIN = "U014"


async def lose(bench: Bench, device_id: str) -> None:
    """Say that a device was lost, as an administrator does."""
    office, now = await bench.phone(), clock.now_ms()
    with bench.site.store.reading() as session:
        writer = records.get(session, device_id).cells["state"].writer
    cells = {
        "state": "revoked", "reason": "丢了", "by": ADMIN, "at_ms": now, "revoked_ms": now,
    }  # fmt: skip
    office.write(ADMIN, "device", cells, kind="edit", record_id=device_id, base={"state": writer})
    await office.push()
    with bench.site.store.reading() as session:
        assert records.get(session, device_id).text("state") == "revoked"


async def test_a_lost_device_neither_writes_to_uploads_of_others_nor_learns_of_them(
    bench: Bench,
) -> None:
    owner, lost = await bench.phone(), await bench.phone()
    await create(bench, owner, body=PHOTO[:1000])
    await create(bench, lost, body=b"x")  # begun before it was lost
    await lose(bench, lost.device_id)
    refused(await create(bench, lost), "blob.unnamed")
    refused(await patch(bench, lost, 1, b"garbage"), "blob.unnamed")
    assert (await head(bench, lost)).status_code == 403
    assert (await head(bench, owner)).headers["upload-offset"] == "1000"


async def test_what_others_send_under_the_same_name_spoils_nothing(bench: Bench) -> None:
    owner, other = await bench.phone(), await bench.phone()
    await create(bench, other, body=b"X")  # not the file
    made = await create(bench, owner)
    assert made.headers["upload-offset"] == "0"
    assert (await patch(bench, owner, 0, PHOTO[:1000])).status_code == 204
    assert (await patch(bench, other, 1, PHOTO[1:])).json()["code"] == "blob.hash"
    said = metadata(sha256=SHA, kind="original", record="r")
    size = {**other.auth, **TUS, "Upload-Length": "7", "Upload-Metadata": said}
    assert (await bench.client.post("/v1/blobs", headers=size)).status_code == 201
    assert (await patch(bench, other, 0, b"X")).status_code == 204
    assert (await create(bench, owner)).headers["upload-offset"] == "1000"
    whole = await patch(bench, owner, 1000, PHOTO[1000:])
    assert whole.headers["anshao-receipt"]
    assert (await head(bench, other)).headers["anshao-receipt"] == whole.headers["anshao-receipt"]
    assert left(bench) == []


async def test_nobody_ends_what_another_is_sending(bench: Bench) -> None:
    owner, other = await bench.phone(), await bench.phone()
    await create(bench, owner)

    async def slowly() -> AsyncIterator[bytes]:
        for at in range(0, 5000, 1000):
            yield PHOTO[at : at + 1000]
            await asyncio.sleep(0.1)

    sending = asyncio.create_task(patch(bench, owner, 0, slowly()))
    for offset in (999_999, 0, 1000):
        await asyncio.sleep(0.08)
        refused(await patch(bench, other, offset, b"x"), "blob.unknown", "blob.offset")
    assert (await sending).headers["upload-offset"] == "5000"


async def test_a_file_removed_while_it_is_on_its_way_stays_removed(bench: Bench) -> None:
    phone, late = await bench.phone(), await bench.phone()
    await create(bench, phone)

    async def slowly() -> AsyncIterator[bytes]:
        yield PHOTO[:300_000]
        await asyncio.sleep(0.2)
        yield PHOTO[300_000:]

    sending = asyncio.create_task(patch(bench, phone, 0, slowly()))
    await asyncio.sleep(0.1)
    await gone(bench)
    assert (await sending).status_code in (409, 410)
    for one in (phone, late):
        assert (await create(bench, one)).status_code == 410
        assert (await patch(bench, one, 0, PHOTO)).status_code == 410
        assert (await head(bench, one)).status_code == 410
    assert not blobs.is_here(bench.site.store, SHA)
    assert left(bench) == []


async def test_a_removal_just_before_the_receipt_wins(bench: Bench) -> None:
    phone = await bench.phone()
    await create(bench, phone)
    rests = bench.site.blob_store
    keep = rests.keep

    def and_then(sha256: str, part: object) -> bool:
        kept = keep(sha256, part)  # pyright: ignore[reportArgumentType]
        with bench.site.store.session() as session:
            removals.mark(session, [SHA])
        return kept

    rests.keep = and_then  # pyright: ignore[reportAttributeAccessIssue]
    assert (await patch(bench, phone, 0, PHOTO)).status_code == 410
    assert not blobs.is_here(bench.site.store, SHA)
    with bench.site.store.reading() as session:
        assert removals.is_removed(session, SHA)


async def test_a_receipt_is_for_the_file_as_it_is_and_no_other_size(bench: Bench) -> None:
    phone = await bench.phone()
    blobs.keep_file(bench.site.store, PHOTO)  # it rests here, its row was never written
    said = metadata(sha256=SHA, kind="original", record="r")
    wrong = {**phone.auth, **TUS, "Upload-Length": "7", "Upload-Metadata": said}
    answer = await bench.client.post("/v1/blobs", headers=wrong)
    assert (answer.headers["upload-length"], answer.status_code) == (str(len(PHOTO)), 201)
    assert (await create(bench, phone)).headers["anshao-receipt"]


async def gone(bench: Bench) -> None:
    """Remove the file as the duty does that removes personal media."""
    with bench.site.store.session() as session:
        removals.mark(session, [SHA])
    bench.site.blob_store.lose(SHA)
    bench.site.uploads.close(SHA)


def left(bench: Bench) -> list[str]:
    """What the folder of uploads still holds of anybody."""
    folder = bench.site.uploads.folder
    return [one.name for one in folder.iterdir() if one.is_file()] if folder.exists() else []


__all__ = ["Phone", "lose"]
