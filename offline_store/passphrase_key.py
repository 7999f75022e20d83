"""The one way from a passphrase to a key: argon2id, for the store of a device and for backups.

What a guess costs stands beside what was sealed, so it can be raised without locking anybody out.
"""

import os
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
# argon2id: 64 MiB, 3 rounds, 1 lane: stronger than OWASP's least (19 MiB, 2, 1)
COST: Final = {"m": 64 * 1024, "t": 3, "p": 1}
_COST_MAX: Final = {"m": 1024 * 1024, "t": 20, "p": 16}  # a changed file must not hang the start


class CostError(ValueError):
    """What stands beside the sealed bytes is no salt and cost of ours."""


def as_bytes(text: str) -> bytes:
    """Return a passphrase as it counts: one form of each letter, no blanks around it."""
    return unicodedata.normalize("NFKC", text.strip()).encode("utf-8", "surrogatepass")


def new_facts() -> dict[str, Any]:
    """Return a new salt and today's cost, to be kept beside what is sealed; no secret."""
    return {"salt": os.urandom(SALT_BYTES).hex(), **COST}


def stretch(secret: bytes, facts: Mapping[str, Any]) -> bytes:
    """Return the key of a passphrase (`as_bytes`); raises CostError for facts that are none."""
    cost = {name: facts.get(name) for name in COST}
    salt = facts.get("salt")
    if not isinstance(salt, str) or not all(
        isinstance(value, int) and COST[name] <= value <= _COST_MAX[name]
        for name, value in cost.items()
    ):
        raise CostError
    raw = bytes.fromhex(salt)
    if len(raw) < SALT_BYTES:
        raise CostError
    return hash_secret_raw(
        secret, raw, time_cost=facts["t"], memory_cost=facts["m"], parallelism=facts["p"],
        hash_len=KEY_BYTES, type=Type.ID,
    )  # fmt: skip


def stretch_before(text: str, salt: bytes) -> bytes:
    """Return the key as backups of the version before made it (scrypt, 128 MiB); to read those."""
    return Scrypt(salt=salt, length=KEY_BYTES, n=2**17, r=8, p=1).derive(text.encode())
