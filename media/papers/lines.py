"""Texts of people made fit for paper: printable signs, broken into lines, nothing lost silently.

What moves the cursor or turns the direction of writing becomes a dot, what the font lacks a box;
the numbers of the latter are collected, so that the page can name them.
"""

import unicodedata
from collections.abc import Callable, Container

MISSING = "□"
SILENT = "·"
_SPACES = {"\t": "    ", "\u3000": "\u3000", "\xa0": " ", "\u202f": " "}
_NOT_FIRST = "，。、；：！？）》」』】%°"  # must not begin a line


class Cleaner:
    """Makes texts fit for one font; `lacking` are the signs that it did not have."""

    def __init__(self, known: Container[int]) -> None:
        """Take the code points that the font has."""
        self._known = known
        self.lacking: dict[str, None] = {}

    def __call__(self, text: str) -> str:
        """Return the text with one kind of line break and every other sign printable."""
        plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
        return "".join(self._sign(sign) for sign in plain)

    def _sign(self, sign: str) -> str:
        if sign in "\n\u2028\u2029\x0b\x0c":
            return "\n"
        if sign in _SPACES:
            return _SPACES[sign]
        if unicodedata.category(sign)[0] == "C":
            return SILENT
        if ord(sign) not in self._known:
            self.lacking[sign] = None
            return MISSING
        return sign


def wrap(text: str, width_of: Callable[[str], float], width: float) -> list[str]:
    """Break a clean text into lines of at most `width`, in the unit of `width_of` a single sign.

    At spaces and between Chinese characters; a word wider than a line is broken where it must be.
    """
    lines: list[str] = []
    for part in text.split("\n"):
        lines += _part(part.rstrip(), width_of, width)
    return lines


def _part(text: str, width_of: Callable[[str], float], width: float) -> list[str]:
    lines: list[str] = []
    begin = at = 0
    room = width
    best = 0  # the last place in this line where it may break
    while at < len(text):
        need = width_of(text[at])
        if need > room and at > begin:
            end = best if best > begin else at
            lines.append(text[begin:end].rstrip())
            begin = end
            while begin < len(text) and text[begin] == " ":
                begin += 1
            at, room, best = begin, width, begin
            continue
        room -= need
        at += 1
        if at < len(text) and _breakable(text[at - 1], text[at]):
            best = at
    lines.append(text[begin:])
    return lines


def _breakable(before: str, after: str) -> bool:
    if after in _NOT_FIRST:
        return False
    return " " in (before, after) or ord(before) >= 0x2E80 or ord(after) >= 0x2E80
