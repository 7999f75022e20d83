"""The core of tus 1.0 and its extensions, as its paper says; any client of it may send a file."""

import asyncio
import base64
import hashlib
import itertools
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import event

from domain.receipts import blob_receipt_bytes
from offline_store import blobs
from tests.server.phone import Bench, Phone

PHOTO = bytes(range(256)) * 2000
SHA = hashlib.sha256(PHOTO).hexdigest()
URL = f"/v1/blobs/{SHA}"
TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


def base64_of(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def metadata(**facts: str) -> str:
    return ",".join(f"{name} {base64_of(value)}" for name, value in facts.items())


async def create(
    bench: Bench, phone: Phone, data: bytes = PHOTO, body: bytes = b"", **more: str
) -> httpx.Response:
    sha = hashlib.sha256(data).hexdigest()
    said = metadata(sha256=sha, kind="original", record="r", filename="../../etc/passwd")
    headers = {
        **phone.auth,
        **TUS,
        "Upload-Length": str(len(data)),
        "Upload-Metadata": said,
        **more,
    }
    if body:
        headers |= PART
    return await bench.client.post("/v1/blobs", content=body, headers=headers)


async def patch(
    bench: Bench, phone: Phone, offset: int, data: bytes | AsyncIterator[bytes], **more: str
) -> httpx.Response:
    headers = {**phone.auth, **PART, "Upload-Offset": str(offset), **more}
    return await bench.client.patch(URL, content=data, headers=headers)


async def head(bench: Bench, phone: Phone) -> httpx.Response:
    return await bench.client.head(URL, headers={**phone.auth, **TUS})


async def test_a_file_in_parts_as_the_paper_says(bench: Bench) -> None:
    phone = await bench.phone()
    assert (await head(bench, phone)).status_code == 404
    made = await create(bench, phone)
    assert (made.status_code, made.headers["location"], made.content) == (201, URL, b"")
    assert parsedate_to_datetime(made.headers["upload-expires"])
    first = await patch(bench, phone, 0, PHOTO[:100_000])
    assert (first.status_code, first.headers["upload-offset"], first.content) == (
        204,
        "100000",
        b"",
    )
    asked = await head(bench, phone)
    assert (asked.status_code, asked.headers["upload-offset"]) == (200, "100000")
    assert asked.headers["upload-length"] == str(len(PHOTO))
    assert asked.headers["cache-control"] == "no-store"
    last = await patch(bench, phone, 100_000, PHOTO[100_000:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(PHOTO)))
    for answer in (made, first, asked, last):
        assert answer.headers["tus-resumable"] == "1.0.0"
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(bench.site.public_key))
    said = blob_receipt_bytes(SHA, len(PHOTO), int(last.headers["anshao-received"]))
    key.verify(bytes.fromhex(last.headers["anshao-receipt"]), said)
    assert blobs.read(bench.site.store, SHA) == PHOTO


async def test_options_tells_what_is_spoken(bench: Bench) -> None:
    said = await bench.client.options("/v1/blobs")
    assert (said.status_code, said.headers["tus-version"]) == (204, "1.0.0")
    assert said.headers["tus-extension"] == "creation,creation-with-upload,checksum,expiration"
    assert said.headers["tus-max-size"] == str(bench.settings.blob_max_bytes)
    assert said.headers["tus-checksum-algorithm"] == "sha1,sha256"


async def test_a_file_that_is_here_is_acknowledged_without_a_byte_of_it(bench: Bench) -> None:
    one, two = await bench.phone(), await bench.phone()
    whole = await create(bench, one, body=PHOTO)
    assert (whole.status_code, whole.headers["upload-offset"]) == (201, str(len(PHOTO)))
    there = await head(bench, two)
    assert there.headers["anshao-receipt"] == whole.headers["anshao-receipt"]
    again = await create(bench, two)
    assert (again.status_code, again.headers["upload-offset"]) == (201, str(len(PHOTO)))


@pytest.mark.parametrize(
    ("headers", "offset", "status", "code"),
    [
        ({"Tus-Resumable": "0.2.2"}, "0", 412, "tus.version"),
        ({"Content-Type": "application/json"}, "0", 415, "tus.type"),
        ({}, "1", 409, "blob.offset"),
        ({}, "-1", 400, "blob.offset_missing"),
        ({}, "", 400, "blob.offset_missing"),
        ({"Upload-Checksum": "md5 YWJj"}, "0", 400, "tus.checksum_kind"),
        ({"Upload-Checksum": f"sha1 {base64_of(b'x' * 20)}"}, "0", 460, "tus.checksum"),
    ],
)
async def test_parts_that_do_not_fit(
    bench: Bench, headers: dict[str, str], offset: str, status: int, code: str
) -> None:
    phone = await bench.phone()
    await create(bench, phone)
    asked = {**phone.auth, **PART, "Upload-Offset": offset, **headers}
    answer = await bench.client.patch(URL, content=PHOTO[:1000], headers=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["tus-resumable"] == "1.0.0"
    if status == 412:
        assert answer.headers["tus-version"] == "1.0.0"
    assert (await head(bench, phone)).headers["upload-offset"] == "0"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Upload-Length": ""}, 400, "tus.length"),
        ({"Upload-Length": "-5"}, 400, "tus.length"),
        ({"Upload-Length": "0"}, 400, "tus.metadata"),
        ({"Upload-Length": str(2**50)}, 413, "blob.size"),
        ({"Upload-Defer-Length": "1", "Upload-Length": ""}, 400, "tus.length"),
        ({"Upload-Metadata": ""}, 400, "tus.metadata"),
        ({"Upload-Metadata": metadata(sha256="../../etc/passwd")}, 400, "tus.metadata"),
        ({"Upload-Metadata": metadata(sha256=SHA, record="x" * 65)}, 400, "tus.metadata"),
        ({"Upload-Metadata": metadata(sha256=SHA, record="a\0b")}, 400, "tus.metadata"),
        (
            {"Upload-Metadata": f"{metadata(sha256=SHA)},{metadata(sha256=SHA)}"},
            400,
            "tus.metadata",
        ),
        ({"Upload-Metadata": f"sha256 {SHA}!"}, 400, "tus.metadata"),
        ({"Upload-Metadata": metadata(sha256=SHA, note="x" * 4000)}, 400, "tus.metadata"),
        ({"Upload-Metadata": ",".join(f"k{n}" for n in range(99))}, 400, "tus.metadata"),
    ],
)
async def test_creations_that_do_not_fit(
    bench: Bench, headers: dict[str, str], status: int, code: str
) -> None:
    phone = await bench.phone()
    answer = await create(bench, phone, PHOTO, b"", **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not bench.site.uploads.offers()


async def test_a_part_spoilt_on_the_way_is_thrown_away_and_costs_no_more_than_itself(
    bench: Bench,
) -> None:
    phone = await bench.phone()
    await create(bench, phone, body=PHOTO[:1000])
    good = f"sha256 {base64_of(hashlib.sha256(PHOTO[1000:3000]).digest())}"
    spoilt = await patch(bench, phone, 1000, PHOTO[1001:3001], **{"Upload-Checksum": good})
    assert (spoilt.status_code, spoilt.headers["upload-offset"]) == (460, "1000")
    right = await patch(bench, phone, 1000, PHOTO[1000:3000], **{"Upload-Checksum": good})
    assert (right.status_code, right.headers["upload-offset"]) == (204, "3000")


async def test_asking_where_it_stands_ends_the_dead_line_of_the_same_device(bench: Bench) -> None:
    bench.site.settings = bench.settings.model_copy(update={"silence_s": 30.0})
    phone, other = await bench.phone(), await bench.phone()
    await create(bench, phone)

    async def hanging() -> AsyncIterator[bytes]:
        yield PHOTO[:70_000]
        await asyncio.sleep(60)
        yield b""

    dead = asyncio.create_task(patch(bench, phone, 0, hanging()))
    await asyncio.sleep(0.3)
    await head(bench, other)  # of another device: it is none of its business
    assert not dead.done()
    asked = await asyncio.wait_for(head(bench, phone), 5)
    assert asked.headers["upload-offset"] == "70000"
    assert (await asyncio.wait_for(dead, 5)).headers["upload-offset"] == "70000"


async def test_two_devices_that_send_the_same_file_both_end_with_its_receipt(bench: Bench) -> None:
    phones = [await bench.phone(), await bench.phone()]

    async def send(phone: Phone) -> str:
        await create(bench, phone)
        while True:
            asked = await head(bench, phone)
            if receipt := asked.headers.get("anshao-receipt"):
                return receipt
            at = int(asked.headers["upload-offset"])
            await patch(bench, phone, at, PHOTO[at : at + 50_000])

    one, two = await asyncio.wait_for(asyncio.gather(*map(send, phones)), 30)
    assert one == two
    assert blobs.read(bench.site.store, SHA) == PHOTO


@pytest.mark.parametrize("moment", range(3))
async def test_whenever_the_file_of_another_comes_whole_this_one_is_known(
    bench: Bench, moment: int
) -> None:
    one, two = await bench.phone(), await bench.phone()
    await create(bench, one)
    await create(bench, two)
    engine, loop, looks = bench.site.store.engine, asyncio.get_running_loop(), itertools.count()

    def meanwhile(*_: object) -> None:
        """Bring the file after the server has looked so often into its database."""
        if next(looks) == moment:
            asyncio.run_coroutine_threadsafe(patch(bench, two, 0, PHOTO), loop).result(20)

    event.listen(engine, "checkin", meanwhile)
    asked = await head(bench, one)
    event.remove(engine, "checkin", meanwhile)
    assert asked.status_code == 200
    assert blobs.read(bench.site.store, SHA) == PHOTO


async def test_who_cannot_send_patch_says_it_in_a_header(bench: Bench) -> None:
    phone = await bench.phone()
    await create(bench, phone)
    headers = {**phone.auth, **PART, "Upload-Offset": "0"}
    refused = await bench.client.post(URL, content=PHOTO, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (405, "tus.method")
    instead = {**headers, "X-HTTP-Method-Override": "PATCH"}
    taken = await bench.client.post(URL, content=PHOTO, headers=instead)
    assert (taken.status_code, taken.headers["upload-offset"]) == (204, str(len(PHOTO)))


async def test_nobody_ends_an_upload_of_evidence(bench: Bench) -> None:
    phone = await bench.phone()
    await create(bench, phone, body=PHOTO[:1000])
    assert (await bench.client.delete(URL, headers={**phone.auth, **TUS})).status_code == 405
    assert (await head(bench, phone)).headers["upload-offset"] == "1000"


async def test_a_file_that_came_to_rest_just_before_the_server_stopped_is_found(
    bench: Bench,
) -> None:
    phone = await bench.phone()
    blobs.keep_file(bench.site.store, PHOTO)  # its row was never written
    there = await create(bench, phone)
    assert there.headers["anshao-receipt"]


async def test_what_a_person_looks_for_is_told_until_it_is_here(bench: Bench) -> None:
    owner, other = await bench.phone(), await bench.phone()

    async def wanted() -> list[str]:
        answer = await bench.client.get("/v1/blobs/wanted", headers=owner.auth)
        return answer.json()["wanted"]

    assert (await bench.client.get(URL, headers=other.auth)).status_code == 404
    assert await wanted() == []
    asked = await bench.client.get(URL, params={"waiting": 1}, headers=other.auth)
    assert asked.status_code == 404
    assert await wanted() == [SHA]
    await create(bench, owner, body=PHOTO)
    assert await wanted() == []
