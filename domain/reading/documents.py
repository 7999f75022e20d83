"""Reading `documents/*.yaml`: one version of a structure drawing with its safety notes per file."""

from datetime import date
from typing import Final

from domain.drawings import LOOKS, SEVERITIES, SHAPES, Document, Mark, SafetyNote, Shape
from domain.reading.source import Part

_SIZE_MAX: Final = 2000
_SHAPES_MAX: Final = 200
_MARKS_MAX: Final = 20
_NOTES_MAX: Final = 20
_POINTS_MAX: Final = 100
_LENGTHS: Final = {"box": 4, "ring": 3}


def read_document(part: Part) -> Document:
    """Return one version of a document."""
    code, version = part.code("code"), part.whole("version")
    part.reading.declare("document", f"{code}@{version}", part.path, part.line_at("version"))
    part.reading.exists("document_code", code, part.path, part.line_at("code"))
    size = _numbers(part, "size", 2) if part.has("size") else (0, 0)
    kinds, assets = part.refs("applies", "equipment_kind"), part.refs("assets", "asset")
    if not kinds and not assets:
        part.problem("applies", "key.missing")
    for key, most in (("shapes", _SHAPES_MAX), ("marks", _MARKS_MAX), ("notes", _NOTES_MAX)):
        if len(part.parts(key)) > most:
            part.problem(key, "value.choice", value=str(len(part.parts(key))), allowed=f"<= {most}")
    shapes = tuple(_shape(row, size) for row in part.parts("shapes"))
    if shapes and min(size) < 1:
        part.problem("size", "key.missing")
    return Document(
        code=code,
        version=version,
        issued=_issued(part),
        name=part.words(),
        kinds=frozenset(kinds),
        assets=frozenset(assets),
        width=size[0],
        height=size[1],
        shapes=shapes,
        marks=tuple(_mark(row, size) for row in part.parts("marks")),
        notes=tuple(
            SafetyNote(row.choice("severity", SEVERITIES), row.words())
            for row in part.parts("notes")
        ),
    )


def _issued(part: Part) -> str:
    text = part.text("issued")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        part.problem("issued", "date.invalid", value=text)
        return text


def _shape(row: Part, size: tuple[int, ...]) -> Shape:
    look = row.choice("look", LOOKS)
    kind = next((kind for kind in SHAPES if row.has(kind)), "")
    if not kind:
        row.problem("box", "key.missing")
        return Shape("line", (), look)
    numbers = _numbers(row, kind, _LENGTHS.get(kind))
    if kind != "ring":
        _inside(row, kind, numbers, size)
    return Shape(kind, numbers, look)


def _mark(row: Part, size: tuple[int, ...]) -> Mark:
    at = _numbers(row, "at", 2)
    _inside(row, "at", at, size)
    return Mark(row.whole("n"), at[0], at[1], row.words())


def _numbers(row: Part, key: str, count: int | None) -> tuple[int, ...]:
    """Return coordinates such as '10 20 30 40'; so many, or pairs."""
    texts = row.text(key).split()
    right = len(texts) == count if count else 4 <= len(texts) <= 2 * _POINTS_MAX
    if not right or (count is None and len(texts) % 2):
        row.problem(key, "value.kind", expected=f"{count or 'pairs of'} numbers")
        return (0,) * (count or 4)
    if not all(text.isascii() and text.isdigit() and int(text) <= _SIZE_MAX for text in texts):
        row.problem(key, "value.choice", value=row.text(key), allowed=f"0-{_SIZE_MAX}")
        return (0,) * len(texts)
    return tuple(int(text) for text in texts)


def _inside(row: Part, key: str, numbers: tuple[int, ...], size: tuple[int, ...]) -> None:
    width, height = size
    outside = any(x > width for x in numbers[::2]) or any(y > height for y in numbers[1::2])
    if outside:
        row.problem(key, "value.choice", value=row.text(key), allowed=f"{width} x {height}")
