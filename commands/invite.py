"""The command `anshao invite`: a one-time code, to scan from the terminal or to type."""

import argparse
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from commands import AddParser, ServerOf

if TYPE_CHECKING:
    from server.settings import ServerSettings

HOURS, HOURS_MAX = 24, 168


def add(
    add_parser: AddParser, settings_of: ServerOf, addresses: Callable[[], Sequence[str]]
) -> None:
    """Add the command; `settings_of` gives the server's settings, `addresses` this machine's."""

    def run(options: argparse.Namespace) -> int:
        settings = settings_of(options)
        scheme = "https" if settings.tls else "http"
        address = options.server or f"{scheme}://{addresses()[-1]}:{settings.port}"
        print(made(settings, address, options.hours))
        return 0

    part = add_parser("invite", help="make a one-time code for a device, at the server's machine")
    part.add_argument("--server", metavar="URL", help="address at which the device finds us")
    part.add_argument("--hours", type=_hours, default=HOURS, metavar="N", help="1 to 168")
    part.add_argument("--demo", action="store_true", help="for the server of `anshao demo`")
    part.set_defaults(run=run, host=None, port=None, tls=False)


def _hours(text: str) -> int:
    number = int(text)
    if not 1 <= number <= HOURS_MAX:
        raise argparse.ArgumentTypeError(text)
    return number


def made(settings: "ServerSettings", address: str, hours: int) -> str:
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
    until = clock.moment(until_ms).isoformat(timespec="minutes")
    lines = (
        drawn.getvalue(),
        f"server       {address}",
        f"plant        {plant.code}",
        f"code         {spaced(code)}   (one device, until {until})",
        f"server key   {invitation.key}",
        "Scan it on the device's first page, or type address and code there.",
    )
    return "\n".join(lines)
