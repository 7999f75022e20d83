"""Photos: no byte sent twice without need, no receipt before the hash was read from disk."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.receipts import blob_receipt_bytes
from server import clock, main
from sync.protocol import BLOB_MAX_BYTES
from tests.server.phone import Bench, Phone

PHOTO = bytes(range(256)) * 2000
SHA = hashlib.sha256(PHOTO).hexdigest()


async def offer(bench: Bench, phone: Phone, data: bytes = PHOTO, sha: str = "") -> httpx.Response:
    row = {
        "sha256": sha or hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "kind": "original",
        "record": "r",
    }
    return await bench.client.post("/v1/blobs", json=row, headers=phone.auth)


async def send(
    bench: Bench, phone: Phone, offset: int, data: bytes | AsyncIterator[bytes], sha: str = SHA
) -> httpx.Response:
    headers = {**phone.auth, "Upload-Offset": str(offset)}
    return await bench.client.patch(f"/v1/blobs/{sha}", content=data, headers=headers)


async def test_a_photo_in_parts_ends_with_a_receipt_that_verifies(bench: Bench) -> None:
    phone = await bench.phone()
    assert (await offer(bench, phone)).json()["offset"] == 0
    half = len(PHOTO) // 2
    first = await send(bench, phone, 0, PHOTO[:half])
    assert (first.json()["state"], first.json()["receipt"]) == ("partial", None)
    last = (await send(bench, phone, half, PHOTO[half:])).json()
    assert (last["state"], last["offset"]) == ("received", len(PHOTO))
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(bench.site.public_key))
    key.verify(
        bytes.fromhex(last["receipt"]), blob_receipt_bytes(SHA, len(PHOTO), last["server_ms"])
    )


async def test_a_file_that_is_here_needs_no_byte_from_anyone(bench: Bench) -> None:
    one, two = await bench.phone(), await bench.phone()
    await offer(bench, one)
    done = (await send(bench, one, 0, PHOTO)).json()
    again = await offer(bench, two)
    assert (again.status_code, again.json()["receipt"]) == (200, done["receipt"])
    head = await bench.client.head(f"/v1/blobs/{SHA}", headers=two.auth)
    assert head.headers["upload-offset"] == head.headers["upload-length"] == str(len(PHOTO))
    assert head.headers["anshao-receipt"] == done["receipt"]


async def test_what_came_before_the_link_fell_silent_counts(bench: Bench) -> None:
    phone = await bench.phone()
    await offer(bench, phone)

    async def dying() -> AsyncIterator[bytes]:
        yield PHOTO[:300_000]
        await asyncio.sleep(30)  # a dead radio: neither bytes nor an end
        yield b""

    cut = await send(bench, phone, 0, dying())
    assert cut.json()["offset"] == 300_000
    head = await bench.client.head(f"/v1/blobs/{SHA}", headers=phone.auth)
    assert head.headers["upload-offset"] == "300000"
    done = await send(bench, phone, 300_000, PHOTO[300_000:])
    assert done.json()["state"] == "received"


async def test_a_new_request_takes_over_from_one_that_hangs(bench: Bench) -> None:
    bench.site.settings = bench.settings.model_copy(update={"silence_s": 20.0})
    phone = await bench.phone()
    await offer(bench, phone)

    async def hanging() -> AsyncIterator[bytes]:
        yield PHOTO[:1000]
        await asyncio.sleep(30)
        yield b""

    old = asyncio.create_task(send(bench, phone, 0, hanging()))
    await asyncio.sleep(0.3)
    stale = await asyncio.wait_for(send(bench, phone, 0, PHOTO), 5)
    assert (stale.status_code, stale.json()["code"]) == (409, "blob.offset")
    assert stale.headers["upload-offset"] == "1000"
    assert (await asyncio.wait_for(old, 5)).json()["offset"] == 1000
    done = await send(bench, phone, 1000, PHOTO[1000:])
    assert done.json()["state"] == "received"


async def test_an_upload_goes_on_after_the_server_started_again(bench: Bench) -> None:
    phone = await bench.phone()
    await offer(bench, phone)
    await send(bench, phone, 0, PHOTO[:1000])
    app = main.create_app(bench.settings)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://server"
    ) as client:
        head = await client.head(f"/v1/blobs/{SHA}", headers=phone.auth)
    app.state.site.store.close()
    assert head.headers["upload-offset"] == "1000"


async def test_a_wrong_hash_starts_over_and_gives_no_receipt(bench: Bench) -> None:
    phone = await bench.phone()
    other = bytes(len(PHOTO))
    await offer(bench, phone)
    wrong = await send(bench, phone, 0, other)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "blob.hash")
    assert (await bench.client.get(f"/v1/blobs/{SHA}", headers=phone.auth)).status_code == 404
    assert (await offer(bench, phone)).json()["offset"] == 0
    assert (await send(bench, phone, 0, PHOTO)).json()["state"] == "received"


async def test_a_file_can_be_fetched_whole_and_in_ranges(bench: Bench) -> None:
    phone = await bench.phone()
    await offer(bench, phone)
    await send(bench, phone, 0, PHOTO)
    whole = await bench.client.get(f"/v1/blobs/{SHA}", headers=phone.auth)
    assert hashlib.sha256(whole.content).hexdigest() == SHA
    ranged = {**phone.auth, "Range": "bytes=100-199"}
    some = await bench.client.get(f"/v1/blobs/{SHA}", headers=ranged)
    assert (some.status_code, some.content) == (206, PHOTO[100:200])


async def test_offers_out_of_bounds(bench: Bench) -> None:
    phone = await bench.phone()
    for size, sha in ((BLOB_MAX_BYTES + 1, SHA), (0, SHA), (10, "../../etc/passwd")):
        row = {"sha256": sha, "size": size, "kind": "original", "record": "r"}
        response = await bench.client.post("/v1/blobs", json=row, headers=phone.auth)
        assert response.status_code == 422


async def test_an_offer_of_another_size_leaves_the_part_that_is_here(bench: Bench) -> None:
    one, two = await bench.phone(), await bench.phone()
    await offer(bench, one)
    await send(bench, one, 0, PHOTO[:1000])
    wrong = await offer(bench, one, PHOTO[:10], SHA)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "blob.size_other")
    assert (await offer(bench, two, PHOTO[:10], SHA)).status_code == 201  # it has its own part
    assert (await send(bench, one, 1000, PHOTO[1000:])).json()["state"] == "received"


async def test_an_offer_without_a_byte_blocks_nobody(bench: Bench) -> None:
    one, two = await bench.phone(), await bench.phone()
    await offer(bench, one, PHOTO[:10], SHA)
    assert (await offer(bench, two)).json()["size"] == len(PHOTO)
    assert (await send(bench, two, 0, PHOTO)).json()["state"] == "received"


async def test_unfinished_uploads_are_counted_per_device_and_expire(bench: Bench) -> None:
    limits = {"uploads_per_device": 2, "upload_keep_h": 24.0}
    bench.site.settings = bench.settings.model_copy(update=limits)
    one, two = await bench.phone(), await bench.phone()
    files = [PHOTO + bytes([number]) for number in range(4)]
    begun = [(await offer(bench, one, data)).status_code for data in files[:3]]
    assert begun == [201, 201, 429]
    assert (await offer(bench, two, files[2])).status_code == 201
    sha = hashlib.sha256(files[0]).hexdigest()
    await send(bench, one, 0, files[0][:1000], sha)
    bench.site.now_ms = lambda: clock.now_ms() + 25 * 3_600_000
    assert (await offer(bench, one, files[3])).status_code == 201
    head = await bench.client.head(f"/v1/blobs/{sha}", headers=one.auth)
    assert head.status_code == 404


async def test_a_part_over_the_limit_is_cut_there(bench: Bench) -> None:
    bench.site.settings = bench.settings.model_copy(update={"chunk_max_bytes": 1024})
    phone = await bench.phone()
    await offer(bench, phone)
    response = await send(bench, phone, 0, PHOTO)
    assert (response.status_code, response.json()["code"]) == (413, "blob.part_size")
    head = await bench.client.head(f"/v1/blobs/{SHA}", headers=phone.auth)
    assert head.headers["upload-offset"] == "1024"


async def test_no_room_for_photos_is_said(bench: Bench) -> None:
    bench.site.settings = bench.settings.model_copy(update={"disk_free_min_bytes": 2**60})
    phone = await bench.phone()
    response = await offer(bench, phone)
    assert (response.status_code, response.json()["code"]) == (507, "server.disk_full")


async def test_the_seeded_photos_can_be_fetched(bench: Bench) -> None:
    phone = await bench.phone()
    pulled = await phone.pull()
    bodies = [json.loads(row.body) for row in pulled.entries]
    photo = next(body["set"] for body in bodies if body["type"] == "evidence")
    for cell in ("original", "stamped", "thumb"):
        got = await bench.client.get(f"/v1/blobs/{photo[cell]}", headers=phone.auth)
        assert hashlib.sha256(got.content).hexdigest() == photo[cell]
