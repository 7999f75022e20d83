"""The API's own description, turned against it: whatever schemathesis makes gets a typed answer.

In process, from a fixed seed: a run that fails once fails each time, and prints the request.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as bounds
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from server.settings import ServerSettings
from tests.hostile.attacker import attacker, typed
from tests.server.phone import Bench

SEED = 20_261_122
# For each operation, each mode, each caller: 10 take a quarter of a minute, a soak takes 1000.
EXAMPLES = int(os.environ.get("ANSHAO_FUZZ_EXAMPLES", "10"))
_BASE = "http://server"
_Operation = APIOperation[Any, Any, Any, Any]
_Case = Case[Any]
_Ask = Callable[[_Case], Coroutine[Any, Any, None]]


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """The server of the other tests; a pull does not wait, and nobody is slowed down."""
    quick = {"wait_max_s": 0.0, "requests_per_s": 1e6, "requests_burst": 10**6}
    return settings.model_copy(update=quick | {"enrol_per_minute": 10**6})


def _operations(bench: Bench) -> list[_Operation]:
    schema = schemathesis.openapi.from_dict(_app(bench).openapi())
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    assert len(found) > 8
    return found


def _app(bench: Bench) -> Any:  # noqa: ANN401 - FastAPI behind httpx's private name
    return cast("httpx.ASGITransport", bench.client._transport).app


def _sent(case: _Case, auth: dict[str, str]) -> dict[str, Any]:
    made = case.as_transport_kwargs(base_url=_BASE)
    headers = {str(name): str(value) for name, value in made["headers"].items()}
    # a fuzzed header may stand beside ours, but must not take the place of our good token
    headers = {name: value for name, value in headers.items() if name.lower() not in _keys(auth)}
    content = made.get("data")
    sent: dict[str, Any] = {"headers": headers | auth, "params": made.get("params")}
    if "json" in made:
        sent["json"] = made["json"]
    elif content is not None:
        sent["content"] = content if isinstance(content, bytes) else str(content).encode()
    return {"method": made["method"], "url": made["url"], "cookies": None} | sent


def _keys(headers: dict[str, str]) -> set[str]:
    return {name.lower() for name in headers}


def _drive(
    ask: _Ask,
    operation: _Operation,
    mode: GenerationMode,
    many: int,
) -> Callable[[], None]:
    """Return a run of many cases of one operation; called in a thread, asked on the test's loop."""
    loop = asyncio.get_running_loop()

    @seed(SEED)
    @bounds(
        max_examples=many,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(operation.as_strategy(generation_mode=mode))
    def run(case: _Case) -> None:
        asyncio.run_coroutine_threadsafe(ask(case), loop).result(60)

    return run


async def _fuzz(bench: Bench, many: int, auth: dict[str, str]) -> int:
    asked = 0

    async def ask(case: _Case) -> None:
        nonlocal asked
        asked += 1
        sent = _sent(case, auth)
        sent.pop("cookies")
        try:
            request = bench.client.build_request(**sent)
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError):
            return  # no client can send this one
        typed(await bench.client.send(request))

    for operation in _operations(bench):
        await asyncio.to_thread(_drive(ask, operation, GenerationMode.POSITIVE, many))
        with suppress(Unsatisfiable):  # nothing is said of it that could be broken
            await asyncio.to_thread(_drive(ask, operation, GenerationMode.NEGATIVE, many))
    return asked


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_whatever_the_description_allows_or_forbids_gets_a_typed_answer(bench: Bench) -> None:
    phone = await attacker(bench)
    assert await _fuzz(bench, EXAMPLES, phone.auth) > EXAMPLES
    assert await _fuzz(bench, EXAMPLES, {}) > EXAMPLES
    await phone.honest()
