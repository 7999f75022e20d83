"""Pictures to test with: photos made of noise, a small HEIC, and a label as it is printed."""

import base64
import io
from datetime import date
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from domain.words import Words
from media.label_sheet import PrintLabel
from media.labels import Label, PlantKey, sign

FONT = Path(__file__).parents[2] / "assets/fonts/SafeSC.otf"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {1: PlantKey("DEMO", KEY.public_key().public_bytes_raw())}
LABEL = Label("asset", "DEMO", "TK-101", 2, date(2026, 11, 22), 1)


def printed(asset_id: str = "TK-101", version: int = 2) -> PrintLabel:
    """Return a label of the demo plant, signed and ready to print."""
    label = Label("asset", "DEMO", asset_id, version, date(2026, 11, 22), 1)
    name = Words({"zh": "甲醇储罐", "en": "Methanol tank"})
    place = Words({"zh": "甲醇罐组", "en": "Methanol tank farm"})
    return PrintLabel(sign(label, KEY), asset_id, version, name, place)


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """Return a soft picture with sensor noise: compresses like a photograph."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    noise = rng.normal(0, 5, (height, width, 1)).astype(np.int16)
    return Image.fromarray((smooth + noise).clip(0, 255).astype(np.uint8))


def jpeg(picture: Image.Image, **how: object) -> bytes:
    """Return a JPEG file."""
    return encoded(picture, "JPEG", **how)


def encoded(picture: Image.Image, kind: str, **how: object) -> bytes:
    """Return the picture as a file of this kind."""
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """Decode a file that we made."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


# 64 x 48, left half red, right half blue, lying on its side (EXIF orientation 6).
HEIC = base64.b85decode(
    "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0005VZDn*}000000000XXk=`10000000000aA{+700000000000"
    "000000000G-"
    "+&aV*mgE07O6l0ssL300001>;M4(00000002M$0ssI200Jxk0RR9100000RsaA1IB98aW&i*H00062000$fZf0"
    "cy000000RRAKc4ILB0000LX>Mj^0ssI300IC2MR;ju000004sdC7Z2$lO00031009SSaB^?}008D`aAR)(004G"
    "qc4I>U18@KU0FVFx0000U@BsY%`1k+-4+CHT0RR|40Sp2E{{wIU00RJ!0009300RIXx&lC90096hLID8-"
    "Z~y=U0FVFx0{{R603M(qfd!W8<fgf}2xu@M00096AOHXZ03l)k0RRR>0l{;?i2wiq6Ju{|a&BX6cmM$a4FCp!0"
    "000KX>)L8000000000$0000$0000eV{Bn?0000$000010000m000010000000002|NsB+000020000GaA|mH00"
    "0000|*ER00009X>xCL0{{R38EJ5BVE_OC000000RRC8fdT^sgoXeB02*m>Wo7^X0000001jhhb7KGk00962000"
    "1<ZDe6|0000yC;_in=Je{n|KfcA`Zkgu9zXT}^V`*a(?37x?3JZ`w06NnhY!lIM98IY+++rkH&y7+e0J?suPZm"
    "800006MR;ju002!*04e|g00;mA0TKWM0000100sa6hiL!=000010000c0000000EE#00IC202BZK05|{u001&D"
    "GB!FfF*-6bATlyKF*7<aH2?"
)
