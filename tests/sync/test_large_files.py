"""A clip crosses a real wire that is cut in the middle: what is there is never sent again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from app import link
from app.field import FieldApp
from app.settings import ClientSettings
from app.use_cases import evidence, evidence_files, reports
from app.wiring import build_field
from domain.errors import FieldError
from offline_store import blobs, records
from sync.transport import Transport
from tests.helpers.plant import Here, simulated
from tests.helpers.processes import Cut, World, world
from tests.media.films import box, film

SIZE = 16 * 2**20
PART = 512 * 1024


class Counted(httpx.AsyncBaseTransport):
    """The network, and how many bytes of bodies went each way."""

    def __init__(self) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.sent = self.received = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH" or request.url.path == "/v1/blobs":
            self.sent += len(request.content)
        response = await self.inner.handle_async_request(request)
        if request.method == "GET" and "/v1/blobs/" in request.url.path:
            self.received += int(response.headers.get("content-length", 0))
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


@contextlib.asynccontextmanager
async def device(here: World, name: str, url: str) -> AsyncIterator[tuple[FieldApp, Counted]]:
    settings = ClientSettings(
        store=here.folder / name,
        store_key_file=here.folder / f"{name}.secret",
        server_url=url,
        enrol_code=here.code,
        device_name=name,
    )
    app, network = build_field(settings, devices=simulated(Here(), [])), Counted()
    assert app.key is not None
    await link.enrol(app, app.key, Transport(url, http=network))
    transport = Transport(url, app.device.token, http=network)
    await link.refresh_pack(app, transport)
    link.start_engine(app, transport, lambda: None)
    try:
        yield app, network
    finally:
        await transport.close()
        app.store.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not holds():
            await asyncio.sleep(0.005)


@pytest.mark.slow
async def test_only_what_is_missing_is_sent_and_fetched_again(tmp_path: Path) -> None:
    clip = film(tmp_path)
    with clip.open("ab") as file:
        file.write(box(b"free", bytes(SIZE)))  # a player passes it over
    with world(tmp_path) as here:
        wire = Cut(here.server_port)
        async with (
            device(here, "phone-1", wire.url) as (first, up),
            device(here, "phone-2", wire.url) as (second, down),
        ):
            person = first.definitions.plant.people["U012"]
            draft = reports.open_draft(first, person, asset_id="DB-03")
            target = evidence.Target(draft.draft_id, draft.code, "DB-03", "closeup")
            card = evidence.keep_clip(first, person, target, clip, source="file", fix=None)
            reports.report(first, person, draft.draft_id, None)
            await cut_in_the_middle(first, up, wire)
            sent = up.sent
            assert sent < card.size, "it was cut before the end"
            wire.join()
            assert first.engine
            await first.engine.sync_once()
            # a part under way at the cut may have arrived whole, in part, or not at all
            assert card.size <= up.sent - small(first, card.evidence_id) <= card.size + 2 * PART

            assert second.engine
            await second.engine.sync_once()
            await fetch_across_a_cut(second, down, wire, card.evidence_id)
            sha, mime = evidence_files.original_of(second, card.evidence_id) or ("", "")
            assert (blobs.read(second.store, sha), mime) == (clip.read_bytes(), "video/mp4")
        wire.close()


def small(field: FieldApp, evidence_id: str) -> int:
    """Return the bytes of the tile, which went the same way."""
    with field.store.reading() as session:
        thumb = records.get(session, evidence_id).text("thumb")
    return len(blobs.read(field.store, thumb) or b"")


async def cut_in_the_middle(field: FieldApp, network: Counted, wire: Cut) -> None:
    assert field.engine
    running = asyncio.create_task(field.engine.sync_once())
    await until(lambda: network.sent > SIZE // 2)
    wire.cut()
    with pytest.raises(FieldError):
        await running


async def fetch_across_a_cut(
    field: FieldApp, network: Counted, wire: Cut, evidence_id: str
) -> None:
    before = network.received
    running = asyncio.create_task(evidence_files.fetch_original(field, evidence_id, lambda _: None))
    await until(lambda: network.received - before > SIZE // 2)
    wire.cut()
    with pytest.raises(FieldError):
        await running
    wire.join()
    await evidence_files.fetch_original(field, evidence_id, lambda _: None)
    assert network.received - before <= SIZE + 3 * PART + 100_000
