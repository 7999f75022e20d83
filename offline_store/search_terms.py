"""The terms of the search index: what a text is found by, and what a typed query asks for.

Chinese has no spaces, so its text is indexed as single characters and pairs of neighbours; a query
of several characters asks for all its pairs. Other words are found by any of their beginnings, and
a code by the beginning of any of its parts: "HZ-3F2A-0007" by "hz3f", "3F2A-0007" and "7". Terms
consist of letters and digits alone, so no query can mean anything to the database but its words.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

TEXT_MAX = 8000  # characters of one record that are indexed
QUERY_MAX = 200  # characters of a query that count
WORDS_MAX = 8  # words of a query that count
BEGINNING_MAX = 16  # a longer word is found by so many of its letters
_PARTS_MAX = 8
_HAN = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+(?:[-_./][^\\W_{_HAN}]+)*")
_IS_HAN = re.compile(f"[{_HAN}]")
_JOINS = re.compile(r"[-_./]")


def of_text(text: str) -> set[str]:
    """Return every term that a text is found by."""
    terms: set[str] = set()
    for run in _RUN.findall(plain(text[:TEXT_MAX])):
        if _IS_HAN.match(run):
            terms.update(run)
            terms.update(_pairs(run))
            continue
        terms |= _of_run(run)
    return terms


@lru_cache(maxsize=4096)  # people use few words; 4096 take about 4 MB
def _of_run(run: str) -> frozenset[str]:
    """Return the beginnings that a word, or a code of parts, is found by."""
    terms: set[str] = set()
    parts = _JOINS.split(run)[:_PARTS_MAX]
    for first, part in enumerate(parts):
        tail = "".join(parts[first:])[:BEGINNING_MAX]
        terms.update(tail[:length] for length in range(1, len(tail) + 1))
        if part.isdecimal() and part.startswith("0"):
            terms.add(part.lstrip("0") or "0")
    return frozenset(terms)


def of_query(words: str) -> list[tuple[str, list[str]]]:
    """Return the words of a query, each with the terms that a record must all have."""
    found: list[tuple[str, list[str]]] = []
    for word in words[:QUERY_MAX].split()[:WORDS_MAX]:
        terms: list[str] = []
        for run in _RUN.findall(plain(word)):
            if _IS_HAN.match(run):
                terms.extend(_pairs(run) or [run])
            else:
                terms.append(_JOINS.sub("", run)[:BEGINNING_MAX])
        found.append((word, list(dict.fromkeys(terms))))
    return found


def tag(kind: str, value: str) -> str:
    """Return the term of an exact value ("whose", "which"); no text has it, words have no "_"."""
    digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8)
    return f"{kind}_{digest.hexdigest()}"


def plain(text: str) -> str:
    """Return a text as compared: one width, one case."""
    return unicodedata.normalize("NFKC", text).casefold()


def joined(texts: Iterable[str], tags: Iterable[str]) -> str:
    """Return the terms of a record as the index takes them: in one order, parted by spaces."""
    terms = set(tags)
    left = TEXT_MAX
    for text in texts:
        terms |= of_text(text[:left])
        left -= len(text)
        if left <= 0:
            break
    return " ".join(sorted(terms))


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
