"""One picture out of a clip, fetched in a process of its own.

Decoders of video are large and meet files from anywhere. A child process makes a file that breaks
the decoder a clip without a picture instead of the end of the app, and limits its time and memory.
A packaged app has no interpreter to start: there the caller brings a photo.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

DECODE_S = 15
FRAME_BYTES_MAX = 4 * 1024 * 1024
_CHILD = Path(__file__).with_name("clip_child.py")


def available() -> bool:
    """Say whether this device can fetch a frame."""
    starts_python = Path(sys.executable or "none").stem.lower().startswith("python")
    return starts_python and find_spec("cv2") is not None


def first(path: Path, edge: int) -> bytes | None:
    """Return an early frame as a JPEG whose longer side is at most 4 x `edge`, or None.

    None: no decoder here, or it could do nothing with the file.
    """
    if not available():
        return None
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter on our own file
            [sys.executable, "-I", str(_CHILD), str(path), str(4 * edge)],
            capture_output=True,
            timeout=DECODE_S,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    good = child.returncode == 0 and 0 < len(child.stdout) <= FRAME_BYTES_MAX
    return child.stdout if good else None
