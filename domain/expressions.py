"""The one expression language of all data (DOMAIN.md §2b.11): parse, evaluate, explain.

Three-valued: a missing value is null, and what depends on it is unknown (None). `== null` and
`!= null` ask for it. Numbers are decimals, so 0.2 is 0.2. Every outcome names the parts that
decided it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NoReturn

from domain import expression_functions as functions
from domain.expression_functions import FunctionError

Facts = Mapping[str, object]

TEXT_MAX = 500
DEPTH_MAX = 30
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)(?![\w.])|'(?P<text>[^'\n]*)'"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)(?![\w.])"
    r"|(?P<sign>==|!=|<=|>=|[<>()\[\],+\-*/]))"
)
_WORDS = frozenset(("and", "or", "not", "in", "true", "false", "null"))
_COMPARE = frozenset(("==", "!=", "<", "<=", ">", ">=", "in"))


class ExpressionError(Exception):
    """Text that is no expression, or values that do not fit; `position` counts from 0.

    `reason` is one of: empty, size, depth, character, unfinished, unexpected, function, type.
    """

    def __init__(self, position: int, reason: str) -> None:
        """Keep the reason and where it is."""
        super().__init__(position, reason)
        self.reason = reason
        self.position = position


@dataclass(frozen=True, slots=True)
class Node:
    """One step: `operator` with operands, or a leaf ('value', 'name'); where it stands."""

    operator: str
    operands: tuple["Node", ...] = ()
    value: object = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that parsed, with the dotted names it reads."""

    text: str
    root: Node
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A comparison or name that decided an outcome, in the words of the data, and its truth."""

    text: str
    value: object


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an expression gives: True, False, None (unknown), a number, text or a list."""

    value: object
    parts: tuple[Part, ...]

    @property
    def holds(self) -> bool:
        """True only if the outcome is true: unknown does not hold."""
        return self.value is True


@lru_cache(maxsize=2048)
def parse(text: str) -> Expression:
    """Return the expression of `text`; raises ExpressionError with the position."""
    if len(text) > TEXT_MAX:
        raise ExpressionError(TEXT_MAX, "size")
    parser = _Parser(tuple(_tokens(text)))
    root = parser.either(0)
    if parser.at < len(parser.tokens) - 1:
        parser.fail("unexpected")
    return Expression(text, root, frozenset(parser.names))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number, text, name, sign, end
    value: str
    start: int
    end: int


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    stop = len(text.rstrip())
    if not stop:
        raise ExpressionError(0, "empty")
    while at < stop:
        found = _TOKEN.match(text, at)
        if not found:
            raise ExpressionError(at + len(text[at:]) - len(text[at:].lstrip()), "character")
        kind = found.lastgroup or ""
        value = found.group(kind)
        if kind == "name" and value in _WORDS:
            kind = "sign"
        start = found.end() - len(value) - (2 if kind == "text" else 0)
        yield _Token(kind, value, start, found.end())
        at = found.end()
    yield _Token("end", "", stop, stop)


class _Parser:
    """Recursive descent over the tokens, weakest operator first."""

    def __init__(self, tokens: tuple[_Token, ...]) -> None:
        self.tokens = tokens
        self.at = 0
        self.names: set[str] = set()

    def fail(self, reason: str) -> NoReturn:
        token = self.tokens[self.at]
        raise ExpressionError(token.start, "unfinished" if token.kind == "end" else reason)

    def sign(self, *values: str) -> str | None:
        """Take the next token if it is one of these signs."""
        token = self.tokens[self.at]
        if token.kind == "sign" and token.value in values:
            self.at += 1
            return token.value
        return None

    def expect(self, value: str) -> None:
        if not self.sign(value):
            self.fail("unexpected")

    def either(self, depth: int) -> Node:
        left = self.both(depth)
        while self.sign("or"):
            left = self.node("or", left, self.both(depth))
        return left

    def both(self, depth: int) -> Node:
        left = self.denial(depth)
        while self.sign("and"):
            left = self.node("and", left, self.denial(depth))
        return left

    def denial(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            self.fail("depth")
        start = self.tokens[self.at].start
        if self.sign("not"):
            operand = self.denial(depth + 1)
            return Node("not", (operand,), None, start, operand.end)
        return self.comparison(depth)

    def comparison(self, depth: int) -> Node:
        left = self.total(depth)
        operator = self.sign(*_COMPARE)
        return self.node(operator, left, self.total(depth)) if operator else left

    def total(self, depth: int) -> Node:
        left = self.product(depth)
        while operator := self.sign("+", "-"):
            left = self.node(operator, left, self.product(depth))
        return left

    def product(self, depth: int) -> Node:
        left = self.leaf(depth)
        while operator := self.sign("*", "/"):
            left = self.node(operator, left, self.leaf(depth))
        return left

    def leaf(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            self.fail("depth")
        token = self.tokens[self.at]
        if token.kind in ("name", "number", "text"):
            self.at += 1
            if token.kind == "name":
                return self.name(token, depth)
            value = Decimal(token.value) if token.kind == "number" else token.value
            return Node("value", (), value, token.start, token.end)
        return self.bracket(token, depth)

    def bracket(self, token: _Token, depth: int) -> Node:
        if self.sign("("):
            inner = self.either(depth + 1)
            self.expect(")")
            end = self.tokens[self.at - 1].end
            return Node(inner.operator, inner.operands, inner.value, token.start, end)
        if self.sign("["):
            return Node("list", self.several("]", depth), None, token.start, self.last_end())
        if self.sign("-"):
            operand = self.leaf(depth + 1)
            return Node("minus", (operand,), None, token.start, operand.end)
        word = self.sign("true", "false", "null") or self.fail("unexpected")
        value = {"true": True, "false": False, "null": None}[word]
        return Node("value", (), value, token.start, token.end)

    def name(self, token: _Token, depth: int) -> Node:
        if not self.sign("("):
            self.names.add(token.value)
            return Node("name", (), token.value, token.start, token.end)
        expected = functions.ARGUMENTS.get(token.value)
        if expected is None:
            raise ExpressionError(token.start, "function")
        operands = self.several(")", depth)
        if len(operands) != expected:
            raise ExpressionError(token.start, "function")
        return Node("call", operands, token.value, token.start, self.last_end())

    def several(self, close: str, depth: int) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while not self.sign(close):
            if nodes:
                self.expect(",")
            nodes.append(self.either(depth + 1))
        return tuple(nodes)

    def last_end(self) -> int:
        return self.tokens[self.at - 1].end

    def node(self, operator: str, left: Node, right: Node) -> Node:
        return Node(operator, (left, right), None, left.start, right.end)


def evaluate(expression: Expression, facts: Facts) -> Outcome:
    """Return what `expression` gives for `facts`, with the parts that decided it.

    Functions that need data beyond their arguments come in `facts["functions"]`.
    Raises ExpressionError where values do not fit ("type") or such a function is not at hand.
    """
    return _evaluate(expression.root, expression.text, facts)


def holds(expression: Expression | None, facts: Facts) -> bool:
    """Return whether a condition is true; no condition always holds, an unknown one does not."""
    return expression is None or evaluate(expression, facts).holds


def _evaluate(node: Node, text: str, facts: Facts) -> Outcome:
    if node.operator in ("and", "or"):
        return _join(node, text, facts)
    if node.operator == "not":
        inner = _evaluate(node.operands[0], text, facts)
        truth = _truth(inner.value, node)
        return Outcome(None if truth is None else not truth, inner.parts)
    value = _value(node, text, facts)
    return Outcome(value, (Part(text[node.start : node.end], value),))


def _join(node: Node, text: str, facts: Facts) -> Outcome:
    """Three-valued and / or: the deciding value is false for `and`, true for `or`."""
    decider = node.operator == "or"
    outcomes: list[Outcome] = []
    for operand in node.operands:
        outcome = _evaluate(operand, text, facts)
        if _truth(outcome.value, operand) is decider:
            return outcome
        outcomes.append(outcome)
    unknown = [outcome for outcome in outcomes if outcome.value is None]
    parts = tuple(part for outcome in unknown or outcomes for part in outcome.parts)
    return Outcome(None if unknown else not decider, parts)


def _truth(value: object, node: Node) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise ExpressionError(node.start, "type")


def _value(node: Node, text: str, facts: Facts) -> object:
    match node.operator:
        case "value":
            return node.value
        case "name":
            return _look_up(str(node.value), facts)
        case "and" | "or" | "not":
            return _evaluate(node, text, facts).value
        case "list":
            return [_value(operand, text, facts) for operand in node.operands]
        case "call":
            return _call(node, text, facts)
        case _:
            values = [_value(operand, text, facts) for operand in node.operands]
            return _operate(node, values)


def _operate(node: Node, values: list[object]) -> object:
    try:
        if node.operator in _COMPARE:
            literal = any(one.operator == "value" and one.value is None for one in node.operands)
            return functions.compare(node.operator, values[0], values[1], asks_null=literal)
        return functions.calculate(node.operator, values)
    except FunctionError as error:
        raise ExpressionError(node.start, "type") from error


def _call(node: Node, text: str, facts: Facts) -> object:
    name = str(node.value)
    given = facts.get("functions")
    function: object = functions.OWN.get(name)
    if function is None and isinstance(given, Mapping):
        function = given.get(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not callable(function):  # pyright: ignore[reportUnknownArgumentType]
        raise ExpressionError(node.start, "function")
    try:
        return function(*(_value(operand, text, facts) for operand in node.operands))  # pyright: ignore[reportUnknownVariableType]
    except FunctionError as error:
        raise ExpressionError(node.start, "type") from error


def _look_up(name: str, facts: Facts) -> object:
    """Follow a dotted path; whatever is missing on the way is null."""
    value: object = facts
    for key in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return functions.plain(value)  # pyright: ignore[reportUnknownArgumentType]
