"""Camera and locator without hardware: for tests, demonstrations and machines that have none."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from domain.errors import CameraError, PositionError
from domain.links import LinkKind
from domain.places import Fix
from media.ports import Resolution
from media.recapture.stream import About, Frame, Seen


class SimulatedCamera:
    """Implements the port Camera: gives the pictures in turn, the last one again and again.

    `refusal` ("denied", "none", "busy", "unsupported") makes every `open` fail like hardware does.
    """

    def __init__(
        self,
        pictures: Sequence[Path | bytes],
        *,
        clips: Sequence[Path | bytes] = (),
        live: bool = True,
        refusal: str | None = None,
        control: object | None = None,
        about: About | None = None,
        frames: Sequence[Frame] = (),
    ) -> None:
        """Take the pictures (files are read when it is their turn), and what it says of itself."""
        self.pictures, self.clips = list(pictures), list(clips)
        self.refusal = refusal
        self._live, self._control = live, control
        self._seen = Seen(about or About(), frames)
        self._open = self._recording = False
        self._turn = 0

    @property
    def control(self) -> object | None:
        """What the screen shows as preview, if anything."""
        return self._control

    @property
    def live(self) -> bool:
        """What the test wants the evidence grade to see."""
        return self._live

    async def open(self, resolution: Resolution = "photo") -> None:
        """Open unless told to refuse."""
        del resolution  # its pictures have the size they have
        if self.refusal:
            raise CameraError(reason=self.refusal)
        if not self.pictures:
            raise CameraError(reason="none")
        self._open = True

    async def take(self) -> bytes:
        """Return the next picture."""
        if not self._open:
            raise CameraError(reason="none")
        shot = self.pictures[min(self._turn, len(self.pictures) - 1)]
        self._turn += 1
        return _bytes(shot)

    async def seen(self) -> Seen:
        """Return what it was given to say."""
        if not self._open:
            raise CameraError(reason="none")
        return self._seen

    @property
    def records(self) -> bool:
        """It can where it was given clips."""
        return bool(self.clips)

    async def record(self) -> None:
        """Begin; how long it lasts is in the clip."""
        if not self._open or not self.clips:
            raise CameraError(reason="none")
        self._recording = True

    async def stop(self) -> bytes:
        """Return the next clip, the last one again and again."""
        if not self._recording:
            raise CameraError(reason="none")
        self._recording = False
        return _bytes(self.clips[0] if len(self.clips) == 1 else self.clips.pop(0))

    async def close(self) -> None:
        """Close; the turn goes on at the next `open`."""
        self._open = self._recording = False


class SimulatedLocator:
    """Implements the port Locator: stands at `fix`, or fails with `refusal`."""

    def __init__(
        self,
        fix: Fix | None,
        *,
        refusal: str = "unsupported",
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        """Take a position (change `fix` to walk) and a clock that dates each measurement."""
        self.fix = fix
        self.refusal = refusal
        self._now_ms = now_ms

    async def current(self) -> Fix:
        """Return the position; raises PositionError where there is none."""
        if self.fix is None:
            raise PositionError(reason=self.refusal)
        return replace(self.fix, at_ms=self._now_ms()) if self._now_ms else self.fix


def _bytes(shot: Path | bytes) -> bytes:
    return shot.read_bytes() if isinstance(shot, Path) else shot


class SimulatedConnectivity:
    """Implements the port Connectivity: tells what it is told to tell."""

    def __init__(self, kind: LinkKind = "unknown") -> None:
        """Begin with a kind of link."""
        self.kind: LinkKind = kind
        self._told: list[Callable[[LinkKind], None]] = []

    async def watch(self, changed: Callable[[LinkKind], None]) -> None:
        """Tell the kind now and after each change."""
        self._told.append(changed)
        changed(self.kind)

    def become(self, kind: LinkKind) -> None:
        """Change to another link."""
        self.kind = kind
        for changed in self._told:
            changed(kind)
