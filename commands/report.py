"""The command `anshao report`: a hazard or an inspection of the server as PDF."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commands import AddParser, ServerOf, SetupError, add_language, looking_in, write

if TYPE_CHECKING:
    from server.settings import ServerSettings

REASONS: Final = {
    "clip": "a clip is not signed",
    "removed": "it was removed",
    "elsewhere": "the picture has not arrived yet",
}


def add(add_parser: AddParser, server_of: ServerOf, root: Path) -> None:
    """Add the command; `root` is where our assets are."""
    part = add_parser("report", help="write a hazard or an inspection as PDF")
    part.add_argument("record", metavar="RECORD", help="its id, or its short code")
    part.add_argument("--out", type=Path, metavar="FILE", required=True, help="file to write")
    part.add_argument("--data", type=Path, metavar="DIR", help="folder of the server's data")
    part.add_argument(
        "--credentials",
        type=Path,
        metavar="FOLDER",
        help="also write the photos there, each with content credentials (C2PA)",
    )
    part.add_argument("--demo", action="store_true", help="of the server of `anshao demo`")
    add_language(part, "of the report")
    part.set_defaults(run=partial(report, server_of, root), host=None, port=None, tls=False)


def report(server_of: ServerOf, root: Path, options: argparse.Namespace) -> int:
    """Write the report of a record; with --credentials its photos beside it."""
    from app.translate import Translator, read_catalogs, translator
    from server import papers

    settings = server_of(options)
    if options.data:
        settings = settings.model_copy(update={"home": options.data.resolve()})
    catalogs = read_catalogs(root / "assets" / "locale")

    def words_of(zone: str) -> Translator:
        return translator(catalogs, options.language, zone)

    with looking_in(settings.home):
        if options.credentials:
            _credentials(settings, options.record, options.credentials)
        pages = papers.make(settings, options.record, words_of)
    write(options.out, pages)
    return 0


def _credentials(settings: "ServerSettings", record: str, folder: Path) -> None:
    """Write the signed copies of the photos and the certificate to trust."""
    from server import papers
    from server.credentials import ROOT_NAME

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be made ({error.strerror}); choose another --credentials"
        raise SetupError(message) from error
    for one in papers.signed_photos(settings, record):
        if one.reason:
            print(f"left out: {one.name} ({REASONS[one.reason]})")
            continue
        write(folder / (one.name if one.name == ROOT_NAME else f"{one.name}.jpg"), one.data)
