"""The server of `tests.server`, for clients that mean harm."""

from tests.server.conftest import bench, settings

__all__ = ["bench", "settings"]
