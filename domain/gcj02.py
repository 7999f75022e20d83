"""GCJ-02, the shifted grid of maps sold in China. Everything here is kept as WGS-84.

A Chinese map shows a WGS-84 position 300 to 700 m off. `on_chinese_map` gives what such a map must
be told, `from_chinese_map` undoes it for positions that somebody else wrote down that way. The
formula is the published one; outside of a box around mainland China both change nothing.
"""

import math

from domain.places import Place

_A = 6_378_245.0  # m, axis of the Krasovsky ellipsoid, which the grid is defined on
_EE = 0.006_693_421_622_965_943
_BOX = (0.8293, 55.8271, 72.004, 137.8347)  # south, north, west, east
_ROUNDS = 6  # each gains more than a decimal place; five give 1e-7 degree


def on_chinese_map(place: Place) -> Place:
    """Return a WGS-84 place as GCJ-02: for display alone."""
    lat, lon = place.lat_e7 / 1e7, place.lon_e7 / 1e7
    d_lat, d_lon = _shift(lat, lon)
    return Place(round((lat + d_lat) * 1e7), round((lon + d_lon) * 1e7), place.floor)


def from_chinese_map(place: Place) -> Place:
    """Return a GCJ-02 place as WGS-84, to some centimetres."""
    shown_lat, shown_lon = place.lat_e7 / 1e7, place.lon_e7 / 1e7
    lat, lon = shown_lat, shown_lon
    for _ in range(_ROUNDS):
        d_lat, d_lon = _shift(lat, lon)
        lat, lon = shown_lat - d_lat, shown_lon - d_lon
    return Place(round(lat * 1e7), round(lon * 1e7), place.floor)


def _shift(lat: float, lon: float) -> tuple[float, float]:
    south, north, west, east = _BOX
    if not (south <= lat <= north and west <= lon <= east):
        return 0.0, 0.0
    x, y = lon - 105.0, lat - 35.0
    root = 0.2 * math.sqrt(abs(x))
    waves = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + root + waves
    d_lat += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    d_lat += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + root / 2 + waves
    d_lon += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    d_lon += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    radians = math.radians(lat)
    magic = 1 - _EE * math.sin(radians) ** 2
    d_lat = math.degrees(d_lat / (_A * (1 - _EE) / (magic * math.sqrt(magic))))
    d_lon = math.degrees(d_lon / (_A / math.sqrt(magic) * math.cos(radians)))
    return d_lat, d_lon
