"""What linters cannot hold: sizes, names, words in every language, and no machine in the files."""

import ast
import importlib.metadata
import re
import string
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tools.catalogs import LOCALE, read_catalog
from tools.reference import error_classes

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 400
LINES_MAX = {"dev.py": 199, "media/ports.py": 60}  # smaller, because they are read first
BASELINE_LINES_MAX = 60
NOT_OURS = {".git", ".venv", ".anshao", "dist", "node_modules", "__pycache__"}
BINARY = {".png", ".jpg", ".jpeg", ".otf", ".ttf", ".pdf", ".webp", ".ico", ".pyc"}
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
# What a control shows or reads aloud. Keys, icons and colours are no words.
SHOWN = {
    "content", "error", "error_text", "helper", "hint_text", "label", "label_text", "prefix",
    "semantics_label", "suffix", "text", "title", "tooltip", "value",
}  # fmt: skip
TEXT_CONTROLS = {"Text", "TextSpan", "Button", "FilledButton", "OutlinedButton", "TextButton"}
# The brackets keep this file from naming what it looks for.
HOSTS = re.compile(
    r"p[y]pi\.org|p[y]thonhosted|n[p]mjs\.org|n[p]mmirror|t[u]na\.tsinghua|m[i]rrors\.aliyun"
    r"|d[e]b\.debian\.org"
)
MACHINE = re.compile(r"(?<![\w.~-])/(?:w[o]rk|r[o]ot|t[m]p/w|o[p]t/pypi|home/\w+|Users/\w+)/")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the repository, as paths below its root."""
    found = (path.relative_to(ROOT) for path in sorted(ROOT.rglob("*")) if path.is_file())
    return tuple(path for path in found if not _is_made(path))


def _is_made(path: Path) -> bool:
    caches = any(part in NOT_OURS or part.endswith(("_cache", ".egg-info")) for part in path.parts)
    return caches or path.parts[0] in {".hypothesis", ".coverage"}


def assert_none(found: list[str]) -> None:
    assert not found, "\n".join(["", *found])


def modules() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def top_level_names() -> set[str]:
    """The names this repository puts on the import path of a client or server."""
    roots = {path.parts[0] for path in modules()} - {"tests", "build", "docs"}
    return {name.removesuffix(".py") for name in roots}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{path}:{node.lineno} {node.name} has {lines} lines"
        for path in modules()
        for node in functions(path)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert_none(long)


def test_modules_stay_small() -> None:
    long: list[str] = []
    for path in modules():
        most = LINES_MAX.get(path.as_posix(), MODULE_LINES_MAX)
        if path.is_relative_to("benchmarks/baselines"):
            most = BASELINE_LINES_MAX
        lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
        if lines > most:
            long.append(f"{path} has {lines} lines, at most {most}")
    assert_none(long)


def test_no_other_package_has_our_names() -> None:
    ours = top_level_names()
    assert not ours & sys.stdlib_module_names
    installed = importlib.metadata.packages_distributions()
    theirs = {name: set(owners) - {"anshao"} for name, owners in installed.items()}
    assert not {name: owners for name, owners in theirs.items() if name in ours and owners}


@cache
def catalogs() -> dict[str, dict[str, str]]:
    return {path.stem: read_catalog(path) for path in sorted(LOCALE.glob("*.po"))}


def test_there_are_chinese_and_english() -> None:
    assert {"zh", "en"} <= catalogs().keys()


@pytest.mark.parametrize("part", ["error", "remedy"])
def test_every_error_is_worded_in_every_language(part: str) -> None:
    missing = [
        f"{language}: {part}.{error.code}"
        for language, texts in catalogs().items()
        for error in error_classes()
        if not texts.get(f"{part}.{error.code}")
    ]
    assert_none(missing)


def test_catalogs_have_the_same_keys() -> None:
    every = set[str]().union(*catalogs().values())
    assert_none(
        [
            f"{language} lacks {key}"
            for language, texts in catalogs().items()
            for key in sorted(every - texts.keys())
        ]
    )


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_catalogs_have_the_same_placeholders_and_no_empty_text() -> None:
    wrong: list[str] = []
    for key, english in catalogs().get("en", {}).items():
        for language, texts in catalogs().items():
            text = texts.get(key, "")
            if not text.strip() or placeholders(text) != placeholders(english):
                wrong.append(f"{language}: {key}: {text!r}")
    assert_none(wrong)


def test_english_has_no_han_characters() -> None:
    english = catalogs().get("en", {})
    assert not {key: text for key, text in english.items() if HAN.search(text)}


def screen_modules() -> list[Path]:
    return [path for path in modules() if path.parts[0] in {"screens", "app"}]


def test_screens_and_app_hold_no_han_characters() -> None:
    found = [
        f"{path}:{node.lineno} {node.value!r}"
        for path in screen_modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and HAN.search(str(node.value))
    ]
    assert_none(found)


def words_in(node: ast.expr) -> bool:
    """Tell whether an argument is text written here: a constant or an f-string with letters."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(re.search(r"[^\W\d_]{2}", node.value))
    if isinstance(node, ast.JoinedStr):
        return any(words_in(part) for part in node.values if isinstance(part, ast.Constant))
    if isinstance(node, ast.IfExp):
        return words_in(node.body) or words_in(node.orelse)
    return isinstance(node, ast.BinOp) and (words_in(node.left) or words_in(node.right))


def literal_texts(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        is_flet = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "ft"
        shown = [keyword.value for keyword in node.keywords if is_flet and keyword.arg in SHOWN]
        if is_flet and name in TEXT_CONTROLS:
            shown += node.args[:1]
        for value in shown:
            if words_in(value):
                yield f"{path}:{value.lineno} ft.{name}({ast.unparse(value)})"


def test_screens_hold_no_literal_text() -> None:
    assert_none([text for path in screen_modules() for text in literal_texts(path)])


def test_every_key_used_is_in_the_catalogs() -> None:
    known = set(catalogs().get("en", {}))
    unknown = [
        f"{path}:{node.lineno} {node.args[0].value}"
        for path in screen_modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "t"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value not in known
    ]
    assert_none(unknown)


def test_no_file_names_an_index_or_a_machine() -> None:
    found: list[str] = []
    for path in files():
        if path.suffix in BINARY:
            continue
        text = (ROOT / path).read_bytes().decode("utf-8", errors="ignore")
        for pattern in (HOSTS, MACHINE):
            found += [f"{path} names {hit.group()}" for hit in pattern.finditer(text)]
    assert_none(found)


def pins(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith((" ", "#"))]


def requirement_files() -> list[Path]:
    return sorted((ROOT / "requirements").glob("*.txt"))


def test_requirements_are_exact_and_hashed() -> None:
    exact = re.compile(r"[a-z0-9.-]+==[0-9][^ ]*( ; .+)? \\")
    for path in requirement_files():
        assert pins(path), path.name
        assert_none([f"{path.name}: {line}" for line in pins(path) if not exact.fullmatch(line)])


def test_all_sets_pin_the_same_versions() -> None:
    everything = set(pins(ROOT / "requirements" / "dev.txt"))
    for path in requirement_files():
        names = {line.split(" ", 1)[0] for line in everything}
        assert_none([line for line in pins(path) if line.split(" ", 1)[0] not in names])
