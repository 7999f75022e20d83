"""The clock promises: corrected time, stamps that rise, and no lasting harm from a wrong clock."""

from app.clock import SKEW_MAX_MS, Clock

DAY_MS = 86_400_000


class Hands:
    """Clocks that a test sets."""

    wall_ms, mono_ms = 1_760_000_000_000, 5_000

    def clock(self, *, floor_ms: int = 0) -> Clock:
        return Clock(
            wall_ms=lambda: self.wall_ms,
            mono_ms=lambda: self.mono_ms,
            boot="b1",
            floor_ms=floor_ms,
        )


def test_setting_the_device_clock_does_not_move_corrected_time() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.anchor(1_770_000_000_000, hands.mono_ms)
    before = clock.now_ms()
    hands.wall_ms -= 2 * DAY_MS
    hands.mono_ms += 1_000
    assert clock.now_ms() == before + 1_000
    assert clock.stamp().time.device_ms == hands.wall_ms, "what the device said is kept beside it"


def test_time_is_not_calibrated_before_the_first_contact() -> None:
    assert Hands().clock().uncertainty_ms() is None


def test_stamps_rise_when_the_wall_clock_stands_still_or_goes_back() -> None:
    hands = Hands()
    clock = hands.clock()
    first = clock.stamp()
    hands.wall_ms -= SKEW_MAX_MS // 2
    second = clock.stamp()
    assert (second.wall_ms, second.counter) > (first.wall_ms, first.counter)
    assert len({first.entry_id, second.entry_id}) == 2


def test_a_clock_that_was_once_far_ahead_does_not_stamp_the_future_for_ever() -> None:
    hands = Hands()
    clock = hands.clock(floor_ms=hands.wall_ms + 405 * DAY_MS)
    assert clock.stamp().wall_ms == hands.wall_ms


def test_a_clock_that_was_never_set_goes_on_from_the_last_contact() -> None:
    told = 1_770_000_000_000
    hands = Hands()
    hands.wall_ms = DAY_MS  # 1970, as after an empty battery
    clock = Clock(
        wall_ms=lambda: hands.wall_ms,
        mono_ms=lambda: hands.mono_ms,
        boot="b2",
        not_before_ms=told,
    )
    hands.mono_ms += 7_000
    assert clock.is_behind
    assert clock.now_ms() == told + 7_000
    assert clock.stamp().time.device_ms == DAY_MS, "what the device said is kept beside it"
    hands.wall_ms = told + DAY_MS  # somebody sets it
    assert not clock.is_behind
    assert clock.now_ms() == told + DAY_MS
