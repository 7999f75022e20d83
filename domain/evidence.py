"""How much a piece of evidence proves: a letter from A to D, with the reasons (DOMAIN.md §6.2)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from domain.capture_trust import USUAL, TrustRules, worst
from domain.joins import heads
from domain.places import Fix, Place, distance_m
from domain.records import Cell, Record
from domain.whereabouts import speed_m_s

AFTER = "after"  # the shot that shows the finished work
SUSPICIOUS = ("position_far", "position_mocked", "position_jumped")
PHOTO, VIDEO = "photo", "video"  # cell `media` of a piece of evidence; absent means a photo


@dataclass(frozen=True, slots=True)
class PhotoQuality:
    """Measured on the picture: see `EvidenceLimits` for the units."""

    sharp: float
    light: int
    blown: float


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """What is known about a picture or label scan.

    `live`: taken by the camera inside the app; `asset_place`: where it should be, None where no
    place is known yet; `time_known`: the device's clock was calibrated since its start;
    `label_elsewhere`: the label scanned before contradicts the position; `before`: the last
    position of this device; `quality`: None where there is no still picture to look at; `used`:
    whether another photo like this one is known ("hint"), proved the same ("block") or that without
    anybody knowing whose was first ("same"); `signs`:
    of a screen or a virtual camera, with their measured rate of false alarms in percent.
    """

    live: bool
    fix: Fix | None
    asset_place: Place | None
    time_known: bool
    mocked: bool = False
    label_elsewhere: bool = False
    before: Fix | None = None
    quality: PhotoQuality | None = None
    used: Literal["unasked", "none", "hint", "same", "block"] = "unasked"
    signs: Mapping[str, int | None] = field(default_factory=dict[str, int | None])


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """What is weak, and what is suspicious.

    Metres: a worse accuracy is weak, further away is suspicious. `speed_m_s`: if one came faster
    from the last position to this one, and further than `jump_m`, one of the two is invented
    (receivers themselves jump by some hundred metres between walls). A photo is weak where its
    edges are less steep than `sharp` (percent of the contrast), where even its light parts are
    darker than `dark` (0 to 255), or where more than `blown` percent of it are white.
    """

    accuracy_m: int
    mismatch_m: int
    speed_m_s: int = 70
    jump_m: int = 1000
    sharp: Decimal = Decimal(0)
    dark: int = 0
    blown: int = 100


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of the grade.

    live, album, position_*, time_*, label_elsewhere, unique, used_*, photo_*, sign_* (params:
    `rate`, of 100 genuine photos so many carry it, where measured).
    """

    code: str
    ok: bool
    params: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class EvidenceGrade:
    """A proves, B has one weak point, C two or comes from an album, D is suspicious."""

    letter: str
    reasons: tuple[Reason, ...]


def grade(
    facts: EvidenceFacts, limits: EvidenceLimits, trust: TrustRules | None = None
) -> EvidenceGrade:
    """Return the grade of a piece of evidence, every ground named."""
    source = Reason("live" if facts.live else "album", facts.live)
    position = _position(facts, limits)
    time = Reason("time_ok" if facts.time_known else "time_unknown", facts.time_known)
    others = [
        *([Reason("label_elsewhere", ok=False)] if facts.label_elsewhere else []),
        *_unique(facts.used),
        *([_quality(facts.quality, limits)] if facts.quality else []),
    ]
    signs = [
        Reason(code, ok=False, params={} if rate is None else {"rate": rate})
        for code, rate in facts.signs.items()
    ]
    weak = sum(not reason.ok for reason in (position, time, *others))
    if position.code in SUSPICIOUS:
        letter = "D"
    elif not facts.live or facts.used == "block" or weak > 1:
        letter = "C"
    else:
        letter = "B" if weak else "A"
    letter = worst([letter, (trust or USUAL).cap(len(signs))])
    return EvidenceGrade(letter, (source, position, time, *others, *signs))


def _unique(used: str) -> list[Reason]:
    """Return whether the photo is the only one of its kind, where that was asked."""
    if used == "unasked":
        return []
    return [Reason("unique", ok=True) if used == "none" else Reason(f"used_{used}", ok=False)]


def _quality(quality: PhotoQuality, limits: EvidenceLimits) -> Reason:
    """Return the worst that can be said of how a photo looks: too dark to be sharp is dark."""
    if quality.light < limits.dark:
        return Reason("photo_dark", ok=False)
    if quality.blown > limits.blown:
        return Reason("photo_blown", ok=False, params={"share": round(quality.blown)})
    if quality.sharp < limits.sharp:
        return Reason("photo_blurred", ok=False)
    return Reason("photo_ok", ok=True)


def _position(facts: EvidenceFacts, limits: EvidenceLimits) -> Reason:
    fix = facts.fix
    if facts.mocked or (fix is not None and (fix.mocked or fix.accuracy_cm == 0)):
        return Reason("position_mocked", ok=False)  # no receiver is ever exact to the centimetre
    if fix is None:
        return Reason("position_none", ok=False)
    if facts.before and _jumped(facts.before, fix, limits):
        params = {"distance_m": round(distance_m(facts.before.place, fix.place))}
        return Reason("position_jumped", ok=False, params=params)
    accuracy_m = fix.accuracy_cm / 100
    params = {"accuracy_m": round(accuracy_m)}
    if facts.asset_place is not None:
        away_m = distance_m(fix.place, facts.asset_place)
        params |= {"distance_m": round(away_m), "limit_m": limits.mismatch_m}
        if away_m - accuracy_m > limits.mismatch_m:
            return Reason("position_far", ok=False, params=params)
    if accuracy_m > limits.accuracy_m:
        params["limit_m"] = limits.accuracy_m
        return Reason("position_poor", ok=False, params=params)
    return Reason("position_ok", ok=True, params=params)


def _jumped(before: Fix, now: Fix, limits: EvidenceLimits) -> bool:
    far = distance_m(before.place, now.place) > limits.jump_m
    return far and speed_m_s(before, now) > limits.speed_m_s


def shots_now(
    record: Record, photos: Iterable[Record], gone: Callable[[str], bool]
) -> frozenset[str]:
    """Return the shots that count for the next move of a record; device and server both ask here.

    A withdrawn photo never counts, nor one whose bytes were removed for good (`gone`, by the hash
    of its original), nor a clip: it comes beside the still photo. What a photo shows can be said
    later, too (`role_of`). A photo of the finished work counts only if it was
    made after the record came to the state it is in: when work is sent back, the old picture proves
    nothing.
    """
    since = record.cells.get("state")
    found: set[str] = set()
    for photo in photos:
        shot = photo.cells.get("shot")
        if shot is None or photo.get("withdrawn") is True or photo.get("deleted") is True:
            continue
        if photo.text("media") == VIDEO or gone(photo.text("original")):
            continue
        name = role_of(photo)
        if name != AFTER or since is None or _follows(shot, since):
            found.add(name)
    return frozenset(found)


def role_of(photo: Record) -> str:
    """Return what a photo shows: its role where somebody told one, else what it was taken as.

    A photo of the finished work has no other role, and no other photo gets that one.
    """
    shot, role = photo.text("shot"), photo.text("role")
    return shot if AFTER in (shot, role) else role or shot


def _follows(later: Cell, earlier: Cell) -> bool:
    """Whether a cell was written after another: by number on one device, else by stamp."""
    known, numbers = heads(earlier.writer), heads(later.writer)
    both = known.keys() & numbers.keys()
    if both:
        return all(numbers[device] > known[device] for device in both)
    return (later.wall_ms, later.counter) >= (earlier.wall_ms, earlier.counter)
