"""Files of any size, sealed in pieces: read in ranges, and never believed when changed.

Layout: MAGIC, 32 bytes of salt, then pieces of at most CHUNK bytes, each with its tag of 16 bytes.
The key is that of this one file. A piece's nonce is its number and whether it is the last; the last
one also vouches for the SHA-256 of the whole, which is the file's name. A file without a `Seal` is
plain: the server's.
"""

import contextlib
import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import StoreError
from offline_store.sealing import KEY_BYTES, Seal

MAGIC: Final = b"ANSHAOF1"
CHUNK: Final = 64 * 1024
_SALT, _TAG = 32, 16
_HEAD: Final = len(MAGIC) + _SALT
_PIECE: Final = CHUNK + _TAG
_FRAME = struct.Struct(">I")
_FRAME_MAX = 64 * 1024 * 1024


class FileDamagedError(StoreError):
    """A sealed file (`file`: the start of its name) is cut short, changed, or another one."""

    code = "store.file_damaged"


class Writer:
    """Writes one file; nothing of it can be read before `finish`."""

    def __init__(self, file: BinaryIO, seal: Seal | None, *, named: bool = True) -> None:
        """Write to an open, empty file; `named`: by its SHA-256."""
        self._named = named
        self._file, self._digest, self._number = file, hashlib.sha256(), 0
        self.size = 0
        self._left = bytearray()
        self._cipher: AESGCM | None = None
        if seal:
            head = MAGIC + os.urandom(_SALT)
            self._cipher = _cipher(seal, head)
            file.write(head)

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._digest.update(data)
        self.size += len(data)
        if self._cipher is None:
            self._file.write(data)
            return
        self._left += data
        while len(self._left) > CHUNK:  # a full piece may still turn out to be the last
            piece = bytes(self._left[:CHUNK])
            del self._left[:CHUNK]
            self._file.write(self._cipher.encrypt(_nonce(self._number, last=False), piece, b""))
            self._number += 1

    def finish(self) -> str:
        """Write the last piece, make all durable; returns the SHA-256 of what was given."""
        sha = self._digest.hexdigest()
        if self._cipher:
            nonce = _nonce(self._number, last=True)
            about = bytes.fromhex(sha) if self._named else b""
            self._file.write(self._cipher.encrypt(nonce, bytes(self._left), about))
        self._file.flush()
        os.fsync(self._file.fileno())
        return sha


def size_of(file: Path, seal: Seal | None) -> int:
    """Return how many bytes a file holds, without its seal; raises FileNotFoundError."""
    size = file.stat().st_size
    if seal is None:
        return size
    return max(0, size - _HEAD - _TAG * _pieces(size))


def read(file: Path, seal: Seal | None, sha256: str) -> bytes:
    """Return a whole file ("" for one not named by its hash).

    Raises FileNotFoundError, FileDamagedError.
    """
    return b"".join(ranged(file, seal, sha256, 0, None))


def ranged(
    file: Path, seal: Seal | None, sha256: str, offset: int, size: int | None
) -> Iterator[bytes]:
    """Yield `size` bytes from `offset` on in pieces; None: to the end. Raises as `read`.

    What is yielded is proved; that the file is whole and has the right name, too.
    """
    with file.open("rb") as source:
        if seal is None:
            source.seek(offset)
            left = file.stat().st_size if size is None else size
            while left > 0 and (step := source.read(min(left, 16 * CHUNK))):
                left -= len(step)
                yield step
            return
        yield from _opened(source, seal, sha256, offset, size)


def _opened(
    source: BinaryIO, seal: Seal, sha256: str, offset: int, size: int | None
) -> Iterator[bytes]:
    head = source.read(_HEAD)
    length = os.fstat(source.fileno()).st_size
    last = _pieces(length) - 1
    if len(head) < _HEAD or not head.startswith(MAGIC) or last < 0:
        raise FileDamagedError(file=sha256[:8])
    cipher = _cipher(seal, head)

    def piece(number: int) -> bytes:
        source.seek(_HEAD + number * _PIECE)
        about = bytes.fromhex(sha256) if number == last else b""
        try:
            nonce = _nonce(number, last=number == last)
            return cipher.decrypt(nonce, source.read(_PIECE), about)
        except InvalidTag as error:
            raise FileDamagedError(file=sha256[:8]) from error

    tail = piece(last)  # whoever cut the file, or gave it another's name, is found here
    whole = last * CHUNK + len(tail)
    end = whole if size is None else min(whole, offset + size)
    for number in range(offset // CHUNK, -(-end // CHUNK) if end > offset else 0):
        start = number * CHUNK
        data = tail if number == last else piece(number)
        yield data[max(0, offset - start) : end - start]


def is_sealed(file: Path) -> bool:
    """Say whether a file begins as a sealed one does."""
    with file.open("rb") as source:
        return source.read(len(MAGIC)) == MAGIC


# --- files that are still arriving ----------------------------------------------------------


def append(file: Path, seal: Seal | None, data: bytes) -> None:
    """Add bytes to a file that is arriving; what a crash left half written goes first."""
    if seal is None:
        with file.open("ab") as growing:
            growing.write(data)
        return
    with file.open("r+b" if file.exists() else "w+b") as growing:
        _, end = _walk(growing)
        growing.seek(end)
        growing.truncate()
        sealed = seal.seal(data, b"part" + end.to_bytes(8, "big"))
        growing.write(_FRAME.pack(len(sealed)) + sealed)


def arrived(file: Path, seal: Seal | None) -> int:
    """Return how many bytes of an arriving file are here."""
    if not file.exists():
        return 0
    if seal is None:
        return file.stat().st_size
    with file.open("rb") as growing:
        return _walk(growing)[0]


def arrived_pieces(file: Path, seal: Seal | None) -> Iterator[bytes]:
    """Yield what arrived, in order; it ends where a piece was changed."""
    with file.open("rb") as source:
        if seal is None:
            while step := source.read(16 * CHUNK):
                yield step
            return
        while len(head := source.read(_FRAME.size)) == _FRAME.size:
            at = source.tell() - _FRAME.size
            sealed = source.read(min(_FRAME.unpack(head)[0], _FRAME_MAX))
            try:
                yield seal.open(sealed, b"part" + at.to_bytes(8, "big"))
            except ValueError:
                return


def _walk(growing: BinaryIO) -> tuple[int, int]:
    """Return how many bytes the whole pieces hold, and where they end."""
    length = os.fstat(growing.fileno()).st_size
    held, at = 0, 0
    while at + _FRAME.size <= length:
        growing.seek(at)
        size = _FRAME.unpack(growing.read(_FRAME.size))[0]
        if at + _FRAME.size + size > length or size < 32 or size > _FRAME_MAX:
            break
        held += size - 32
        at += _FRAME.size + size
    return held, at


# --- an older store -------------------------------------------------------------------------


def seal_in_place(file: Path, seal: Seal, *, named: bool = True) -> None:
    """Put a sealed copy in a plain file's place; killed at any moment, one of the two is there."""
    if is_sealed(file):
        return
    growing = file.with_name(f"new-{file.name}.tmp")
    with contextlib.suppress(FileNotFoundError):
        growing.unlink()
    with file.open("rb") as plain, growing.open("wb") as sealed:
        writer = Writer(sealed, seal, named=named)
        while step := plain.read(16 * CHUNK):
            writer.write(step)
        writer.finish()
    growing.replace(file)


def _pieces(size: int) -> int:
    return -(-(size - _HEAD) // _PIECE)


def _cipher(seal: Seal, head: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, head, b"anshao/1/file").derive(seal.files))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
