"""The kills of `tests.faults.both` at length: `dev.py soak kill --count N --seed S`."""

import argparse
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from tests.faults.both import Campaign
from tests.helpers import postgres


def stores(which: str) -> Iterator[str]:
    """Yield the stores that are meant."""
    yield from ("sqlite", "postgres") if which == "both" else (which,)


def main() -> int:
    """Run a campaign on each store and print what happened."""
    parser = argparse.ArgumentParser(prog="dev.py soak kill", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="kills on each store")
    parser.add_argument("--seed", type=int, default=None, help="drawn where it is left out")
    parser.add_argument("--store", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--minutes", type=float, default=1e6, help="of killing, at most")
    options = parser.parse_args()
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    for which in stores(options.store):
        folder = Path(tempfile.mkdtemp(prefix="anshao-soak-"))
        with postgres.cluster() if which == "postgres" else nullcontext() as running:
            url = running.url(running.empty()) if running else None
            try:
                print(
                    f"{which}: {Campaign(folder, seed, url).run(options.count, options.minutes)}",
                    flush=True,
                )
            except AssertionError as error:
                print(f"{which}: seed {seed}: {error}\nkept for a look: {folder}", flush=True)
                return 1
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
