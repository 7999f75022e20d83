"""`anshao take-in` promises: a file is looked at first, and what became of it is said in words."""

import asyncio
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from commands import speaker
from commands.take_in import STILL_WAITS, take_in
from domain.relay import Message, encode, read
from offline_store import relay_files
from server import drop
from server.drop import TakeInFileError
from server.standing import FileMissingError
from tests.conftest import ROOT
from tests.helpers.plant import PlantSite
from tests.scenarios.test_relay_file import at_server, files_of, offline, replaced

COMMAND = """
import sys
from pathlib import Path
from commands import speaker
from commands.take_in import take_in
from server.settings import ServerSettings
home, url, file, language, wait_s = sys.argv[1:]
settings = ServerSettings(home=Path(home), database_url=url or None)
sys.exit(take_in(settings, Path(file), speaker(language), float(wait_s)))
"""


async def taken(
    site: PlantSite, file: Path, language: str = "en", wait_s: float = 50
) -> tuple[int, str]:
    """What the command ends with and says in a process of its own, beside the running server."""
    here = site.server_settings
    words = [str(here.home), here.database_url or "", str(file), language, str(wait_s)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, *words, cwd=ROOT, stdout=subprocess.PIPE
    )
    ended = asyncio.create_task(process.communicate())
    while not ended.done():
        await asyncio.sleep(0.1)
        if wait_s > 1:
            await site.run_duties()
    said, _ = await ended
    return process.returncode or 0, said.decode()


async def test_what_is_no_file_of_records_is_refused_before_it_is_handed_over(
    site: PlantSite, tmp_path: Path
) -> None:
    _, _, file = await offline(site)
    settings, t = site.server_settings, speaker("en")
    for name, data in {"cut.zip": file.read_bytes()[:-40], "READ.md": b"# text", "0": b""}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(TakeInFileError) as refused:
            take_in(settings, tmp_path / name, t)
        assert refused.value.params["file"] == name
    with pytest.raises(FileMissingError):
        take_in(settings, tmp_path / "gone.zip", t)
    assert not (settings.home / drop.FOLDER).exists()


async def test_beside_a_running_server_it_waits_for_the_result_and_says_it(
    site: PlantSite,
) -> None:
    _, record_id, file = await offline(site)
    code, first = await taken(site, file, "zh")
    assert (code, at_server(site, record_id)) == (0, (True, 1))
    assert first.splitlines()[-1] == "结果：全部接收"
    assert ("服务器正在运行" in first) == (not site.server_settings.database_url)
    code, again = await taken(site, file, "zh")  # changes nothing and tells the same receipts
    assert (code, at_server(site, record_id)) == (0, (True, 1))
    assert re.findall(r"收条 (\S+)", again) == re.findall(r"收条 (\S+)", first)


async def test_a_server_that_does_not_come_to_it_keeps_the_file(site: PlantSite) -> None:
    _, _, file = await offline(site)
    code, said = await taken(site, file, wait_s=0.1)
    if site.server_settings.database_url:  # several processes share it: no need to wait
        assert code == 0
        return
    assert code == STILL_WAITS
    (laid,) = (site.server_settings.home / drop.FOLDER).glob("*.anshao-relay")
    assert str(laid) in said
    assert str(drop.result_path(laid)) in said
    await site.run_duties()
    found = drop.result_of(laid)
    assert found
    assert found.runs[0]["outcome"] == "taken"


async def test_what_is_refused_is_said_with_the_reason(site: PlantSite, tmp_path: Path) -> None:
    device, record_id, file = await offline(site)
    sha = files_of(device, record_id)[0]
    with zipfile.ZipFile(file) as archive:
        message = archive.read(relay_files.MESSAGE)
    plain = read(message)
    other = Message(plain.plant, plain.sender, plain.made_ms, (replaced(plain.runs[0], "nobody"),))
    stranger, spoilt = tmp_path / "stranger.zip", tmp_path / "spoilt.zip"
    with zipfile.ZipFile(stranger, "w") as archive:
        archive.writestr(relay_files.MESSAGE, encode(other))
    with zipfile.ZipFile(spoilt, "w") as archive:
        archive.writestr(relay_files.MESSAGE, message)
        archive.writestr(f"blobs/{sha}", b"other bytes")
    code, said = await taken(site, stranger)
    assert code == 1
    assert "never enrolled" in said
    assert "nothing is taken" in said
    code, said = await taken(site, spoilt)
    assert code == 1
    assert f"Photo {sha[:12]}: NOT taken: the content is damaged" in said
    assert "only a part" in said
    assert at_server(site, record_id)[0]
