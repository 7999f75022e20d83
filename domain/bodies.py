"""Reading the body of an entry at speed: what is surely well-formed, and nothing else.

`domain.changes` says what an entry is, slowly and with reasons. Here a typed decoder takes what is
that beyond doubt: the right fields, no floats, whole numbers in range, shallow, and bytes that come
out the same when they are written again. Everything else is None, and `changes.decode` judges it.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import msgspec

from domain.records import Value

WHOLE_MAX = 2**53 - 1
NAME_MAX = 200  # letters of an id, a type, the name of a cell: databases index these
_NESTED: Final = 5  # levels of lists and objects in a cell; deeper ones are judged slowly

_Whole = Annotated[int, msgspec.Meta(ge=0, le=WHOLE_MAX)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
_Kind = Literal["edit", "decide", "lift", "resolve", "attach", "anchor", "clock_jump", "delete"]


def _nested(levels: int) -> Any:  # noqa: ANN401 -- a type made at run time
    """Return the type of a value of so many levels."""
    scalar: Any = None | bool | Annotated[int, msgspec.Meta(ge=-WHOLE_MAX, le=WHOLE_MAX)] | str
    found = scalar
    for _ in range(levels):
        found = scalar | list[found] | dict[str, found]
    return found


if TYPE_CHECKING:
    _Value: TypeAlias = Value
else:  # the decoder knows no type that contains itself
    _Value = _nested(_NESTED)


class Time(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What the clocks said, in the order in which it is written."""

    boot: str
    dev: _Whole
    mono: _Whole
    unc: _Whole | None


class Body(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The fields of a body, in the order in which they are written."""

    base: dict[_Name, str]
    by: _Name
    definition: _Name = msgspec.field(name="def")
    hlc: tuple[_Whole, _Whole]
    id: _Name
    kind: _Kind
    n: _Whole
    rec: _Name
    set: dict[_Name, _Value]
    time: Time
    type: _Name
    v: Literal[1]


class _Clock(msgspec.Struct, gc=False):
    hlc: tuple[int, int]


_clock = msgspec.json.Decoder(_Clock).decode
_read = msgspec.json.Decoder(Body).decode
_write = msgspec.json.Encoder(order="sorted").encode
_ESCAPES: Final = re.compile(rb"\\.", re.DOTALL)
_PLAIN: Final = frozenset((b'\\"', b"\\\\"))
_LINES: Final = _PLAIN | {b"\\n", b"\\t", b"\\r"}


def read(data: bytes) -> Body | None:
    """Return the body that these bytes surely are; None where that takes a closer look."""
    escapes = set(_ESCAPES.findall(data)) if b"\\" in data else _PLAIN
    if not escapes <= _LINES:
        return None
    try:
        body = _read(data)
    except (ValueError, RecursionError):
        return None
    if _write(body) != data:
        return None
    if not escapes <= _PLAIN and not all(map(_no_lines, _names(body))):
        return None
    if not data.isascii() and not (all(map(str.isascii, body.base)) and _ascii_keys(body.set)):
        return None
    return body


def wall_ms(data: bytes) -> int:
    """Return the time (ms) of a body that was judged before, without reading all of it."""
    return _clock(data).hlc[0]


def _names(body: Body) -> Iterable[str]:
    """Return what must have no control characters."""
    return (body.by, body.definition, body.id, body.rec, body.type, *body.base, *body.set)


def _no_lines(text: str) -> bool:
    return min(text) >= " "


def _ascii_keys(value: Value) -> bool:
    if isinstance(value, dict):
        return all(key.isascii() and _ascii_keys(one) for key, one in value.items())
    return not isinstance(value, list) or all(map(_ascii_keys, value))
