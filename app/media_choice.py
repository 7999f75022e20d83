"""What photos and clips may take of the link: the plant's limits, and what this device was told."""

from dataclasses import dataclass

from app.field import FieldApp
from domain.defaults import DefaultValue
from offline_store import keep
from sync.pacing import MediaRules

NOW, CAP = "media.now", "media.cap_kbit_s"  # what the person at this device chose
_KBIT = 1000 // 8  # bytes
_FIRST = {"sync.originals_wait_min": 30, "sync.probe_min": 10, "sync.cap_kbit_s": 0}


@dataclass(frozen=True, slots=True)
class Choice:
    """The two switches: originals over any link, and the limit in kbit/s (0 for none)."""

    now: bool
    cap_kbit_s: int
    caps: tuple[int, ...]


def choice(field: FieldApp) -> Choice:
    """Return how the switches stand."""
    with field.store.reading() as session:
        now, cap = keep.get(session, NOW), keep.get(session, CAP)
    chosen = cap if isinstance(cap, int) else _default(field, "sync.cap_kbit_s")
    return Choice(now is True, chosen, _caps(field, chosen))


def rules(field: FieldApp) -> MediaRules:
    """Return what the engine goes by."""
    chosen = choice(field)
    return MediaRules(
        cap_bytes_s=chosen.cap_kbit_s * _KBIT,
        now=chosen.now,
        wait_min=_default(field, "sync.originals_wait_min"),
        probe_min=_default(field, "sync.probe_min"),
    )


def send_originals_now(field: FieldApp, *, now: bool) -> None:
    """Send originals over any link, or let them wait for a better one again."""
    _keep(field, NOW, now)


def limit(field: FieldApp, kbit_s: int) -> None:
    """Choose how much of the link photos and clips may take; 0 for no limit."""
    _keep(field, CAP, kbit_s)


def _keep(field: FieldApp, key: str, value: bool | int) -> None:
    with field.store.session() as session:
        keep.put(session, key, value)
    field.media = rules(field)
    if field.engine:
        field.engine.hurry()


def _default(field: FieldApp, key: str) -> int:
    """Return a rule of the plant; a pack of the version before has none of these rows yet."""
    value = _row(field, key)
    return value if isinstance(value, int) else _FIRST[key]


def _caps(field: FieldApp, chosen: int) -> tuple[int, ...]:
    value = _row(field, "sync.caps_kbit_s")
    offered = [int(one) for one in value if one.isdecimal()] if isinstance(value, tuple) else [0]
    return tuple(sorted({*offered, chosen}))


def _row(field: FieldApp, key: str) -> DefaultValue | None:
    row = field.definitions.defaults.rows.get(key) if field.pack else None
    return row.value if row else None
