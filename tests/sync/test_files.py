"""Files on their way: which goes next, what waits for a better link, and what never waits."""

import asyncio
import hashlib
import os

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_store import blobs
from server.site import Site
from sync.pacing import PART_MAX_BYTES, PART_MIN_BYTES, MediaRules, Pace
from tests.server.phone import report
from tests.sync.conftest import Enrol
from tests.sync.field import Link, Tablet

PHOTO = os.urandom(300_000)


class Ticks:
    """A clock that runs when it is told to."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


@given(st.lists(st.tuples(st.integers(1, 600_000), st.integers(0, 60_000)), max_size=30))
def test_a_part_is_never_too_small_nor_too_large(parts: list[tuple[int, int]]) -> None:
    pace = Pace(Ticks())
    for size, took_ms in parts:
        pace.took(size, took_ms)
        assert PART_MIN_BYTES <= pace.part_bytes() <= PART_MAX_BYTES
        pace.lost()
        assert PART_MIN_BYTES <= pace.part_bytes() <= PART_MAX_BYTES


def test_a_part_is_what_the_link_moves_in_eight_seconds() -> None:
    pace = Pace(Ticks())
    pace.took(64_000, 8_000)
    assert (pace.rate, pace.part_bytes()) == (8_000, 64_000)
    pace.lost()
    assert pace.part_bytes() == 32_000


def test_a_short_part_that_a_buffer_swallowed_does_not_make_the_next_one_huge() -> None:
    pace = Pace(Ticks())
    pace.took(10_000, 5)
    assert pace.part_bytes() == 40_000


def test_a_cap_keeps_the_next_part_back_until_its_time() -> None:
    ticks = Ticks()
    pace = Pace(ticks, lambda: MediaRules(cap_bytes_s=4_000))
    assert pace.part_bytes() == 16_000
    ticks.now = 1_000
    pace.took(16_000, 1_000)
    assert pace.wait_ms() == 3_000
    ticks.now = 4_000
    assert pace.wait_ms() == 0


def test_what_the_link_cannot_carry_waits_and_is_measured_again() -> None:
    ticks = Ticks()
    rules = MediaRules(wait_min=30, probe_min=10)
    pace = Pace(ticks, lambda: rules)
    assert not pace.holds(10**9), "nobody knows yet"
    pace.took(64_000, 8_000)
    assert pace.holds(1_900_000_000)
    assert not pace.holds(600_000), "75 s is nothing to wait for"
    assert pace.holds(1_900_000_000)
    ticks.now = 10 * 60_000
    assert not pace.holds(1_900_000_000), "one part measures the link"
    assert pace.holds(1_900_000_000)
    pace.link_changed("fixed")
    assert not pace.holds(1_900_000_000), "another link"
    pace.link_changed("mobile")
    assert pace.holds(1_000), "paid by the byte"
    rules = MediaRules(now=True)
    assert not pace.holds(1_900_000_000), "the person said so"


async def test_what_somebody_waits_for_goes_over_a_link_that_originals_do_not(
    enrol: Enrol, site: Site
) -> None:
    one = await enrol()
    one.engine.pace.link_changed("mobile")
    other, asked = one.photo("r", os.urandom(200_000)), one.photo("r", PHOTO)
    signature = one.photo("r", b"signed", "signature")
    one.photo("r", b"small", "thumb")
    await one.engine.sync_once()
    assert (await states(one)) == {other: "waiting", asked: "waiting", signature: "received"} | {
        hashlib.sha256(b"small").hexdigest(): "received"
    }
    assert one.engine.status.held_bytes == 500_000
    site.uploads.ask_for(asked)
    one.engine._files.hurry()
    await one.engine.sync_once()
    assert (await states(one))[asked] == "received"
    assert (await states(one))[other] == "waiting"
    assert one.engine.status.held_bytes == 200_000
    one.engine.pace.rules = lambda: MediaRules(now=True)
    await one.engine.sync_once()
    assert (await states(one))[other] == "received"


async def test_a_part_without_an_answer_is_no_lost_link_while_the_server_still_answers(
    enrol: Enrol,
) -> None:
    one = await enrol()
    await one.engine.sync_once()
    sha, seen = one.photo("r", PHOTO), set[str]()
    one.engine._on_change = lambda: seen.add(one.engine.status.phase)
    one.link.mute = 2
    await one.engine.sync_once()
    assert (await states(one))[sha] == "received"
    assert "sending" in seen
    assert "offline" not in seen


async def test_a_record_written_meanwhile_goes_before_the_next_small_picture(enrol: Enrol) -> None:
    one = await enrol()
    for number in range(20):
        one.photo("r", f"small {number}".encode(), "thumb")
    seen = Counting(one.link)
    replace_transport(one, seen)
    running = asyncio.create_task(one.engine.run())
    await seen.reached(5)
    one.write("U012", "hazard", report())
    one.engine.nudge()
    await seen.pushed.wait()
    assert seen.uploads <= 7
    await seen.reached(20)
    one.engine.stop()
    await running


async def test_the_server_is_left_alone_for_as_long_as_it_asks(enrol: Enrol) -> None:
    one = await enrol()
    clock = asyncio.get_running_loop()
    one.engine._now_ms = lambda: round(clock.time() * 1000)
    refusing = Refusing(one.link)
    replace_transport(one, refusing)
    one.write("U012", "hazard", report())
    running = asyncio.create_task(one.engine.run())
    await asyncio.sleep(0.3)
    for _ in range(8):  # whoever calls does not cut it short
        one.engine.nudge()
        await asyncio.sleep(0.1)
    assert refusing.times == 1
    async with asyncio.timeout(10):
        while one.engine.status.waiting:
            await asyncio.sleep(0.05)
    assert refusing.again_s >= 2.0
    one.engine.stop()
    await running


@pytest.mark.parametrize("status", [429, 503, 507])
async def test_files_wait_as_long_as_the_server_asks_and_records_go_on(
    enrol: Enrol, status: int
) -> None:
    one = await enrol()
    sha = one.photo("r", PHOTO)
    two = one.photo("r", PHOTO[::-1])
    replace_transport(one, Refusing(one.link, "/v1/blobs", status, seconds=60))
    await one.engine.sync_once()
    one.write("U012", "hazard", report())
    await one.engine.sync_once()
    found = await states(one)
    assert found == {sha: "waiting", two: "waiting"}
    assert one.engine.status.waiting == 2
    assert one.engine.status.error is None


async def states(one: Tablet) -> dict[str, str]:
    with one.store.reading() as session:
        return {blob.sha256: blob.state for blob in blobs.listed(session, 0)}


def replace_transport(one: Tablet, network: httpx.AsyncBaseTransport) -> None:
    one.transport._client._transport = network


class Counting(httpx.AsyncBaseTransport):
    """The network, and how many files went before the record."""

    def __init__(self, inner: Link) -> None:
        self.inner, self.uploads = inner, 0
        self.pushed = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/blobs":
            self.uploads += 1
        if request.url.path == "/v1/push":
            self.pushed.set()
        return await self.inner.handle_async_request(request)

    async def reached(self, count: int) -> None:
        async with asyncio.timeout(20):
            while self.uploads < count:
                await asyncio.sleep(0)


class Refusing(httpx.AsyncBaseTransport):
    """The network with a server that wants to be left alone: at the first push, or at all files."""

    def __init__(
        self, inner: Link, path: str = "/v1/push", status: int = 503, *, seconds: int = 2
    ) -> None:
        self.inner, self.path, self.status, self.seconds = inner, path, status, seconds
        self.times, self.again_s, self._at = 0, 0.0, 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith(self.path) or request.url.path.endswith("wanted"):
            return await self.inner.handle_async_request(request)
        now = asyncio.get_running_loop().time()
        if self.times and self.path == "/v1/push":
            self.again_s = self.again_s or now - self._at
            return await self.inner.handle_async_request(request)
        if request.method == "HEAD":
            return httpx.Response(404, headers={"Anshao-Protocol": "1"}, request=request)
        self.times, self._at = self.times + 1, now
        problem = {"code": "server.not_ready", "status": self.status, "params": {}}
        headers = {"Retry-After": str(self.seconds)}
        return httpx.Response(self.status, json=problem, headers=headers, request=request)
