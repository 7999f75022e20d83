"""A relay message as a sequence of QR codes that may be seen in any order, with gaps.

The packed message is cut into `k` pieces. The first `k` frames are these pieces; every later one
is the XOR of a random half of them, chosen by the frame's number. Whoever has seen as many frames
that tell something new as there are pieces has the message, whichever these are: nobody waits a
whole round for the one frame that was missed.

    text   = "ANR1" + base45(header + piece)
    header = id (8: SHA-256 of the packed message), frame, k (2 each), length (4), CRC-32 (4)
"""

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from typing import Final

import segno

from domain.relay import (
    MESSAGE_MAX_BYTES,
    RelayDamagedError,
    RelayLargeError,
    RelayPartialError,
)
from media import base45

PREFIX: Final = "ANR1"
PIECE_BYTES: Final = 300  # a code of 65 modules: 5 px each on a phone's screen
PACKED_MAX_BYTES: Final = 64 * 1024
FRAMES_MAX: Final = 65_535
FRAME_S: Final = 0.4  # how long one is shown: two and a half a second
_HEAD = struct.Struct(">8sHHI")
_CRC = struct.Struct(">I")
# what every message says, so that a short one packs well; part of version 1, never to be changed
_WORDS: Final = (
    b'{"at_ms":17,"format":"anshao-relay","from":"0198","plant":"DEMO","runs":[{"bodies":["{'
    b'\\"base\\":{\\"action\\":\\"0198c0de-0000-7000-8000-000000000000:1\\",\\"holds\\":\\"\\",\\"state\\":\\"'
    b'\\"},\\"by\\":\\"U0\\",\\"def\\":\\"hazard@1\\",\\"hlc\\":[17,0],\\"id\\":\\"0198\\",\\"kind\\":\\"edit\\",'
    b'\\"attach\\",\\"kind\\":\\"decide\\",\\"n\\":1,\\"rec\\":\\"0198\\",\\"set\\":{\\"action\\":\\"permit.stop\\",'
    b'\\"permit.approve\\",\\"permit.reject\\",\\"area\\":\\"A0\\",\\"state\\":\\"suspended\\",\\"approved\\",'
    b'\\"rejected\\",\\"submitted\\",\\"slot.\\",\\"words\\":\\"\\"},\\"time\\":{\\"boot\\":\\"\\",\\"dev\\":17,'
    b'\\"mono\\":1,\\"unc\\":null},\\"type\\":\\"hazard\\",\\"permit\\",\\"evidence\\",\\"v\\":1}"],"dev":"0198",'
    b'"first":1,"key":"","prev":"","sigs":{"1":""}}],"v":1}'
)


def pack(data: bytes) -> bytes:
    """Return a message deflated; raises RelayLargeError where it does not fit into pictures."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _WORDS)
    packed = packer.compress(data) + packer.flush()
    if len(packed) > PACKED_MAX_BYTES:
        raise RelayLargeError(size=-(-len(packed) // 1024), limit=PACKED_MAX_BYTES // 1024)
    return packed


def unpack(packed: bytes) -> bytes:
    """Undo `pack` within the size of a message; raises RelayDamagedError."""
    unpacker = zlib.decompressobj(-15, _WORDS)
    try:
        data = unpacker.decompress(packed, MESSAGE_MAX_BYTES + 1)
    except zlib.error as error:
        raise RelayDamagedError(reason="deflate") from error
    if len(data) > MESSAGE_MAX_BYTES or not unpacker.eof or unpacker.unused_data:
        raise RelayDamagedError(reason="size")
    return data


def pieces(packed: bytes) -> int:
    """Return how many pieces a packed message is cut into."""
    return max(1, -(-len(packed) // PIECE_BYTES))


def frame(packed: bytes, number: int) -> str:
    """Return the text of a frame; numbers from `pieces` on are mixtures."""
    count = pieces(packed)
    chosen = _chosen(hashlib.sha256(packed).digest()[:8], number, count)
    mixed = 0
    for at in range(count):
        if chosen >> at & 1:
            mixed ^= int.from_bytes(_piece(packed, at), "big")
    body = _HEAD.pack(hashlib.sha256(packed).digest()[:8], number, count, len(packed))
    body += mixed.to_bytes(PIECE_BYTES, "big")
    return PREFIX + base45.encode(body + _CRC.pack(zlib.crc32(body)))


def frames(packed: bytes) -> Iterator[str]:
    """Yield the frames to show, on and on."""
    while True:
        for number in range(FRAMES_MAX):
            yield frame(packed, number)


def picture(text: str, scale: int = 6) -> bytes:
    """Return a frame as PNG with its quiet zone."""
    made = io.BytesIO()
    segno.make(text, error="l", micro=False, boost_error=False).save(
        made, kind="png", scale=scale, border=4
    )
    return made.getvalue()


def is_frame(text: str) -> bool:
    """Whether a code that was read is one of ours."""
    return text.startswith(PREFIX)


class Gatherer:
    """Collects frames until the message is whole; a frame of another message begins anew."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._id, self._length, self.total = b"", 0, 0
        self.seen = 0  # frames read, also those that told nothing new
        self._rows: dict[int, tuple[int, int]] = {}  # leading piece -> which pieces, their XOR

    @property
    def have(self) -> int:
        """How many pieces' worth is here."""
        return len(self._rows)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return 0 < self.total == self.have

    def add(self, text: str) -> bool:
        """Take a frame; returns whether it told something new. RelayDamagedError for no frame."""
        known, number, count, length, mixed = _read(text)
        if (known, count, length) != (self._id, self.total, self._length):
            self._id, self.total, self._length = known, count, length
            self.seen, self._rows = 0, {}
        self.seen += 1
        return self._learn(_chosen(known, number, count), mixed)

    def data(self) -> bytes:
        """Return the message; raises RelayPartialError while pieces are missing."""
        if not self.whole:
            raise RelayPartialError(have=self.have, total=self.total)
        solved: dict[int, int] = {}
        for at in sorted(self._rows):  # each row's other pieces come before its leading one
            chosen, mixed = self._rows[at]
            rest = chosen ^ (1 << at)
            while rest:
                low = rest.bit_length() - 1
                mixed ^= solved[low]
                rest ^= 1 << low
            solved[at] = mixed
        joined = b"".join(solved[at].to_bytes(PIECE_BYTES, "big") for at in range(self.total))
        packed = joined[: self._length]
        if hashlib.sha256(packed).digest()[:8] != self._id:
            raise RelayDamagedError(reason="hash")
        return unpack(packed)

    def _learn(self, chosen: int, mixed: int) -> bool:
        while chosen:
            lead = chosen.bit_length() - 1
            if lead not in self._rows:
                self._rows[lead] = (chosen, mixed)
                return True
            row = self._rows[lead]
            chosen, mixed = chosen ^ row[0], mixed ^ row[1]
        return False


def _read(text: str) -> tuple[bytes, int, int, int, int]:
    if not is_frame(text):
        raise RelayDamagedError(reason="frame")
    try:
        body = base45.decode(text[len(PREFIX) :])
    except ValueError as error:
        raise RelayDamagedError(reason="frame") from error
    size = _HEAD.size + PIECE_BYTES
    if len(body) != size + _CRC.size or _CRC.unpack(body[size:])[0] != zlib.crc32(body[:size]):
        raise RelayDamagedError(reason="frame")
    known, number, count, length = _HEAD.unpack(body[: _HEAD.size])
    if not 0 < length <= PACKED_MAX_BYTES or count != -(-length // PIECE_BYTES):
        raise RelayDamagedError(reason="frame")
    return known, number, count, length, int.from_bytes(body[_HEAD.size : size], "big")


def _chosen(known: bytes, number: int, count: int) -> int:
    """Return which pieces a frame holds, as bits."""
    if number < count:
        return 1 << number
    bits = hashlib.shake_128(known + struct.pack(">H", number)).digest(-(-count // 8))
    return int.from_bytes(bits, "big") & ((1 << count) - 1) or 1


def _piece(packed: bytes, at: int) -> bytes:
    return packed[at * PIECE_BYTES : (at + 1) * PIECE_BYTES].ljust(PIECE_BYTES, b"\0")
