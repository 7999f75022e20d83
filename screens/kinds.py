"""Equipment kind -> icon, one table."""

from collections.abc import Mapping

import flet as ft

KIND_ICONS: Mapping[str, ft.IconData] = {
    "tank": ft.Icons.PROPANE_TANK_OUTLINED,
    "pump": ft.Icons.WATER_DROP_OUTLINED,
    "vessel": ft.Icons.SCIENCE_OUTLINED,
    "compressor": ft.Icons.AIR,
    "switchboard": ft.Icons.ELECTRICAL_SERVICES,
    "extinguisher": ft.Icons.FIRE_EXTINGUISHER_OUTLINED,
    "forklift": ft.Icons.FORKLIFT,
    "scaffold": ft.Icons.FOUNDATION,
    "confined_space": ft.Icons.SENSOR_DOOR_OUTLINED,
    "detector": ft.Icons.SENSORS,
    "hydrant": ft.Icons.FIRE_HYDRANT_ALT_OUTLINED,
    "loading": ft.Icons.LOCAL_SHIPPING_OUTLINED,
}
