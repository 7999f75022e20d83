"""Position through flet-geolocator: browser, Android, iOS, Windows, macOS."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import flet as ft
import flet_geolocator as fg  # pyright: ignore[reportMissingTypeStubs]

from domain.errors import PositionError
from domain.places import Fix, Place

ASK_S = 45.0  # a person may be reading the permission question
STATUS_S, MEASURE_S = 10.0, 20.0
_ACCURACY_MAX_M = 1e6
_YEAR_MIN = 2020  # an earlier one was never set
_REASONS = (
    ("denied", "denied"),
    ("permission", "denied"),
    ("disabled", "off"),
    ("timeout", "timeout"),
)
T = TypeVar("T")


class FletLocator:
    """Implements the port Locator. `now_ms` dates a measurement that comes without a time."""

    def __init__(self, now_ms: Callable[[], int], geolocator: fg.Geolocator | None = None) -> None:
        """Take the clock; the service is made at the first use, when there is a page for it."""
        self._now_ms = now_ms
        self._service = geolocator

    async def current(self) -> Fix:
        """Measure now; asks for permission where the platform has not been asked yet."""
        # No on_position_change: with a handler the service streams, and asking then never returns.
        service = self._service = self._service or fg.Geolocator()
        status = await _answer(service.get_permission_status(), STATUS_S)
        if status == fg.GeolocatorPermissionStatus.DENIED:
            status = await _answer(service.request_permission(), ASK_S)
        if status in (
            fg.GeolocatorPermissionStatus.DENIED,
            fg.GeolocatorPermissionStatus.DENIED_FOREVER,
        ):
            raise PositionError(reason="denied")
        return self._fix(await _answer(service.get_current_position(), MEASURE_S))

    def _fix(self, position: fg.GeolocatorPosition) -> Fix:
        lat, lon, accuracy_m = position.latitude, position.longitude, position.accuracy
        if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):  # nan too
            raise PositionError(reason="timeout")
        if accuracy_m is None or not 0 <= accuracy_m <= _ACCURACY_MAX_M:
            accuracy_m = _ACCURACY_MAX_M  # unknown: good for nothing, rather than exact
        return Fix(
            Place(round(lat * 1e7), round(lon * 1e7), position.floor or 0),
            round(accuracy_m * 100),
            self._now_ms(),  # it was measured just now; the platform's clock may be wrong
            mocked=bool(position.mocked),
            sky_ms=_moment(position.timestamp),
        )


def _moment(said: object) -> int | None:
    """Return the time of a position in ms; None where the platform gives none that makes sense."""
    if not isinstance(said, datetime):
        return None
    return round(said.timestamp() * 1000) if said.year >= _YEAR_MIN else None


async def _answer(call: Awaitable[T], limit_s: float) -> T:
    """Wait for the client's answer; raises PositionError with the reason it gives."""
    try:
        return await asyncio.wait_for(call, limit_s)
    except TimeoutError as error:
        raise PositionError(reason="timeout") from error
    except ft.FletUnsupportedPlatformException as error:
        raise PositionError(reason="unsupported") from error
    except RuntimeError as error:
        said = str(error).lower()
        reason = next((reason for word, reason in _REASONS if word in said), "unsupported")
        raise PositionError(reason=reason) from error
