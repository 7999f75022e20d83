"""Base45 (RFC 9285): bytes as text of the 45 characters that a QR code packs tightest.

Raw bytes in a QR code come back altered from the readers that phones have; base45 text does not.
"""

_NOT_BASE45 = "not base45"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    """Return the text of `data`: three characters for two bytes, two for a last single one."""
    text: list[str] = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(3 if len(pair) == 2 else 2):
            number, value = divmod(number, 45)
            text.append(ALPHABET[value])
    return "".join(text)


def decode(text: str) -> bytes:
    """Return the bytes of `text`; raises ValueError for anything that `encode` never gives."""
    data = bytearray()
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        if not all(character in _VALUES for character in group) or len(group) == 1:
            raise ValueError(_NOT_BASE45)
        number = sum(_VALUES[character] * 45**place for place, character in enumerate(group))
        size = 2 if len(group) == 3 else 1
        if number >= 256**size:
            raise ValueError(_NOT_BASE45)
        data += number.to_bytes(size, "big")
    return bytes(data)
