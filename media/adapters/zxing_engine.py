"""zxing-cpp, for desktops and servers: the fastest engine, and the only one for DataMatrix.

It has no wheel for phones; without it, importing is an ImportError.
"""

import zxingcpp

from media.codes import Code, Kind, outline
from media.vision import Gray

_KINDS: dict[zxingcpp.BarcodeFormat, Kind] = {
    zxingcpp.BarcodeFormat.QRCode: "qr",
    zxingcpp.BarcodeFormat.DataMatrix: "datamatrix",
    zxingcpp.BarcodeFormat.Code128: "code128",
}
_FORMATS = zxingcpp.BarcodeFormats(list(_KINDS))


class ZxingEngine:
    """Implements the port CodeEngine."""

    name = "zxing"

    def find(self, picture: Gray, *, thorough: bool) -> list[Code]:
        """Return the codes in a grey picture; `thorough` also turned, inverted and scaled down."""
        # TextMode.Plain: the default rewrites GS1 and control characters (17 of 18 wrong texts).
        found = zxingcpp.read_barcodes(
            picture,
            formats=_FORMATS,
            try_rotate=thorough,
            try_downscale=thorough,
            try_invert=thorough,
            text_mode=zxingcpp.TextMode.Plain,
        )
        height, width = picture.shape
        return [
            Code(code.text, _KINDS[code.symbology], outline(_corners(code), width, height))
            for code in found
            if code.text and code.symbology in _KINDS  # `format` tells variants: QR model 1
        ]


def _corners(code: zxingcpp.Barcode) -> list[tuple[float, float]]:
    place = code.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return [(corner.x, corner.y) for corner in corners]
