"""The child process of `media.heic`: HEIC on standard input, JPEG on standard output.

Imports nothing of the product. Exit code 3 means too large; any other but 0 (a crash of the decoder
too) means damaged.
"""

import io
import sys

import pi_heif  # pyright: ignore[reportMissingTypeStubs]
from PIL import Image

TOO_LARGE = 3
QUALITY = 95


def main() -> int:
    """Decode and encode; returns the exit code."""
    pi_heif.register_heif_opener()  # pyright: ignore[reportUnknownMemberType]
    picture = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=["HEIF"])
    if picture.width * picture.height > int(sys.argv[1]):
        return TOO_LARGE
    exif = picture.info.get("exif")
    block = exif if isinstance(exif, bytes) else b""
    picture.convert("RGB").save(sys.stdout.buffer, "JPEG", quality=QUALITY, exif=block)
    return 0


if __name__ == "__main__":
    sys.exit(main())
