"""The grade of a piece of evidence, from what the device knows at the moment it is made."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, cast

from sqlmodel import Session

from app.field import FieldApp
from domain.evidence import EvidenceFacts, EvidenceGrade, EvidenceLimits, PhotoQuality, grade
from domain.places import Fix, Place
from domain.records import Value
from domain.used_photos import REUSE, used_of
from offline_store import keep

LAST_FIX = "fix.last"  # in the table `keep`: where this device made its last evidence


class Subject(Protocol):
    """What evidence belongs to, as far as its grade hangs on it."""

    @property
    def asset_id(self) -> str | None:
        """The equipment, if there is one."""
        ...

    @property
    def label_state(self) -> str:
        """How it was found: "verified", "typed" or "mismatch"."""
        ...


def judge(
    field: FieldApp,
    subject: Subject,
    source: str,
    fix: Fix | None,
    quality: PhotoQuality | None = None,
    *,
    known: Mapping[str, Value] | None = None,
    signs: Sequence[str] = (),
) -> EvidenceGrade:
    """Return grade and reasons; `source` is "camera", "file" or "drawn".

    `known`: the cells that the search for used photos gave; None: it was not asked.
    """
    asset = field.definitions.plant.assets.get(subject.asset_id or "")
    facts = EvidenceFacts(
        live=source in ("camera", "drawn"),
        fix=fix,
        asset_place=asset.place if asset else None,
        time_known=field.clock.uncertainty_ms() is not None,
        mocked=fix.mocked if fix else False,
        label_elsewhere=subject.label_state == "mismatch",
        before=_last_fix(field),
        quality=quality,
        used=_used(known),
        signs={sign: field.checks.capture.limits.rate(sign) for sign in signs},
    )
    defaults = field.definitions.defaults
    limits = EvidenceLimits(
        accuracy_m=defaults.whole("evidence.max_accuracy_m"),
        mismatch_m=defaults.whole("scan.max_mismatch_m"),
        speed_m_s=round(defaults.whole("evidence.max_speed_kmh") / 3.6),
        jump_m=defaults.whole("evidence.min_jump_m"),
        sharp=defaults.number("evidence.min_sharp"),
        dark=defaults.whole("evidence.min_light"),
        blown=defaults.whole("evidence.max_white"),
    )
    return grade(facts, limits, field.definitions.trust)


def _used(known: Mapping[str, Value] | None) -> Literal["unasked", "none", "hint", "same", "block"]:
    if known is None:
        return "unasked"
    used = used_of(known.get(REUSE))
    return used.how if used else "none"


def remember(session: Session, fix: Value) -> None:
    """Keep the position (as a record keeps it) to compare the next one with."""
    if fix is not None:
        keep.put(session, LAST_FIX, fix)


def _last_fix(field: FieldApp) -> Fix | None:
    with field.store.reading() as session:
        kept = keep.get(session, LAST_FIX)
    if not isinstance(kept, dict):
        return None
    numbers = [kept.get(name) for name in ("lat", "lon", "acc_cm", "at_ms")]
    if not all(isinstance(number, int) for number in numbers):
        return None
    lat, lon, accuracy_cm, at_ms = cast("list[int]", numbers)
    return Fix(Place(lat, lon), accuracy_cm, at_ms)
