"""What every definition file must keep, whatever it defines.

Both languages everywhere and no Han script in English; each key once; no aliases; conditions
that parse and read known names; relative days that are days.
"""

import re
from collections.abc import Iterator
from typing import cast

import yaml

from domain.expressions import ExpressionError, parse
from domain.reading.source import Reading, line_of, moment_of

FILE_MAX = 512 * 1024  # characters; the largest file has 61 k
DEPTH_MAX = 14
PAIRS = {"zh": "en", "say": "say_en", "words_zh": "words_en", "zh_words": "en_words",
         "zh_also": "en_also"}  # fmt: skip
ENGLISH = frozenset(PAIRS.values())
EXECUTABLE = frozenset(("when", "check", "applies_when", "relevant", "f", "expr", "where"))
ROOTS = frozenset((
    "permit", "parent", "area", "asset", "answer", "item", "gas", "interruption", "approval",
    "site", "record", "hazard", "finding", "category", "recheck", "alarm", "decision", "rule",
    "a", "b", "now",
))  # fmt: skip
HAN = re.compile(
    "[\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
_DATE_LIKE = re.compile(r"[+-]\s*\d+\s*d\b")
_INDENTED = re.compile(r"^[ ?-]{200}(?! *#)", re.MULTILINE)  # deep block nesting in little text
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # phones may lack libyaml


def compose(reading: Reading, path: str, text: str) -> yaml.MappingNode | None:
    """Return the top mapping of a file; None where it cannot be read, the problem noted."""
    if len(text) > FILE_MAX or _depth(text) > DEPTH_MAX:
        reading.problem(path, 1, "file.size")
        return None
    try:
        node = cast("object", yaml.compose(text, Loader=_LOADER))  # pyright: ignore[reportUnknownMemberType]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reading.problem(path, mark.line + 1 if mark else 1, "yaml.syntax")
        return None
    except yaml.YAMLError:  # characters that YAML does not allow: no mark
        reading.problem(path, 1, "yaml.syntax")
        return None
    if not isinstance(node, yaml.MappingNode):
        reading.problem(path, 1, "value.kind", key="", expected="map")
        return None
    before = len(reading.problems)
    _Walk(reading, path).mapping(node, 1)
    blocking = {"yaml.alias", "key.duplicate", "yaml.depth"}
    broken = any(problem.code in blocking for problem in reading.problems[before:])
    return None if broken else node


def _depth(text: str) -> int:
    """Deepest run of flow brackets: checked before parsing, where it would be recursion."""
    if _INDENTED.search(text):
        return DEPTH_MAX + 1
    depth = deepest = 0
    for found in re.finditer(r"[\[{]|[\]}]", text):
        depth += 1 if found[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


class _Walk:
    """One pass over the nodes of one file."""

    def __init__(self, reading: Reading, path: str) -> None:
        self.reading = reading
        self.path = path
        self.seen: set[int] = set()

    def problem(self, node: yaml.Node, code: str, /, **params: str) -> None:
        self.reading.problem(self.path, line_of(node), code, **params)

    def node(self, node: yaml.Node, depth: int) -> None:
        if id(node) in self.seen:
            self.problem(node, "yaml.alias")
            return
        self.seen.add(id(node))
        if depth > DEPTH_MAX:
            self.problem(node, "yaml.depth")
        elif isinstance(node, yaml.MappingNode):
            self.mapping(node, depth)
        elif isinstance(node, yaml.SequenceNode):
            for child in node.value:
                self.node(child, depth + 1)
        else:
            self.scalar(node)

    def mapping(self, node: yaml.MappingNode, depth: int) -> None:
        keys: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = str(key_node.value)
            if not isinstance(key_node, yaml.ScalarNode) or key in keys or key == "<<":
                self.problem(key_node, "key.duplicate", key=key)
                continue
            keys[key] = value
            self.node(value, depth + 1)
            if key in EXECUTABLE and isinstance(value, yaml.ScalarNode):
                self.executable(key, value)
            if key in ENGLISH:
                self.english(value, key)
        for chinese, english in PAIRS.items():
            if (chinese in keys) is not (english in keys):
                missing = english if chinese in keys else chinese
                self.problem(node, "words.missing", key=missing)
        for key in ("zh", "en"):
            value = keys.get(key)
            if value is not None and not _is_words(value):
                self.problem(value, "value.kind", key=key, expected="str")

    def english(self, node: yaml.Node, key: str) -> None:
        for scalar in _scalars(node):
            if HAN.search(str(scalar.value)):
                self.problem(scalar, "words.han", key=key)

    def executable(self, key: str, node: yaml.ScalarNode) -> None:
        try:
            expression = parse(str(node.value))
        except ExpressionError as error:
            position = str(error.position + 1)
            self.problem(
                node, "expression.invalid", key=key, reason=error.reason, position=position
            )
            return
        if key == "f":  # names of a formula are counts of its period
            return
        for name in sorted(expression.names):
            if name.partition(".")[0] not in ROOTS:
                self.problem(node, "expression.name", key=key, name=name)

    def scalar(self, node: yaml.Node) -> None:
        text = str(node.value)
        if _DATE_LIKE.match(text) and len(text) < 20 and moment_of(text) is None:
            self.problem(node, "date.invalid", key="", value=text)


def _is_words(node: yaml.Node) -> bool:
    """A text that is not empty; `en: No` without quotes would be a truth value."""
    return (
        isinstance(node, yaml.ScalarNode)
        and node.tag.endswith(":str")
        and bool(str(node.value).strip())
    )


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _scalars(child)
