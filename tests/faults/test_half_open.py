"""A radio that dies without a word in the middle of an upload blocks nobody, and costs <= 10 s."""

import hashlib
import socket
import time
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.keys import public_bytes
from tests.helpers.processes import World, world
from tests.server.phone import Phone, enrol, report
from tests.server.test_tus import PART, TUS, metadata

SIZE, ARRIVED = 900_000, 500_000
LIMIT_S = 10.0


async def device(client: httpx.AsyncClient, here: World, monkeypatch: pytest.MonkeyPatch) -> Phone:
    monkeypatch.setattr("tests.server.phone.CODE", here.code)
    return await enrol(client, public_bytes(Ed25519PrivateKey.generate()).hex()[:8])


def offer(phone: Phone, data: bytes) -> dict[str, str]:
    said = metadata(sha256=hashlib.sha256(data).hexdigest(), kind="original", record="r")
    return {**phone.auth, **TUS, "Upload-Length": str(len(data)), "Upload-Metadata": said}


def fall_silent(here: World, phone: Phone, url: str, data: bytes) -> socket.socket:
    """Send the head of a PATCH and some of its bytes, then nothing: no end, no reset."""
    line = socket.create_connection(("127.0.0.1", here.server_port))
    headers = {**phone.auth, **PART, "Upload-Offset": "0", "Content-Length": str(SIZE), "Host": "x"}
    head = f"PATCH {url} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    line.sendall(head.encode() + b"\r\n" + data[:ARRIVED])
    return line


@pytest.mark.slow
async def test_a_half_open_line_blocks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, other_data = bytes(range(250)) * (SIZE // 250), b"other" * 20_000
    url = f"/v1/blobs/{hashlib.sha256(data).hexdigest()}"
    with world(tmp_path) as here:
        async with httpx.AsyncClient(base_url=here.server_url, timeout=60) as client:
            one, two = [await device(client, here, monkeypatch) for _ in range(2)]
            assert (await client.post("/v1/blobs", headers=offer(one, data))).status_code == 201
            dead = fall_silent(here, one, url, data)
            time.sleep(0.5)
            begun = time.monotonic()

            # meanwhile another device uploads and pushes as if nothing were
            whole = {**offer(two, other_data), **PART}
            sent = await client.post("/v1/blobs", content=other_data, headers=whole)
            assert sent.headers["anshao-receipt"]
            two.write("U012", "hazard", report())
            assert not (await two.push()).exceptions
            others_s = time.monotonic() - begun

            # what came counts within the silence that is allowed, though nobody asks about it
            parts = here.folder / "server" / "uploads"
            while sum(one.stat().st_size for one in parts.glob("*.part")) < ARRIVED:
                assert time.monotonic() - begun < LIMIT_S
                time.sleep(0.2)
            counted_s = time.monotonic() - begun

            # another one with the same file waits for nobody: it sends its own
            asked = await client.post("/v1/blobs", headers=offer(two, data))
            assert asked.headers["upload-offset"] == "0"
            for at in (0, ARRIVED):
                rest = {**two.auth, **PART, "Upload-Offset": str(at)}
                end = ARRIVED if not at else SIZE
                done = await client.patch(url, content=data[at:end], headers=rest)
            assert done.headers["anshao-receipt"]
            dead.close()

            # the same again, and the device itself comes back: at once
            again = data[::-1]
            url = f"/v1/blobs/{hashlib.sha256(again).hexdigest()}"
            await client.post("/v1/blobs", headers=offer(one, again))
            dead = fall_silent(here, one, url, again)
            time.sleep(0.5)
            back = time.monotonic()
            asked = await client.head(url, headers={**one.auth, **TUS})
            assert asked.headers["upload-offset"] == str(ARRIVED)
            rest = {**one.auth, **PART, "Upload-Offset": str(ARRIVED)}
            done = await client.patch(url, content=again[ARRIVED:], headers=rest)
            assert done.headers["anshao-receipt"]
            back_s = time.monotonic() - back
            dead.close()
        print(f"others {others_s:.2f} s, counted after {counted_s:.2f} s, back {back_s:.2f} s")
        assert others_s < LIMIT_S / 2
        assert counted_s < LIMIT_S
        assert back_s < LIMIT_S / 2
        for phone in (one, two):
            phone.store.close()
