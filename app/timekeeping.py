"""How a device keeps time: what its clocks did becomes entries, and where trusted time comes from.

Called around each round of sync and before each entry (`look`, `before_write`), so a clock that is
set while the app runs is noticed while it runs. Whoever is signed in did nothing here: the entries
are signed by the device and name nobody (`rule`).
"""

import secrets
from collections.abc import Mapping
from functools import partial

from sqlmodel import Session

from app.field import FieldApp
from domain import trusted_time
from domain.peer_time import ANSWER_MAX_MS, ASK_DIGITS, Vouched, told, vouched_bytes
from domain.places import Fix
from domain.records import Value
from domain.relay import Message
from domain.trusted_time import CLOCK, JUMP_MS, SOURCES, Pair, PeerTimeError
from offline_store import keep

RULE = "rule"  # signs what no person did
SKY_UNC_MS = 60_000  # a position may be that old: some platforms hand out the last one
_ASKED_MAX = 8  # questions that wait for an answer
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
    owed = field.clock.last_anchor is not None and _is_owed(field)
    moved = field.clock.take_jump()
    if not moved and not owed:
        return False
    with field.store.session() as session:
        _note(field, session, moved)
        keep_clock(field, session)
    return True


def _is_owed(field: FieldApp) -> bool:
    with field.store.reading() as session:
        return keep.get(session, _OWED) == field.clock.boot


def note(field: FieldApp, session: Session) -> None:
    """Write down what the clocks did, before an entry that is about to be written."""
    _note(field, session, field.clock.take_jump())
    if field.clock.last_anchor is None and keep.get(session, _OWED) != field.clock.boot:
        keep.put(session, _OWED, field.clock.boot)  # an anchor owes this boot a correction


def keep_clock(field: FieldApp, session: Session) -> None:
    """Store anchor and clocks, so that a restart within this boot goes on from here."""
    anchor, pair = field.clock.last_anchor, field.clock.pair()
    if anchor:
        keep.set_anchor(session, anchor)
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


def ask_peer(field: FieldApp) -> str:
    """Return a new question for the time, to be shown to another device; "" where none is needed.

    Only the last few are remembered, and none beyond the time in which an answer could help.
    """
    if field.clock.trusted:
        return ""
    ask, asked = secrets.token_hex(ASK_DIGITS // 2), field.peer.asked
    asked[ask] = field.clock.mono_ms()
    for old in list(asked)[:-_ASKED_MAX]:
        del asked[old]
    return ask


def hear_peer(field: FieldApp, message: Message) -> None:
    """Note whose question this device has just read, to answer it in what it shows next."""
    if message.ask and message.sender != field.device.device_id:
        field.peer.heard = (message.ask, field.clock.mono_ms())


def answer_peer(field: FieldApp, at_ms: int) -> Vouched | None:
    """Return this device's signed word for the time `at_ms`, now; None without a question.

    Only who knows the time, and has its key, vouches for it.
    """
    heard, unc = field.peer.heard, field.clock.uncertainty_ms()
    if heard is None or field.sign is None or unc is None or not field.clock.trusted:
        return None
    ask, when = heard
    if field.clock.mono_ms() - when > ANSWER_MAX_MS:
        return None
    code, own = field.definitions.plant.code, field.device.device_id
    return Vouched(unc, ask, field.sign(vouched_bytes(code, own, at_ms, unc, ask)))


def take_peer(field: FieldApp, message: Message, public_key: bytes) -> bool:
    """Take the time that another device vouches for; returns whether it set this clock.

    `public_key` is the one known of that device, which was not shut out. Raises PeerTimeError for
    an answer to no question of ours, a forged or vague one, or one that is over for certain.
    """
    said = message.vouched
    if said is None or field.clock.trusted:
        return False
    asked = field.peer.asked.get(said.answers)
    if asked is None:  # made for another device, or a film of an earlier one
        raise PeerTimeError(reason="other")
    waited = field.clock.mono_ms() - asked
    found = told(
        message.plant, message.sender, message.made_ms, said, public_key, waited
    )  # fmt: skip
    if not _taken(field, found.true_ms, found.unc_ms, "peer"):
        raise PeerTimeError(reason="old")
    return True


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
        _write(field, session, "anchor", trusted_time.anchor_cells(anchor))
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
