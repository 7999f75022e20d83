"""dev.py promises: needs nothing installed, installs only what changed, says what is off."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dev
from tools import machine

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("file", ["dev.py", "tools/machine.py"])
def test_it_imports_the_standard_library_only(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    names = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    ours = {"tools.machine"}
    assert {name.split(".")[0] for name in names - ours} <= sys.stdlib_module_names


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--help"], 0), (["dance"], 2)])
def test_it_lists_its_recipes(arguments: list[str], status: int) -> None:
    run = subprocess.run(
        [sys.executable, "dev.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == status
    assert "demo [--reset]" in run.stdout


def test_a_changed_pin_asks_for_an_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VENV", "REQUIREMENTS"):
        monkeypatch.setattr(dev, name, tmp_path)
    python = tmp_path / "python"
    python.touch()
    monkeypatch.setattr(dev, "PYTHON", python)
    pins = tmp_path / "uv.txt"
    pins.write_text("uv==1\n", "utf-8")
    assert not dev.is_installed(("uv",))
    (tmp_path / "installed-uv").write_text(dev.stamp(("uv",)), "utf-8")
    assert dev.is_installed(("uv",))
    pins.write_text("uv==2\n", "utf-8")
    assert not dev.is_installed(("uv",))


def test_what_is_missing_is_named_with_what_is_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")  # a system without apt-get
    machine.get_from_system(machine.Extra("a-package", lambda: False, "a feature"))
    said = capsys.readouterr().err
    assert "a-package" in said
    assert "a feature" in said


def test_a_failing_step_is_red_and_the_next_ones_still_run(
    capfd: pytest.CaptureFixture[str],
) -> None:
    good, bad = (
        (sys.executable, "-c", "print('ran')"),
        (sys.executable, "-c", "raise SystemExit(3)"),
    )
    assert dev.steps([("first", bad), ("second", good)]) == 1
    said = capfd.readouterr().out
    assert "ran" in said
    assert "red: first FAILED" in said
    assert "second ok" in said
    assert dev.steps([("first", good)]) == 0
