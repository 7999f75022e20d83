"""The command `anshao invite`: a one-time code, to scan from the terminal or to type."""

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from commands import AddParser, ServerOf, add_language, speaker

if TYPE_CHECKING:
    from server.settings import ServerSettings

HOURS, HOURS_MAX = 24, 168
_ANYWHERE = frozenset(("0.0.0.0", "::", ""))  # noqa: S104 - read, not listened on


def add(
    add_parser: AddParser, settings_of: ServerOf, addresses: Callable[[], Sequence[str]]
) -> None:
    """Add the command; `settings_of` gives the server's settings, `addresses` this machine's."""

    def run(options: argparse.Namespace) -> int:
        from server import standing

        settings, t = settings_of(options), speaker(options.language)
        if not standing.stands(settings):
            print(t("invite.first", folder=settings.home), file=sys.stderr)
        address = options.server or _address(settings, addresses)
        if not options.server and _is_loopback(settings.host):
            print(t("invite.loopback", host=settings.host), file=sys.stderr)
        print(made(settings, address, options.hours, options.language))
        return 0

    part = add_parser("invite", help="make a one-time code for a device, at the server's machine")
    part.add_argument("--server", metavar="URL", help="address at which the device finds us")
    part.add_argument("--hours", type=_hours, default=HOURS, metavar="N", help="1 to 168")
    part.add_argument("--demo", action="store_true", help="for the server of `anshao demo`")
    add_language(part)
    part.set_defaults(run=run, host=None, port=None, tls=False)


def _hours(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= HOURS_MAX:
        message = f"{text} is not a number of hours from 1 to {HOURS_MAX}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _address(settings: "ServerSettings", own: Callable[[], Sequence[str]]) -> str:
    """Return where devices find the server: where it listens, else at this machine's address."""
    scheme = "https" if settings.tls else "http"
    anywhere = settings.host in _ANYWHERE or _is_loopback(settings.host)
    return f"{scheme}://{own()[-1] if anywhere else settings.host}:{settings.port}"


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def made(settings: "ServerSettings", address: str, hours: int, language: str) -> str:
    """Make a code for one device that finds the server at `address`; return what to print.

    Works beside a running server, and before its first start. Raises ServerAddressError.
    """
    import segno

    from app.use_cases.enrolment import address_of
    from domain.invitations import Invitation, fingerprint, spaced
    from server import clock, enrolment, keys, pack
    from server.keys import public_bytes

    address = address_of(address)
    today = clock.moment(clock.now_ms()).date()  # UTC: the plant's code hangs on no date
    files = pack.without_pins(pack.load_files(settings.definitions))
    plant = pack.read_definitions(files, today).plant
    code, until_ms = enrolment.invite(settings, hours)
    key = public_bytes(keys.server_key(settings.home / "keys"))
    invitation = Invitation(address, plant.code, code, fingerprint(key))
    drawn = io.StringIO()
    segno.make_qr(invitation.text(), error="m").terminal(drawn, border=2, compact=True)
    t = speaker(language, plant.timezone)
    return drawn.getvalue() + t(
        "invite.made",
        address=address,
        plant=plant.code,
        code=spaced(code),
        until=t.stamp(until_ms),
        zone=plant.timezone,
        key=invitation.key,
    )
