"""Places and distances. WGS-84; distance is the great circle on a sphere of R = 6 371 008.8 m."""

import math
from dataclasses import dataclass, field

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1 of the GRS 80 ellipsoid


@dataclass(frozen=True, slots=True)
class Place:
    """A point: latitude and longitude in 1e-7 degree, floor (0 = ground)."""

    lat_e7: int
    lon_e7: int
    floor: int = 0


@dataclass(frozen=True, slots=True)
class Fix:
    """A measured position: accuracy radius in cm, time in ms; `mocked` by the platform's word.

    `sky_ms` is the time that came with the position, where the platform gave one.
    """

    place: Place
    accuracy_cm: int
    at_ms: int
    mocked: bool = False
    sky_ms: int | None = field(default=None, compare=False)


def still_valid(fix: Fix | None, now_ms: int, max_age_ms: int) -> Fix | None:
    """Return a fix that says where the device is now; an older one says where it was: None."""
    return fix if fix and abs(now_ms - fix.at_ms) <= max_age_ms else None


def distance_m(a: Place, b: Place) -> float:
    """Return the horizontal great-circle distance in metres."""
    lat_a, lat_b = math.radians(a.lat_e7 / 1e7), math.radians(b.lat_e7 / 1e7)
    half_lat = (lat_b - lat_a) / 2
    half_lon = math.radians((b.lon_e7 - a.lon_e7) / 1e7) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))
