"""Commands that work on a server make none: they say which folder was looked in, and what to do."""

from pathlib import Path

import pytest

import anshao
from tests.helpers.plant import PlantSite
from tests.scenarios.test_relay_file import offline

REQUEST = "anshao-unlock:1:abc"


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that is not there."""
    monkeypatch.setenv("ANSHAO_HOME", str(tmp_path / "nothing"))
    return tmp_path / "nothing"


@pytest.mark.parametrize(
    "command",
    [
        ["unlock", REQUEST],
        ["key"],
        ["export", "HZ-0001", "--out", "OUT"],
        ["report", "HZ-0001", "--out", "OUT"],
        ["backup", "--out", "OUT"],
    ],
)
def test_where_no_server_ran_none_is_made(
    command: list[str], nothing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = [str(out) if word == "OUT" else word for word in command]
    for language, say in (("zh", "没有运行过服务器"), ("en", "anshao serve")):
        assert anshao.main([*words, "--language", language]) == 2
        said = capsys.readouterr().err
        assert str(nothing / "server") in said
        assert say in said
        assert "ANSHAO_HOME" in said
    assert not nothing.exists()
    assert not out.exists()


async def test_take_in_makes_no_server_either(
    site: PlantSite, nothing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, file = await offline(site)
    assert anshao.main(["take-in", str(file)]) == 2
    assert str(nothing / "server") in capsys.readouterr().err
    assert not nothing.exists()


def test_a_command_names_the_folder_of_the_demo(
    nothing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert anshao.main(["key", "--demo"]) == 2
    assert str(nothing / "demo" / "server") in capsys.readouterr().err


def test_an_unknown_number_is_told_in_words_for_a_shell(
    server_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("ANSHAO_SERVER_HOME", str(server_home))
    for command in ("export", "report"):
        words = [command, "hz-none-1", "--out", str(tmp_path / "x"), "--language", "en"]
        assert anshao.main(words) == 2
        said = capsys.readouterr().err
        assert "hz-none-1" in said
        assert str(server_home) in said
        assert "--demo" in said
        assert "list" not in said
