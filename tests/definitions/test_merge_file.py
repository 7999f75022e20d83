"""The merge file promises: it says what the product does, and a slip in it is found with its line."""
# ruff: noqa: E501 -- a row of the table is one case

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from domain.definitions import read
from domain.holds import KINDS, Safety
from domain.joins import Policy
from domain.policies import CELLS, POLICIES
from domain.records import type_names
from domain.workflow import Workflow
from offline_store import records
from offline_store.database import FILE_NAME, open_store
from tests.helpers.definitions import DAY0, definition_files, demo_definitions
from tests.helpers.merging import trial_policies

MERGE = "merge.yaml"
PERMITS = "permits.yaml"
FILES = definition_files()
TASK = "{type: task, first: [state], ask: [done_by]}"


def test_the_file_says_what_device_and_server_merge_by() -> None:
    read_here = {name: one for name, one in demo_definitions().policies.items() if name != "permit"}
    assert read_here == POLICIES


def test_definitions_from_before_there_was_a_merge_file_are_still_read() -> None:
    older, problems = read({path: text for path, text in FILES.items() if path != MERGE}, DAY0)
    assert problems == ()
    assert older is not None
    assert older.policies == POLICIES


def test_every_workflow_has_its_policies() -> None:
    flows: list[Workflow] = list(demo_definitions().workflows.values())
    assert {flow.code for flow in flows} <= demo_definitions().policies.keys()


@pytest.mark.parametrize(
    "policies", [demo_definitions().policies["permit"], trial_policies()["trial"]]
)
def test_permits_merge_in_the_order_of_their_data(policies: dict[str, object]) -> None:
    safety = policies["state"]
    assert isinstance(safety, Safety)
    assert [safety.rank(kind) for kind in KINDS] == [7, 6, 5, 4, 3, 2, 1]
    assert safety.order == KINDS
    counted = {
        ("permit.stop", "suspended"): "stop",
        ("rule", "suspended"): "suspend",
        ("permit.reject", "suspended"): "reject",
        ("permit.reject", "rejected"): "reject",
        ("permit.apply", "void"): "reject",
        ("permit.apply", "submitted"): "approve",
        ("clock", "expired"): "expire",
        ("permit.accept", "done"): "close",
        ("permit.accept", "closed"): "close",
        ("permit.approve", "approved"): "approve",
        ("permit.start", "started"): "start",
        ("permit.resume", "approved"): "start",
    }
    assert {move: safety.kind(*move) for move in counted} == counted
    assert set(safety.places.values()) == set(safety.lifted_by) == {"stop", "suspend", "reject"}
    assert safety.lifted_by["reject"] == "conflict.settle"
    assert (safety.suspended, safety.started) == ("suspended", "started")
    assert safety.kind("permit.dance", "heaven") == ""


@pytest.mark.parametrize(
    ("path", "good", "bad", "code"),
    [
        (MERGE, TASK, "{type: task, frist: [state], ask: [done_by]}", "value.choice"),
        (MERGE, TASK, "{type: task, first: state, ask: [done_by]}", "value.kind"),
        (MERGE, TASK, "{type: task, first: [state], ask: [state]}", "code.duplicate"),
        (MERGE, TASK, "{type: hazard, first: [state], ask: [done_by]}", "code.duplicate"),
        (MERGE, TASK, "{first: [state], ask: [done_by]}", "key.missing"),
        (MERGE, "{type: event}", "{type: evidance}", "value.choice"),
        (MERGE, TASK, "{type: task, first: [state], ask: [donne_by]}", "value.choice"),
        (MERGE, TASK, "{type: task, first: [state], newest: [done_by]}", "value.choice"),
        (MERGE, "{type: gap, first: [state], latest: [note]}", "{type: gap, first: [state], latest: [\n  noet]}", "value.choice"),
        (MERGE, "latest: [place_note, note, fix,", "latest: [place_note, notes, fix,", "value.choice"),
        (MERGE, "{cell: o2_vol, worse: low}", "{cell: o3_vol, worse: low}", "value.choice"),
        (MERGE, "latest: [other_measures]", "latest: [other_messures]", "value.choice"),
        (MERGE, "{cell: o2_vol, worse: low}", "{cell: o2_vol, worse: bad}", "value.choice"),
        (MERGE, "{cell: o2_vol, worse: low}", "{cell: images, worse: low}", "code.duplicate"),
        (MERGE, "{as: stop, by: [permit.stop]}", "{as: halt, by: [permit.stop]}", "value.choice"),
        (MERGE, "{as: stop, by: [permit.stop]}", "{as: stop, by: [permit.halt]}", "reference.unknown"),
        (MERGE, "{as: start, to: [started]}", "{as: start, to: [heaven]}", "value.choice"),
        (MERGE, "{as: stop, by: [permit.stop]}", "{as: stop}", "key.missing"),
        (MERGE, "started: started", "started: heaven", "value.choice"),
        (PERMITS, "merge_order: [stop, reject,", "merge_order: [reject,", "value.choice"),
        (PERMITS, "by: permit.stop, hold: stop}", "by: permit.stop, hold: halt}", "value.choice"),
        (PERMITS, "to: suspended, by: permit.stop, hold: stop}", "to: rejected, by: permit.stop, hold: stop}", "merge.suspended"),
    ],
    ids=range(22),
)  # fmt: skip
def test_a_slip_is_named_with_its_line(path: str, good: str, bad: str, code: str) -> None:
    text = FILES[path]
    assert good in text
    # where the slip itself is on a line of its own, that one is named
    line = text[: text.index(good)].count("\n") + 1 + bad.count("\n")
    definitions, problems = read({**FILES, path: text.replace(good, bad, 1)}, DAY0)
    assert definitions is None
    found = {(one.path, one.code): one.line for one in problems}
    assert (path, code) in found, problems
    if code not in {"code.duplicate", "merge.suspended"}:  # named at the second, or at the list
        assert found[path, code] == line


def test_a_slip_is_named_with_what_may_stand_there() -> None:
    text = FILES[MERGE].replace("{type: event}", "{type: evidance}")
    _, problems = read({**FILES, MERGE: text}, DAY0)
    [problem] = problems
    assert (problem.params["key"], problem.params["value"]) == ("type", "evidance")
    assert {"evidence", "permit", "hazard"} <= set(problem.params["allowed"].split(", "))
    text = FILES[MERGE].replace("ask: [done_by]", "ask: [donne_by]")
    _, problems = read({**FILES, MERGE: text}, DAY0)
    [problem] = problems
    assert (problem.params["key"], problem.params["value"]) == ("ask", "donne_by")
    assert "done_by" in problem.params["allowed"].split(", ")
    text = FILES[MERGE].replace("ask: [done_by]", "asked: [done_by]")
    _, problems = read({**FILES, MERGE: text}, DAY0)
    [problem] = problems
    assert (problem.params["key"], problem.params["value"]) == ("merge", "asked")
    assert {policy.value for policy in Policy} <= set(problem.params["allowed"].split(", "))


def test_types_that_the_file_does_not_name_keep_the_policies_of_the_product() -> None:
    short = "merge:\n  - {type: task, first: [state], latest: [done_by]}\n"
    definitions, problems = read({**FILES, MERGE: short}, DAY0)
    assert problems == ()
    assert definitions is not None
    assert definitions.policies == {
        **POLICIES,
        "task": {"state": Policy.FIRST, "done_by": Policy.LATEST},
    }


def test_every_cell_that_the_product_merges_or_writes_may_stand_in_the_file() -> None:
    flows = demo_definitions().workflows.keys()
    assert CELLS.keys() == set(type_names) - flows
    for name, cells in CELLS.items():
        assert POLICIES[name].keys() <= cells


def test_every_cell_of_the_first_day_may_stand_in_the_file(
    seeded_home: Path, tmp_path: Path
) -> None:
    shutil.copy(seeded_home / FILE_NAME, tmp_path)
    with closing(open_store(tmp_path)) as store, store.reading() as session:
        for name, cells in CELLS.items():
            for record in records.find(session, name, limit=records.ALL):
                assert record.cells.keys() <= cells


def test_a_move_that_counts_as_nothing_is_a_problem() -> None:
    text = FILES[MERGE].replace("        - {as: expire, to: [expired]}\n", "")
    definitions, problems = read({**FILES, MERGE: text}, DAY0)
    assert definitions is None
    [problem] = problems
    assert problem.code == "merge.uncounted"
    assert dict(problem.params) == {"key": "counts", "by": "clock", "to": "expired"}
