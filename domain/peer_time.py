"""A time that another device vouches for: a question, and an answer signed by its key.

Whoever shows a message puts a random `ask` into it. A device that has taken one in and knows the
time well signs, in what it shows back, its own time, how far that may be off, and the `ask` it
answers. So the time was said after the question was made: a film of an older message proves
nothing, and an answer that was held back is as vague as it is late.
"""

from dataclasses import dataclass
from typing import NamedTuple

from domain.changes import canonical
from domain.signatures import verifies
from domain.trusted_time import TRUSTED_MAX_MS, PeerTimeError

ASK_DIGITS = 32  # hex, of 16 random bytes
ANSWER_MAX_MS = 2 * TRUSTED_MAX_MS  # after that no answer can be sharp enough


@dataclass(frozen=True, slots=True)
class Vouched:
    """How well the maker of a message knows its time, which question it answers, its signature."""

    unc_ms: int
    answers: str
    signature: bytes


class Told(NamedTuple):
    """A true time now, and how far it may be off, in ms."""

    true_ms: int
    unc_ms: int


def vouched_bytes(plant: str, device: str, at_ms: int, unc_ms: int, answers: str) -> bytes:
    """Return what a device signs to vouch for a time."""
    return b"anshao-time-v1\0" + canonical([plant, device, at_ms, unc_ms, answers])


def told(
    plant: str, device: str, at_ms: int, vouched: Vouched, public_key: bytes, waited_ms: int
) -> Told:
    """Return the true time now, `waited_ms` after the question was made.

    It was said at some moment in between, so half the wait is added to it and to how far it may be
    off. Raises PeerTimeError: "forged" where the device did not sign it, "vague" beyond what proves
    anything.
    """
    said = vouched_bytes(plant, device, at_ms, vouched.unc_ms, vouched.answers)
    if not verifies(public_key, said, vouched.signature):
        raise PeerTimeError(reason="forged")
    half = (waited_ms + 1) // 2
    if waited_ms < 0 or vouched.unc_ms + half > TRUSTED_MAX_MS:
        raise PeerTimeError(reason="vague")
    return Told(at_ms + waited_ms // 2, vouched.unc_ms + half)
