"""Bench `simulate`: does anything get lost, whatever happens on the way?

A plant of devices and one server, all of it the product's own code, lives through a schedule that
a seed decides: work with photos, cuts, crashes, full disks, wrong clocks, restarts, a server from a
backup, a device from a copy or with a twin, one that is lost, blocked, or joins anew, people and
devices that get other places and rights, work that one device hands to another, recordings that are
removed, certificates that run out. Then everything has its time to arrive, and what is
left is compared with what must be. Six bugs are planted to see that they would have been found.
Seeds are shared out among processes (`--jobs`); a seed gives the same in each of them.
`benchmarks/simulation` says how.
"""

import atexit
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TypeVar

from benchmarks.runner import Options, Result
from benchmarks.simulation.nodes import Places, workplace
from benchmarks.simulation.planted import PLANTED
from benchmarks.simulation.world import Bug, Outcome, simulate

STEPS = 20_000
STEPS_A_SEED = 1_000
FIRST_SEED = 1
SEARCH_A_SEED = 400
TELL_EVERY = 20  # seeds: a long run says how far it is
SEARCH_STEPS = 100_000  # a planted bug that is not found within so many is not found
T = TypeVar("T")
_mine: list[Places] = []  # of this process


@dataclass(frozen=True)
class Search:
    """What came of looking for a planted bug: the seed that shows it, None where none did."""

    name: str
    steps: int
    seed: int | None


def run(options: Options) -> Result:
    """Simulate; returns no ratio, and the figures."""
    steps, first = options.steps or STEPS, FIRST_SEED if options.seed is None else options.seed
    seeds = max(1, round(steps / STEPS_A_SEED))
    a_seed = -(-steps // seeds)
    whole = seeds + len(PLANTED)
    with workers(options.jobs or os.cpu_count() or 1) as pool:
        began = time.perf_counter()
        outcomes: list[Outcome] = []
        for outcome in pool.outcomes(range(first, first + seeds), a_seed):
            outcomes.append(outcome)
            options.progress(len(outcomes), whole)
            _tell(outcome, a_seed)
            if len(outcomes) % TELL_EVERY == 0:
                _so_far(outcomes, seeds, time.perf_counter() - began)
        took_s = time.perf_counter() - began
        searches: list[Search] = []
        for search in pool.searches(first):
            searches.append(search)
            options.progress(seeds + len(searches), whole)
            found = f"seed {search.seed}, " if search.seed is not None else "not found in "
            print(f"planted '{search.name}': {found}{search.steps} steps", file=sys.stderr)
    figures = {
        "steps": sum(one.steps for one in outcomes),
        "seeds": seeds,
        "lost": sum(one.found.lost for one in outcomes),
        "double_decisions": sum(one.found.double_decisions for one in outcomes),
        "lost_stops": sum(one.found.lost_stops for one in outcomes),
        "diverged": sum(one.found.diverged for one in outcomes),
        "leaked": sum(one.found.leaked for one in outcomes),
        "entries": sum(one.entries for one in outcomes),
        "photos": sum(one.photos for one in outcomes),
        "steps_per_s": sum(one.steps for one in outcomes) / took_s,
        "planted": len(PLANTED),
        "planted_found": sum(1 for one in searches if one.seed is not None),
    }
    return {}, {name: float(value) for name, value in (figures | _kinds(outcomes)).items()}


def _kinds(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return how often each thing happened, that all of them are seen to happen."""
    kinds: Counter[str] = Counter()
    for one in outcomes:
        kinds.update(one.kinds)
    return {f"kind_{name.replace(' ', '_')}": times for name, times in sorted(kinds.items())}


class Pool:
    """Processes that simulate, each with its stores; without any, this one does it."""

    def __init__(self, processes: ProcessPoolExecutor | None) -> None:
        """Use those processes."""
        self._processes = processes

    def outcomes(self, seeds: Sequence[int], steps: int) -> Iterator[Outcome]:
        """Give the outcomes of seeds in their order."""
        return self._map(_one_seed, [(seed, steps) for seed in seeds])

    def searches(self, first: int) -> Iterator[Search]:
        """Look for each planted bug from a seed on."""
        return self._map(_one_search, [(number, first) for number in range(len(PLANTED))])

    def _map(
        self, work: Callable[[tuple[int, int]], T], each: list[tuple[int, int]]
    ) -> Iterator[T]:
        return self._processes.map(work, each) if self._processes else map(work, each)


@contextmanager
def workers(count: int) -> Generator[Pool]:
    """Give a pool of so many processes."""
    if count == 1:
        with workplace() as places:
            _prepare(places)
            yield Pool(None)
            _mine.clear()
        return
    with ProcessPoolExecutor(count, get_context("spawn"), _begin) as processes:
        yield Pool(processes)


def _begin() -> None:
    """Make the stores of a process; they go when it ends."""
    places = workplace()
    _prepare(places.__enter__())
    atexit.register(places.__exit__, None, None, None)


def _prepare(places: Places) -> None:
    _mine[:] = [places]
    gc.collect()
    gc.freeze()  # definitions stay; looking at them again and again is a tenth of the time


def _one_seed(what: tuple[int, int]) -> Outcome:
    seed, steps = what
    with _without_collector():
        try:
            return simulate(seed, steps, _mine[0])
        except Exception as error:
            error.add_note(f"seed {seed} (--steps {steps} --seed {seed})")
            raise


def _one_search(what: tuple[int, int]) -> Search:
    number, first = what
    return search(PLANTED[number], first, _mine[0])


@contextmanager
def _without_collector() -> Generator[None]:
    """Let garbage lie for the length of one seed."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


def search(bug: Bug, first: int, places: Places, limit: int = SEARCH_STEPS) -> Search:
    """Look for a planted bug, seed by seed."""
    steps, seed = 0, first
    while steps < limit:
        outcome = simulate(seed, SEARCH_A_SEED, places, bug)
        steps, seed = steps + outcome.steps, seed + 1
        if not outcome.found.clean:
            return Search(bug.name, steps, outcome.seed)
    return Search(bug.name, steps, None)


def _so_far(outcomes: Sequence[Outcome], seeds: int, took_s: float) -> None:
    steps = sum(one.steps for one in outcomes)
    wrong = [one.seed for one in outcomes if not one.found.clean]
    said = f"first wrong seed {wrong[0]}, {len(wrong)} in all" if wrong else "nothing wrong"
    per_s = f"{steps / took_s:.0f} a second"
    print(f"{len(outcomes)} of {seeds} seeds, {steps} steps, {per_s}: {said}", file=sys.stderr)


def _tell(outcome: Outcome, steps: int) -> None:
    """Say which seed replays what went wrong."""
    if outcome.found.clean:
        return
    replay = f"--steps {steps} --seed {outcome.seed}"
    print(f"seed {outcome.seed} ({replay}):", *outcome.found.notes, sep="\n  ", file=sys.stderr)
