"""The files that the checks of photos go by: what is wrong in them is said, never guessed."""

import shutil
from pathlib import Path

import pytest

from domain.rectification import ModelFileError
from media import checks

MODEL, LIMITS = "rectification.yaml", "limits.yaml"


def test_the_delivered_files_are_read_with_the_plants_gates() -> None:
    found = checks.load(0.9, 0.1)
    assert (found.limits.passed, found.limits.refused) == (0.9, 0.1)
    assert found.limits.scene > 0
    assert found.reuse.agree > 0
    assert found.version.startswith("20")


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        (LIMITS, "scene: 0.35", "scene: 35", "rectify.scene"),
        (LIMITS, "scene: 0.35", "scene: .nan", "rectify.scene"),
        (LIMITS, "scene: 0.35", "scene: yes", "rectify.scene"),
        (LIMITS, "signs: 3", "signs: 2.5", "signs"),
        (LIMITS, "slant: 1.75", "slent: 1.75", "rectify.slent"),
        (LIMITS, "sharp: 6.0", "sharp: six", "rectify.quality.sharp"),
        (LIMITS, "  near: 12\n", "", "reuse.near"),
        (LIMITS, "\nreuse:\n", "\nreused:\n", "reuse"),
        (LIMITS, "\nrectify:\n", "\nrectify: [\n", "ParserError"),
        (MODEL, "bias: ", "bios: ", "bias"),
        (MODEL, "  low: {", "  lower: {", "features"),
        (MODEL, "spread: 0.06616", "spread: 0", "likeness.spread"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong_in_it(
    tmp_path: Path, file: str, old: str, new: str, problem: str
) -> None:
    for one in (MODEL, LIMITS):
        shutil.copy(checks.FOLDER / one, tmp_path)
    text = (tmp_path / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ModelFileError) as raised:
        checks.load(0.85, 0.15, tmp_path)
    assert raised.value.params == {"file": file, "problem": problem}


def test_a_missing_file_and_gates_the_wrong_way_round_are_said(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        checks.load(0.85, 0.15, tmp_path)
    with pytest.raises(ModelFileError):
        checks.load(0.15, 0.85)
