"""Which passphrases may guard a device that has no key store: long enough for a copied folder."""

from domain.errors import FieldError

MIN_LENGTH = 12  # letters; a Han character counts as two
DIGITS_MIN = 20  # digits alone
_DISTINCT_MIN = 6
_LONGEST = 200
_STAIRS = "01234567890abcdefghijklmnopqrstuvwxyzqwertyuiopasdfghjklzxcvbnm"


class PassphraseWeakError(FieldError):
    """A new passphrase that would be guessed; `length` says how many letters it must have."""

    code = "passphrase.weak"


def require_strong(text: str, min_length: int = MIN_LENGTH) -> None:
    """Raise PassphraseWeakError for a passphrase too short, too plain, or with too few letters."""
    if (
        weight(text) < (max(min_length, DIGITS_MIN) if text.isdecimal() else min_length)
        or len(text) > _LONGEST
        or len(set(text)) < min(_DISTINCT_MIN, min_length // 2)
        or _is_stair(text.casefold())
    ):
        raise PassphraseWeakError(length=min_length)


def weight(text: str) -> int:
    """Return how many letters a passphrase counts."""
    return sum(2 if ord(char) >= 0x3040 else 1 for char in text)


def _is_stair(text: str) -> bool:
    return text in _STAIRS * 2 or text in (_STAIRS * 2)[::-1]
