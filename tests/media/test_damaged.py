"""Whatever is damaged, every decoder answers or refuses with its own error: no crash, no hang.

Hypothesis makes the cases and shrinks what fails; each test is bounded in memory by the largest
picture that is taken, and in time by the suite's timeout. The same damage is seeded, for as long as
one likes, by `python -m tests.faults.fuzz_decoders`, where a crash of a library is seen, too.
"""

import random
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from domain.capture_trust import KINDS, SIGNS, Kind
from domain.errors import ClipError, FieldError, LabelError, PictureError
from domain.relay import RelayDamagedError, RelayPartialError
from media import (
    base45,
    checks,
    clip_frames,
    clips,
    code_signs,
    heic,
    images,
    labels,
    outline,
    vision,
)
from media.adapters.readers import engines
from media.clips import ClipLimits
from media.code_front import CodeFront
from media.papers import pictures as paper
from media.recapture import challenge, signs, stream
from media.recapture.stream import About, Frame, Seen
from media.relay_frames import Gatherer
from media.reuse import fit, marks
from tests.media import damage
from tests.media.damage import bounded, chances
from tests.media.films import film, fragmented_mp4, live_webm
from tests.media.pictures import FONT, HEIC, KEYS, jpeg, photo

CAPTURE = checks.load_capture()
CLIP_LIMITS = ClipLimits(60, 10**7)
ENGINES = engines()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Pillow warns of what it skips in damaged EXIF
]
Entry = Callable[[bytes], object]
PICTURES: dict[str, Entry] = {
    "inspect": images.inspect,
    "thumbnail": images.thumbnail,
    "preview": images.preview,
    "stamp": lambda data: images.stamp(data, ["2026-11-22"], FONT),
    "gray": vision.gray,
    "marks": marks.both,
    "fit": fit.look,
    "signs": lambda data: signs.found(data, Seen(About("cam", stamps=True)), CAPTURE),
    "outline": lambda data: outline.outline(data, (0.2, 0.2, 0.6, 0.7)),
    "paper": lambda data: paper.fitting(data, 20_000),
}


def many(count: int) -> settings:
    """So many cases, in CI too: what they take is known."""
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(max_examples=count, deadline=None, suppress_health_check=slow)


@pytest.mark.parametrize("entry", PICTURES.values(), ids=PICTURES)
def test_every_entry_of_pictures(entry: Entry) -> None:
    good = damage.pictures()
    for data in good:
        entry(data)

    @many(120)
    @given(chances)
    def tried(chance: random.Random) -> None:
        with suppress(PictureError):
            entry(damage.damaged(good, chance))

    with bounded():
        tried()


@many(200)
@given(chances, st.binary(max_size=60))
def test_the_block_of_exif(chance: random.Random, tail: bytes) -> None:
    block = bytearray(exif() + tail)
    for _ in range(chance.randint(1, 8)):
        block[chance.randrange(6, len(block))] = chance.randrange(256)
    facts = images.inspect(jpeg(Image.new("RGB", (64, 48)), exif=bytes(block[:60_000])))
    assert (facts.width * facts.height, 1 <= facts.exif.orientation <= 8) == (64 * 48, True)


@cache
def exif() -> bytes:
    """A block with all that is read."""
    block = Image.Exif()
    block[0x010F], block[0x0112] = "Maker", 6
    block.get_ifd(0x8769).update({0x9003: "2026:11:22 22:13:05", 0x9011: "+08:00"})
    block.get_ifd(0x8825).update({
        1: "N", 2: (30.0, 0.0, 3.9), 3: "E", 4: (122.0, 30.0, 3.0), 7: (12.0, 1.0, 2.0),
        18: "WGS-84", 29: "2026:11:22", 31: 4.5,
    })  # fmt: skip
    return block.tobytes()


@pytest.mark.desktop
@many(20)
@given(chances)
def test_pictures_of_iphones(chance: random.Random) -> None:
    data = damage.damaged([HEIC], chance)
    with suppress(PictureError):
        facts = images.inspect(heic.to_jpeg(data, images.PIXELS_MAX))
        assert facts.width * facts.height <= images.PIXELS_MAX


@many(60)
@given(chances, st.booleans())
def test_the_front_of_the_code_readers(chance: random.Random, live: bool) -> None:
    front = CodeFront(ENGINES)
    data = damage.damaged(codes(), chance) if chance.random() < 0.5 else damage.spoilt_code(chance)
    with suppress(PictureError):
        for code in front.read(data, fast=live):
            with suppress(LabelError):
                labels.read(code.text, KEYS)


@cache
def codes() -> list[bytes]:
    """Files with a label in them."""
    return [damage.samples()[number] for number in (0, 3, 8)]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_bare_arrays_for_the_engines(engine: object) -> None:
    find = next(one for one in ENGINES if one is engine).find

    @many(25)
    @given(chances)
    def tried(chance: random.Random) -> None:
        find(damage.pixels(chance), thorough=True)

    tried()


@many(60)
@given(chances)
def test_the_search_for_codes_that_nobody_reads(chance: random.Random) -> None:
    pixels = damage.pixels(chance)
    for one in code_signs.signs(pixels):
        assert len(one.outline) == 4


@many(400)
@given(chances)
def test_texts_of_labels_and_their_coding(chance: random.Random) -> None:
    text = damage.spoilt_text(chance)
    with suppress(ValueError):
        assert base45.encode(base45.decode(text)) == text
    with suppress(LabelError):
        labels.read(text, KEYS)
    labels.whole(text)


@many(100)
@given(st.lists(chances, min_size=1, max_size=12))
def test_relay_frames(several: list[random.Random]) -> None:
    """Spoilt, forged with a right checksum, or good: what comes out is the message or an error."""
    gathered = Gatherer()
    for chance in several:
        text = chance.choice([damage.spoilt_text, damage.spoilt_frame, _good_frame])(chance)
        with suppress(RelayDamagedError):
            gathered.add(text)
        with suppress(RelayDamagedError, RelayPartialError):
            assert gathered.data() == random.Random(1).randbytes(1500)


def _good_frame(chance: random.Random) -> str:
    return chance.choice(damage.frames())


@pytest.mark.parametrize("kind", ["mp4", "matroska"])
def test_containers_of_clips(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "clip"
    good = films(tmp_path, kind)

    @many(400)
    @given(chances)
    def tried(chance: random.Random) -> None:
        path.write_bytes(damage.damaged(good, chance))
        with suppress(ClipError):
            facts = clips.inspect(path, CLIP_LIMITS)
            assert 0 < facts.length_ms <= (CLIP_LIMITS.seconds * 1000 + clips.SLACK_MS)

    with bounded(64):
        tried()


@many(8)
@given(chances)
def test_the_frame_of_a_clip(tmp_path: Path, chance: random.Random) -> None:
    path = tmp_path / "clip"
    path.write_bytes(damage.damaged(films(tmp_path, chance.choice(["mp4", "matroska"])), chance))
    frame = clip_frames.first(path, 320)
    assert frame is None or images.inspect(frame).width <= 4 * 320


def films(folder: Path, kind: str) -> list[bytes]:
    """Clips of one container: as an encoder writes them, and as a browser streams them."""
    if kind == "mp4":
        return [whole(folder, "a.mp4"), whole(folder, "a.mov"), fragmented_mp4([900, 800])]
    return [whole(folder, "a.mkv"), whole(folder, "a.webm"), live_webm(2)]


def whole(folder: Path, name: str) -> bytes:
    """A second of film; made once in a folder."""
    path = folder / name
    return (path if path.exists() else film(folder, name, seconds=1)).read_bytes()


@many(40)
@given(chances, st.sampled_from(KINDS), st.booleans())
def test_the_second_shot(chance: random.Random, kind: Kind, first: bool) -> None:
    good = jpeg(photo(320, 240))
    spoilt = damage.damaged([good], chance)
    one, two = (spoilt, good) if first else (good, spoilt)
    found = challenge.settled(one, two, kind, CAPTURE.limits.challenge)
    assert found.state in ("met", "failed")


@many(60)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-(2**60), 2**60)), max_size=12
    )
)
def test_streams_of_odd_frames(rows: list[tuple[int, int, int]]) -> None:
    frames = [Frame(np.full((high, wide), high * 80, np.uint8), at) for high, wide, at in rows]
    assert set(stream.signs(frames, CAPTURE.limits.stream)) <= set(SIGNS)


@many(40)
@given(st.binary(max_size=300))
def test_bytes_of_nothing_we_know(data: bytes) -> None:
    for entry in PICTURES.values():
        with suppress(FieldError):
            entry(data)


def test_a_picture_that_claims_to_be_huge_takes_no_memory() -> None:
    """Headers of 60 megapixels and of four thousand million with nothing behind."""
    head = damage.pictures()[2]
    for edge in (7_700, 65_535, 2**31 - 1):
        data = head[:16] + struct.pack(">II", edge, edge) + head[24:]
        with bounded(damage.ROSE_MIB):
            for entry in PICTURES.values():
                with pytest.raises(PictureError):
                    entry(data)
