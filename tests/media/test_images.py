"""Pictures come from anywhere: what can be read is read within limits, the rest refused by name."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from domain.errors import PictureError, PictureTooLargeError
from media import heic, images
from media.capture import prepare
from tests.media.pictures import FONT, HEIC, encoded, jpeg, opened, photo

SMALL = photo(48, 32)
GPS = Image.Exif()
GPS.get_ifd(0x8825)[2] = (30.0, 0.0, 3.9)
MODES = {
    "JPEG": ["RGB", "L", "CMYK"],
    "PNG": ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"],
    "WEBP": ["RGB", "RGBA"],
}


def stamped(data: bytes) -> bytes:
    return images.stamp(data, ["x"], FONT)


def bomb(width: int, height: int) -> bytes:
    """A PNG that promises this many pixels in a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file_empty"),
        (b"\0", "format"),
        ("隐患记录".encode(), "format"),
        (b"\xff\xd8\xff", "format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "format"),
        (b"GIF89a\x01\0\x01\0\0\0\0;", "format"),
        pytest.param(b"\0\0\0\x18ftypheic" + bytes(40), "damaged", marks=pytest.mark.desktop),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PictureError) as refused:
        images.inspect(data)
    assert refused.value.params["reason"] == reason


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_truncated_jpeg_is_damaged_and_never_half_grey(kept: float) -> None:
    data = jpeg(photo(800, 600))
    cut = data[: int(len(data) * kept)]
    for make in (images.thumbnail, images.preview, stamped):
        with pytest.raises(PictureError) as refused:
            make(cut)
        assert refused.value.params["reason"] == "damaged"


@pytest.mark.parametrize("data", [encoded(photo(300, 200), "PNG"), HEIC])
def test_another_kind_cut_short_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError):
        images.thumbnail(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("width", "height"), [(30_000, 30_000), (9_000, 9_000), (60_000, 10), (2**31 - 1, 2**31 - 1)]
)
def test_a_bomb_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    with pytest.raises(PictureTooLargeError):
        images.inspect(bomb(width, height))


def test_more_bytes_than_the_limit_are_refused() -> None:
    with pytest.raises(PictureTooLargeError) as refused:
        images.inspect(bytes(images.BYTES_MAX + 1))
    assert refused.value.params == {"limit": 30, "unit": "MB"}


def test_a_progressive_jpeg_of_a_thousand_passes_is_refused() -> None:
    data = jpeg(photo(64, 64), progressive=True)
    assert images.inspect(data).width == 64
    scan = data.rindex(b"\xff\xda")
    with pytest.raises(PictureError):
        images.inspect(data[:scan] + data[scan:-2] * 1000 + b"\xff\xd9")


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind in MODES for mode in MODES[kind]])
def test_every_kind_and_mode_of_picture_gives_a_full_set(kind: str, mode: str) -> None:
    grey = Image.fromarray(np.full((300, 400), 40_000, dtype=np.uint16))
    picture = grey if mode == "I;16" else photo(400, 300).convert(mode)
    done = prepare(encoded(picture, kind), "file", ["巡检员03"], FONT)
    assert opened(done.thumb).size == (320, 240)
    assert opened(done.stamped).mode == "RGB"
    assert opened(images.preview(done.original)).size == (400, 300)


def test_a_sixteen_bit_picture_keeps_its_brightness() -> None:
    grey = Image.fromarray(np.full((300, 400), 40_000, dtype=np.uint16))
    assert opened(images.preview(encoded(grey, "PNG"))).getpixel((9, 9)) == (156, 156, 156)


def test_a_transparent_picture_stands_on_white() -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert opened(images.preview(encoded(clear, "PNG"))).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.desktop
def test_an_iphone_picture_is_read_upright_where_the_decoder_is_installed() -> None:
    facts = images.inspect(HEIC)
    assert (facts.width, facts.height, facts.mime) == (48, 64, "image/heic")
    seen = opened(images.preview(HEIC))
    top, foot = seen.getpixel((24, 5)), seen.getpixel((24, 58))
    assert isinstance(top, tuple)
    assert isinstance(foot, tuple)
    assert top[0] > 150 > top[2]
    assert foot[2] > 150 > foot[0]


def test_an_iphone_picture_is_refused_by_name_without_the_decoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heic, "available", bool)  # bool() is False
    with pytest.raises(PictureError) as refused:
        images.inspect(HEIC)
    assert refused.value.params["reason"] == "heic"


@pytest.mark.desktop
def test_an_iphone_picture_that_kills_the_decoder_is_only_damaged() -> None:
    changed = bytearray(HEIC)
    changed[179] = 131  # pi-heif 1.4.0: segmentation fault
    with pytest.raises(PictureError) as refused:
        images.inspect(bytes(changed))
    assert refused.value.params["reason"] == "damaged"


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff\xe1\x00\x40Exif\0\0", b"RIFF"])
)
def test_no_bytes_make_it_fail_otherwise(tail: bytes, head: bytes) -> None:
    with pytest.raises(PictureError):
        images.thumbnail(head + tail)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what a process took")
def test_twelve_megapixels_take_little_more_memory_than_the_copy(tmp_path: Path) -> None:
    """Peak over the interpreter with its imports: RGB at full size would be 36 MB alone."""
    script = """
import sys
from pathlib import Path
from media.capture import prepare
data = Path(sys.argv[1]).read_bytes()
small = Path(sys.argv[2]).read_bytes()
font = Path(sys.argv[3])
prepare(small, "camera", ["warm"], font)
def peak():  # ru_maxrss would count the process that started this one, too
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
before = peak()
prepare(data, "camera", ["TK-101"], font)
print(peak() - before)
"""
    large, small = tmp_path / "large.jpg", tmp_path / "small.jpg"
    large.write_bytes(jpeg(photo(4000, 3000), quality=90))
    small.write_bytes(jpeg(photo(64, 48)))
    command = [sys.executable, "-c", script, large, small, FONT]
    root = Path(__file__).parents[2]
    run = subprocess.run(command, cwd=root, capture_output=True, check=True, timeout=60)
    assert int(run.stdout) < 45 * 1024  # KiB
