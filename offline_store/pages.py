"""Rows out of the pages of a damaged SQLite file, without SQLite.

SQLite gives up on a table when one of its inner pages or the header is gone. The rows themselves
stand in leaf pages that say what they are, so each page is read for itself, the newest version of
it in the write-ahead log first. What a row belongs to is known by the kinds of its values. Layout:
https://www.sqlite.org/fileformat2.html
"""

import contextlib
import mmap
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from offline_store.cipher_pages import RESERVED, Decode
from offline_store.sealing import PAGE_BYTES

Cell = int | bytes | str | float | None
_BEFORE = 4096  # SQLite's own size of a page, and that of older stores
_HEADER, _SIZE_MIN = 100, 512
_MAGIC = b"SQLite format 3\0"
_LEAF = 13
_KINDS = frozenset({2, 5, 10, 13})
_ROW_MIN = 8
_INDEX = {10: 8, 2: 12}  # kinds of index pages, and the sizes of their heads
_WAL_HEADER, _FRAME_HEADER = 32, 24
_WHOLE_BYTES = (0, 1, 2, 3, 4, 6, 8)  # by serial type
_ROW_MAX = 64 * 2**20
_COLUMNS_MAX = 100


class Row(NamedTuple):
    """One row: the number SQLite gave it, and its values as they stand.

    `sure` is False for one whose page no longer says where its rows are: it was found by its look.
    """

    number: int
    values: Sequence[Cell]
    sure: bool = True


@contextlib.contextmanager
def opened(
    file: Path,
    wal: Path | None = None,
    decode: Decode | None = None,
    page_bytes: int | None = None,
) -> Generator["Pages"]:
    """Open the pages of a file and of the log beside it; either may be missing.

    `decode` is for pages that are sealed, and `page_bytes` their size, which they do not tell.
    """
    with contextlib.ExitStack() as stack:
        parts: list[bytes | mmap.mmap] = []
        for path in (file, wal):
            if path is None or not path.is_file() or path.stat().st_size == 0:
                parts.append(b"")
                continue
            handle = stack.enter_context(path.open("rb"))
            parts.append(
                stack.enter_context(mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ))
            )
        yield Pages(parts[0], parts[1], decode, page_bytes)


class Pages:
    """The pages of one database, numbered from 1."""

    def __init__(
        self,
        data: bytes | mmap.mmap,
        log: bytes | mmap.mmap,
        decode: Decode | None = None,
        page_bytes: int | None = None,
    ) -> None:
        """Read what the header says, as far as it can be believed; sealed files tell nothing."""
        self._data, self._log, self._decode = data, log, decode
        whole = decode is None and data[:16] == _MAGIC and len(data) > _HEADER
        size = int.from_bytes(data[16:18], "big") if whole else 0
        size = page_bytes or (65536 if size == 1 else size)
        sound = size >= _SIZE_MIN and size & (size - 1) == 0
        self.size = size if sound else _look(data)
        reserved = data[20] if whole else RESERVED if decode else 0
        self._usable = self.size - (reserved if reserved < self.size // 2 else 0)
        self._frames = self._committed()
        self._used: set[int] = set()  # pages that rows go on in
        self._count = max(-(-len(data) // self.size), *self._frames, 0)

    def rows(self) -> Iterator[Row | None]:
        """Yield every row that stands in a leaf page; None for one that cannot be read."""
        free = self._free()
        broken: list[int] = []
        for number in range(1, self._count + 1):
            if number in free:
                continue
            lost = False
            for row in self._rows_of(number):
                lost = lost or row is None
                yield row
            kind = self._page(number)[:1]
            if lost or (kind and kind[0] not in _KINDS and number > 1):
                broken.append(number)
        for number in broken:
            if number not in self._used:
                yield from self._rows_within(number)

    def _rows_within(self, number: int) -> Iterator[Row]:
        """Look for rows at every place of a page whose head is gone."""
        page = self._page(number)
        at = 0
        while at < len(page) - _ROW_MIN:
            try:
                row = self._row(page, at)
            except (ValueError, IndexError):
                at += 1
                continue
            yield row._replace(sure=False)
            at += 1

    def index_keys(self) -> Iterator[Sequence[Cell]]:
        """Yield what index pages hold: keys of rows that may be gone themselves."""
        free = self._free()
        for number in range(1, self._count + 1):
            page = self._page(number)
            if number in free or len(page) < self.size or page[0] not in _INDEX:
                continue
            head = _INDEX[page[0]]
            for one in range(min(_whole(page, 3, 2), self.size // 4)):
                try:
                    at = _whole(page, head + 2 * one, 2) + head - 8  # inner ones name a page first
                    size, at = _varint(page, at)
                    yield _values(page[at : at + size])
                except (ValueError, IndexError):
                    continue

    def _page(self, number: int) -> bytes:
        at = self._frames.get(number)
        if at is not None:
            raw = self._log[at : at + self.size]
        else:
            raw = self._data[(number - 1) * self.size : number * self.size]
        return self._decode(raw, number) if self._decode else raw

    def _committed(self) -> dict[int, int]:
        """Return where in the log the newest committed version of each page stands."""
        log, step = self._log, self.size + _FRAME_HEADER
        salt = log[16:24]
        found: dict[int, int] = {}
        open_ones: dict[int, int] = {}
        for at in range(_WAL_HEADER, len(log) - step + 1, step):
            if log[at + 8 : at + 16] != salt:  # of an earlier round of the log, or damaged
                continue
            open_ones[_whole(log, at, 4)] = at + _FRAME_HEADER
            if _whole(log, at + 4, 4):
                found |= open_ones
                open_ones = {}
        return found

    def _free(self) -> set[int]:
        """Return the pages that hold nothing any more, so that what was deleted stays deleted."""
        head = self._page(1)
        found: set[int] = set()
        if head[:16] != _MAGIC:
            return found
        trunk = _whole(head, 32, 4)
        while 1 < trunk <= self._count and trunk not in found:
            found.add(trunk)
            page = self._page(trunk)
            count = min(_whole(page, 4, 4), self._usable // 4 - 2)
            found.update(_whole(page, 8 + 4 * one, 4) for one in range(count))
            trunk = _whole(page, 0, 4)
        return found

    def _rows_of(self, number: int) -> Iterator[Row | None]:
        page = self._page(number)
        head = _HEADER if number == 1 and page[:16] == _MAGIC else 0
        if len(page) < self.size or page[head] != _LEAF:
            return
        count = _whole(page, head + 3, 2)
        if head + 8 + 2 * count > self.size:
            yield None
            return
        for one in range(count):
            at = _whole(page, head + 8 + 2 * one, 2)
            try:
                yield self._row(page, at)
            except (ValueError, IndexError):
                yield None

    def _row(self, page: bytes, at: int) -> Row:
        size, at = _varint(page, at)
        number, at = _varint(page, at)
        if not 0 < size <= _ROW_MAX:
            raise ValueError(size)
        most = self._usable - 35
        if size <= most:
            payload = page[at : at + size]
        else:
            least = (self._usable - 12) * 32 // 255 - 23
            here = least + (size - least) % (self._usable - 4)
            here = here if here <= most else least
            rest = self._overflow(_whole(page, at + here, 4), size - here)
            payload = page[at : at + here] + rest
        if len(payload) != size:
            raise ValueError(size)
        return Row(number, _values(payload))

    def _overflow(self, number: int, size: int) -> bytes:
        parts: list[bytes] = []
        seen: set[int] = set()
        while size > 0:
            page = self._page(number) if 1 < number <= self._count else b""
            if number in seen or len(page) < self.size:
                raise ValueError(number)
            seen.add(number)
            self._used.add(number)
            parts.append(page[4 : min(self._usable, 4 + size)])
            size -= len(parts[-1])
            number = _whole(page, 0, 4)
        return b"".join(parts)


def _look(data: bytes | mmap.mmap) -> int:
    """Return the size of the pages of a file whose head is gone, by where they begin."""
    begun = [data[at] in _KINDS for at in range(_BEFORE, len(data), PAGE_BYTES)]
    return _BEFORE if begun and sum(begun) * 2 > len(begun) else PAGE_BYTES


def _values(payload: bytes) -> list[Cell]:
    head, at = _varint(payload, 0)
    body = head
    found: list[Cell] = []
    while at < head:
        kind, at = _varint(payload, at)
        if kind < 0 or len(found) == _COLUMNS_MAX:
            raise ValueError(kind)
        value, size = _value(payload, body, kind)
        if body + size > len(payload):
            raise ValueError(kind)
        found.append(value)
        body += size
    if at != head or body != len(payload):
        raise ValueError(head)
    return found


def _value(payload: bytes, at: int, kind: int) -> tuple[Cell, int]:
    if kind >= 12:
        size = (kind - 12) // 2
        data = payload[at : at + size]
        return (data.decode("utf-8") if kind % 2 else data), size
    if kind == 7:  # we store no such numbers
        return 0.0, 8
    if kind in (8, 9):
        return kind - 8, 0
    if kind > 9:
        raise ValueError(kind)
    size = _WHOLE_BYTES[kind]
    data = payload[at : at + size]
    return (int.from_bytes(data, "big", signed=True) if size else None), size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(8):
        byte = data[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    value = value << 8 | data[at + 8]
    return (value - (1 << 64) if value >> 63 else value), at + 9


def _whole(data: bytes | mmap.mmap, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


Shape = Callable[[Sequence[Cell]], bool]


def shape(kinds: str) -> Shape:
    """Return a test of a row's values: i whole number, t text, b bytes, capital: or nothing.

    `n` is the place of the row's own number, which stands elsewhere. Columns that a later version
    added come behind.
    """
    types: dict[str, type] = {"i": int, "t": str, "b": bytes, "n": type(None)}
    wanted = [
        (types[kind.lower()], type(None) if kind.isupper() else types[kind.lower()])
        for kind in kinds
    ]

    def fits(values: Sequence[Cell]) -> bool:
        return len(values) >= len(wanted) and all(
            isinstance(value, either) for value, either in zip(values, wanted, strict=False)
        )

    return fits
