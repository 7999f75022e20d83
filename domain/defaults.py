"""Default values: every rule, target and limit that is no part of another kind of data."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.words import Words

DefaultValue = bool | int | Decimal | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Default:
    """A value with its unit ('' for none) and where it comes from."""

    key: str
    value: DefaultValue
    unit: str
    source: str
    name: Words


@dataclass(frozen=True, slots=True)
class Defaults:
    """All defaults by key; to ask for a key or a type that is not there is an error of ours."""

    rows: Mapping[str, Default]

    def whole(self, key: str) -> int:
        """Return a whole number."""
        value = self.rows[key].value
        assert isinstance(value, int), key
        assert not isinstance(value, bool), key
        return value

    def number(self, key: str) -> Decimal:
        """Return a number."""
        value = self.rows[key].value
        return value if isinstance(value, Decimal) else Decimal(self.whole(key))

    def text(self, key: str) -> str:
        """Return a text."""
        value = self.rows[key].value
        assert isinstance(value, str), key
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.rows[key].value
        assert isinstance(value, tuple), key
        return value
