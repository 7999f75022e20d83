"""The command `anshao first-pin`: the way in for the first administrator of a new plant."""

import argparse

from commands import AddParser, ServerOf, add_language, speaker


def add(add_parser: AddParser, server_of: ServerOf) -> None:
    """Add the command; `server_of` returns the server's settings."""

    def run(options: argparse.Namespace) -> int:
        from server import first_pin

        pin = first_pin.give(server_of(options), options.person)
        print(speaker(options.language)("first_pin.made", person=options.person, pin=pin))
        return 0

    part = add_parser("first-pin", help="give the first administrator of a new plant a PIN")
    part.add_argument("person", metavar="PERSON", help="id of an administrator, as in the plant")
    add_language(part)
    part.set_defaults(run=run, host=None, port=None, tls=False, demo=False)
