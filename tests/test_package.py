"""A package holds the client alone, starts by itself, and does without missing wheels."""

import tomllib
from pathlib import Path

import pytest

from tests.helpers import mobile
from tools import package

NEVER = {
    "server",
    "tests",
    "docs",
    "tools",
    "benchmarks",
    "anshao.py",
    "anshao_demo.py",
    "commands",
    "dev.py",
}


@pytest.mark.parametrize("platform", package.platforms())
def test_a_staged_client_has_no_server_no_tests_and_no_plant(platform: str, tmp_path: Path) -> None:
    folder = package.stage(platform, tmp_path / "stage")
    inside = {path.name for path in folder.iterdir()}
    assert not inside & NEVER
    assert not list(folder.rglob("definitions/*.yaml")), "the plant comes from its own server"
    assert not list(folder.rglob("__pycache__"))
    assert (folder / "assets" / "locale" / "zh.po").exists()
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["flet"]["app"]["module"] == "main"
    assert (folder / "main.py").exists(), "flet build starts main.py at the top of the folder"


@pytest.mark.parametrize("platform", ["apk", "ipa"])
def test_a_phone_gets_only_what_it_has_wheels_for(platform: str, tmp_path: Path) -> None:
    folder = package.stage(platform, tmp_path / "stage")
    wanted = (folder / "requirements.txt").read_text("utf-8")
    for name in ("zxing-cpp", "pi-heif", "flet-web", "uvloop"):
        assert f"\n{name}==" not in f"\n{wanted}", f"{name} has no wheel there"
    for name, version in package.recipe()["mobile"]["pins"].items():
        assert f"\n{name}=={version}" in f"\n{wanted}"


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["web", "apk"])
def test_the_staged_client_starts_in_a_clean_environment(
    platform: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    package.prove(platform, package.stage(platform, tmp_path / "stage"))
    said = capfd.readouterr().out
    assert ("served its first page" if platform == "web" else "zbar opencv") in said


@pytest.mark.parametrize("platform", package.platforms())
def test_everybody_is_told_what_the_platform_still_needs(platform: str, tmp_path: Path) -> None:
    text = package.next_steps(platform, tmp_path)
    assert ("start main_web.py" if platform == "web" else f"flet build {platform}") in text


def test_the_mobile_profile_has_not_got_what_phones_lack() -> None:
    finder = mobile.WithoutThem(package.recipe()["mobile"]["missing"])
    for name in ("zxingcpp", "vosk", "sqlcipher3", "pi_heif"):
        assert finder.find_spec(name) is None
    assert finder.find_spec("pyzbar") is not None, "phones have that one"
