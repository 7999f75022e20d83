"""Bytes under a passphrase: scrypt makes the key, AES-256-GCM seals; the header is sealed with it.

Guessing costs 128 MiB and some 0.4 s a try on one core. A passphrase of five random words holds.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

_MAGIC = b"anshao-sealed-1\n"
_SALT, _NONCE = 16, 12
_N, _R, _P = 2**17, 8, 1


class WrongPhraseError(Exception):
    """These bytes were not sealed with that passphrase, or they are damaged."""


def seal(data: bytes, phrase: str) -> bytes:
    """Return the bytes sealed with a passphrase."""
    head = _MAGIC + os.urandom(_SALT)
    nonce = os.urandom(_NONCE)
    return head + nonce + AESGCM(_key(head, phrase)).encrypt(nonce, data, head)


def unseal(data: bytes, phrase: str) -> bytes:
    """Return what was sealed; raises WrongPhraseError."""
    end = len(_MAGIC) + _SALT
    head, nonce, rest = data[:end], data[end : end + _NONCE], data[end + _NONCE :]
    if not head.startswith(_MAGIC) or len(nonce) < _NONCE:
        raise WrongPhraseError
    try:
        return AESGCM(_key(head, phrase)).decrypt(nonce, rest, head)
    except InvalidTag as error:
        raise WrongPhraseError from error


def _key(head: bytes, phrase: str) -> bytes:
    salt = head[len(_MAGIC) :]
    return Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(phrase.encode())
