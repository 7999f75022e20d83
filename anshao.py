"""The command `anshao`: server, field client, demo, labels, proofs, backups and benchmarks.

Settings come from flags, then ANSHAO_* of the environment, then one file, ANSHAO_HOME/anshao.toml;
docs/reference/settings.md lists them. What this command prints is for the person who runs the
machine, in English; people in the field see the catalogs.
"""

import argparse
import os
import socket
import sys
import tomllib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from commands import (
    SetupError,
    add_language,
    backup,
    first_pin,
    invite,
    proofs,
    report,
    speaker,
    take_in,
    unlock,
    write,
)
from domain.errors import FieldError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from app.settings import ClientSettings
    from domain.definitions import Definitions
    from server.settings import ServerSettings
    from server.tls import TlsFiles

Settings = TypeVar("Settings", bound="BaseModel")
ROOT = Path(__file__).resolve().parent
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what --tls is for: phones in the plant's own network


def home() -> Path:
    """Return the folder of all data: ANSHAO_HOME, else `.anshao` in the user's home."""
    named = os.environ.get("ANSHAO_HOME")
    return Path(named).expanduser().resolve() if named else Path.home() / ".anshao"


def read_settings(
    model: "type[Settings]",
    table: str,
    flags: Mapping[str, object],
    defaults: Mapping[str, object],
) -> "Settings":
    """Build settings: a flag wins over ANSHAO_<TABLE>_<FIELD>, that over [table] of the file.

    A flag that is None was not given. Raises SetupError naming each setting that does not fit.
    """
    from pydantic import ValidationError

    values = {**defaults, **_file_table(table)}
    for name in model.model_fields:
        from_environment = os.environ.get(f"ANSHAO_{table.upper()}_{name.upper()}")
        if from_environment is not None:
            values[name] = from_environment
    values |= {name: value for name, value in flags.items() if value is not None}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [
            f"  {table}.{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        ]
        message = "these settings do not fit (docs/reference/settings.md):\n" + "\n".join(lines)
        raise SetupError(message) from error


def _file_table(table: str) -> dict[str, object]:
    path = home() / "anshao.toml"
    if not path.exists():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise SetupError(message) from error
    unknown = sorted(content.keys() - {"server", "client"})
    if unknown:
        message = f"{path}: unknown {', '.join(unknown)}; the tables are [server] and [client]"
        raise SetupError(message)
    return cast("dict[str, object]", content.get(table, {}))


def server_settings(options: argparse.Namespace) -> "ServerSettings":
    """Return the server's settings with the flags of `serve` on top."""
    from server.settings import ServerSettings

    flags: dict[str, object] = {"host": options.host, "port": options.port}
    defaults: dict[str, object] = {"home": home() / "server"}
    if options.tls:
        files = tls_files()
        flags |= {"tls_certificate": files.certificate, "tls_key": files.key, "tls_ca": files.ca}
        defaults["host"] = EVERYWHERE
    return read_settings(ServerSettings, "server", flags, defaults)


def client_settings(options: argparse.Namespace) -> "ClientSettings":
    """Return one device's settings with the flags of `client` on top."""
    from app.settings import ClientSettings

    flags: dict[str, object] = {"host": options.host, "port": options.port, "store": options.store}
    defaults: dict[str, object] = {"store": home() / "client"}
    if options.tls:
        files = tls_files()
        flags |= {"certificate": files.certificate, "private_key": files.key}
        defaults["host"] = EVERYWHERE
    return read_settings(ClientSettings, "client", flags, defaults)


def tls_files() -> "TlsFiles":
    """Return the plant CA and a certificate for all names of this machine, made when missing."""
    from server import clock, tls

    hosts = ("localhost", "127.0.0.1", *own_addresses())
    return tls.ensure(home() / "tls", hosts, "demo", clock.moment(clock.now_ms()))


def own_addresses() -> tuple[str, ...]:
    """Return the name and the IPv4 addresses under which others in the network reach us."""
    names = [socket.gethostname()]
    try:
        names += socket.gethostbyname_ex(names[0])[2]
    except OSError:  # a machine whose own name does not resolve is still reached by address
        names.append("127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: nothing is sent, only a route is chosen
            names.append(str(probe.getsockname()[0]))
        except OSError:  # no network: loopback is all there is
            names.append("127.0.0.1")
    return tuple(dict.fromkeys(names))


def refuse_taken_port(host: str, port: int, setting: str) -> None:
    """Raise SetupError when another program listens on the port already."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # on Windows this option would let two programs share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = (
                f"port {port} on {host} cannot be used ({error.strerror}).\n"
                f"Stop the program that listens there, or choose another port:"
                f" {setting}={port + 10} in the environment, or --port where there is one."
            )
            raise SetupError(message) from error


def serve(options: argparse.Namespace) -> int:
    """Run the reference server until it is stopped."""
    settings = server_settings(options)
    refuse_taken_port(settings.host, settings.port, "ANSHAO_SERVER_PORT")
    from server.main import run

    scheme = "https" if settings.tls else "http"
    where = f"server: {scheme}://{settings.host}:{settings.port}  (Ctrl-C stops it)"
    run(settings, listening=partial(print, where, flush=True))
    return 0


def client(options: argparse.Namespace) -> int:
    """Run one field client: in the browser, or in a window of its own."""
    settings = client_settings(options)
    if options.desktop:
        import main

        auto = settings.camera == "auto"  # Flet's own camera refuses desktop windows
        main.run(settings.model_copy(update={"camera": "desktop"}) if auto else settings)
        return 0
    import main_web

    refuse_taken_port(settings.host, settings.port, "ANSHAO_CLIENT_PORT")
    scheme = "https" if settings.certificate else "http"
    print(f"client: {scheme}://{settings.host}:{settings.port}  (Ctrl-C stops it)", flush=True)
    main_web.run_web(settings)
    return 0


def demo(options: argparse.Namespace) -> int:
    """Run the demo plant: one server and some field clients, until Ctrl-C."""
    import anshao_demo

    plain = argparse.Namespace(host=None, port=None, store=None, tls=False)
    server, first = server_settings(plain).port, client_settings(plain).port
    refuse_taken_port("127.0.0.1", server, "ANSHAO_SERVER_PORT")
    for port in range(first, first + options.clients):
        refuse_taken_port("127.0.0.1", port, "ANSHAO_CLIENT_PORT")
    folder = home() / "demo"
    if options.reset:
        anshao_demo.reset(folder)
    ca = tls_files().ca if options.tls else None
    wanted = anshao_demo.parts(folder, server, first, options.clients, ca)
    notes = anshao_demo.people(demo_definitions())
    if ca:
        notes += anshao_demo.for_phones(wanted, own_addresses())
    try:
        return anshao_demo.run(folder, wanted, notes, ca)
    except anshao_demo.DemoError as error:
        raise SetupError(str(error)) from error


def demo_definitions() -> "Definitions":
    """Return the definitions that ship with us; dates in them count from today."""
    from server import clock
    from server.pack import load_files, read_definitions

    today = clock.moment(clock.now_ms()).date()  # UTC: people and PINs hang on no date
    return read_definitions(load_files(ROOT / "assets" / "definitions"), today)


def labels(options: argparse.Namespace) -> int:
    """Print the signed labels of the plant's equipment and checkpoints as a PDF."""
    from domain.errors import LabelUnknownError
    from server.labels import print_sheet

    try:
        pages = print_sheet(_server_of(options), options.language, options.ids)
    except LabelUnknownError as error:
        message = f"the plant has no {error.params['text']}; without ids all labels are printed"
        raise SetupError(message) from error
    write(options.out, pages)
    return 0


def _server_of(options: argparse.Namespace) -> "ServerSettings":
    """Return the server's settings; with --demo those of the demo's server."""
    settings = server_settings(options)
    if not options.demo:
        return settings
    return settings.model_copy(update={"home": home() / "demo" / "server"})


def _worded(error: FieldError, language: str) -> str:
    """Return why, and what to do now."""
    from app.proofs import clean

    return "\n".join(clean(line) for line in speaker(language).error(error))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    top = argparse.ArgumentParser(prog="anshao", description=(__doc__ or "").split("\n", 1)[0])
    names = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    part = names.add_parser("serve", help="run the reference server")
    _add_address(part, "8000")
    part.set_defaults(run=serve)

    part = names.add_parser("client", help="run one field client")
    where = part.add_mutually_exclusive_group()
    where.add_argument("--web", action="store_true", help="in the browser (default)")
    where.add_argument("--desktop", action="store_true", help="in a window of its own")
    part.add_argument("--store", type=Path, metavar="DIR", help="folder of this device's data")
    _add_address(part, "8550")
    part.set_defaults(run=client)

    part = names.add_parser("demo", help="server and field clients on the demo plant")
    part.add_argument("--reset", action="store_true", help="throw the demo's data away first")
    part.add_argument("--clients", type=_few, default=1, metavar="N", help="devices, 1 to 9")
    part.add_argument("--tls", action="store_true", help="https with the plant CA, for phones")
    part.set_defaults(run=demo)

    part = names.add_parser("labels", help="print signed labels as a PDF sheet")
    part.add_argument("ids", nargs="*", metavar="ID", help="equipment or checkpoints; none: all")
    part.add_argument(
        "--out", type=Path, default=Path("labels.pdf"), metavar="FILE", help="default labels.pdf"
    )
    add_language(part, "of the names")
    part.add_argument("--demo", action="store_true", help="for the devices of `anshao demo`")
    part.set_defaults(run=labels, host=None, port=None, tls=False)

    proofs.add(names.add_parser, _server_of, client_settings, ROOT)
    report.add(names.add_parser, _server_of, ROOT)
    take_in.add(names.add_parser, _server_of)
    invite.add(names.add_parser, _server_of, own_addresses)
    first_pin.add(names.add_parser, _server_of)
    unlock.add(names.add_parser, _server_of)
    backup.add(names.add_parser, _server_of)
    names.add_parser("bench", help="measure against a baseline")  # see main
    return top


def _add_address(part: argparse.ArgumentParser, port: str) -> None:
    part.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    part.add_argument("--port", type=int, help=f"port to listen on (default {port})")
    part.add_argument("--tls", action="store_true", help="https with the plant CA, for phones")


def _few(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 9:
        raise argparse.ArgumentTypeError(text)
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; a wrong set-up ends with what to do about it, not with a traceback."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["bench"]:  # benchmarks have flags of their own
        from benchmarks.runner import main as bench

        return bench(words[1:])
    options = parser().parse_args(words)
    try:
        return options.run(options)
    except SetupError as error:
        print(f"anshao: {error}", file=sys.stderr)
        return 2
    except FieldError as error:
        print(f"anshao: {_worded(error, getattr(options, 'language', 'en'))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
