"""The one-time code that lets one device into the plant, and what its QR says.

The id of the device that a code is for is the hash of the code: who knows the id cannot guess the
code (80 random bits), and who has the code needs nothing else.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from domain.changes import canonical
from domain.errors import EnrolError, SyncError

PREFIX: Final = "anshao-enrol:1"
CODE_BYTES: Final = 10
CODE_LENGTH: Final = 16
TEXT_MAX: Final = 600
INVITED, WITHDRAWN = "invited", "withdrawn"  # states of a device before it is one
ACTIVE, BLOCKED, REVOKED = "active", "blocked", "revoked"
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_ALIKE: Final = str.maketrans("OIL", "011", "- \t\r\n")
_ID_DIGITS: Final = 31
_PRINT_DIGITS: Final = 32
_PARTS: Final = 5
_HEX: Final = frozenset("0123456789abcdef")


class InvitationError(EnrolError):
    """The code in view is no enrolment code of this product."""

    code = "enrol.unreadable"


class EnrolUsedError(EnrolError):
    """The code has let a device in already."""

    code = "enrol.used"


class EnrolExpiredError(EnrolError):
    """The hours of the code are over."""

    code = "enrol.expired"


class EnrolWithdrawnError(EnrolError):
    """An administrator has withdrawn the code."""

    code = "enrol.withdrawn"


class EnrolClosedError(EnrolError):
    """The code of the settings was for the first device only."""

    code = "enrol.closed"


class EnrolProofError(EnrolError):
    """The device has not proved that it has the key it shows."""

    code = "enrol.proof"


class EnrolServerError(EnrolError):
    """The server that answers is not the one of the QR: its key is another one."""

    code = "enrol.server"


class EnrolPlantError(EnrolError):
    """This device has records of one plant; the code is for another one."""

    code = "enrol.plant"


class DeviceRevokedError(SyncError):
    """This device was lost, and the server believes it no more; `why` is what somebody wrote."""

    code = "device.revoked"


REASONS: Final = {
    one.code: one
    for one in (
        EnrolUsedError, EnrolExpiredError, EnrolWithdrawnError, EnrolClosedError, EnrolProofError,
        EnrolPlantError,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an administrator shows to a new device.

    `key` is the fingerprint of the server's key, "" where nobody knows it yet.
    """

    server: str
    plant: str
    code: str
    key: str

    def text(self) -> str:
        """Return the text of the QR."""
        return "|".join((PREFIX, self.code, self.key, self.plant, self.server))


def read(text: str) -> Invitation:
    """Read the text of a QR; raises InvitationError for anything else."""
    parts = text.split("|") if len(text) <= TEXT_MAX else []
    if len(parts) != _PARTS or parts[0] != PREFIX:
        raise InvitationError
    _, code, key, plant, server = parts
    found = Invitation(server, plant, normal(code), key)
    if len(found.code) != CODE_LENGTH or set(found.code) - set(_ALPHABET):
        raise InvitationError
    if key and (len(key) != _PRINT_DIGITS or set(key) - _HEX):
        raise InvitationError
    return found


def make_code(random: bytes) -> str:
    """Return a code of 16 letters and digits made of 10 random bytes."""
    assert len(random) == CODE_BYTES
    value = int.from_bytes(random)
    return "".join(_ALPHABET[value >> 5 * at & 31] for at in range(CODE_LENGTH))


def spaced(code: str) -> str:
    """Return a code in groups of four, as people read it out."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def normal(code: str) -> str:
    """Return a code as it was made, however it was typed."""
    return code.upper().translate(_ALIKE)


def device_of(code: str) -> str:
    """Return the id of the device that a code lets in."""
    digest = hashlib.sha256(b"anshao-invite-v1\0" + normal(code).encode()).hexdigest()
    return f"d{digest[:_ID_DIGITS]}"


def is_invited_id(device_id: str) -> bool:
    """Say whether an id can be that of an invited device."""
    digits = device_id[1:]
    return device_id[:1] == "d" and len(digits) == _ID_DIGITS and not set(digits) - _HEX


def fingerprint(public_key: bytes) -> str:
    """Return the digits by which people and QR codes know a server's key."""
    return hashlib.sha256(public_key).hexdigest()[:_PRINT_DIGITS]


def proof_bytes(code: str, device_name: str, public_key: str) -> bytes:
    """Return what a device signs with its new key when it asks to be taken."""
    return b"anshao-enrol-v1\0" + canonical([code, device_name, public_key])
