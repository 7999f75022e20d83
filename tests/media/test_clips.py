"""What a clip is, its content says: kind, length, size; and no file breaks more than itself."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from domain.errors import ClipError, ClipTooLargeError, ClipTooLongError
from media import clip_frames, clips
from media.clips import ClipLimits
from tests.media.films import MIMES, box, element, film, fragmented_mp4, live_webm
from tests.media.pictures import FONT, HEIC, jpeg, opened, photo

LIMITS = ClipLimits(seconds=60, size_bytes=200_000_000)


def written(folder: Path, data: bytes, name: str = "clip.mp4") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def reason_of(path: Path) -> object:
    with pytest.raises(ClipError) as refused:
        clips.inspect(path, LIMITS)
    return refused.value.params["reason"]


@pytest.mark.parametrize("kind", MIMES)
def test_every_kind_tells_length_and_size(tmp_path: Path, kind: str) -> None:
    facts = clips.inspect(film(tmp_path, f"clip{kind}"), LIMITS)
    assert (facts.mime, facts.width, facts.height) == (MIMES[kind], 160, 120)
    assert facts.seconds == 3
    assert not facts.sound


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    path = film(tmp_path)
    assert clips.inspect(path.rename(tmp_path / "holiday.jpg"), LIMITS).mime == "video/mp4"


def test_a_live_recording_without_a_length_is_counted(tmp_path: Path) -> None:
    facts = clips.inspect(written(tmp_path, live_webm(23)), LIMITS)
    assert (facts.seconds, facts.width, facts.height) == (23, 320, 240)


def test_a_fragmented_recording_is_added_up(tmp_path: Path) -> None:
    facts = clips.inspect(written(tmp_path, fragmented_mp4([2000, 2500, 500])), LIMITS)
    assert (facts.length_ms, facts.width, facts.height) == (5000, 320, 240)


def test_a_recording_that_knows_no_length_has_the_measured_one(tmp_path: Path) -> None:
    path = written(tmp_path, live_webm(0))
    assert clips.inspect(path, LIMITS, measured_ms=4200).seconds == 4
    assert reason_of(path) == "damaged"


def test_ten_minutes_are_too_long_in_every_way_to_say_it(tmp_path: Path) -> None:
    said = film(tmp_path, seconds=600, fps=1)
    for number, path in enumerate(
        (
            said,
            written(tmp_path, live_webm(600), "live.webm"),
            written(tmp_path, fragmented_mp4([10_000] * 60), "parts.mp4"),
        )
    ):
        with pytest.raises(ClipTooLongError) as refused:
            clips.inspect(path, LIMITS)
        assert refused.value.params == {"limit_s": 60}, number


def test_the_minute_itself_is_taken(tmp_path: Path) -> None:
    assert clips.inspect(written(tmp_path, live_webm(61)), LIMITS).seconds == 61


def test_too_many_bytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.truncate(300_000_000)  # takes no room on the disk
    with pytest.raises(ClipTooLargeError) as refused:
        clips.inspect(path, LIMITS)
    assert refused.value.params == {"limit_mb": 200}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file_empty"),
        ("巡检记录\n".encode() * 40, "clip_format"),
        (b"\0", "clip_format"),
        (HEIC, "clip_format"),
        (jpeg(photo(64, 48)), "clip_format"),
        (live_webm(5, video=False), "sound_only"),
        (fragmented_mp4([5000]).replace(b"vide", b"soun"), "sound_only"),
        (live_webm(5, doctype="exe"), "clip_format"),
        (box(b"ftyp", b"isom" + bytes(4)) + box(b"mdat", bytes(400)), "damaged"),
        (live_webm(5)[:-3], "damaged"),
    ],
)
def test_what_is_no_clip_is_refused_with_a_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    assert reason_of(written(tmp_path, data)) == reason


@pytest.mark.parametrize("kind", MIMES)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.98])
def test_a_truncated_clip_is_damaged(tmp_path: Path, kind: str, kept: float) -> None:
    data = film(tmp_path, f"clip{kind}").read_bytes()
    assert reason_of(written(tmp_path, data[: int(len(data) * kept)])) == "damaged"


def test_a_run_of_four_thousand_million_samples_costs_nothing(tmp_path: Path) -> None:
    bomb = struct.pack(">II", 0x100, 2**32 - 1)
    moof = box(b"moof", box(b"traf", box(b"tfhd", struct.pack(">II", 0, 1)) + box(b"trun", bomb)))
    assert reason_of(written(tmp_path, fragmented_mp4([1000]) + moof)) == "damaged"


def test_endless_little_boxes_end_in_time(tmp_path: Path) -> None:
    many = box(b"free", b"") * 50_000
    assert reason_of(written(tmp_path, many)) == "damaged"
    void = element(0xEC, b"") * 250_000
    assert reason_of(written(tmp_path, live_webm(1) + void, "void.webm")) == "damaged"


def test_the_tile_shows_a_frame_the_mark_and_the_length(tmp_path: Path) -> None:
    path = film(tmp_path)
    facts = clips.inspect(path, LIMITS)
    tile = opened(clips.poster(path, facts, FONT))
    assert tile.size == (320, 240)
    corner, middle = tile.getpixel((280, 20)), tile.getpixel((160, 120))
    assert isinstance(corner, tuple)
    assert isinstance(middle, tuple)
    assert corner[0] > corner[2] + 40, "the red of the frame"
    assert min(middle) > 180, "the white of the mark"


def test_a_clip_that_no_decoder_opens_has_a_plain_tile_or_the_photo(tmp_path: Path) -> None:
    path = written(tmp_path, fragmented_mp4([2000]))
    facts = clips.inspect(path, LIMITS)
    assert clip_frames.first(path, 320) is None
    plain = np.asarray(opened(clips.poster(path, facts, FONT)))
    assert plain[10, 300].max() < 60
    shot = jpeg(Image.new("RGB", (640, 480), (0, 200, 0)))
    assert np.asarray(opened(clips.poster(path, facts, FONT, shot)))[10, 300][1] > 150


def test_a_clip_lying_on_its_side_is_tall() -> None:
    upright = fragmented_mp4([1000])
    turned = upright.replace(struct.pack(">9i", 1, *[0] * 8), struct.pack(">9i", 0, 1, *[0] * 7))
    from media import clip_mp4

    track = clip_mp4.read(io.BytesIO(turned), len(turned)).tracks[1]
    assert (track.width, track.height) == (240, 320)
