"""The commands `anshao export`, `verify` and `key`: proof files, and what to check them with."""

import argparse
import getpass
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from commands import AddParser, ServerOf, add_language, looking_in, write

if TYPE_CHECKING:
    from app.settings import ClientSettings

ClientOf = Callable[[argparse.Namespace], "ClientSettings"]


def add(add_parser: AddParser, server_of: ServerOf, client_of: ClientOf, root: Path) -> None:
    """Add the three commands; `root` is where our assets are."""
    part = add_parser("export", help="write the proof file of a record")
    part.add_argument("record", metavar="RECORD", help="its id, or its short code")
    part.add_argument("--out", type=Path, metavar="FILE", required=True, help="file to write")
    part.add_argument("--store", type=Path, metavar="DIR", help="of a device, not of the server")
    part.add_argument("--thumbnails", action="store_true", help="small pictures, no originals")
    part.add_argument("--demo", action="store_true", help="of the server of `anshao demo`")
    add_language(part)
    part.set_defaults(run=partial(export, server_of, client_of), host=None, port=None, tls=False)

    part = add_parser("verify", help="say what of a proof file holds")
    part.add_argument("file", type=Path, metavar="FILE", help="what `anshao export` wrote")
    part.add_argument("--key", type=Path, metavar="PLANT.pub", help="the plant's public key")
    add_language(part)
    part.set_defaults(run=partial(verify, root))

    part = add_parser("key", help="give the plant's public key")
    part.add_argument("--out", type=Path, metavar="FILE", help="file to write; none: print it")
    part.add_argument("--demo", action="store_true", help="of the server of `anshao demo`")
    add_language(part, "of refusals")
    part.set_defaults(run=partial(key, server_of), host=None, port=None, tls=False)


def export(server_of: ServerOf, client_of: ClientOf, options: argparse.Namespace) -> int:
    """Write the proof file of a record: of the server's, or with --store of a device's."""
    if options.store:
        from app.use_cases import proofs as device

        ask = partial(getpass.getpass, "passphrase: ")
        settings = client_of(options)
        with looking_in(settings.store):
            data = device.export(settings, options.record, ask, small=options.thumbnails)
    else:
        from server import proofs as server

        here = server_of(options)
        with looking_in(here.home):
            data = server.export(here, options.record, small=options.thumbnails)
    write(options.out, data)
    return 0


def verify(root: Path, options: argparse.Namespace) -> int:
    """Say what of a proof file holds; the code it ends with says so too (docs: commands.md)."""
    from app import proofs
    from app.translate import read_catalogs

    catalogs = read_catalogs(root / "assets" / "locale")
    found = proofs.verify(options.file, options.key, catalogs, options.language)
    encoding = sys.stdout.encoding or "utf-8"  # a console that lacks a sign shows another
    print("\n".join(found.lines).encode(encoding, "replace").decode(encoding))
    return found.exit_code


def key(server_of: ServerOf, options: argparse.Namespace) -> int:
    """Write the plant's public key, which others check proof files and receipts with."""
    from server import proofs

    pem = proofs.public_pem(server_of(options))
    if options.out:
        write(options.out, pem)
    else:
        print(pem.decode("ascii"), end="")
    return 0
