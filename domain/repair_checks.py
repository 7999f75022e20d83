"""What records keep of the rectification check: where the defect is, and what two photos showed.

The region is a cell of the hazard, the check a cell of the photo taken after the repair: a photo
taken again is checked anew, and nothing is overwritten. Sides are whole thousandths of the upright
picture, shares are decimal texts: cells hold no floats.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Final, cast, get_args

from domain.evidence import AFTER, VIDEO
from domain.records import Record, Value
from domain.rectification import SAME, Outcome, Reason, Reuse, Verdict, percent

REGION: Final = "region"  # cell of a hazard
CHECK: Final = "check"  # cell of an after photo: what its device found
SERVER_CHECK: Final = "server_check"  # what the server found on the originals
REFUSED: Final = "refused"
NEED: Final = "refusal_reason"  # of a move: a word why, where the check refused the repair
WHOLE: Final = 1000
SIDE_MIN: Final = 20  # thousandths: a smaller region is a slip of the finger
_DIGITS: Final = Decimal("0.0001")
_REASONS_MAX, _TEXT_MAX = 12, 80
_OUTCOMES: Final = frozenset(get_args(Outcome))
_REUSES: Final = frozenset({"none", "hint", "block"})  # as versions before read them
_BASES: Final = frozenset({"original", "copy"})
_SHARES: Final = ("probability", "scene", "region", "full_frame")
_KEYS: Final = frozenset(
    {"outcome", "reuse", "reasons", "model", "before", "box", "basis", *_SHARES}
)


@dataclass(frozen=True, slots=True)
class Region:
    """Where the defect is: the photo's evidence id, and its sides in thousandths of that photo."""

    photo: str
    left: int
    top: int
    right: int
    bottom: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Return left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom

    def pixels(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return the sides in pixels of an upright picture of that size."""
        across, down = width / WHOLE, height / WHOLE
        return self.left * across, self.top * down, self.right * across, self.bottom * down

    def value(self) -> dict[str, Value]:
        """Return it as a cell holds it."""
        return {"photo": self.photo, "box": list(self.box)}


def region_between(photo: str, one: tuple[float, float], two: tuple[float, float]) -> Region | None:
    """Return the region between two corners (shares of the picture); None where it is too small."""
    across = sorted(min(WHOLE, max(0, round(x * WHOLE))) for x in (one[0], two[0]))
    down = sorted(min(WHOLE, max(0, round(y * WHOLE))) for y in (one[1], two[1]))
    if across[1] - across[0] < SIDE_MIN or down[1] - down[0] < SIDE_MIN:
        return None
    return Region(photo, across[0], down[0], across[1], down[1])


def region_of(value: Value) -> Region | None:
    """Return the region that a cell holds; None where it holds none, or one nobody could use."""
    if not isinstance(value, dict) or set(value) != {"photo", "box"}:
        return None
    photo, sides = value["photo"], _sides(value["box"])
    if not isinstance(photo, str) or not photo or len(photo) > _TEXT_MAX or sides is None:
        return None
    return Region(photo, *sides)


@dataclass(frozen=True, slots=True)
class RepairCheck:
    """What was found, as a record keeps it; shares are decimal texts, empty where there is none.

    `model` names the fitted model; `basis` says whether both originals were compared or copies.
    """

    outcome: Outcome
    reuse: Reuse
    reasons: tuple[Reason, ...]
    model: str
    region: Region
    basis: str
    probability: str = ""
    scene: str = ""
    changed: str = ""
    full_frame: str = ""

    def value(self) -> dict[str, Value]:
        """Return it as a cell holds it."""
        shares = (self.probability, self.scene, self.changed, self.full_frame)
        return {
            "outcome": self.outcome,
            "reuse": self.reuse,
            "reasons": [[one.key, dict(one.params)] for one in self.reasons],
            "model": self.model,
            "before": self.region.photo,
            "box": list(self.region.box),
            "basis": self.basis,
            **{name: text for name, text in zip(_SHARES, shares, strict=True) if text},
        }

    def knows(self, reuse: Reuse) -> bool:
        """Say whether it was made knowing that about the photo's use elsewhere."""
        same = any(one.key == SAME for one in self.reasons)
        return self.reuse == as_kept(reuse) and same == (reuse == "same")

    def of(self, region: Region, model: str) -> bool:
        """Say whether it tells of this region, by this model."""
        return (self.region, self.model) == (region, model)


def kept(verdict: Verdict, region: Region, model: str, basis: str) -> RepairCheck:
    """Return a verdict as a record keeps it."""
    return RepairCheck(
        verdict.outcome,
        as_kept(verdict.reuse),
        verdict.reasons[:_REASONS_MAX],
        model,
        region,
        basis,
        _decimal(verdict.probability),
        _decimal(verdict.scene),
        _decimal(verdict.region),
        _decimal(verdict.full_frame),
    )


def as_kept(reuse: Reuse) -> Reuse:
    """Return what a check keeps of the search: that nobody knows whose was first is its reason."""
    return "hint" if reuse == "same" else reuse


def unread(
    region: Region, model: str, basis: str, which: str, reuse: Reuse = "none"
) -> RepairCheck:
    """Return the check of a pair of which a photo ("before", "after") cannot be read."""
    same = (Reason(SAME),) if reuse == "same" else ()
    reasons = (*same, Reason(f"rectify.unreadable.{which}"))
    return RepairCheck("needs_person", as_kept(reuse), reasons, model, region, basis)


def check_of(value: Value) -> RepairCheck | None:
    """Return the check that a cell holds; None where it holds none, or one that is malformed."""
    if not isinstance(value, dict) or not value.keys() <= _KEYS:
        return None
    outcome, reuse = value.get("outcome"), value.get("reuse")
    region = region_of({"photo": value.get("before"), "box": value.get("box")})
    model, basis = value.get("model"), value.get("basis")
    reasons, shares = _reasons(value.get("reasons")), _shares(value)
    if outcome not in _OUTCOMES or reuse not in _REUSES or basis not in _BASES:
        return None
    if region is None or reasons is None or shares is None:
        return None
    if not isinstance(model, str) or not 0 < len(model) <= _TEXT_MAX:
        return None
    return RepairCheck(
        cast("Outcome", outcome), cast("Reuse", reuse), reasons, model, region, str(basis), *shares
    )


def shown_percent(share: str) -> int | None:
    """Return whole percent of a share as kept, never more than is so; None where there is none."""
    return percent(float(share)) if share else None


def disagree(one: RepairCheck | None, two: RepairCheck | None) -> bool:
    """Say whether two checks of the same region came to another outcome."""
    return (
        one is not None
        and two is not None
        and one.region == two.region
        and one.outcome != two.outcome
    )


def last_after(photos: Iterable[Record]) -> Record | None:
    """Return the last photo of the finished work, of photos oldest first; clips do not count."""
    found = [
        one
        for one in photos
        if one.text("shot") == AFTER
        and one.text("media") != VIDEO
        and one.get("withdrawn") is not True
        and one.get("deleted") is not True
    ]
    return found[-1] if found else None


def is_refused(photos: Iterable[Record]) -> bool:
    """Say whether the device that took the last photo of the repair found nothing changed."""
    last = last_after(photos)
    found = check_of(last.get(CHECK)) if last else None
    return found is not None and found.outcome == REFUSED


def known_refused(photos: Iterable[Record]) -> bool:
    """Say whether device or server found nothing changed, or a used photo: what a person is asked.

    The server asks only what `is_refused` says: whoever decides offline may not know its verdict.
    """
    found = list(photos)
    last = last_after(found)
    server = check_of(last.get(SERVER_CHECK)) if last else None
    return is_refused(found) or (server is not None and server.outcome == REFUSED)


def _decimal(share: float | None) -> str:
    """Return a share with four digits, moved away from the middle never: no gate is reached."""
    if share is None:
        return ""
    way = ROUND_FLOOR if share >= 0.5 else ROUND_CEILING
    return str(Decimal(str(min(1.0, max(0.0, share)))).quantize(_DIGITS, way))


def _sides(value: Value) -> tuple[int, int, int, int] | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    sides = [one for one in value if isinstance(one, int) and not isinstance(one, bool)]
    if len(sides) != 4:
        return None
    left, top, right, bottom = sides
    if not (left >= 0 and right <= WHOLE and top >= 0 and bottom <= WHOLE):
        return None
    if right - left < SIDE_MIN or bottom - top < SIDE_MIN:
        return None
    return left, top, right, bottom


def _reasons(value: Value) -> tuple[Reason, ...] | None:
    if not isinstance(value, list) or not 0 < len(value) <= _REASONS_MAX:
        return None
    found: list[Reason] = []
    for row in value:
        if not isinstance(row, list) or len(row) != 2:
            return None
        key, params = row
        if not isinstance(key, str) or len(key) > _TEXT_MAX or not key.startswith("rectify."):
            return None
        if not isinstance(params, dict) or not _plain(params):
            return None
        found.append(Reason(key, cast("Mapping[str, str | int]", params)))
    return tuple(found)


def _plain(params: Mapping[str, Value]) -> bool:
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in params.values())
    return whole and len(params) <= 4


def _shares(value: Mapping[str, Value]) -> tuple[str, str, str, str] | None:
    found = [value.get(name, "") for name in _SHARES]
    texts = [one for one in found if isinstance(one, str) and _is_share(one)]
    return (texts[0], texts[1], texts[2], texts[3]) if len(texts) == len(_SHARES) else None


def _is_share(text: str) -> bool:
    if not text:
        return True
    try:
        return len(text) <= 8 and 0 <= Decimal(text) <= 1
    except InvalidOperation:
        return False
