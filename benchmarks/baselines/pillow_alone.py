"""Baseline of `photo`: what any program must do to look at a photo and keep one, with Pillow."""

import io

from PIL import Image

QUALITY = 90


def decode_encode(photo: bytes) -> bytes:
    """Decode a photo whole and return it encoded again."""
    picture = Image.open(io.BytesIO(photo))
    picture.load()
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
