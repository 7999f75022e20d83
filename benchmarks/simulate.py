"""Bench `simulate`: does anything get lost, whatever happens on the way?

A plant of devices and one server, all of it the product's own code, lives through a schedule that
a seed decides: work, cuts, crashes, restarts, a server from a backup, a device from a copy. Then
everything has its time to arrive, and what is left is compared with what must be. Six bugs are
planted to see that they would have been found. `benchmarks/simulation` says how.
"""

import gc
import sys
import time

from benchmarks.runner import Options, Result
from benchmarks.simulation.nodes import Places, workplace
from benchmarks.simulation.planted import PLANTED
from benchmarks.simulation.world import Bug, Outcome, simulate

STEPS = 20_000
STEPS_A_SEED = 1_000
FIRST_SEED = 1
SEARCH_A_SEED = 400
SEARCH_STEPS = 100_000  # a planted bug that is not found within so many is not found


def run(options: Options) -> Result:
    """Simulate; returns no ratio, and the figures."""
    steps, first = options.steps or STEPS, FIRST_SEED if options.seed is None else options.seed
    seeds = max(1, round(steps / STEPS_A_SEED))
    a_seed = -(-steps // seeds)
    with workplace() as places:
        gc.freeze()  # definitions stay; looking at them again and again is a tenth of the time
        began = time.perf_counter()
        outcomes: list[Outcome] = []
        for seed in range(first, first + seeds):
            options.progress(len(outcomes), seeds + len(PLANTED))
            outcomes.append(simulate(seed, a_seed, places))
            _tell(outcomes[-1])
        took_s = time.perf_counter() - began
        found = 0
        for done, bug in enumerate(PLANTED, seeds):
            options.progress(done, seeds + len(PLANTED))
            found += search(bug, first, places) is not None
        options.progress(seeds + len(PLANTED), seeds + len(PLANTED))
    figures = {
        "steps": sum(one.steps for one in outcomes),
        "seeds": seeds,
        "lost": sum(one.found.lost for one in outcomes),
        "double_decisions": sum(one.found.double_decisions for one in outcomes),
        "lost_stops": sum(one.found.lost_stops for one in outcomes),
        "diverged": sum(one.found.diverged for one in outcomes),
        "entries": sum(one.entries for one in outcomes),
        "steps_per_s": sum(one.steps for one in outcomes) / took_s,
        "planted": len(PLANTED),
        "planted_found": found,
    }
    return {}, {name: float(value) for name, value in figures.items()}


def search(bug: Bug, first: int, places: Places, limit: int = SEARCH_STEPS) -> Outcome | None:
    """Look for a planted bug, seed by seed; the outcome that shows it, None within the limit."""
    steps, seed = 0, first
    while steps < limit:
        outcome = simulate(seed, SEARCH_A_SEED, places, bug)
        steps, seed = steps + outcome.steps, seed + 1
        if not outcome.found.clean:
            print(f"planted '{bug.name}': seed {outcome.seed}, {steps} steps", file=sys.stderr)
            return outcome
    print(f"planted '{bug.name}': not found in {steps} steps", file=sys.stderr)
    return None


def _tell(outcome: Outcome) -> None:
    """Say which seed replays what went wrong."""
    if outcome.found.clean:
        return
    replay = f"--steps {STEPS_A_SEED} --seed {outcome.seed}"
    print(f"seed {outcome.seed} ({replay}):", *outcome.found.notes, sep="\n  ", file=sys.stderr)
