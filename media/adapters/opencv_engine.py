"""The QR detector of OpenCV with ArUco's finder search: slow, but on every platform.

It reads QR only. Where a phone's package has no libzbar, it is all there is.
"""

import cv2

from media.codes import Code, outline, text_of
from media.vision import Gray

EDGE_MIN = 24  # px; nothing smaller holds a code, and the detector is not made for it


class OpencvEngine:
    """Implements the port CodeEngine."""

    name = "opencv"

    def find(self, picture: Gray, *, thorough: bool) -> list[Code]:
        """Return the QR codes in a grey picture; it looks in one way only."""
        height, width = picture.shape
        if min(height, width) < EDGE_MIN:
            return []
        try:
            # as bytes: as text, a code in Shift-JIS is a UnicodeDecodeError of the binding
            found = cv2.QRCodeDetectorAruco().detectAndDecodeBytesMulti(picture)
        except cv2.error:  # it trips over its own guesses: nothing that it could read
            return []
        anything, texts, places, *_ = found
        if not anything:  # then there are no places, either
            return []
        return [
            Code(text_of(data), "qr", outline(place.tolist(), width, height))
            for data, place in zip(texts, places, strict=False)
            if data
        ]
