"""The roster promises: a round always has somebody, and nobody who is away gets it in silence."""

from dataclasses import replace
from datetime import time

from domain.plans import DueTask, local_ms
from domain.plant import InspectionPlan, Plant, Rhythm, RosterRow, Stop
from domain.rosters import on_duty, owner_of
from tests.helpers.definitions import DAY0, demo_definitions

FOUND = demo_definitions()
PLANT = FOUND.plant
NOON, NIGHT = time(12), time(2)


def asked(plan: InspectionPlan, *rows: RosterRow, at: time = NOON, asset: str = "TK-102") -> object:
    start = local_ms(DAY0, at, PLANT.timezone)
    task = DueTask(plan, Stop(asset, "TANK-D"), start, start + 1)
    return owner_of(task, with_rows(*rows), FOUND.access, DAY0)


def with_rows(*rows: RosterRow) -> Plant:
    return replace(PLANT, roster=rows)


def of(owner: str = "", role: str = "", unit: str = "") -> InspectionPlan:
    return InspectionPlan("PX", (), "", owner, role, unit, Rhythm(), (), 60)


def test_the_named_person_keeps_the_round_while_the_roster_says_nothing_else() -> None:
    assert asked(of("U034")) == "U034"
    elsewhere = RosterRow(0, "day", "A06", ("U009",))
    assert asked(of("U034"), elsewhere) == "U034"  # no row for this area
    assert asked(of("U034"), RosterRow(0, "day", "A02", ("U012",)), replace(
        elsewhere, people=("U034",))) == "U034"  # on shift, in another area  # fmt: skip


def test_who_is_away_is_stood_in_for_by_who_may_do_it_there() -> None:
    assert asked(of("U034"), RosterRow(0, "day", "A02", ("U005", "U012"))) == "U012"
    tank_farm = RosterRow(0, "day", "A01", ("U042", "U003"))
    assert asked(of("U034"), tank_farm, asset="TK-101") == "U003"  # of the same role


def test_without_anybody_who_may_it_falls_to_the_team_leader() -> None:
    assert asked(of("U012"), RosterRow(0, "day", "A02", ("U005",))) == "U021"


def test_a_role_is_taken_by_who_has_it_on_shift_else_by_the_team_leader() -> None:
    plan = of(role="fire_officer", unit="T-FIRE")
    on = RosterRow(0, "day", "A05", ("U026", "U027"))
    assert asked(plan, on, asset="FX-05") == "U027"
    assert asked(of(role="inspector", unit="T-TANK"), on, asset="TK-101") == "U020"


def test_the_hours_after_midnight_belong_to_the_shift_that_began_before() -> None:
    plant = with_rows(RosterRow(-1, "night", "A01", ("U003",)), RosterRow(0, "night", "A01", ()))
    duty = on_duty(plant, DAY0, local_ms(DAY0, NIGHT, PLANT.timezone), "A01")
    assert duty.here == ("U003",)
