"""Merge texts into the catalogs: `python -m tools.catalogs FILE.tsv ...` (or `-`: standard input).

A row is KEY<TAB>Chinese<TAB>English. Known keys get the new text, the others stay. Catalogs are
sorted by key and carry no dates, so that a change shows as the lines it touches and nothing else.
"""

import argparse
import io
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel.messages import Catalog, pofile

LOCALE = Path(__file__).resolve().parent.parent / "assets" / "locale"
LANGUAGES = ("zh", "en")  # the order of the columns


def read_rows(lines: Iterable[str], source: str) -> dict[str, tuple[str, str]]:
    """Return key -> (Chinese, English); ValueError names a line of another shape."""
    rows: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        columns = [column.strip().replace("\\n", "\n") for column in line.rstrip("\n").split("\t")]
        if len(columns) != 1 + len(LANGUAGES) or not all(columns):
            message = f"{source}:{number}: not KEY<TAB>Chinese<TAB>English: {line!r}"
            raise ValueError(message)
        key, chinese, english = columns
        rows[key] = (chinese, english)
    return rows


def read_catalog(path: Path) -> dict[str, str]:
    """Return key -> text of a catalog; empty where there is none yet."""
    if not path.exists():
        return {}
    catalog = pofile.read_po(io.BytesIO(path.read_bytes()))
    return {str(message.id): str(message.string) for message in catalog if message.id}


def write_catalog(path: Path, language: str, texts: Mapping[str, str]) -> None:
    """Write a catalog, sorted by key."""
    catalog = Catalog(locale=language, charset="utf-8")
    for key in sorted(texts):
        catalog.add(key, texts[key])
    buffer = io.BytesIO()
    pofile.write_po(buffer, catalog, width=0, omit_header=True)
    header = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n'
    header += '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.encode() + buffer.getvalue().rstrip(b"\n") + b"\n")


def main() -> int:
    """Merge the files named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("files", nargs="+", help="TSV files, or - for standard input")
    parser.add_argument("--locale", type=Path, default=LOCALE, help="folder of the catalogs")
    options = parser.parse_args()
    rows: dict[str, tuple[str, str]] = {}
    for name in options.files:
        lines = (
            sys.stdin.readlines()
            if name == "-"
            else Path(name).read_text(encoding="utf-8").splitlines()
        )
        rows |= read_rows(lines, name)
    for column, language in enumerate(LANGUAGES):
        path = options.locale / f"{language}.po"
        texts = read_catalog(path) | {key: row[column] for key, row in rows.items()}
        write_catalog(path, language, texts)
        print(f"{path.name}: {len(texts)} texts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
