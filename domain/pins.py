"""PINs as scrypt hashes: what a device holds to check a PIN offline.

Text form "scrypt$n$r$p$salt$hash$digits", salt and hash in hex; `digits` is how long the PIN is, so
that the pad knows when it is complete (its length shows on every sign-in screen anyway). A hash can
be tried offline by whoever copies it: n = 2**14, r = 8, p = 1 costs about 50 ms and 16 MB a try
(RFC 7914 §2, its figures for interactive use), with a salt of its own for every person.
"""

import hashlib
import hmac

N, R, P = 2**14, 8, 1
HASH_BYTES = 32
_PARTS = 7


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
