"""What the product asks of camera, locator and code reader; `tests/contracts/` holds all to it."""

from typing import Literal, Protocol

from domain.places import Fix
from media.codes import CodeReader
from media.recapture.stream import Seen

__all__ = ["Camera", "CodeReader", "Locator", "Resolution"]
Resolution = Literal["scan", "photo", "clip"]  # quick; all the camera has; small enough to send


class Camera(Protocol):
    """A camera that gives JPEG pictures, and clips; every method raises CameraError."""

    @property
    def control(self) -> object | None:
        """What the screen shows as preview; must be on the page before `open`. None: no preview."""

    @property
    def live(self) -> bool:
        """True where a picture shows the moment it is taken (evidence grade)."""
        ...

    async def open(self, resolution: Resolution = "photo") -> None:
        """Start the camera, the one that looks away from the person first."""

    async def take(self) -> bytes:
        """Return one JPEG."""
        ...

    async def seen(self) -> Seen:
        """Return what the device says of itself, and frames in a row of now where it gives any."""
        ...

    @property
    def records(self) -> bool:
        """True where it can record a clip."""
        ...

    async def record(self) -> None:
        """Begin to record a clip, without sound; the camera is open as "clip"."""

    async def stop(self) -> bytes:
        """End the recording and return it: a file of a kind that `media.clips` knows."""
        ...

    async def close(self) -> None:
        """Let go of the camera and of a recording not stopped; `open` works again afterwards."""


class Locator(Protocol):
    """Where the device is."""

    async def current(self) -> Fix:
        """Measure now; raises PositionError with `reason` denied | off | timeout | unsupported."""
        ...
