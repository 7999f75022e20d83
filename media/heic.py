"""Pictures of iPhones (HEIC) as JPEG, decoded in a process of its own.

The decoder, pi-heif 1.4.0 with libheif 1.23, brings its whole process down on some damaged files
(one changed byte can do it). A child process makes that a damaged picture instead of the end of the
app, and limits its time. There is no wheel for phones, where the camera and the
picker give JPEG; a packaged app has no interpreter to start: there HEIC is refused by name.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from domain.errors import PictureError, PictureTooLargeError

DECODE_S = 30  # a 12-megapixel picture takes 1 s on a desktop
_CHILD = Path(__file__).with_name("heic_child.py")
_TOO_LARGE = 3  # exit code of the child
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"heif", b"mif1", b"msf1")


def is_heic(data: bytes) -> bool:
    """Say whether these bytes begin like HEIC, by the brand of the ISO file."""
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS


def available() -> bool:
    """Say whether this device can decode HEIC."""
    starts_python = Path(sys.executable or "none").stem.lower().startswith("python")
    return starts_python and find_spec("pi_heif") is not None


def to_jpeg(data: bytes, pixels_max: int) -> bytes:
    """Return the picture as an upright JPEG with its EXIF.

    Raises PictureError "heic" (no decoder here) or "damaged", PictureTooLargeError.
    """
    if not available():
        raise PictureError(reason="heic")
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter on our own file
            [sys.executable, "-I", str(_CHILD), str(pixels_max)],
            input=data,
            capture_output=True,
            timeout=DECODE_S,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise PictureError(reason="damaged") from error
    if child.returncode == _TOO_LARGE:
        raise PictureTooLargeError(limit=pixels_max // 10**6, unit="MP")
    if child.returncode != 0 or not child.stdout:
        raise PictureError(reason="damaged")
    return child.stdout
