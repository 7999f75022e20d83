"""How a device leaves its server alone: before it has a code, when it is refused, when told so."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import link
from app.field import FieldApp
from app.settings import ClientSettings
from app.use_cases import enrolment
from app.wiring import build_field
from domain.errors import EnrolError, OfflineError, ServerRefusedError
from sync.resting import BACKOFF_MAX_S, REFUSED_MAX_S, Patience, rest
from sync.transport import Transport
from tests.helpers.plant import Here, PlantSite, simulated


class Desk(httpx.AsyncBaseTransport):
    """A server that counts who asks, and answers as it is told."""

    def __init__(self, status: int = 403, **headers: str) -> None:
        self.asked: list[str] = []
        self.status, self.headers = status, headers

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        body = {"code": "enrol.refused", "status": self.status, "params": {}}
        return httpx.Response(self.status, json=body, headers=self.headers, request=request)


@asynccontextmanager
async def device(tmp_path: Path, desk: Desk) -> AsyncIterator[FieldApp]:
    """A device that no server has taken, with its link at work."""
    settings = ClientSettings(store=tmp_path / "d", store_key_file=tmp_path / "secret")
    field = build_field(settings, devices=simulated(Here(), []))
    key = Ed25519PrivateKey.generate()
    task = asyncio.create_task(
        link.run(
            field, key, lambda: None, lambda token: Transport("http://x.test", token, http=desk)
        )
    )
    await asyncio.sleep(0.05)
    try:
        yield field
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        field.store.close()


async def until(said: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not said():
            await asyncio.sleep(0.01)


async def test_a_device_without_a_code_asks_nobody_until_somebody_names_one(
    tmp_path: Path,
) -> None:
    desk = Desk()
    async with device(tmp_path, desk) as field:
        await asyncio.sleep(1.0)
        assert desk.asked == []
        enrolment.set_server(field, "http://x.test", "ABCD-EFGH-JKMN-PQRS")
        await until(lambda: field.trouble is not None)
        assert desk.asked == ["/v1/enrol"]
        assert isinstance(field.trouble, EnrolError)
        enrolment.set_server(field, "http://x.test", "ABCD-EFGH-JKMN-PQRT")  # at once
        await until(lambda: len(desk.asked) == 2)


async def test_a_server_that_wants_to_be_left_alone_is_whoever_taps(tmp_path: Path) -> None:
    desk = Desk(429, **{"Retry-After": "600"})
    async with device(tmp_path, desk) as field:
        for _ in range(3):
            enrolment.set_server(field, "http://x.test", "ABCD-EFGH-JKMN-PQRS")
            await asyncio.sleep(0.2)
        assert desk.asked == ["/v1/enrol"]
        enrolment.set_server(field, "http://other.test", "ABCD-EFGH-JKMN-PQRS")
        await until(lambda: len(desk.asked) == 2)  # another server asked for nothing


def test_waits_grow_and_no_two_devices_wait_alike() -> None:
    told = {error: [0.0, 0.0] for error in ("offline", "refused")}
    for name, error, longest in (
        ("offline", OfflineError(), BACKOFF_MAX_S),
        ("refused", EnrolError(), REFUSED_MAX_S),
    ):
        many = [Patience(random.Random(seed)) for seed in range(50)]
        before, waits = 0.0, list[float]()
        for _ in range(12):
            waits = [one.after(error).for_s for one in many]
            assert len(set(waits)) == len(waits)
            assert max(waits) <= longest
            assert max(waits) > 0.9 * min(longest, 1.9 * before)
            before = max(waits)
        told[name] = [min(waits), max(waits)]
    assert told["offline"][0] >= BACKOFF_MAX_S / 2
    assert told["refused"][0] >= REFUSED_MAX_S / 2
    one = many[0]
    one.worked()
    assert one.after(OfflineError()).for_s <= 2
    assert one.after(OfflineError(), moved=True).for_s < 0.5


async def test_what_the_server_asks_for_goes_before_our_own_reckoning() -> None:
    wait = Patience(random.Random(1)).after(ServerRefusedError(reason="rate", retry_s=7))
    assert wait.ordered
    assert 7 <= wait.for_s <= 8.5
    now, called = [0], asyncio.Event()

    def mono_ms() -> int:
        called.set()  # somebody taps all the time
        now[0] += 1000
        return now[0]

    await rest(wait, called, mono_ms, lambda: False)
    assert now[0] >= 7000


async def test_a_device_with_a_code_of_its_settings_joins_as_before(site: PlantSite) -> None:
    joined = await site.device("phone-1")
    assert joined.app.identity is not None
