"""Pages of a SQLCipher file, opened one by one: for a file that SQLCipher itself gives up on.

Layout of version 4: `Seal.page_bytes` bytes, AES-256-CBC, the last 80 of them the IV and an
HMAC-SHA512 of page and number; the first 16 bytes of the file are the salt of the HMAC's key
(`Seal.salt`).
"""

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from offline_store import sealing
from offline_store.sealing import Seal

RESERVED: Final = 80
PLAIN_HEADER: Final = b"SQLite format 3\0"
_IV, _MAC, _SALT = 16, 64, 16

Decode = Callable[[bytes, int], bytes]


def decoder(seal: Seal) -> Decode:
    """Return what opens a page, by its bytes and number. A changed page gives rubbish in part."""
    key, size = seal.database, seal.page_bytes

    def decode(page: bytes, number: int) -> bytes:
        if len(page) < size:
            return page
        start = _SALT if number == 1 else 0
        iv = page[size - RESERVED : size - _MAC]
        opening = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        plain = opening.update(page[start : size - RESERVED]) + opening.finalize()
        return (PLAIN_HEADER if start else b"") + plain + bytes(RESERVED)

    return decode


def any_fits(file: Path, seal: Seal) -> bool:
    """Say whether some page of the file was sealed with this key: the first one nearly always."""
    with file.open("rb") as source:
        key = _mac_key(seal)
        number = 1
        while len(page := source.read(seal.page_bytes)) == seal.page_bytes:
            if _fits(page, number, key):
                return True
            number += 1
    return False


def fits(seal: Seal, file: Path) -> bool:
    """Say whether a file that is there may be one that was sealed with this key."""
    with file.open("rb") as source:
        head = source.read(len(PLAIN_HEADER))
    if seal.way == "cipher":
        return head != PLAIN_HEADER and any_fits(file, seal)
    return _some_value_opens(file, seal)


def _some_value_opens(file: Path, seal: Seal) -> bool:
    """Say whether a value of the store's own opens; a file that SQLite cannot read is damaged."""
    connection = sealing.connect(file, None)
    try:
        rows = connection.execute("SELECT body FROM keep LIMIT 5").fetchall()
    except sealing.errors():
        return True  # damaged, or without tables yet: others say what
    finally:
        connection.close()
    for (body,) in rows:
        try:
            seal.open(bytes(body))
        except ValueError:
            continue
        return True
    return not rows


def _mac_key(seal: Seal) -> bytes:
    salt = bytes(byte ^ 0x3A for byte in seal.salt)
    return hashlib.pbkdf2_hmac("sha512", seal.database, salt, 2, 32)


def _fits(page: bytes, number: int, key: bytes) -> bool:
    start = _SALT if number == 1 else 0
    signed, told = page[start:-_MAC], page[-_MAC:]
    made = hmac.digest(key, signed + number.to_bytes(4, "little"), hashlib.sha512)
    return hmac.compare_digest(told, made)
