"""Make a language that nobody speaks: `python -m tools.pseudo FOLDER` writes FOLDER/xx.po.

Every text of the English catalog in brackets, with accents and about 40 % longer, its placeholders
kept. Shown with it, a text without brackets stands in the code, and one that is cut has no room for
longer languages. It is for tests and for looking; it is never shipped.
"""

import argparse
import re
import sys
from pathlib import Path

from tools.catalogs import LOCALE, read_catalog, write_catalog

LANGUAGE = "xx"
NAME = "Pseudo"
OPENING, CLOSING = "[!! ", " !!]"
LONGER = 0.4
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ACCENTED = "ȦƁƇḒḖƑƓĦĪĴĶĿḾȠǾƤɊŘŞŦŬṼẆẊẎẐȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏẑ"
_LETTERS = str.maketrans(_PLAIN, _ACCENTED)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_FILLER = "ẋ"


def pseudo(text: str) -> str:
    """Return a text as somebody would see it in the language that nobody speaks."""
    parts: list[str] = []
    at = 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [text[at : found.start()].translate(_LETTERS), found[0]]
        at = found.end()
    parts.append(text[at:].translate(_LETTERS))
    words = len(_PLACEHOLDER.sub("", text))
    return f"{OPENING}{''.join(parts)}{_FILLER * max(1, round(words * LONGER))}{CLOSING}"


def write(folder: Path, source: Path = LOCALE) -> Path:
    """Write the catalog of the language into a folder, and return its file."""
    english = read_catalog(source / "en.po")
    texts = {key: pseudo(text) for key, text in english.items()} | {"language.name": pseudo(NAME)}
    path = folder / f"{LANGUAGE}.po"
    write_catalog(path, LANGUAGE, texts)
    return path


def main() -> int:
    """Write it where the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="where the catalog goes")
    sys.stdout.write(f"{write(parser.parse_args().folder)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
