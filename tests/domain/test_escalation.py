"""Escalation promise: nobody is told too early, twice or never; an empty level is no end."""

from collections.abc import Collection
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain import escalation
from domain.answers import copies
from domain.definitions import Definitions
from domain.notices import Due, due_now, notice_id
from domain.records import Cell, Record, Value
from domain.story import Delivered, Story, Turn, nobody_known
from tests.helpers.definitions import demo_definitions

T0 = 1_790_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LEADER, HEAD, SAFETY_MANAGER, GENERAL_MANAGER = "U025", "U029", "U001", "U011"


def story(type: str, *turns: tuple[str, int, int, dict[str, Value]]) -> Story:
    """A record made of turns: who, captured, received, what."""
    made: list[Turn] = []
    cells: dict[str, Cell] = {}
    for number, (person, captured, received, cells_set) in enumerate(turns, 1):
        writer = f"d:{number}"
        made.append(Turn(writer, person, cells_set, captured, received, number))
        cells |= {name: Cell(value, writer, captured, 0) for name, value in cells_set.items()}
    return Story(Record("r1", type, f"{type}@1", cells), tuple(made))


def hazard(
    grade: str = "A", *more: tuple[str, int, int, dict[str, Value]], received: int = T0
) -> Story:
    first: dict[str, Value] = {
        "state": "reported",
        "code": "HZ-1",
        "reporter": "U003",
        "grade": grade,
        "area": "A01",
        "asset": "TK-101",
        "unit": "T-INS",
    }
    return story("hazard", ("U003", T0, received, first), *more)


def accepted(at: int = T0, person: str = LEADER) -> tuple[str, int, int, dict[str, Value]]:
    return (person, at, at, {"state": "accepted", "owner": person})


def of(
    one: Story, delivered: Delivered = nobody_known, found: Definitions | None = None
) -> list[Due]:
    found = found or demo_definitions()
    look = escalation.of_task if one.record.type == "task" else escalation.of_hazard
    return look(found, one, delivered)


def escalated(dues: list[Due]) -> list[tuple[int, str, str]]:
    """Minutes after T0, level, person."""
    return sorted(
        ((due.at_ms - T0) // MINUTE, due.level, due.to) for due in dues if due.rule == "escalation"
    )


def test_grade_a_that_nobody_accepts_climbs_three_levels() -> None:
    assert escalated(of(hazard())) == [
        (15, "unit_head", HEAD),
        (30, "safety_manager", SAFETY_MANAGER),
        (60, "general_manager", GENERAL_MANAGER),
    ]


def test_grade_b_that_is_accepted_is_told_at_half_all_and_half_as_much_again() -> None:
    assert escalated(of(hazard("B", accepted()))) == [
        (36 * 60, "team_leader", LEADER),
        (72 * 60, "unit_head", HEAD),
        (108 * 60, "safety_manager", SAFETY_MANAGER),
    ]


def test_grade_d_is_put_right_on_the_spot_and_never_escalates() -> None:
    assert escalated(of(hazard("D"))) == escalated(of(hazard("D", accepted()))) == []


def test_a_level_that_nobody_holds_is_passed_over_upwards() -> None:
    demo = demo_definitions()
    people = {
        code: replace(person, areas=person.areas - {"A01"})
        if "unit_head" in person.roles
        else person
        for code, person in demo.plant.people.items()
    }
    people[SAFETY_MANAGER] = replace(people[SAFETY_MANAGER], retired_ms=T0)  # has left
    found = replace(demo, plant=replace(demo.plant, people=people))
    assert {(at, to) for at, _, to in escalated(of(hazard(), found=found))} == {
        (15, GENERAL_MANAGER),
        (30, GENERAL_MANAGER),
        (60, GENERAL_MANAGER),
    }


def test_an_offline_report_counts_from_when_the_server_had_it_and_shows_both_clocks() -> None:
    dues = of(hazard(received=T0 + 3 * HOUR))
    assert escalated(dues)[0][0] == 3 * 60 + 15
    assert {(due.captured_ms, due.counted_ms) for due in dues} == {(T0, T0 + 3 * HOUR)}


def test_the_clock_starts_when_a_device_of_those_who_accept_has_it() -> None:
    def delivered(people: Collection[str], _feed: int) -> int | None:
        return T0 + 40 * MINUTE if LEADER in people else None

    assert escalated(of(hazard(), delivered))[0][0] == 55


def test_interim_control_ends_the_climb_until_the_hazard_is_reopened() -> None:
    control: tuple[str, int, int, dict[str, Value]] = (
        LEADER, T0 + 5 * MINUTE, T0 + 5 * MINUTE, {"interim": "停泵", "interim_ms": T0 + 5 * MINUTE}
    )  # fmt: skip
    climb = [(30, "unit_head", HEAD), (60, "safety_manager", SAFETY_MANAGER)]
    climb.append((90, "general_manager", GENERAL_MANAGER))
    assert escalated(of(hazard("A", accepted()))) == climb
    assert escalated(of(hazard("A", accepted(), control))) == []
    again = T0 + DAY
    more: tuple[tuple[str, int, int, dict[str, Value]], ...] = (
        ("U003", again, again, {"state": "reopened"}),
        (LEADER, again, again, {"state": "rectifying", "rectifier": LEADER}),
    )
    reopened = escalated(of(hazard("A", accepted(), control, *more)))
    assert [at for at, _, _ in reopened] == [DAY // MINUTE + 30 * step for step in (1, 2, 3)]


def test_whoever_accepted_is_not_told_of_himself() -> None:
    assert escalated(of(hazard("A", accepted(person=HEAD)))) == [
        (30, "safety_manager", SAFETY_MANAGER),
        (60, "general_manager", GENERAL_MANAGER),
    ]


def test_handing_it_on_wins_no_time() -> None:
    given: tuple[str, int, int, dict[str, Value]] = (
        LEADER, T0 + DAY, T0 + DAY, {"state": "dispatched", "assignee": "U041"}
    )  # fmt: skip
    before = escalated(of(hazard("B", accepted())))
    assert escalated(of(hazard("B", accepted(), given))) == before


def task(start: int, due: int, received: int = T0) -> Story:
    cells: dict[str, Value] = {
        "state": "open",
        "kind": "inspection",
        "owner": "U042",
        "asset": "TK-101",
        "area": "A01",
        "unit": "T-TANK",
        "template": "TANK-D",
        "start_ms": start,
        "due_ms": due,
    }
    return story("task", ("U020", T0, received, cells))


def test_a_late_task_reminds_its_owner_and_then_climbs() -> None:
    dues = of(task(T0, T0 + 2 * HOUR))
    reminded = sorted((due.at_ms - T0) // MINUTE for due in dues if due.rule == "reminder")
    assert reminded == [105, 120]
    assert escalated(dues) == [
        (150, "team_leader", "U020"),
        (240, "unit_head", HEAD),
        (600, "safety_manager", SAFETY_MANAGER),
    ]


def test_due_soon_is_not_said_when_it_is_late() -> None:
    dues = of(task(T0, T0 + 2 * HOUR))
    said = {due.step.partition(":")[0] for due in due_now(dues, T0 + 3 * HOUR)}
    assert "inspection_before" not in said
    assert "inspection_due" in said


def test_a_task_that_came_late_is_escalated_so_much_later() -> None:
    late = 5 * HOUR
    on_time = escalated(of(task(T0, T0 + 2 * HOUR)))
    assert [at for at, _, _ in escalated(of(task(T0, T0 + 2 * HOUR, received=T0 + late)))] == [
        at + late // MINUTE for at, _, _ in on_time
    ]


def test_a_copy_goes_by_what_the_grade_ever_was_also_of_a_merged_one() -> None:
    found = demo_definitions()
    lowered = hazard(
        "A", ("U001", T0, T0, {"grade": "C", "note": "x"}), ("U015", T0, T0, {"state": "closed"})
    )
    assert [due.to for due in copies(found, (lowered,), lowered.turns[-1])] == [GENERAL_MANAGER]
    minor = hazard("C", ("U015", T0, T0, {"state": "closed"}))
    assert copies(found, (minor,), minor.turns[-1]) == []
    inside = hazard("A")
    assert [due.to for due in copies(found, (minor, inside), minor.turns[-1])] == [GENERAL_MANAGER]


minutes = st.integers(min_value=0, max_value=20 * 24 * 60)


def _any_hazard(grade: str, was_accepted: bool, late: int) -> Story:
    more = (accepted(T0 + DAY),) if was_accepted else ()
    return hazard(grade, *more, received=T0 + late * MINUTE)


stories = st.builds(_any_hazard, st.sampled_from("ABCD"), st.booleans(), st.integers(0, 600))


@given(stories, st.none() | minutes, st.lists(minutes, min_size=1, max_size=30))
def test_in_rounds_at_any_times_each_step_is_said_once_and_none_too_early(
    one: Story, delivered: int | None, rounds: list[int]
) -> None:
    """The clock may go where it wants: what is known is what was said, by id."""
    at = None if delivered is None else T0 + delivered * MINUTE
    dues = of(one, lambda _people, _feed: at)
    said: dict[str, Due] = {}
    for minute in rounds:
        for due in due_now(dues, T0 + minute * MINUTE):
            assert due.at_ms <= T0 + minute * MINUTE
            said.setdefault(due.notice_id, due)
    for due in said.values():
        assert due.counted_ms >= due.captured_ms
        assert due.at_ms >= due.counted_ms
        assert due.counted_ms >= (one.turns[0].received_ms or 0) or len(one.turns) > 1
    last = due_now(dues, T0 + 1000 * DAY)
    lasting = {due.notice_id for due in dues if due.until_ms is None}
    assert lasting <= {due.notice_id for due in last}  # in the end every step comes
    assert len({due.notice_id for due in dues}) == len(dues)


@given(stories, minutes)
def test_delivery_brings_no_step_forward(one: Story, delivered: int) -> None:
    at = T0 + max(delivered, 600) * MINUTE  # no device has it before the server
    unknown = {due.notice_id: due.at_ms for due in of(one)}
    for due in of(one, lambda _people, _feed: at):
        assert due.at_ms >= unknown[due.notice_id]


def test_an_id_says_all_of_what_is_said() -> None:
    one = notice_id("reminder", "r1", "accept_due:0:d:1", "U001")
    others = {
        notice_id("escalation", "r1", "accept_due:0:d:1", "U001"),
        notice_id("reminder", "r2", "accept_due:0:d:1", "U001"),
        notice_id("reminder", "r1", "accept_due:0:d:2", "U001"),
        notice_id("reminder", "r1", "accept_due:0:d:1", "U002"),
    }
    assert one not in others
    assert len(others) == 4
    assert len(one) <= 64
