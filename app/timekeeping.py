"""How a device keeps time: what its clocks did becomes entries, and where trusted time comes from.

Called around each round of sync and before each entry (`look`, `before_write`), so a clock that is
set while the app runs is noticed while it runs. Whoever is signed in did nothing here: the entries
are signed by the device and name nobody (`rule`).
"""

from collections.abc import Mapping
from dataclasses import astuple
from functools import partial

from sqlmodel import Session

from app.field import FieldApp
from domain import trusted_time
from domain.places import Fix
from domain.records import Value
from domain.trusted_time import CLOCK, JUMP_MS, SOURCES, TRUSTED_MAX_MS, Anchor, Pair, PeerTimeError
from offline_store import keep

RULE = "rule"  # signs what no person did
SKY_UNC_MS = 60_000  # a position may be that old: some platforms hand out the last one
_OWED, _PAIR = "time.owed", "time.pair"


def go_on(field: FieldApp) -> None:
    """Take up the watch where the last run of the app left it, and watch each entry from now on."""
    with field.store.reading() as session:
        kept = keep.get(session, _PAIR)
    if isinstance(kept, dict) and kept.get("boot") == field.clock.boot:
        device, mono = kept.get("device"), kept.get("mono")
        if isinstance(device, int) and isinstance(mono, int):
            field.clock.watch_from(Pair(device, mono))
    field.before_write = partial(note, field)


def look(field: FieldApp) -> bool:
    """Write down what the clocks did since the last look; returns whether there was something."""
    if field.identity is None or field.pack is None:
        return False
    with field.store.reading() as session:
        owed = keep.get(session, _OWED) == field.clock.boot
    moved = field.clock.take_jump()
    if not moved and not (owed and field.clock.last_anchor):
        return False
    with field.store.session() as session:
        _note(field, session, moved)
        keep_clock(field, session)
    return True


def note(field: FieldApp, session: Session) -> None:
    """Write down what the clocks did, before an entry that is about to be written."""
    _note(field, session, field.clock.take_jump())
    if field.clock.last_anchor is None and keep.get(session, _OWED) != field.clock.boot:
        keep.put(session, _OWED, field.clock.boot)  # an anchor owes this boot a correction


def keep_clock(field: FieldApp, session: Session) -> None:
    """Store anchor and clocks, so that a restart within this boot goes on from here."""
    anchor, pair = field.clock.last_anchor, field.clock.pair()
    if anchor:
        keep.set_anchor(session, keep.Anchor(*astuple(anchor)))
    known: dict[str, Value] = {"boot": field.clock.boot}
    keep.put(session, _PAIR, {**known, "device": pair.device_ms, "mono": pair.mono_ms})


def take_sky(field: FieldApp, fix: Fix | None) -> bool:
    """Take the time that came with a position; returns whether it was taken.

    One that says what the device's clock says proves nothing: many platforms stamp positions with
    that very clock. One that was put there (`mocked`) proves nothing either.
    """
    if fix is None or fix.mocked or fix.sky_ms is None:
        return False
    if abs(fix.sky_ms - field.clock.device_ms) <= SKY_UNC_MS:
        return False
    return _taken(field, fix.sky_ms, SKY_UNC_MS, "gnss")


def take_peer(field: FieldApp, true_ms: int, unc_ms: int | None, delay_ms: int) -> None:
    """Take the time that another device signed; its signature was verified by the caller.

    `unc_ms` is how well that device knew its time, `delay_ms` how long the message may have been on
    its way (a code on the screen: seconds; a file: as old as it is). Raises PeerTimeError for one
    that is too vague to prove anything, or older than what this device knows already.
    """
    unc = TRUSTED_MAX_MS + 1 if unc_ms is None else unc_ms + max(0, delay_ms)
    if unc > TRUSTED_MAX_MS:
        raise PeerTimeError(reason="vague")
    if field.clock.trusted:
        return
    if not _taken(field, true_ms + max(0, delay_ms) // 2, unc, "peer"):
        raise PeerTimeError(reason="old")


def _taken(field: FieldApp, true_ms: int, unc_ms: int, source: str) -> bool:
    assert source in SOURCES
    taken = field.clock.take(true_ms, unc_ms, source)
    if taken:
        look(field)
        field.nudge()
    return taken


def _note(field: FieldApp, session: Session, moved_ms: int) -> None:
    clock = field.clock
    if moved_ms:
        assert abs(moved_ms) > JUMP_MS
        _write(field, session, "clock_jump", trusted_time.jump_cells(moved_ms, clock.now_ms()))
        keep_clock(field, session)
    anchor = clock.last_anchor
    if anchor is not None and keep.get(session, _OWED) == clock.boot:
        unc = anchor.rtt_ms // 2
        told = Anchor(anchor.boot, anchor.mono_ms, anchor.server_ms, unc, anchor.source)
        _write(field, session, "anchor", trusted_time.anchor_cells(told))
        keep.put(session, _OWED, None)


def _write(field: FieldApp, session: Session, kind: str, cells: Mapping[str, Value]) -> None:
    field.write(
        session,
        RULE,
        kind=kind,
        record_id=field.clock.new_id(),
        type=CLOCK,
        definition=f"{CLOCK}@1",
        set={**cells, "by": RULE, "device": field.device.device_id},
    )
