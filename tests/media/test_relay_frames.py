"""A message told in pictures arrives whole: in any order, with gaps, from a damaged picture on."""

import io
import random

import numpy as np
import pytest
from PIL import Image, ImageFilter

from domain.relay import RelayDamagedError, RelayLargeError, RelayPartialError
from media import relay_frames
from media.adapters.readers import choose_reader
from media.relay_frames import PIECE_BYTES, Gatherer


def data_of(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize("size", [1, 299, 301, 5_000, 60_000])
def test_what_is_packed_comes_out_as_it_was(size: int) -> None:
    data = data_of(size)
    packed, gathered = relay_frames.pack(data), Gatherer()
    for number in range(relay_frames.pieces(packed)):
        gathered.add(relay_frames.frame(packed, number))
    assert gathered.whole
    assert gathered.data() == data


def test_a_short_decision_takes_few_pictures() -> None:
    body = '{"base":{"state":"01:7"},"by":"U003","def":"permit@1","kind":"decide","n":8}' * 3
    assert relay_frames.pieces(relay_frames.pack(body.encode())) == 1


@pytest.mark.parametrize("lost", [0.0, 0.1, 0.3, 0.5])
def test_whoever_misses_frames_waits_for_no_certain_one(lost: float) -> None:
    """Seeds 1 to 60, 40 pieces: how many frames are shown until all is there."""
    packed = relay_frames.pack(data_of(40 * PIECE_BYTES - 200))
    count = relay_frames.pieces(packed)
    shown: list[int] = []
    for seed in range(1, 61):
        chance, gathered = random.Random(seed), Gatherer()
        start = chance.randrange(count)  # the camera comes in the middle of it
        for number in range(start, start + 1000):
            if chance.random() >= lost:
                gathered.add(relay_frames.frame(packed, number))
            if gathered.whole:
                shown.append(number - start + 1)
                break
    assert len(shown) == 60
    mean = sum(shown) / len(shown)
    print(f"lost {lost:.0%}: {mean:.1f} frames of {count}, at most {max(shown)}")
    assert mean <= (count + 4) / (1 - lost) * 1.1


def test_a_changed_letter_or_another_message_never_gets_in() -> None:
    packed, other = relay_frames.pack(data_of(2_000)), relay_frames.pack(data_of(2_000, seed=2))
    gathered = Gatherer()
    text = relay_frames.frame(packed, 0)
    for at in range(4, len(text), 37):
        letter = "0" if text[at] != "0" else "1"
        with pytest.raises(RelayDamagedError):
            gathered.add(text[:at] + letter + text[at + 1 :])
    assert gathered.have == 0
    gathered.add(text)
    with pytest.raises(RelayPartialError):
        gathered.data()
    for number in range(relay_frames.pieces(other)):  # somebody shows another one: that counts
        gathered.add(relay_frames.frame(other, number))
    assert gathered.data() == data_of(2_000, seed=2)


@pytest.mark.parametrize(
    "text", ["", "ANR1", "ANR1:::", "ANR1" + "A" * 478, "AN1:ZONE", "ANR1" + "0" * 10_000]
)
def test_other_codes_are_refused(text: str) -> None:
    with pytest.raises(RelayDamagedError):
        Gatherer().add(text)


def test_what_does_not_fit_says_so() -> None:
    with pytest.raises(RelayLargeError):
        relay_frames.pack(data_of(70_000))


def test_a_bomb_of_zeros_is_stopped() -> None:
    packed = relay_frames.pack(bytes(60 * 1024 * 1024))
    assert len(packed) < relay_frames.PACKED_MAX_BYTES
    with pytest.raises(RelayDamagedError):
        relay_frames.unpack(packed)


def photographed(text: str, chance: random.Random) -> bytes:
    """Return a picture of a screen that shows a frame: turned, blurred, with noise and glare."""
    code = Image.open(io.BytesIO(relay_frames.picture(text))).convert("L")
    side = code.width
    place = Image.new("L", (side + 240, side + 240), 90)
    place.paste(code, (120, 120))
    place = place.rotate(chance.uniform(-8, 8), fillcolor=90, resample=Image.Resampling.BICUBIC)
    place = place.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1.4)))
    grey = np.asarray(place, dtype=np.float32)
    grey = grey * chance.uniform(0.5, 1.0) + chance.uniform(0, 40)
    noise = np.random.default_rng(chance.randrange(10**6)).normal(0, 6, grey.shape)
    if chance.random() < 0.2:  # a reflection right over the code: that frame is lost
        grey[grey.shape[0] // 3 : grey.shape[0] // 2, 100:-100] = 255
    made = io.BytesIO()
    pixels = np.clip(grey + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(made, "JPEG", quality=80)
    return made.getvalue()


def test_pictures_of_a_screen_are_read_by_the_real_reader() -> None:
    """Seed 5: 12 pieces, every third picture never taken, one in five spoilt by a reflection."""
    data = data_of(12 * PIECE_BYTES - 300)
    packed, chance, reader = relay_frames.pack(data), random.Random(5), choose_reader()
    gathered, shown, read = Gatherer(), 0, 0
    for shown, text in enumerate(relay_frames.frames(packed), 1):
        if chance.random() < 0.33:
            continue
        for seen in reader.read(photographed(text, chance), fast=True):
            read += 1
            gathered.add(seen.text)
        if gathered.whole or shown > 200:
            break
    print(f"{shown} shown, {read} read, {relay_frames.pieces(packed)} needed")
    assert gathered.data() == data
    assert shown <= 40
