"""What every locator promises: a position with its accuracy, or a reason."""

import math
from datetime import UTC, datetime

import pytest

from domain.errors import PositionError
from domain.places import Fix, Place
from media.adapters import flet_locator
from media.adapters.flet_locator import FletLocator
from media.adapters.simulated import SimulatedLocator
from media.ports import Locator
from tests.contracts.client import Client, client

NOW_MS = 1_795_356_785_000
HERE = Fix(Place(300010900, 1225008440), 620, NOW_MS)


def now_ms() -> int:
    return NOW_MS


def position(**changed: object) -> dict[str, object]:
    said: dict[str, object] = {
        "latitude": 30.00109,
        "longitude": 122.500844,
        "accuracy": 6.2,
        "timestamp": datetime.fromtimestamp(NOW_MS / 1000, UTC),
        "mocked": False,
    }
    return said | changed


def granted(fake: Client, **changed: object) -> FletLocator:
    fake.answers["get_permission_status"] = "whileInUse"
    fake.answers["get_current_position"] = position(**changed)
    return FletLocator(now_ms)


async def fix_of(**changed: object) -> Fix:
    async with client() as fake:
        return await granted(fake, **changed).current()


async def test_the_simulated_one_stands_where_it_was_put() -> None:
    locator: Locator = SimulatedLocator(HERE)
    assert await locator.current() == HERE


async def test_the_simulated_one_fails_like_a_device() -> None:
    with pytest.raises(PositionError) as refused:
        await SimulatedLocator(None, refusal="denied").current()
    assert refused.value.params["reason"] == "denied"


async def test_it_measures_place_accuracy_and_time() -> None:
    assert await fix_of() == HERE


@pytest.mark.parametrize("timestamp", [None, datetime(2020, 1, 1)])  # noqa: DTZ001 - has no zone
async def test_a_position_without_a_sure_time_is_dated_now(timestamp: datetime | None) -> None:
    assert (await fix_of(timestamp=timestamp)).at_ms == NOW_MS


async def test_a_mocked_position_says_so() -> None:
    assert (await fix_of(mocked=True)).mocked


@pytest.mark.parametrize("accuracy", [None, math.nan, math.inf, -1.0])
async def test_an_unknown_accuracy_is_never_taken_for_a_good_one(accuracy: float | None) -> None:
    assert (await fix_of(accuracy=accuracy)).accuracy_cm >= 10_000_000


async def test_an_accuracy_of_exactly_zero_stays_for_the_grade_to_judge() -> None:
    assert (await fix_of(accuracy=0.0)).accuracy_cm == 0


@pytest.mark.parametrize(
    "changed", [{"latitude": None}, {"latitude": math.nan}, {"latitude": 91}, {"longitude": 181}]
)
async def test_an_absurd_place_is_no_position(changed: dict[str, object]) -> None:
    with pytest.raises(PositionError):
        await fix_of(**changed)


async def test_a_refusal_is_told_as_denied_without_measuring() -> None:
    async with client() as fake:
        locator = granted(fake)
        fake.answers["get_permission_status"] = "deniedForever"
        with pytest.raises(PositionError) as refused:
            await locator.current()
        assert refused.value.params["reason"] == "denied"
        assert "get_current_position" not in dict(fake.calls)


async def test_a_person_not_asked_yet_is_asked() -> None:
    async with client() as fake:
        locator = granted(fake)
        fake.answers["get_permission_status"] = "denied"
        fake.answers["request_permission"] = "whileInUse"
        assert await locator.current() == HERE


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("User denied permissions to access the device's location.", "denied"),
        ("The location service on the device is disabled.", "off"),
        ("TimeoutException after 0:00:20", "timeout"),
        ("MissingPluginException(...)", "unsupported"),
    ],
)
async def test_what_the_platform_says_becomes_a_reason(said: str, reason: str) -> None:
    async with client() as fake:
        locator = granted(fake)
        fake.answers["get_current_position"] = RuntimeError(said)
        with pytest.raises(PositionError) as refused:
            await locator.current()
        assert refused.value.params["reason"] == reason


async def test_a_client_that_never_answers_ends_in_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flet_locator, "MEASURE_S", 0.05)
    async with client() as fake:
        locator = granted(fake)
        fake.answers["get_current_position"] = NotImplemented
        with pytest.raises(PositionError) as refused:
            await locator.current()
        assert refused.value.params["reason"] == "timeout"
