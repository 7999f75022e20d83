"""Text of definition data in several languages ("words" of an area, an item, a role)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One name in every language the data has; zh and en are always there."""

    by_language: Mapping[str, str]

    def in_(self, language: str) -> str:
        """Return the text in `language`; a language that the data lacks reads the English.

        Words that stand in an entry may lack that, too: empty.
        """
        return self.by_language.get(language) or self.by_language.get("en", "")
