"""Docs cannot rot: settings, errors, commands and packages stand where they are looked for."""

import argparse
import re
from pathlib import Path

import pytest

import anshao
import dev
from benchmarks.runner import BENCHES
from tools.reference import errors_page, settings_page

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted(path for path in ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A path of ours in a code span; `*` stands for several files.
PATH = re.compile(
    r"`((?:app|assets|benchmarks|docs|domain|media|offline_store|requirements|screens|server|sync"
    r"|tests|tools)/[\w./*-]*)`"
)
TO_BE_MADE = {"assets/definitions/forms/BELT-W.yaml"}  # by the reader of the how-to
RECIPE = re.compile(r"(?:^|`)python3 dev\.py(?: +([a-z-]+))?", re.MULTILINE)


def headings(path: Path) -> set[str]:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {
        line.lstrip("#").strip().strip("`") for line in text.splitlines() if line.startswith("#")
    }


def test_the_settings_page_is_what_the_code_says() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "run: python -m tools.reference"


def test_the_errors_page_is_what_the_code_says() -> None:
    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    assert page == errors_page(), "run: python -m tools.reference"


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def test_every_command_has_a_heading() -> None:
    expected = {f"anshao {name}" for name in subcommands(anshao.parser())}
    expected |= {f"anshao bench {name}" for name in BENCHES}
    assert not expected - headings(REFERENCE / "commands.md")


@pytest.mark.parametrize("command", sorted(subcommands(anshao.parser())))
def test_every_flag_is_on_the_commands_page(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        anshao.main([command, "--help"])
    flags = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)) - {"--help"}
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    assert not {flag for flag in flags if f"`{flag}" not in page}


def recipes() -> set[str]:
    """The recipes that dev.py's own help lists."""
    words = re.findall(r"^    ([a-z][a-z |]*?)(?: +\[|  | [A-Z.])", dev.__doc__ or "", re.MULTILINE)
    return {name.strip() for word in words for name in word.split("|")}


def test_every_recipe_has_a_heading() -> None:
    assert {"demo", "test", "check", "bench"} <= recipes()
    expected = {f"python3 dev.py {name}" for name in recipes()}
    assert not expected - headings(REFERENCE / "commands.md")


def test_the_architecture_names_every_package() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {"domain", "screens", "server"} <= packages
    assert not {name for name in packages if f"`{name}/`" not in text and f"{name}/" not in text}


@pytest.mark.parametrize("command", ["python3 dev.py demo", "python3 dev.py test"])
def test_the_readme_shows_the_two_commands(command: str) -> None:
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")


def test_commands_in_docs_exist() -> None:
    unknown = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in RECIPE.findall(page.read_text(encoding="utf-8"))
        if name and name not in recipes()
    ]
    assert not unknown


def test_paths_in_docs_exist() -> None:
    gone = [
        f"{page.relative_to(ROOT)}: {path}"
        for page in PAGES
        for path in PATH.findall(page.read_text(encoding="utf-8"))
        if path not in TO_BE_MADE and not any(ROOT.glob(path.rstrip("/")))
    ]
    assert not gone


def test_links_in_docs_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
        if not (page.parent / target).exists()
    ]
    assert not broken
