"""Damaged files at every decoder: no crash, no hang, bounded memory; an answer or a typed refusal.

All runs in a process of its own, so that a crash of a library is seen and memory is measured.
`python -m tests.faults.fuzz_decoders SEED N` goes on as long as one likes.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media.damage import ROSE_MIB

ROOT = Path(__file__).parents[2]
CASES = 150
SLOWEST_S = 30.0  # on a crowded machine; alone it is two


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_no_damaged_file_brings_a_decoder_down(seed: int) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.fuzz_decoders", str(seed), str(CASES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, f"seed {seed}: {run.stderr[-3000:]}"
    found = json.loads(run.stdout.splitlines()[-1])
    print(f"seed {seed}: {found}")
    assert found["cases"] == CASES
    assert found["refused"] > CASES, "most damage must be real damage"
    assert found["slowest_s"] < SLOWEST_S
    assert found["rose_mib"] < ROSE_MIB
