"""Everything a developer runs, on a machine with only Python 3.11: `python3 dev.py RECIPE`.

    demo [--reset] [--clients N]   reference server and field clients on the demo plant
    test [--fast] [PATH...]        what CI runs; --fast: no types, browser, postgres, slow tests
    test --profile mobile          the client's tests as on a phone: without what has no wheel there
    check                          format, lint, types, imports and tidiness, without the tests
    bench NAME... [--json]         measure; the names are listed by `anshao bench --help`
    package PLATFORM               stage the client: web linux windows macos apk ipa
    soak [kill|work --count N --seed S]  kill clients and server during sync (kill), or clients at
                                   their work (work), and look what is left; never in CI
    serve | client | labels ...    passed on to `anshao`; each has --help
    pins                           compile requirements/*.in into exact pins with hashes
The first call makes .venv from pinned requirements. Standard library only: nothing is there yet.
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.machine import CHROMIUM, POSTGRES, VENV_MODULE, ZBAR, get_from_system

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
REQUIREMENTS = ROOT / "requirements"
RUN = ("build", "client", "server")  # the sets of `demo`; "dev" holds them all and the tools
FAST = "not browser and not postgres and not slow"
MOBILE = ("tests/scenarios", "tests/app", "tests/media", "tests/contracts", "tests/sync")


def run(*command: str | Path) -> int:
    """Run a command in the project's folder and return its exit status."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode


def stamp(sets: Sequence[str]) -> str:
    """Return a digest of all that decides what stands in .venv."""
    digest = hashlib.sha256(sys.version.encode())
    for path in [ROOT / "pyproject.toml", *(REQUIREMENTS / f"{name}.txt" for name in sets)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_installed(sets: Sequence[str]) -> bool:
    """Tell whether .venv holds exactly these requirements already."""
    path = VENV / f"installed-{'-'.join(sets)}"
    return PYTHON.exists() and path.exists() and path.read_text(encoding="utf-8") == stamp(sets)


def install(sets: Sequence[str]) -> None:
    """Make .venv hold the requirements of `sets`, each checked against its hash."""
    if is_installed(sets) or (sets == RUN and is_installed(("dev",))):
        return
    print(f"installing {', '.join(sets)} into .venv ...", flush=True)
    if not PYTHON.exists():
        get_from_system(VENV_MODULE)
        if run(sys.executable, "-m", "venv", VENV):
            sys.exit("could not make .venv; remove the folder and try again")
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-q")
    run(*pip, "--require-hashes", "-r", REQUIREMENTS / "uv.txt")
    uv = BIN / ("uv.exe" if os.name == "nt" else "uv")
    files = [part for name in sets for part in ("-r", REQUIREMENTS / f"{name}.txt")]
    by_uv = (uv, "pip", "install", "-q", "--python", PYTHON)
    if not uv.exists() or run(*by_uv, "--require-hashes", *files):
        print("installing with pip instead of uv: slower, with pip's own settings", flush=True)
        if run(*pip, "--require-hashes", *files):
            sys.exit("the requirements could not be installed; is a package index reachable?")
    if run(*pip, "--no-index", "--no-deps", "--no-build-isolation", "-e", ROOT):
        sys.exit("the project itself could not be installed into .venv")
    (VENV / f"installed-{'-'.join(sets)}").write_text(stamp(sets), encoding="utf-8")


def anshao(*arguments: str) -> int:
    """Pass on to `anshao`; the checkout keeps its data in its own folder `.anshao`."""
    install(RUN)
    get_from_system(ZBAR)
    os.environ.setdefault("ANSHAO_HOME", str(ROOT / ".anshao"))
    command = [str(PYTHON), "-m", "anshao", *arguments]
    if os.name == "posix":  # become it: Ctrl-C and signals then have one receiver
        os.chdir(ROOT)
        os.execv(command[0], command)  # noqa: S606 - our own Python, no shell
    return run(*command)


def steps(names: Sequence[tuple[str, Sequence[str | Path]]]) -> int:
    """Run the steps one after the other, all of them, and print one line about the outcome."""
    failed, outcomes = False, list[str]()
    for name, command in names:
        print(f"-- {name}", flush=True)
        began, status = time.monotonic(), run(*command)
        failed = failed or status != 0
        outcomes.append(f"{name} {'FAILED' if status else 'ok'} {time.monotonic() - began:.0f} s")
    print(f"dev.py: {'red' if failed else 'green'}: {', '.join(outcomes)}", flush=True)
    return int(failed)


def checks() -> list[tuple[str, Sequence[str | Path]]]:
    """Return the checks that need no test run."""
    return [
        ("format", (BIN / "ruff", "format", "--check", "-q", ".")),
        ("lint", (BIN / "ruff", "check", "-q", ".")),
        ("types", (BIN / "pyright", "--threads", "2")),
        ("imports", (BIN / "lint-imports", "--no-cache")),
    ]


def test(*arguments: str) -> int:
    """Run every check and test, the fast ones (--fast), or only the tests of given paths."""
    fast, rest = "--fast" in arguments, [word for word in arguments if word != "--fast"]
    install(("dev",))
    get_from_system(ZBAR, *(() if fast else (CHROMIUM, POSTGRES)))
    pytest = (PYTHON, "-m", "pytest", "-q", *(("-m", FAST) if fast else ()), *rest)
    phone = (PYTHON, "-m", "pytest", "-q", "--profile", "mobile", "-m", f"{FAST} and not desktop")
    if rest[:2] == ["--profile", "mobile"]:
        return steps([("mobile", (*phone, *(rest[2:] or MOBILE)))])
    if rest:
        return steps([("pytest", pytest)])
    # in the order of the tree: by their number, files of few long tests came last, on one core
    spread = (*pytest, "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
    if fast:  # types take half a minute
        return steps([*(step for step in checks() if step[0] != "types"), ("pytest", spread)])
    # two Chromiums fill two cores, and a time is one only with nothing else running
    alone = ("alone", (*pytest, "-m", "browser or timed"))
    rest_of_it = ("pytest", (*spread, "-m", "not browser and not timed"))
    on_phone = ("mobile", (*phone, *spread[len(pytest) :], *MOBILE))
    return steps([*checks(), rest_of_it, on_phone, alone])


def check() -> int:
    """Run the checks and the tests about the tree itself."""
    install(("dev",))
    tidy = (PYTHON, "-m", "pytest", "-q", "tests/test_tidy.py", "tests/test_docs.py")
    return steps([*checks(), ("tidy", tidy)])


def pins() -> int:
    """Compile requirements/*.in; every set takes its versions from the set "dev"."""
    install(("dev",))
    compile_ = (BIN / "uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11")
    quiet = ("--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links")
    for name in ("dev", "build", "client", "server", "c2pa", "uv"):
        same = () if name == "dev" else ("-c", "requirements/dev.txt", "--no-annotate")
        paths = (f"requirements/{name}.in", "-o", f"requirements/{name}.txt")
        if run(*compile_, *quiet, *same, *paths):
            return 1
    return 0


def package(*arguments: str) -> int:
    """Stage the client for a platform and prove that the copy starts."""
    install(("dev",))
    return run(PYTHON, "-m", "tools.package", *arguments)


def soak(*arguments: str) -> int:
    """Run the long fault tests: `soak kill`, `soak work`."""
    install(("dev",))
    get_from_system(POSTGRES)
    return run(PYTHON, "-m", "tests.faults.soak", *arguments)


def main(arguments: Sequence[str]) -> int:
    """Run the recipe named first; without one, say which there are."""
    if sys.version_info < (3, 11):  # noqa: UP036 - said before anything else fails
        sys.exit("Anshao needs Python 3.11 or newer")
    recipe, *rest = arguments or ["--help"]
    recipes: dict[str, Callable[..., int]] = {
        "test": test, "check": check, "pins": pins, "package": package, "soak": soak
    }  # fmt: skip
    os.environ.setdefault("PYTHONUTF8", "1")
    try:
        if recipe in recipes:
            return recipes[recipe](*rest)
        if recipe in {"demo", "bench", "serve", "client", "labels"}:
            return anshao(recipe, *rest)
    except KeyboardInterrupt:
        return 130
    print(__doc__)
    return 0 if recipe in {"-h", "--help", "help"} else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
