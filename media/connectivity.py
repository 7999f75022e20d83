"""What the product asks of whoever knows the kind of link; `tests/contracts/` holds all to it."""

from collections.abc import Callable
from typing import Protocol

from domain.links import LinkKind


class Connectivity(Protocol):
    """Over what the device is online, as far as the platform knows; it may be wrong."""

    async def watch(self, changed: Callable[[LinkKind], None]) -> None:
        """Tell the kind of link now and after each change."""
        ...
