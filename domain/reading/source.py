"""A definition file read key by key: typed values, codes and references, problems with lines.

What is wrong becomes a `Problem` and a harmless stand-in value, so that one reading finds all
problems of a file. Keys that nobody asked for are unknown keys.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal

import yaml

from domain.expressions import Expression, ExpressionError, parse
from domain.places import Place
from domain.words import Words

DAY = re.compile(r"([+-]\d{1,4})d(?: (\d\d:\d\d))?")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,39}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file; `code` has a sentence `problem.<code>` in every catalog."""

    path: str
    line: int
    code: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Moment:
    """A day relative to the demo day, with a local time or without."""

    day: int
    at: time | None


class Reading:
    """One reading of all files: collects problems, the codes they declare and the ones they use."""

    def __init__(self, day0: date) -> None:
        """Start with nothing read; `day0` is what relative days count from."""
        self.day0 = day0
        self.problems: list[Problem] = []
        self._declared: dict[tuple[str, str], tuple[str, int]] = {}
        self._used: list[tuple[str, str, str, int]] = []
        self._parts: dict[int, Part] = {}

    def problem(self, path: str, line: int, code: str, /, **params: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(path, line, code, params))

    def declare(self, kind: str, code: str, path: str, line: int) -> None:
        """Note that `code` exists; the same code twice is a problem."""
        first = self._declared.setdefault((kind, code), (path, line))
        if first != (path, line):
            where = f"{first[0]}:{first[1]}"
            self.problem(path, line, "code.duplicate", kind=kind, code=code, first=where)

    def exists(self, kind: str, code: str, path: str, line: int) -> None:
        """Note that `code` exists, in this file and maybe in others too (versions of one form)."""
        self._declared.setdefault((kind, code), (path, line))

    def use(self, kind: str, code: str, path: str, line: int) -> None:
        """Note that something of this code must exist in some file."""
        self._used.append((kind, code, path, line))

    def part(self, path: str, node: yaml.MappingNode) -> "Part":
        """Return the part of a mapping; the same one whenever it is asked for."""
        return self._parts.setdefault(id(node), Part(self, path, node))

    def finish(self) -> tuple[Problem, ...]:
        """Report unknown keys and references to nothing; return all problems in file order."""
        for part in self._parts.values():
            for key, line in part.unasked():
                self.problem(part.path, line, "key.unknown", key=key)
        for kind, code, path, line in self._used:
            if (kind, code) not in self._declared:
                self.problem(path, line, "reference.unknown", kind=kind, code=code)
        return self.so_far()

    def so_far(self) -> tuple[Problem, ...]:
        """Return the problems noted, each once, in file order."""
        unique = {(p.path, p.line, p.code, *sorted(p.params.items())): p for p in self.problems}
        return tuple(sorted(unique.values(), key=lambda p: (p.path, p.line, p.code)))


def line_of(node: yaml.Node) -> int:
    """Return the line of a node, from 1."""
    return node.start_mark.line + 1


class Part:
    """One mapping of a file."""

    def __init__(self, reading: Reading, path: str, node: yaml.MappingNode) -> None:
        """Wrap a mapping; its keys must be asked for."""
        self.reading = reading
        self.path = path
        self.line = line_of(node)
        self._values: dict[str, tuple[yaml.Node, int]] = {
            str(key.value): (value, line_of(key)) for key, value in node.value
        }
        self._asked: set[str] = set()
        self._node = node  # keeps its id taken

    def has(self, key: str) -> bool:
        """Return whether the key stands there with something other than null."""
        node = self._values.get(key)
        return node is not None and not node[0].tag.endswith(":null")

    def names(self) -> tuple[str, ...]:
        """Return all keys, for mappings whose keys are codes themselves."""
        self._asked.update(self._values)
        return tuple(self._values)

    def unasked(self) -> Iterator[tuple[str, int]]:
        """Yield the keys that nobody asked for, with their lines."""
        for key, (_, line) in self._values.items():
            if key not in self._asked:
                yield key, line

    def skip(self, *keys: str) -> None:
        """Take keys that are known and kept for a later issue."""
        self._asked.update(keys)

    def line_at(self, key: str) -> int:
        """Return the line of a key, else of the part."""
        return self._values[key][1] if key in self._values else self.line

    def problem(self, key: str, code: str, /, **params: str) -> None:
        """Note a problem at a key."""
        self.reading.problem(self.path, self.line_at(key), code, key=key, **params)

    def words(self) -> Words:
        """Return the name in every language; that both are there is checked for every file."""
        return Words({"zh": self.text("zh"), "en": self.text("en")})

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        return self.text_or_none(key, needed=True) or ""

    def text_or_none(self, key: str, *, needed: bool = False) -> str | None:
        """Return a text if it is there."""
        value = self._scalar(key, "str", needed=needed)
        if value is not None and not value.strip():
            self.problem(key, "value.kind", expected="str")
        return value

    def code(self, key: str, *kinds: str) -> str:
        """Return the code that this part declares, of these kinds."""
        code = self.text(key)
        if code and not CODE.fullmatch(code):
            self.problem(key, "code.form", code=code)
        for kind in kinds:
            self.reading.declare(kind, code, self.path, self.line_at(key))
        return code

    def ref(self, key: str, kind: str) -> str:
        """Return the code of something that must exist."""
        code = self.text(key)
        if code:
            self.reading.use(kind, code, self.path, self.line_at(key))
        return code

    def ref_or_none(self, key: str, kind: str) -> str | None:
        """Return the code of something that must exist, if one is named."""
        return self.ref(key, kind) if self.has(key) else self.skip(key)

    def refs(self, key: str, kind: str) -> tuple[str, ...]:
        """Return codes of things that must exist."""
        codes = self.texts(key)
        for code, node in zip(codes, self._sequence(key), strict=False):
            self.reading.use(kind, code, self.path, line_of(node))
        return codes

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """Return one of the texts that are allowed."""
        value = self.text(key)
        if value and value not in allowed:
            self.problem(key, "value.choice", value=value, allowed=", ".join(allowed))
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty where the key is not there."""
        return self._texts(key, self._sequence(key))

    def groups(self, key: str) -> tuple[tuple[str, ...], ...]:
        """Return a list of lists of texts."""
        found: list[tuple[str, ...]] = []
        for node in self._sequence(key):
            if isinstance(node, yaml.SequenceNode):
                found.append(self._texts(key, node.value))
            else:
                self.problem(key, "value.kind", expected="list")
        return tuple(found)

    def whole(self, key: str) -> int:
        """Return a whole number that must be there."""
        value = self._scalar(key, "int", needed=True)
        return int(value) if value is not None else 0

    def whole_or_none(self, key: str) -> int | None:
        """Return a whole number if it is there."""
        return self.whole(key) if self.has(key) else self.skip(key)

    def number(self, key: str) -> Decimal:
        """Return a number that must be there, with the digits that the file has."""
        value = self._scalar(key, "number", needed=True)
        return Decimal(value) if value is not None else Decimal(0)

    def number_or_none(self, key: str) -> Decimal | None:
        """Return a number if it is there."""
        return self.number(key) if self.has(key) else self.skip(key)

    def flag(self, key: str) -> bool:
        """Return true or false; false where the key is not there."""
        return (self._scalar(key, "bool", needed=False) or "false").lower() in ("true", "yes", "on")

    def fact(self, key: str) -> object:
        """Return a text, number or truth value, as expressions read it, or None."""
        self._asked.add(key)
        if not self.has(key):
            return None
        node = self._values[key][0]
        if not isinstance(node, yaml.ScalarNode):
            return self.texts(key)
        match node.tag.rpartition(":")[2]:
            case "bool":
                return self.flag(key)
            case "int" | "float":
                return Decimal(str(node.value))
            case _:
                return str(node.value)

    def place(self) -> Place:
        """Return lat, lon (degrees) and floor."""
        lat, lon = (int(self.number(key) * 10_000_000) for key in ("lat", "lon"))
        return Place(lat, lon, self.whole_or_none("floor") or 0)

    def clock(self, key: str) -> str:
        """Return a local time "HH:MM"."""
        return self._clock(key, self.text(key))

    def clocks(self, key: str) -> tuple[str, ...]:
        """Return a list of local times "HH:MM"."""
        return tuple(self._clock(key, text) for text in self.texts(key))

    def moment(self, key: str) -> Moment:
        """Return a relative day, with its time or without: '-1d 22:05'."""
        return self._moment(key, self.text(key))

    def moment_or_none(self, key: str) -> Moment | None:
        """Return a relative day if it is there."""
        return self.moment(key) if self.has(key) else self.skip(key)

    def days(self, key: str) -> tuple[int, ...]:
        """Return a list of relative days."""
        return tuple(self._moment(key, text).day for text in self.texts(key))

    def expression(self, key: str) -> Expression | None:
        """Return an expression if one is there; that it parses is checked for every file."""
        text = self.text_or_bool(key)
        try:
            return parse(text) if text else None
        except ExpressionError:
            return None  # the walk over all executable fields names it with its position

    def text_or_bool(self, key: str) -> str:
        """Return what stands in an executable field: `true` is an expression too."""
        self._asked.add(key)
        node = self._values[key][0] if self.has(key) else None
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def is_list(self, key: str) -> bool:
        """Return whether a list stands at the key."""
        return key in self._values and isinstance(self._values[key][0], yaml.SequenceNode)

    def holds_maps(self, key: str) -> bool:
        """Return whether a list of mappings stands at the key."""
        return any(isinstance(node, yaml.MappingNode) for node in self._sequence(key))

    def parts(self, key: str) -> list["Part"]:
        """Return a list of mappings; empty where the key is not there."""
        found: list[Part] = []
        for node in self._sequence(key):
            if isinstance(node, yaml.MappingNode):
                found.append(self.reading.part(self.path, node))
            else:
                self.reading.problem(
                    self.path, line_of(node), "value.kind", key=key, expected="map"
                )
        return found

    def node(self, key: str) -> yaml.Node | None:
        """Return what stands at a key, as the file has it."""
        self._asked.add(key)
        return self._values[key][0] if key in self._values else None

    def put(self, key: str, node: yaml.Node) -> None:
        """Let something else stand at a key before it is read."""
        self._values[key] = (node, self.line_at(key))

    def part(self, key: str) -> "Part | None":
        """Return a mapping if it is there."""
        self._asked.add(key)
        if not self.has(key):
            return None
        node = self._values[key][0]
        if isinstance(node, yaml.MappingNode):
            return self.reading.part(self.path, node)
        self.problem(key, "value.kind", expected="map")
        return None

    def _sequence(self, key: str) -> list[yaml.Node]:
        self._asked.add(key)
        if not self.has(key):
            return []
        node = self._values[key][0]
        if isinstance(node, yaml.SequenceNode):
            return node.value
        self.problem(key, "value.kind", expected="list")
        return []

    def _texts(self, key: str, nodes: list[yaml.Node]) -> tuple[str, ...]:
        found: list[str] = []
        for node in nodes:
            if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":str"):
                found.append(str(node.value))
            else:
                line = line_of(node)
                self.reading.problem(self.path, line, "value.kind", key=key, expected="str")
        return tuple(found)

    def _scalar(self, key: str, expected: str, *, needed: bool) -> str | None:
        self._asked.add(key)
        if not self.has(key):
            if needed:
                self.problem(key, "key.missing")
            return None
        node = self._values[key][0]
        kind = node.tag.rpartition(":")[2] if isinstance(node, yaml.ScalarNode) else "other"
        if kind == expected or (expected == "number" and kind in ("int", "float")):
            value = str(node.value)
            if expected in ("str", "bool") or _plain_number(value):
                return value
        self.problem(key, "value.kind", expected=expected)
        return None

    def _clock(self, key: str, text: str) -> str:
        try:
            if len(text) == 5:
                time.fromisoformat(text)
                return text
        except ValueError:
            pass
        self.problem(key, "date.invalid", value=text)
        return "00:00"

    def _moment(self, key: str, text: str) -> Moment:
        found = moment_of(text) or calendar_day(text, self.reading.day0)
        if found is None:
            self.problem(key, "date.invalid", value=text)
            return Moment(0, None)
        return found


def calendar_day(text: str, day0: date) -> Moment | None:
    """Return a day of the calendar ("2026-11-25", in quotes) as days from `day0`; None if none."""
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-11-25") else None
    except ValueError:
        day = None
    return Moment((day - day0).days, None) if day else None


def moment_of(text: str) -> Moment | None:
    """Return the relative day and time of a text such as '-1d 22:05'; None if it is none."""
    found = DAY.fullmatch(text)
    if not found:
        return None
    try:
        at = time.fromisoformat(found[2]) if found[2] else None
    except ValueError:
        return None
    return Moment(int(found[1]), at)


def named(part: Part, key: str, kind: str) -> dict[str, Words]:
    """Return a list of codes with names, declared as `kind`."""
    return {row.code("code", kind): row.words() for row in part.parts(key)}


def _plain_number(text: str) -> bool:
    """Only plain decimals: no octal, sexagesimal, infinity or underscores of YAML 1.1."""
    return re.fullmatch(r"[+-]?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?", text) is not None
