"""Safety rules of work under control: one place, read from the data, for device and server."""

from dataclasses import replace

import pytest

from domain.access import may, subject_of
from domain.control import flow_of, flows, may_check_in, safety_of, stops, was_there
from domain.definitions import Definitions, load, read
from domain.records import Cell, Record, Value
from tests.helpers.definitions import DAY0
from tests.helpers.merging import trial_files

MINUTE = 60_000


def definitions(**changed: tuple[str, str]) -> Definitions:
    """The demo plant with the trial record; a file with one text put in the place of another."""
    files = dict(trial_files())
    for name, (before, after) in changed.items():
        path = f"{name}.yaml" if name in ("defaults", "merge") else f"workflows/{name}.yaml"
        assert before in files[path]
        files[path] = files[path].replace(before, after)
    return load(files, DAY0)


def work(**cells: Value) -> Record:
    found = {name: Cell(value, "a:1", 0, 0) for name, value in cells.items()}
    return Record("r1", "trial", "trial@1", found)


def test_only_a_type_with_a_work_part_and_a_safe_state_is_work_under_control() -> None:
    found = definitions()
    assert flow_of(found, "trial") is found.workflows["trial"]
    assert flow_of(found, "hazard") is None
    assert flow_of(found, "nothing") is None
    assert [flow.code for flow, _ in flows(found)] == ["trial"]
    assert any("trial" in row.types for row in found.scopes.rows)  # and it is taken along
    without = replace(found, policies={**found.policies, "trial": {}})
    assert flow_of(without, "trial") is None
    assert list(flows(without)) == []


@pytest.mark.parametrize(
    ("action", "state", "counts"),
    [
        ("permit.stop", "suspended", True),
        ("permit.reject", "rejected", True),
        ("permit.analyse", "suspended", True),
        ("rule", "expired", True),
        ("permit.accept", "closed", False),
        ("permit.approve", "approved", False),
        ("permit.resume", "started", False),
    ],
)
def test_what_stops_work_is_what_the_data_counts_as_safer_than_a_close(
    action: str, state: str, counts: bool
) -> None:
    policies = definitions().policies
    assert stops(policies, "trial", {"action": action, "state": state}) is counts
    assert stops(policies, "hazard", {"action": action, "state": state}) is False
    safety = safety_of(policies, "trial")
    assert safety is not None
    if counts:  # the same ones beat everything else in the merge
        assert safety.rank(safety.kind(action, state)) > safety.rank("close")


@pytest.mark.parametrize("cells", [{}, {"state": None}, {"state": 7}, {"action": "permit.stop"}])
def test_an_entry_that_sets_no_state_stops_nothing(cells: dict[str, Value]) -> None:
    assert stops(definitions().policies, "trial", cells) is False


def test_how_long_a_scan_proves_presence_is_data() -> None:
    five = definitions()
    two = definitions(defaults=("scan.on_site_min, value: 5", "scan.on_site_min, value: 2"))
    asset = five.plant.assets["CS-07"]
    record = work(area=asset.area)
    for minutes, in_five, in_two in ((0, True, True), (2, True, True), (3, True, False)):
        at = 10 * MINUTE
        scanned = at - minutes * MINUTE
        assert was_there(five, record, "CS-07", scanned, at) is in_five
        assert was_there(two, record, "CS-07", scanned, at) is in_two
    assert not was_there(five, record, "CS-07", 6 * MINUTE, MINUTE)  # scanned afterwards
    assert not was_there(five, work(area="A01"), "CS-07", 0, 0)  # another area
    bad: list[tuple[Value, Value]] = [
        ("NOPE", 0), (None, 0), (["CS-07"], 0), ("CS-07", "0"), (7, 7),
    ]  # fmt: skip
    for asset_id, scanned in bad:
        assert not was_there(five, record, asset_id, scanned, 0)


def test_who_is_named_or_has_a_right_of_the_data_may_check_in() -> None:
    found = definitions()
    flow = found.workflows["trial"]
    worker, stranger = found.plant.people["U044"], found.plant.people["U012"]
    record = work(area="A05", workers=["U044"])
    assert may_check_in(found, flow, record, worker)
    assert not may_check_in(found, flow, work(area="A05"), worker)
    rights = flow.cells["check_ins"].editors
    by_right = any(
        may(found.access, found.plant, stranger, one, subject_of(record)) for one in rights
    )
    assert may_check_in(found, flow, record, stranger) is by_right
    without = replace(flow, cells={})
    assert not may_check_in(found, without, record, worker)  # no such cell, no such right


def test_no_way_leads_back_to_a_signature_that_was_given() -> None:
    files = dict(trial_files())
    way = "  - {from: [done], to: closed, by: permit.accept}\n"
    assert way in files["workflows/trial.yaml"]
    files["workflows/trial.yaml"] = files["workflows/trial.yaml"].replace(
        way, way + "  - {from: [suspended], to: submitted, by: permit.apply}\n"
    )
    found, problems = read(files, DAY0)
    assert found is None
    rounds = [one for one in problems if one.code == "work.rounds"]
    assert {(one.params["by"], one.params["code"]) for one in rounds} == {
        ("permit.approve", "submitted"), ("permit.approve", "joint_signing"),
        ("permit.approve", "awaiting_site_approval"), ("permit.joint_sign", "joint_signing"),
    }  # fmt: skip
