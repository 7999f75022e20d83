"""A stop in force before its turn: the fold unwraps it, its turn confirms it, nothing doubles."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from domain.carried import CELL, inside, proved, wrapped
from domain.changes import DeviceTime, Entry, encode, link, signed_bytes
from domain.merge import FeedEntry, Merged, fold
from domain.records import Value
from tests.helpers.merging import RECORD, TYPE, trial_policies

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
BEFORE = bytes(range(32))
NOW = 2_000_000


def entry(
    device: str, number: int, at: int, base: dict[str, str], kind: str = "decide", **cells: Value
) -> Entry:
    return Entry(
        device, number, f"{device}{number}", kind, f"P-{device}", RECORD, TYPE, f"{TYPE}@1", base,
        cells, at, 0, DeviceTime(at, at, "b", 0),
    )  # fmt: skip


def carried(stop: Entry, number: int = 1, key: Ed25519PrivateKey = KEY) -> Entry:
    body = encode(stop)
    signature = key.sign(signed_bytes(stop.kind, link(BEFORE, body)))
    cell = wrapped(stop.device_id, BEFORE, body, signature)
    return replace(entry("server", number, NOW, {}), set={CELL: cell}, person_id="rule")


def made(*feed: Entry, refused: tuple[str, ...] = ()) -> Merged:
    rows = [FeedEntry(one, "refused" if one.writer in refused else None, NOW) for one in feed]
    found = fold(rows, trial_policies())
    assert found is not None
    return found


DRAFT = entry("A", 1, 10, {}, "edit", state="draft")
SUBMITTED = entry("A", 2, 20, {"state": "A:1"}, state="submitted", action="permit.apply")
# what B did by itself and what nobody has yet: approved, started, a note, then the stop
APPROVED = entry("B", 43, 30, {"state": "A:2"}, state="approved", action="permit.approve")
STARTED = entry("B", 44, 40, {"state": "B:43"}, state="started", action="permit.start", note="on")
STOP = entry("B", 45, 50, {"state": "B:44", "note": "B:44"}, state="suspended",
             action="permit.stop", note="gas")  # fmt: skip


def test_what_is_carried_is_in_force_under_its_own_name() -> None:
    found = made(DRAFT, SUBMITTED, carried(STOP))
    assert found.record is not None
    assert found.record.text("state") == "suspended"
    (hold,) = found.holds
    assert (hold.hold_id, hold.placed_by, hold.writer) == (STOP.entry_id, "P-B", "B:45")
    assert found.conflicts == ()  # what its author had seen is not here: nobody disagrees yet


def test_its_turn_confirms_it_and_ends_as_if_all_had_come_in_order() -> None:
    late = made(DRAFT, SUBMITTED, carried(STOP), APPROVED, STARTED, STOP)
    plain = made(DRAFT, SUBMITTED, APPROVED, STARTED, STOP)
    assert late.record is not None
    assert plain.record is not None
    assert late.verdict == "accepted"
    for name in ("state", "action", "holds", "note"):
        assert late.record.get(name) == plain.record.get(name), name
    assert [one.hold_id for one in late.holds] == [one.hold_id for one in plain.holds]
    assert late.conflicts == plain.conflicts == ()


def test_a_lift_made_meanwhile_is_not_undone_when_its_turn_comes() -> None:
    lift = entry("C", 1, 60, {"state": "B:45+A:2", "holds": "B:45"}, "lift", state="started",
                 action="permit.resume", holds=[STOP.entry_id])  # fmt: skip
    before = made(DRAFT, SUBMITTED, carried(STOP))
    assert before.record is not None
    lift = replace(lift, base={one: before.record.cells[one].writer for one in ("state", "holds")})
    found = made(DRAFT, SUBMITTED, carried(STOP), lift, APPROVED, STARTED, STOP)
    assert found.record is not None
    assert found.record.text("state") == "started"
    assert [one.lifted_by for one in found.holds] == ["C:1"]


def test_one_that_the_rules_refuse_in_its_turn_holds_until_somebody_lifts_it() -> None:
    feed = (DRAFT, SUBMITTED, carried(STOP), STOP)
    found = made(*feed, refused=(STOP.writer,))
    assert found.record is not None
    assert found.record.text("state") == "suspended"
    writers = {one: found.record.cells[one].writer for one in ("state", "holds")}
    lift = entry("C", 1, 60, writers, "lift", state="approved", action="permit.resume",
                 holds=[STOP.entry_id])  # fmt: skip
    freed = made(*feed, lift, refused=(STOP.writer,))
    assert [one.lifted_by for one in freed.holds] == ["C:1"]


def test_carried_twice_or_after_its_turn_it_counts_once() -> None:
    once = made(DRAFT, SUBMITTED, STOP)
    for feed in (
        (carried(STOP), carried(STOP, 2), STOP),
        (STOP, carried(STOP)),
    ):
        found = made(DRAFT, SUBMITTED, *feed)
        assert [one.hold_id for one in found.holds] == [one.hold_id for one in once.holds]
        assert found.record is not None
        assert once.record is not None
        assert found.record.get("state") == once.record.get("state")


@pytest.mark.parametrize("first", ["carried", "in its turn"])
def test_of_a_device_that_stands_twice_the_stops_of_both_bodies_count(first: str) -> None:
    """Simulation, seed 40556: both bodies gave their stops the same number."""
    other = replace(STOP, entry_id="B45 of the copy", person_id="P-copy", wall_ms=55)
    rest = (carried(other), STOP) if first == "carried" else (STOP, carried(other))
    found = made(DRAFT, SUBMITTED, *rest, carried(STOP, 2), carried(other, 3))
    assert found.record is not None
    assert found.record.text("state") == "suspended"
    assert {one.hold_id for one in found.holds} == {STOP.entry_id, other.entry_id}
    seen = {one: found.record.cells[one].writer for one in ("state", "holds")}
    lift = entry("C", 1, 60, seen, "lift", state="started", action="permit.resume",
                 holds=[STOP.entry_id])  # fmt: skip
    after = made(DRAFT, SUBMITTED, *rest, lift)
    assert [one.hold_id for one in after.holds if one.lifted_by is None] == [other.entry_id]
    assert after.record is not None
    assert after.record.text("state") == "suspended"


def test_only_what_its_device_signed_is_proved() -> None:
    good = carried(STOP)
    assert inside(good) == STOP
    assert proved(good, PUBLIC)
    assert not proved(carried(STOP, key=Ed25519PrivateKey.generate()), PUBLIC)
    cell = good.set[CELL]
    assert isinstance(cell, dict)
    body = str(cell["body"])
    for name, value in (
        ("body", body.replace("gas", "sun")), ("prev", "00" * 32), ("sig", "00" * 64)
    ):  # fmt: skip
        assert not proved(replace(good, set={CELL: {**cell, name: value}}), PUBLIC), name


@pytest.mark.parametrize(
    "cell",
    [None, 7, [], {}, {"dev": "B"}, {"dev": 1, "prev": "", "body": "", "sig": ""},
     {"dev": "B", "prev": "zz", "body": "{}", "sig": "00"},
     {"dev": "B", "prev": "00" * 32, "body": "{}", "sig": "00" * 64}],
)  # fmt: skip
def test_what_is_no_carried_entry_is_an_ordinary_cell(cell: Value) -> None:
    odd = replace(entry("server", 1, NOW, {}), set={CELL: cell})
    assert inside(odd) is None
    assert not proved(odd, PUBLIC)
    assert made(DRAFT, SUBMITTED, odd).record is not None


def test_only_the_server_carries_and_only_into_the_record_that_the_stop_is_about() -> None:
    good = carried(STOP)
    assert inside(replace(good, device_id="X")) is None
    assert inside(replace(good, record_id="other")) is None
    assert inside(replace(good, type="hazard")) is None
    assert inside(carried(replace(STOP, kind="edit"))) is None
