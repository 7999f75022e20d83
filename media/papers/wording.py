"""What a report needs of a language: the catalogs' words, and those of the plant's data."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from domain.words import Words


class Wording(Protocol):
    """Words of one language; times in the plant's zone."""

    @property
    def language(self) -> str:
        """Its code, "zh" or "en"."""
        ...

    @property
    def texts(self) -> Mapping[str, str]:
        """All texts by key."""
        ...

    def __call__(self, key: str, /, **params: object) -> str:
        """Return the text of a key with its placeholders filled in."""
        ...

    def known(self, key: str, otherwise: str, params: Mapping[str, object] | None = None) -> str:
        """Return the text of a key that stands in an entry; `otherwise` where it cannot be said."""
        ...

    def of(self, words: Words | None) -> str:
        """Return words of the plant's data; empty for None."""
        ...

    def listed(self, parts: Iterable[str]) -> str:
        """Return a list as this language writes it."""
        ...

    def stamp(self, at_ms: int) -> str:
        """Return date and time to the second."""
        ...


def when(t: Wording, at_ms: int | None) -> str:
    """Return a moment; a dash for none, the number itself where no calendar has it."""
    if at_ms is None:
        return t("report.none")
    try:
        return t.stamp(at_ms)
    except (ValueError, OverflowError, OSError):  # a clock may have told any number
        return str(at_ms)
