"""S23, second part: a real wire of 64 kbit/s that is cut every 4 s, 60 records and 6 photos.

Real server process, real engine, real photos with their copies. Everything arrives, with receipts.
"""

import asyncio
import hashlib
import os
import time
from pathlib import Path

import httpx
import pytest

from app import link
from app.settings import ClientSettings
from app.use_cases import evidence
from app.wiring import build_field
from offline_store import blobs, outbox
from offline_store.blobs import ORIGINAL, THUMBNAIL
from sync.pacing import MediaRules
from sync.transport import Transport
from tests.helpers.plant import Here, simulated
from tests.helpers.processes import World, world
from tests.helpers.weak_link import WeakLink
from tests.media.pictures import jpeg, photo
from tests.server.phone import report

BYTES_S, CUT_S = 8_000, 4.0
RECORDS, PHOTOS, PHOTO_BYTES = 60, 6, 100_000
LIMIT_S = 300


@pytest.mark.slow
@pytest.mark.timeout(420)
async def test_all_of_it_arrives_over_a_link_that_is_cut_every_four_seconds(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        settings = ClientSettings(
            store=tmp_path / "phone",
            store_key_file=tmp_path / "secret",
            server_url=here.server_url,
            enrol_code=here.code,
            device_name="phone",
        )
        app = build_field(settings, devices=simulated(Here(), []))
        joining = Transport(here.server_url)
        assert app.key is not None
        await link.enrol(app, app.key, joining)
        await joining.close()
        good = Transport(here.server_url, app.device.token)
        await link.refresh_pack(app, good)
        await link.start_engine(app, good, lambda: None).sync_once()
        await good.close()

        shas = work(app)
        wire = WeakLink(here.server_port, BYTES_S, CUT_S)
        weak = Transport(wire.url, app.device.token)
        arrived: dict[str, float] = {}
        begun = time.monotonic()
        engine = link.start_engine(app, weak, lambda: None)
        engine.pace.rules = lambda: MediaRules(now=True)
        running = asyncio.create_task(engine.run())
        try:
            await until_sent(app, begun, arrived)
        finally:
            engine.stop()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await weak.close()
            wire.close()
        took_s = time.monotonic() - begun
        print(f"S23 (b): {took_s:.0f} s, {wire.cuts} cuts, {wire.passed}, {arrived}")
        assert wire.cuts >= took_s / CUT_S - 2
        assert took_s <= LIMIT_S
        assert arrived["records"] <= arrived["small"] <= arrived["all"]
        await all_there(here, app.device.token, shas)
        with app.store.reading() as session:
            for sha in shas:
                row = blobs.lookup(session, sha)
                assert row
                assert row.receipt
            listed = outbox.items(session, app.device.device_id, app.clock.now_ms())
        assert all(item.receipt_code for item in listed)
        app.store.close()


def work(app: link.FieldApp) -> list[str]:
    """Write the records and take the photos; returns the hashes of all files."""
    person = app.definitions.plant.people["U012"]
    ids: list[str] = []
    for number in range(RECORDS - PHOTOS):
        stamp = f"0198c0de-0000-7000-8000-{number:012d}"
        with app.store.session() as session:
            app.write(
                session, "U012", kind="decide", record_id=stamp, type="hazard",
                definition="hazard@1", set=report(code=f"HZ-WEAK-{number:04d}"),
            )  # fmt: skip
        ids.append(stamp)
    for number in range(PHOTOS):
        picture = jpeg(photo(320, 240, number), quality=70)
        picture += os.urandom(PHOTO_BYTES - len(picture))  # behind the end of the picture
        target = evidence.Target(ids[number], f"HZ-WEAK-{number:04d}", "DB-03", "closeup")
        evidence.keep(app, person, target, picture, source="camera", fix=None)
    with app.store.reading() as session:
        return [blob.sha256 for blob in blobs.unsettled(session)]


async def until_sent(app: link.FieldApp, begun: float, arrived: dict[str, float]) -> None:
    async with asyncio.timeout(LIMIT_S + 60):
        while "all" not in arrived:
            with app.store.reading() as session:
                left = outbox.count(session, app.device.device_id)
                small = blobs.pending(session, up_to=THUMBNAIL)
            done = {"records": not left.entries, "small": not small, "all": not left.blobs}
            for name, is_done in done.items():
                if is_done and (name == "records" or "records" in arrived):
                    arrived.setdefault(name, round(time.monotonic() - begun, 1))
            await asyncio.sleep(0.2)


async def all_there(here: World, token: str, shas: list[str]) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=here.server_url, headers=headers) as client:
        for sha in shas:
            got = await client.get(f"/v1/blobs/{sha}")
            assert hashlib.sha256(got.content).hexdigest() == sha
        own = await client.get("/v1/pull", params={"after": 0, "own": 1, "limit": 500})
        codes = [one["body"] for one in own.json()["entries"] if "HZ-WEAK-" in one["body"]]
        reported = [body for body in codes if '"hazard.report"' in body]
        assert len(reported) == RECORDS - PHOTOS
    assert ORIGINAL > THUMBNAIL
