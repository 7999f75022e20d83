"""The plant that a seed decides: nothing gets lost, and what would lose something is found."""

from collections.abc import Iterator
from unittest import mock

import pytest

from benchmarks.simulate import SEARCH_STEPS, STEPS_A_SEED, search, workers
from benchmarks.simulation.nodes import Places, workplace
from benchmarks.simulation.planted import PLANTED
from benchmarks.simulation.world import STORIES, Bug, simulate, story_of
from offline_store import leaving
from offline_store.scoped import View

STEPS, SEEDS_RUN = 500, 20
SEEDS = 400  # where seeds of each story are looked for
HAPPENS = {
    "answer lost", "blocked", "certificate expired", "clock", "clone", "consent withdrawn", "crash",
    "crash at a write", "cut", "disk", "half open", "handed over", "handed over again",
    "held refused", "held released", "invitation", "joins anew", "late", "let in", "lost",
    "lost power taking over", "no certificate", "no room", "recording", "removal approved",
    "removal asked", "removal declined", "removed for good", "request cut", "request silent",
    "restore", "rollback", "scope of a device", "scope of a person", "server", "server at a write",
    "twice", "write",
}  # fmt: skip
STAYS = [(48, 600), (1018, 1000), (20328, 1000), (20341, 1000), (40635, 1000)]  # seed, steps
LEAKS = (
    Bug("rules not asked", lambda: mock.patch.object(View, "_sees", return_value=True)),
    Bug("nothing goes", lambda: mock.patch.object(leaving, "settle", return_value=0)),
)


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    with workplace() as found:
        yield found


def _seeds(story: str, count: int) -> list[int]:
    return [seed for seed in range(1, SEEDS) if story_of(seed) == story][:count]


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a minute on two cores that have nothing else to do
def test_twenty_thousand_steps_lose_nothing_decide_nothing_twice_and_end_alike() -> None:
    with workers(2) as pool:
        outcomes = list(pool.outcomes(range(1, SEEDS_RUN + 1), STEPS_A_SEED))

    for one in outcomes:
        assert one.found.clean, f"--seed {one.seed} --steps {STEPS_A_SEED}: {one.found}"
        assert one.steps >= STEPS_A_SEED
        assert one.entries > 20, "people were at work"
    assert sum(one.photos for one in outcomes) > SEEDS_RUN
    assert set[str]().union(*(one.kinds for one in outcomes)) >= HAPPENS


@pytest.mark.slow
@pytest.mark.parametrize("seed", _seeds("restore", 3))
def test_a_server_from_a_backup_gets_back_all_that_it_had_confirmed(
    places: Places, seed: int
) -> None:
    found = simulate(seed, STEPS, places).found

    assert found.clean, f"--seed {seed}: {found}"


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "steps"), STAYS)
def test_what_was_mended_stays_mended(places: Places, seed: int, steps: int) -> None:
    found = simulate(seed, steps, places).found

    assert found.clean, f"--seed {seed}: {found}"


@pytest.mark.slow
@pytest.mark.parametrize("bug", LEAKS, ids=lambda bug: bug.name)
def test_a_device_that_has_too_much_is_found(places: Places, bug: Bug) -> None:
    found = search(bug, 1, places, 10_000)

    assert found.seed is not None


@pytest.mark.slow
def test_a_seed_replays(places: Places) -> None:
    first, again = (simulate(7, 200, places) for _ in range(2))

    assert (first.trace, first.steps, first.entries) == (again.trace, again.steps, again.entries)


@pytest.mark.slow
@pytest.mark.timeout(900)  # as many steps as are allowed; a few hundred do as a rule
@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_within_a_hundred_thousand_steps(places: Places, bug: Bug) -> None:
    found = search(bug, 1, places)

    assert found.seed is not None, f"{SEARCH_STEPS} steps without a finding"


def test_each_story_has_seeds() -> None:
    assert {story_of(seed) for seed in range(1, SEEDS)} == set(STORIES)
