"""The server of `tests.server`, for clients that mean harm."""

from tests.scenarios.conftest import first_day, site
from tests.server.conftest import bench, settings

__all__ = ["bench", "first_day", "settings", "site"]
