"""The PIN hashes of the plant, in a file of mode 0600: what the pack gives to devices."""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from domain.pins import hash_pin
from server.keys import write_private

SALT_BYTES = 16
_FILE = "pins.json"


def stored(folder: Path) -> dict[str, str]:
    """Return the hashes by person; empty where nobody has a PIN yet."""
    file = folder / _FILE
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def add_missing(folder: Path, pins: Mapping[str, str]) -> dict[str, str]:
    """Hash the PINs of people who have none yet; a PIN that was changed since is left alone."""
    hashes = stored(folder)
    missing = sorted(pins.keys() - hashes.keys())
    salts = [os.urandom(SALT_BYTES) for _ in missing]
    if missing:
        with ThreadPoolExecutor(
            os.cpu_count() or 1
        ) as pool:  # scrypt lets go of the interpreter lock
            made = pool.map(hash_pin, [pins[person] for person in missing], salts)
            hashes.update(zip(missing, made, strict=True))
        write_private(folder / _FILE, json.dumps(hashes, sort_keys=True).encode())
    return hashes
