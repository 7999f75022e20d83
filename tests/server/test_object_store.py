"""A server whose photos rest in S3: away, records go on and photos wait; back, all arrives."""

import hashlib
from pathlib import Path

import httpx
import pytest

from offline_store import blobs
from server import main
from server.settings import ServerSettings
from tests.helpers.processes import free_port
from tests.helpers.s3 import KEYS, s3_server
from tests.server.phone import Bench, report
from tests.server.test_tus import PART, TUS, metadata

PHOTO = bytes(range(256)) * 2000
SHA = hashlib.sha256(PHOTO).hexdigest()
URL = f"/v1/blobs/{SHA}"


@pytest.mark.slow
async def test_records_go_on_while_s3_is_away_and_photos_follow(
    settings: ServerSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}.items():
        monkeypatch.setenv(name, value)
    app = main.create_app(settings.model_copy(update={"blob_store": "s3://plant/evidence"}))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        bench = Bench(app.state.site, settings, client)
        phone = await bench.phone()
        said = metadata(sha256=SHA, kind="original", record="r")
        offered = {**phone.auth, **PART, "Upload-Length": str(len(PHOTO)), "Upload-Metadata": said}
        waits = await client.post("/v1/blobs", content=PHOTO, headers=offered)
        assert (waits.status_code, waits.json()["code"]) == (503, "blob.store_away")
        assert waits.headers["retry-after"] == "30"
        assert (await client.get("/health/ready")).json()["blobs"] == "away"
        phone.write("U012", "hazard", report())
        assert not (await phone.push()).exceptions

        with s3_server(tmp_path, port):
            asked = await client.head(URL, headers={**phone.auth, **TUS})
            assert asked.headers["upload-offset"] == str(len(PHOTO))  # no byte is sent again
            ask = {**phone.auth, **PART, "Upload-Offset": str(len(PHOTO))}
            done = await client.patch(URL, content=b"", headers=ask)
            assert done.headers["anshao-receipt"]
            assert (await client.get("/health/ready")).json()["blobs"] == "ok"
            assert not blobs.is_here(app.state.site.store, SHA)
            whole = await client.get(URL, headers=phone.auth)
            assert (whole.status_code, whole.content) == (200, PHOTO)
            ranged = {**phone.auth, "Range": "bytes=100-199"}
            some = await client.get(URL, headers=ranged)
            assert (some.status_code, some.content) == (206, PHOTO[100:200])
            assert some.headers["content-range"] == f"bytes 100-199/{len(PHOTO)}"
            last = await client.get(URL, headers={**phone.auth, "Range": "bytes=-10"})
            assert last.content == PHOTO[-10:]
            beyond = {**phone.auth, "Range": f"bytes={len(PHOTO)}-"}
            assert (await client.get(URL, headers=beyond)).status_code == 416
        away = await client.get(URL, headers=phone.auth)
        assert (away.status_code, away.json()["code"]) == (503, "blob.store_away")
    phone.store.close()
    app.state.site.store.close()
