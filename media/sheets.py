"""Lists that people bring as a workbook (.xlsx) or as text with columns: bytes to rows of text.

Whatever comes is somebody else's file: sizes are limited before anything is unpacked, formulas are
not worked out but named, and nothing in it is followed.
"""

import csv
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, cast
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from domain.errors import ListTooLargeError, ListUnreadableError

MIB: Final = 1024 * 1024
FILE_MAX: Final = 5 * MIB
UNPACKED_MAX: Final = 40 * MIB  # of a workbook, all parts together
PARTS_MAX: Final = 500
ROWS_MAX: Final = 2000
COLUMNS_MAX: Final = 40
CELL_MAX: Final = 1000  # characters
_ZIP: Final = b"PK\x03\x04"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_DELIMITERS: Final = (",", ";", "\t")
_EXACT_MAX: Final = 10**15  # spreadsheets keep 15 digits of a number; the others are made up
_BROKEN: Final = (  # what zipfile and openpyxl raise for workbooks that are none inside
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ParseError,
    LookupError,  # parts that are missing, encodings that nobody knows
    ArithmeticError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    OSError,
    RuntimeError,  # locked with a password
    NotImplementedError,  # packed in a way that zipfile does not know
)
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row; `number` is the one that the program shows which the list was made with."""

    number: int
    cells: tuple[str, ...]


def read_sheet(data: bytes) -> list[SheetRow]:
    """Return the rows that are not empty; raises ListUnreadableError or ListTooLargeError."""
    if len(data) > FILE_MAX:
        raise ListTooLargeError(limit=f"{FILE_MAX // MIB} MB")
    if data.startswith(_OLD_WORKBOOK):
        raise ListUnreadableError(reason="old_workbook")
    rows = _workbook(data) if data.startswith(_ZIP) else _text(data)
    found = [SheetRow(number, cells) for number, cells in enumerate(rows, start=1) if any(cells)]
    if not found:
        raise ListUnreadableError(reason="empty")
    return found


def _workbook(data: bytes) -> list[tuple[str, ...]]:
    """Read the first sheet of a workbook, cell by cell, without holding it whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except _BROKEN as error:
        raise ListUnreadableError(reason="workbook") from error
    if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_MAX:
        raise ListTooLargeError(limit=f"{UNPACKED_MAX // MIB} MB")
    rows: list[tuple[str, ...]] = []
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size is not believed
        for row in sheet.iter_rows(max_col=COLUMNS_MAX, values_only=True):
            if len(rows) > ROWS_MAX:
                raise ListTooLargeError(limit=ROWS_MAX)
            rows.append(tuple(_cell(cast("object", value)) for value in row))
        book.close()
    except _BROKEN as error:
        raise ListUnreadableError(reason="workbook") from error
    return rows


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case time():
            return value.strftime("%H:%M")
        case int() | float() if abs(value) >= _EXACT_MAX:
            return f"{value:.14E}"  # as it is shown there: its last digits are known to nobody
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value).strip()[: CELL_MAX + 1]


def _text(data: bytes) -> list[tuple[str, ...]]:
    text = _decoded(data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    rows: list[tuple[str, ...]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if len(rows) > ROWS_MAX:
                raise ListTooLargeError(limit=ROWS_MAX)
            rows.append(tuple(cell.strip()[: CELL_MAX + 1] for cell in row[:COLUMNS_MAX]))
    except csv.Error as error:
        raise ListUnreadableError(reason="text") from error
    return rows


def _decoded(data: bytes) -> str:
    """Return the text in the encoding it is in: UTF-8, else the one of Chinese Windows."""
    encodings = [name for mark, name in _BOMS if data.startswith(mark)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(sign.isprintable() or sign in "\r\n\t\u3000\xa0" for sign in text):
            return text
    raise ListUnreadableError(reason="text")
