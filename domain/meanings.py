"""What a typed word may stand for: the codes of people, places, kinds and states, by their names.

Records hold codes; people search by names, in whatever language the screen was when they learnt
them. Every name of every language counts.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from domain.definitions import Definitions
from domain.words import Words

WORDS_MAX = 8  # words of a query that are looked up
_SHORTEST = 2  # letters of an alphabet: one alone begins too many names


def meant(definitions: Definitions, words: str) -> dict[str, list[str]]:
    """Return for each word of a query, as typed, the codes whose names have it, in one order."""
    found: dict[str, list[str]] = {}
    names = list(_names(definitions))
    for word in words.split()[:WORDS_MAX]:
        asked = plain(word)
        codes = sorted({code for code, name in names if _fits(asked, name)})
        if codes:
            found[word] = codes
    return found


def spans(text: str, words: str) -> list[tuple[int, int]]:
    """Return where words of a query stand in a text, in order and not overlapping.

    A Chinese word that does not stand there as a whole is looked for by its pairs of characters, as
    the index does.
    """
    hay = plain(text)
    if len(hay) != len(text):  # a character that is several when made plain: then nothing is marked
        return []
    places: set[int] = set()
    for word in words.split()[:WORDS_MAX]:
        asked = plain(word)
        parts = [asked]
        if asked not in hay and not asked.isascii():
            parts = [asked[at : at + 2] for at in range(len(asked) - 1)]
        for part in filter(None, parts):
            at = hay.find(part)
            while at >= 0:
                if not part.isascii() or at == 0 or not _letter(hay[at - 1]):
                    places.update(range(at, at + len(part)))
                at = hay.find(part, at + 1)
    return list(_runs(sorted(places)))


def plain(text: str) -> str:
    """Return a text as compared: one width, one case."""
    return unicodedata.normalize("NFKC", text).casefold()


def _names(definitions: Definitions) -> Iterator[tuple[str, str]]:
    plant, vocabulary = definitions.plant, definitions.hazards
    rows: list[tuple[str, Words]] = []
    for table in (plant.people, plant.assets, plant.areas, plant.units, plant.contractors):
        rows += ((code, one.name) for code, one in table.items())
    rows += ((code, one.name) for code, one in vocabulary.categories.items())
    rows += ((code, one.name) for code, one in vocabulary.grades.items())
    rows += vocabulary.elements.items()
    rows += ((code, one.name) for code, one in definitions.forms.items())
    rows += plant.works.items()
    for flow in definitions.workflows.values():
        rows += ((code, one.name) for code, one in flow.states.items())
    for code, words in rows:
        for name in words.by_language.values():
            yield code, plain(name)
        yield code, plain(code)


def _fits(asked: str, name: str) -> bool:
    """Chinese anywhere in a name; letters at the beginning of one of its words."""
    if not asked.isascii():
        return asked in name
    if len(asked) < _SHORTEST:
        return False
    at = name.find(asked)
    while at >= 0:
        if at == 0 or not _letter(name[at - 1]):
            return True
        at = name.find(asked, at + 1)
    return False


def _letter(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _runs(places: Iterable[int]) -> Iterator[tuple[int, int]]:
    begin: int | None = None
    end = 0
    for place in places:
        if begin is not None and place != end:
            yield begin, end
            begin = None
        if begin is None:
            begin = place
        end = place + 1
    if begin is not None:
        yield begin, end
