"""The command `anshao unlock`: the code that opens a locked device's data once."""

import argparse

from commands import AddParser, ServerOf, add_language, speaker


def add(add_parser: AddParser, server_of: ServerOf) -> None:
    """Add the command; `server_of` returns the server's settings."""

    def unlock(options: argparse.Namespace) -> int:
        from server import unlocking

        here, too = server_of(options), options.blocked_too
        found = unlocking.code_for(here, options.request, blocked_too=too)
        t = speaker(options.language)
        print(t("unlock.made", device=found.device_id, name=found.name, code=found.code))
        return 0

    part = add_parser("unlock", help="make the code that opens a device's data once")
    part.add_argument("request", metavar="REQUEST", help="what the locked device shows")
    part.add_argument("--blocked-too", action="store_true", help="also for a blocked device")
    part.add_argument("--demo", action="store_true", help="of the server of `anshao demo`")
    add_language(part)
    part.set_defaults(run=unlock, host=None, port=None, tls=False)
