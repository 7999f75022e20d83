"""What evidence keeps to find a photo again that was used before, and what was found.

`mark` holds the two pairs of hashes of the photo, sixteen hex digits each, so that every device
compares with all the evidence it knows of, also where the picture itself is elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from domain.errors import FieldError
from domain.records import Record, Value

MARK: Final = "mark"  # as its device took it
SERVER_MARK: Final = "server_mark"  # as the server took it of the original, where that differs
REUSE: Final = "reuse"  # what its device found among what it knew
SERVER_REUSE: Final = "server_reuse"  # what the server found among everything
NUMBERS: Final = 4  # waves and slopes of the whole photo, of its middle
_DIGITS: Final = 16
_ID_MAX: Final = 64
How = Literal["hint", "same", "block"]
_RANK: Final[tuple[How, ...]] = get_args(How)  # what says more comes later
PROVED: Final = ("same", "block")  # one and the same picture, whoever had it first


class PhotoUsedError(FieldError):
    """This photo was used before and proves no repair; `record` names the other record."""

    code = "photo.used"

    def __init__(self, *, earlier: str = "", **params: object) -> None:
        """`earlier` is the id of the evidence that has the same picture."""
        super().__init__(**params)
        self.earlier = earlier


@dataclass(frozen=True, slots=True)
class Used:
    """Another photo like this one: which is the copy, and how sure that is.

    "block": proof that this one is a copy of an earlier one. "same": one and the same picture, and
    nobody can say whose was first (the server alone writes it). "hint": alike, worth a look.
    """

    how: How
    of: str  # id of the other evidence

    def value(self) -> dict[str, Value]:
        """Return it as a cell holds it."""
        return {"how": self.how, "of": self.of}


def mark_value(numbers: Sequence[int]) -> list[Value]:
    """Return hashes as a cell holds them."""
    return [f"{one:0{_DIGITS}x}" for one in numbers]


def mark_of(value: Value) -> tuple[int, int, int, int] | None:
    """Return the hashes that a cell holds; None where it holds none, or something else."""
    if not isinstance(value, list) or len(value) != NUMBERS:
        return None
    texts = [one for one in value if isinstance(one, str) and len(one) == _DIGITS]
    if len(texts) != NUMBERS or any(set(one) - set("0123456789abcdef") for one in texts):
        return None
    one, two, three, four = (int(text, 16) for text in texts)
    return one, two, three, four


def used_of(value: Value) -> Used | None:
    """Return what a cell says was found; None where it says nothing, or something else."""
    if not isinstance(value, dict) or set(value) != {"how", "of"}:
        return None
    how, of = value["how"], value["of"]
    if not isinstance(of, str) or not 0 < len(of) <= _ID_MAX:
        return None
    return Used(how, of) if how in _RANK else None


def standing(photo: Record) -> Used | None:
    """Return what is known of a photo: the server compared with everything, so it goes first."""
    return used_of(photo.get(SERVER_REUSE)) or used_of(photo.get(REUSE))


def stronger(used: Used | None, than: Used | None) -> bool:
    """Say whether a finding says more than what is known already."""
    return used is not None and (than is None or _RANK.index(used.how) > _RANK.index(than.how))


def proves_nothing(photo: Record) -> bool:
    """Say whether a photo is known to be one that stands elsewhere, too: it confirms nothing."""
    used = standing(photo)
    return used is not None and used.how in PROVED


def device_knew(photo: Record) -> bool:
    """Say whether the device itself knew that when it took the photo."""
    used = used_of(photo.get(REUSE))
    return used is not None and used.how in PROVED
