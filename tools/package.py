"""Stage the client for one platform and prove that the copy starts: `python -m tools.package WHAT`.

The recipes are in `build/recipes/`. What can be done on any machine is done here: the staged tree,
its requirements in a clean environment, a start of the staged client. `flet build` needs the
platform's SDK and its downloads; the last lines say what to run there.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "build" / "recipes"
STAGES = ROOT / "dist" / "stage"
REQUIREMENTS = ROOT / "requirements" / "client.txt"
UV = str(Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv"))
START_S = 60.0  # a cold start of Python with OpenCV on a slow machine


def recipe() -> dict[str, Any]:
    """Return `stage.toml`."""
    return tomllib.loads((RECIPES / "stage.toml").read_text("utf-8"))


def platforms() -> list[str]:
    """Return what can be packaged."""
    return list(recipe()["platform"])


def is_mobile(platform: str) -> bool:
    """Say whether this is a phone's package."""
    return bool(recipe()["platform"][platform].get("mobile"))


def stage(platform: str, folder: Path) -> Path:
    """Put the client for this platform into `folder`, anew; returns it."""
    whole = recipe()
    rows: Mapping[str, Any] = whole["stage"]
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    without_cache = shutil.ignore_patterns("__pycache__", "*.pyc")
    for package in rows["packages"]:
        shutil.copytree(ROOT / package, folder / package, ignore=without_cache)
    for name in rows["assets"]:
        shutil.copytree(ROOT / "assets" / name, folder / "assets" / name)
    files = [*rows["files"], *(["main_web.py"] if platform == "web" else [])]
    for name in files:
        shutil.copy2(ROOT / name, folder / name)
    for name in rows["leave_out"]:
        (folder / name).unlink()
    without = set(whole["platform"][platform]["without"])
    older: Mapping[str, str] = whole["mobile"]["pins"] if is_mobile(platform) else {}
    (folder / "pyproject.toml").write_text(_project(platform, without, older), "utf-8")
    (folder / "requirements.txt").write_text(_requirements(folder, without, older), "utf-8")
    return folder


def _requirements(folder: Path, without: set[str], older: Mapping[str, str]) -> str:
    """Return every requirement with version and hashes; phones have wheels of older versions."""
    blocks = [block for block in _blocks(REQUIREMENTS.read_text("utf-8"))
              if _name(block) not in without]  # fmt: skip
    if not older:
        return "".join(blocks)
    quiet = ("-q", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url")
    asked = folder / "pyproject.toml"
    pins = {**dict(_pin(block) for block in blocks), **older}
    limits = "".join(f"{name}=={version}\n" for name, version in pins.items())
    done = subprocess.run(
        [UV, "pip", "compile", *quiet, "--constraint", "-", str(asked)],
        input=limits, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"no set of versions fits what phones have:\n{done.stderr}")
    return done.stdout


def _blocks(text: str) -> Iterator[str]:
    """Yield each requirement with its hashes."""
    block = ""
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("#"):
            continue
        block += line
        if not line.rstrip().endswith("\\"):
            yield block
            block = ""


def _name(block: str) -> str:
    return block.split("==", 1)[0].strip()


def _pin(block: str) -> tuple[str, str]:
    """Return name and version of a requirement."""
    name, _, rest = block.partition("==")
    return name.strip(), rest.split()[0]


def _project(platform: str, without: set[str], older: Mapping[str, str]) -> str:
    """Return pyproject.toml: what the client asks for by name, pinned, and Flet's settings."""
    pins = dict(_pin(block) for block in _blocks(REQUIREMENTS.read_text("utf-8")))
    asked = (ROOT / "requirements" / "client.in").read_text("utf-8").splitlines()
    names = [_name(line.split(";")[0]) for line in asked if line[:1] not in {"", "#"}]
    pins |= older
    wanted = [f"{name}=={pins[name]}" for name in names if name not in without and name in pins]
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    rows = "".join(f'    "{pin}",\n' for pin in wanted)
    head = (
        f'[project]\nname = "{ours["name"]}"\nversion = "{ours["version"]}"\n'
        f'requires-python = "{ours["requires-python"]}"\ndependencies = [\n{rows}]\n'
    )
    parts = [
        head,
        *((RECIPES / f"{name}.toml").read_text("utf-8") for name in ("client", platform)),
    ]
    text = "\n".join(parts)
    tomllib.loads(text)  # two recipes may not set one thing twice
    return text


def prove(platform: str, folder: Path) -> None:
    """Install the staged requirements in a clean environment and start the staged client there.

    Raises SystemExit with what went wrong. A web package must answer a browser; the others must
    come as far as a window would open, which needs a screen and the platform's Flet client.
    """
    with tempfile.TemporaryDirectory(prefix="anshao-package-") as scratch:
        clean = Path(scratch) / "venv"
        venv.create(clean, with_pip=False)
        python = clean / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        install = (UV, "pip", "install", "-q", "--python", str(python), "--require-hashes")
        _run([*install, "-r", str(folder / "requirements.txt")], folder)
        environment = _clean_environment(Path(scratch))
        if platform == "web":
            _serve(python, folder, environment)
        else:
            missing: list[str] = recipe()["mobile"]["missing"] if is_mobile(platform) else []
            _run([str(python), "-c", _BUILD, *missing], folder, environment)


# Everything of the client but the window: imports of every module, the device's parts, its store.
_BUILD = """
import sys
for name in sys.argv[1:]:  # as if it had never been installed, for import and find_spec
    sys.modules[name] = None
import main
from app.settings import from_environment
from app.wiring import build_field
field = build_field(from_environment(camera="none"))
print("staged client:", *field.devices.reader.names, "catalogs", *sorted(field.catalogs))
field.store.close()
"""


def _clean_environment(scratch: Path) -> dict[str, str]:
    """Return an environment that knows neither this checkout nor this user's data."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
    return {**kept, "HOME": str(scratch), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1",
            "ANSHAO_CLIENT_STORE": str(scratch / "store"),
            "ANSHAO_CLIENT_STORE_KEY_FILE": str(scratch / "store.key")}  # fmt: skip


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, check=False)
    if done.returncode:
        sys.exit(f"the staged client does not stand: {' '.join(command[:3])} ended with an error")


def _serve(python: Path, folder: Path, environment: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = subprocess.Popen(
        [str(python), "main_web.py"],
        cwd=folder,
        env={**environment, "ANSHAO_CLIENT_PORT": str(port)},
    )
    try:
        page = _first_page(f"http://127.0.0.1:{port}/", started)
        if b"flet" not in page.lower():
            sys.exit("the staged client answers, but not with its page")
        print(f"staged client: served its first page ({len(page)} bytes)")
    finally:
        started.terminate()
        started.wait(timeout=20)


def _first_page(url: str, started: "subprocess.Popen[bytes]") -> bytes:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if started.poll() is not None:
            sys.exit(f"the staged client ended with {started.returncode} before it answered")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
                page: bytes = answer.read()
                return page
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    sys.exit("the staged client did not answer")


def next_steps(platform: str, folder: Path) -> str:
    """Return what a machine with the platform's SDK has to do."""
    where = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    if platform == "web":
        return (
            f"staged in {where}. Put it where the web client shall run, install requirements.txt "
            "there, set ANSHAO_CLIENT_STORE, ANSHAO_CLIENT_SERVER_URL and "
            "ANSHAO_CLIENT_ENROL_CODE, and start main_web.py. Nothing else is needed."
        )
    sdk = recipe()["platform"][platform]["sdk"]
    return (
        f"staged in {where}. A package needs {sdk}; it is not built here. On such a machine, with "
        f"this Flet installed, run: flet build {platform} {where} -o dist/{platform}"
    )


def main(arguments: list[str]) -> int:
    """Stage one platform, prove it, say what is next."""
    known = platforms()
    if len(arguments) != 1 or arguments[0] not in known:
        print(f"name one of: {' '.join(known)}", file=sys.stderr)
        return 2
    platform = arguments[0]
    folder = stage(platform, STAGES / platform)
    prove(platform, folder)
    print(next_steps(platform, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
