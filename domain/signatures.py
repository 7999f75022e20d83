"""Whether a signature is a key's own: Ed25519, the only kind in this product."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.errors import FieldError, SyncError


class ChainForgedError(SyncError):
    """From entry `number` on the chain is not what this device signed: its file was changed."""

    code = "sync.forged"


class SignatureWrongError(SyncError):
    """The server sent a decision (`device`, `number`) that its device has not signed."""

    code = "sync.signature"


class KeyMissingError(SyncError):
    """This device belongs to the plant, and the file of its key is gone or unreadable."""

    code = "key.missing"


class KeyOtherError(SyncError):
    """The key file here is not that of the key with which this device was taken."""

    code = "key.other"


class UnprovedError(FieldError):
    """A decision whose own signature is missing or wrong."""

    code = "entry.signature"


def verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether the owner of a public key signed exactly this message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):  # ValueError: a key that is none
        return False
    return True
