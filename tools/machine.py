"""What the project needs of the operating system, and how to get it where that is allowed.

Standard library only: `dev.py` asks before anything is installed.
"""

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-q")
POSTGRES_HOMES = Path("/usr/lib/postgresql")  # Debian keeps the server's programs off the PATH


class Extra(NamedTuple):
    """Something of the operating system; `without` says what is off when it is missing."""

    package: str
    found: Callable[[], object]
    without: str


ZBAR = Extra(
    "libzbar0",
    lambda: os.name == "nt" or ctypes.util.find_library("zbar"),  # the Windows wheel brings it
    "the second reader of printed labels (the first one goes on working)",
)
CHROMIUM = Extra(
    "chromium",
    lambda: os.environ.get("ANSHAO_CHROMIUM") or shutil.which("chromium"),
    "the browser tests (name another Chromium or Chrome in ANSHAO_CHROMIUM)",
)
VENV_MODULE = Extra(
    "python3-venv", lambda: importlib.util.find_spec("ensurepip"), "all: .venv cannot be made"
)
POSTGRES = Extra(
    "postgresql",
    lambda: shutil.which("initdb") or any(POSTGRES_HOMES.glob("*/bin/initdb")),
    "the tests on PostgreSQL",
)


def get_from_system(*extras: Extra) -> None:
    """Install what the operating system lacks where we may, else say what is off without it."""
    missing = [extra for extra in extras if not extra.found()]
    if missing and shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
        _run(*APT, "update")
        _run(*APT, "install", "-y", "--no-install-recommends", *(e.package for e in missing))
        missing = [extra for extra in missing if not extra.found()]
    for extra in missing:
        print(f"please install {extra.package}; off without it: {extra.without}", file=sys.stderr)


def _run(*command: str) -> None:
    """Run a command; whether it helped shows in what is found afterwards."""
    subprocess.run(command, check=False)
