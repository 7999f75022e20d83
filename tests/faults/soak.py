"""Kills at length: `dev.py soak kill|work --count N --seed S`; see `both` and `kills` beside it."""

import argparse
import secrets
import shutil
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.faults.both import Campaign
from tests.faults.kills import campaign
from tests.helpers import postgres

STORES = {"sqlite": ("sqlite",), "postgres": ("postgres",), "both": ("sqlite", "postgres")}


def main() -> int:
    """Run a campaign on each store and print what happened; 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="dev.py soak", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    kill = what.add_parser("kill", help="clients and server, during sync")
    for one in (kill, what.add_parser("work", help="clients, at their work")):
        one.add_argument("--count", type=int, default=200, help="kills on each store")
        one.add_argument("--seed", type=int, default=None, help="drawn where it is left out")
        one.add_argument("--store", choices=tuple(STORES), default="both")
    kill.add_argument("--minutes", type=float, default=1e6, help="of killing, at most")
    options = parser.parse_args()
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    for which in STORES[options.store]:
        folder = Path(tempfile.mkdtemp(prefix="anshao-soak-"))
        with postgres.cluster() if which == "postgres" else nullcontext() as running:
            url = running.url(running.empty()) if running else None
            try:
                print(f"{which}: {_run(options, folder, seed, url)}", flush=True)
            except AssertionError as error:
                print(f"{which}: seed {seed}: {error}\nkept for a look: {folder}", flush=True)
                return 1
        shutil.rmtree(folder)
    return 0


def _run(options: argparse.Namespace, folder: Path, seed: int, url: str | None) -> str:
    if options.what == "kill":
        return Campaign(folder, seed, url).run(options.count, options.minutes)
    return campaign(folder, options.count, seed, url).line()


if __name__ == "__main__":
    sys.exit(main())
