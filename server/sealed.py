"""Bytes under a passphrase: argon2id makes the key as for a device, AES-256-GCM seals.

The header, with salt and cost, is sealed along. What the version before sealed is read still.
"""

import json
import os
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from offline_store import passphrase_key

_MAGIC, _BEFORE = b"anshao-sealed-2\n", b"anshao-sealed-1\n"
_FACTS_MAX = 256
_SALT_BEFORE, _NONCE = 16, 12


class WrongPhraseError(Exception):
    """These bytes were not sealed with that passphrase, or they are damaged."""


def seal(data: bytes, phrase: str) -> bytes:
    """Return the bytes sealed with a passphrase."""
    facts = passphrase_key.new_facts()
    head = _MAGIC + json.dumps(facts, sort_keys=True).encode() + b"\n"
    nonce = os.urandom(_NONCE)
    key = passphrase_key.stretch(passphrase_key.as_bytes(phrase), facts)
    return head + nonce + AESGCM(key).encrypt(nonce, data, head)


def unseal(data: bytes, phrase: str) -> bytes:
    """Return what was sealed; raises WrongPhraseError."""
    if data.startswith(_BEFORE):
        end = len(_BEFORE) + _SALT_BEFORE
        key = passphrase_key.stretch_before(phrase, data[len(_BEFORE) : end])
    else:
        end = data.find(b"\n", len(_MAGIC), len(_MAGIC) + _FACTS_MAX) + 1
        if not data.startswith(_MAGIC) or not end:
            raise WrongPhraseError
        key = _key(data[len(_MAGIC) : end], phrase)
    head, nonce, rest = data[:end], data[end : end + _NONCE], data[end + _NONCE :]
    if len(nonce) < _NONCE:
        raise WrongPhraseError
    try:
        return AESGCM(key).decrypt(nonce, rest, head)
    except InvalidTag as error:
        raise WrongPhraseError from error


def _key(line: bytes, phrase: str) -> bytes:
    try:
        facts = json.loads(line)
        if not isinstance(facts, dict):
            raise WrongPhraseError
        told = cast("dict[str, Any]", facts)
        return passphrase_key.stretch(passphrase_key.as_bytes(phrase), told)
    except ValueError as error:  # no JSON, or a cost that is none
        raise WrongPhraseError from error
