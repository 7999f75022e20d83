"""The commands `anshao backup` and `anshao restore`; only their words and flags are here."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from commands import AddParser, ServerOf, add_language

if TYPE_CHECKING:  # what they need is loaded when they run, not with each `anshao`
    from server.backup import Backup
    from server.settings import ServerSettings

PHRASE = "ANSHAO_BACKUP_PASSPHRASE"


def add(add_parser: AddParser, server_of: ServerOf) -> None:
    """Add both commands; `server_of` gives the settings of the server that is meant."""
    part = add_parser("backup", help="back up the server, which may run meanwhile")
    what = part.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="DIR", help="folder of backups to add one to")
    what.add_argument("--check", type=Path, metavar="DIR", help="verify a backup, or the newest")
    part.add_argument(
        "--leave-photos", action="store_true",
        help="with --out: photos of an object store stay there and are only listed",
    )  # fmt: skip
    _add_common(part)
    part.set_defaults(run=_with(server_of, backup))

    part = add_parser("restore", help="make a server of a backup, where there is none")
    part.add_argument("folder", type=Path, metavar="DIR", help="a backup, or a folder of them")
    _add_common(part)
    part.set_defaults(run=_with(server_of, restore))


def _with(
    server_of: ServerOf, command: "Callable[[ServerSettings, argparse.Namespace], int]"
) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        return command(server_of(options), options)

    return run


def _add_common(part: argparse.ArgumentParser) -> None:
    part.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help=f"of the keys; else {PHRASE}"
    )
    part.add_argument("--demo", action="store_true", help="of the server of `anshao demo`")
    add_language(part, "of refusals")
    part.set_defaults(host=None, port=None, tls=False)


def backup(settings: "ServerSettings", options: argparse.Namespace) -> int:
    """Back up, or check a backup."""
    from server import backup as backups

    if options.check:
        print(f"whole: {_told(backups.check(options.check, settings))}")
        return 0
    made = backups.make(settings, options.out, _phrase(options), leave=options.leave_photos)
    print(f"backed up: {_told(made)}; {made.photos.copied} photos were new")
    if not made.is_sealed:
        print(
            f"SECRET: {made.folder / backups.SECRET} holds the plant's keys in clear. Give a"
            f" passphrase ({PHRASE} or --passphrase-file), or keep that file where nobody gets it."
        )
    if made.photos.lacking:
        print(f"LACKING: {made.folder / backups.LACKING} names photos that the server has not")
        return 1
    return 0


def restore(settings: "ServerSettings", options: argparse.Namespace) -> int:
    """Restore, and say what happens next."""
    from server import backup as backups

    found = backups.restore(settings, options.folder, _phrase(options))
    print(f"restored: {_told(found)}, to {settings.home}")
    print("Start the server now. Every device sends again by itself what came after the backup.")
    return 0


def _phrase(options: argparse.Namespace) -> str | None:
    if options.passphrase_file:
        return options.passphrase_file.read_text("utf-8").strip() or None
    return os.environ.get(PHRASE) or None


def _told(found: "Backup") -> str:
    facts = found.facts
    mb, photos = found.photo_bytes / 1_000_000, found.photos
    left = f", {len(photos.left)} of them in the object store" if photos.left else ""
    lacking = f", {len(photos.lacking)} of them LACKING" if photos.lacking else ""
    return (
        f"{found.folder}, {facts.entries} entries up to feed {facts.feed}, "
        f"{len(photos.named)} photos ({mb:.1f} MB){left}{lacking}"
    )
