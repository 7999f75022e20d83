"""PINs as scrypt hashes: what a device holds to check a PIN offline.

Text form "scrypt$n$r$p$salt$hash$digits", salt and hash in hex; `digits` is how long the PIN is, so
that the pad knows when it is complete (its length shows on every sign-in screen anyway). A hash can
be tried offline by whoever copies it: n = 2**14, r = 8, p = 1 costs about 50 ms and 16 MB a try
(RFC 7914 §2, its figures for interactive use), with a salt of its own for every person.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable

from domain.access import Access

N, R, P = 2**14, 8, 1
HASH_BYTES = 32
SHORT, LONG = 4, 6  # digits
_PARTS = 7
_VERIFIER = re.compile(
    rf"scrypt\${N}\${R}\${P}\$[0-9a-f]{{32}}\$[0-9a-f]{{{2 * HASH_BYTES}}}\$[46]"
)
_STAIRS = "01234567890 09876543210"


def hash_pin(pin: str, salt: bytes) -> str:
    """Return the hash of a PIN in its text form."""
    made = hashlib.scrypt(pin.encode(), salt=salt, n=N, r=R, p=P, dklen=HASH_BYTES)
    return f"scrypt${N}${R}${P}${salt.hex()}${made.hex()}${len(pin)}"


def fits(pin: str, stored: str) -> bool:
    """Say whether a PIN makes the stored hash; other costs than ours are not tried."""
    parts = stored.split("$")
    if len(parts) != _PARTS or parts[:4] != ["scrypt", str(N), str(R), str(P)]:
        return False
    return hmac.compare_digest(hash_pin(pin, bytes.fromhex(parts[4])), stored)


def digits(stored: str) -> int:
    """Return how many digits the PIN has."""
    return int(stored.rpartition("$")[2])


def digits_for(access: Access, roles: Iterable[str]) -> int:
    """Return how long a new PIN of somebody with these roles is: who may act everywhere needs more.

    A shorter one from before stays until it is changed.
    """
    everywhere = any(
        access.scopes[permission.scope].subject is None
        for role in roles
        for permission in access.permissions.get(role, ())
    )
    return LONG if everywhere else SHORT


def is_verifier(text: str) -> bool:
    """Return whether a text is a hash as `hash_pin` makes it, with a salt of 16 bytes."""
    return _VERIFIER.fullmatch(text) is not None


def is_easy(pin: str) -> bool:
    """Return whether a PIN is among the first that anybody would try: 1111, 1234, 4321."""
    return len(set(pin)) == 1 or pin in _STAIRS


def drawn(length: int, digit: Callable[[], str]) -> str:
    """Return a PIN of drawn digits; a handful of all is easy, and those are drawn again."""
    while True:
        pin = "".join(digit() for _ in range(length))
        if not is_easy(pin):
            return pin
