"""The command promises: flags beat environment beats file, and a wrong set-up says what to do."""

import argparse
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import anshao
import anshao_demo
from offline_store import locks
from tests.helpers.processes import free_port

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ["serve", "client", "demo", "labels", "bench"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, and no setting from outside."""
    for name in ("ANSHAO_SERVER_PORT", "ANSHAO_CLIENT_PORT", "ANSHAO_CLIENT_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANSHAO_HOME", str(tmp_path))
    return tmp_path


def options(*arguments: str) -> argparse.Namespace:
    return anshao.parser().parse_args(arguments)


def test_defaults_lie_in_the_data_folder(home: Path) -> None:
    assert anshao.server_settings(options("serve")).home == home / "server"
    assert anshao.client_settings(options("client")).store == home / "client"
    assert anshao.server_settings(options("serve")).port == 8000
    assert anshao.client_settings(options("client")).port == 8550


def test_file_then_environment_then_flag(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "anshao.toml").write_text("[server]\nport = 8001\nhost = '127.0.0.2'\n", "utf-8")
    assert anshao.server_settings(options("serve")).port == 8001
    monkeypatch.setenv("ANSHAO_SERVER_PORT", "8002")
    assert anshao.server_settings(options("serve")).port == 8002
    settings = anshao.server_settings(options("serve", "--port", "8003"))
    assert (settings.port, settings.host) == (8003, "127.0.0.2")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server]\nport = 'x'\n", "server.port"),
        ("[server]\nprot = 8001\n", "server.prot"),
        ("[sever]\nport = 8001\n", "sever"),
        ("[server\n", "anshao.toml"),
    ],
)
def test_a_wrong_file_is_named_with_the_place(
    home: Path, text: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "anshao.toml").write_text(text, "utf-8")
    assert anshao.main(["serve"]) == 2
    assert named in capsys.readouterr().err


def test_a_taken_port_is_named_with_a_remedy(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert anshao.main(["serve", "--port", port]) == 2
    said = capsys.readouterr().err
    assert port in said
    assert "ANSHAO_SERVER_PORT=" in said


@pytest.mark.parametrize(("command", "folder"), [("client", "client"), ("serve", "server")])
def test_a_second_process_on_one_store_is_told_so_without_a_traceback(
    home: Path, command: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSHAO_CLIENT_STORE_KEY_FILE", str(home / "client.secret"))
    start = [sys.executable, "-m", "anshao", command, "--port"]
    first = subprocess.Popen([*start, str(free_port())], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while first.poll() is None and not (home / folder / locks.FILE_NAME).exists():
            threading.Event().wait(0.05)
        second = subprocess.run(
            [*start, str(free_port())], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert first.poll() is None
    finally:
        first.terminate()
        first.wait(30)
    assert second.returncode == 2
    assert not second.stdout or command == "client", "no address where nothing listens"
    said = second.stderr.splitlines()
    assert said[0].startswith(f"anshao: Another Anshao process is working with the data in {home}")
    assert len(said) == 2, "the reason and the remedy"


def test_an_invitation_says_where_nobody_reaches_the_server(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = subprocess.run(  # in a process of its own: it looks for this machine's address
        [sys.executable, "-m", "anshao", "invite", "--language", "en"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Asia/Shanghai" in run.stdout
    assert str(home / "server") in run.stderr
    assert "ANSHAO_SERVER_HOST=0.0.0.0" in run.stderr
    assert anshao.main(["invite", "--server", "http://192.168.7.7:8000"]) == 0
    out, err = capsys.readouterr()
    assert "http://192.168.7.7:8000" in out
    assert "登记码" in out
    assert not err
    monkeypatch.setenv("ANSHAO_SERVER_HOST", "192.168.7.8")
    assert anshao.main(["invite"]) == 0
    out, err = capsys.readouterr()
    assert "http://192.168.7.8:8000" in out
    assert not err


@pytest.mark.parametrize("hours", ["999", "0", "x"])
def test_hours_out_of_range_are_told_with_the_range(
    hours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        anshao.main(["invite", "--hours", hours])
    assert end.value.code == 2
    assert "from 1 to 168" in capsys.readouterr().err


def test_the_server_tells_its_address_once_it_listens(home: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "anshao", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.readline()
        socket.create_connection(("127.0.0.1", port), 5).close()
        process.terminate()
    assert f"http://127.0.0.1:{port}" in said
    assert (home / "server").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        anshao.main([command, "--help"])
    assert end.value.code == 0
    assert f"anshao {command}" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, anshao\n"
        "try:\n    anshao.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'flet', 'fastapi', 'cv2', 'sqlmodel', 'pydantic'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1] == "[]"


def test_labels_are_a_pdf_and_unknown_ids_are_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = home / "labels.pdf"
    assert anshao.main(["labels", "DB-03", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"%PDF-")
    assert anshao.main(["labels", "XX-99", "--out", str(out)]) == 2
    assert "XX-99" in capsys.readouterr().err


def test_the_demo_names_its_people_and_pins() -> None:
    lines = anshao_demo.people(anshao.demo_definitions())
    assert any("U003" in line and "巡检员03" in line and "3316" in line for line in lines)


def test_each_demo_device_has_its_own_store_and_port(tmp_path: Path) -> None:
    server, *devices = anshao_demo.parts(tmp_path, 8000, 8550, 2, None)
    assert [device.url for device in devices] == ["http://127.0.0.1:8550", "http://127.0.0.1:8551"]
    assert len({device.environment["ANSHAO_CLIENT_STORE"] for device in devices}) == 2
    codes = {device.environment["ANSHAO_CLIENT_ENROL_CODE"] for device in devices}
    assert codes == {server.environment["ANSHAO_SERVER_ENROL_CODE"]}


def test_reset_removes_the_demo_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "demo" / "client-1").mkdir(parents=True)
    (tmp_path / "server").mkdir()
    anshao_demo.reset(tmp_path / "demo")
    assert [path.name for path in tmp_path.iterdir()] == ["server"]


def test_a_process_that_ends_is_named_with_what_it_printed(tmp_path: Path) -> None:
    wrong = anshao_demo.Part("server", ("serve", "--port", "no"), "http://127.0.0.1:9", "/", {})
    with pytest.raises(anshao_demo.DemoError, match=r"(?s)server ended .*invalid int value"):
        anshao_demo.run(tmp_path, [wrong], [], None)
