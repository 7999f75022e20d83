"""The pack promises: devices and servers of the version before go on, and nothing is lost by it."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import pytest
import yaml

from app.link import read_pack
from domain.definitions import read
from domain.errors import DefinitionError
from domain.merge import POLICIES
from domain.scopes import RULES
from server import pack
from tests.helpers.definitions import DAY0, definition_files
from tests.helpers.merging import trial_files, trial_policies
from tests.server.phone import Bench

MERGE, PRIVACY, SCOPES = "merge.yaml", "privacy.yaml", "scopes.yaml"
BEFORE: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "fixtures" / "pack_before.yaml").read_text(encoding="utf-8")
)


def refused_before(body: bytes) -> list[str]:
    """Return what the reader of the version before finds wrong with a pack (pack_before.yaml)."""
    message = json.loads(body)
    wrong = [name for name in BEFORE["message"] if name not in message]
    for path in map(PurePosixPath, message.get("files", {})):
        in_folder = str(path.parent) in BEFORE["folders"] and path.suffix == ".yaml"
        if str(path) not in BEFORE["files"] and not in_folder:
            wrong.append(str(path))
    return wrong


def made(files: dict[str, str]) -> pack.Pack:
    clean = pack.without_pins(files)
    return pack.make(pack.read_definitions(clean, DAY0), clean, {}, {})


async def served(bench: Bench) -> bytes:
    phone = await bench.phone()
    response: httpx.Response = await bench.client.get("/v1/pack", headers=phone.auth)
    assert response.status_code == 200
    return response.content


async def test_a_device_of_the_version_before_reads_the_pack_of_a_new_server(bench: Bench) -> None:
    body = await served(bench)
    assert refused_before(body) == []
    message = json.loads(body)
    definitions, problems = read(message["files"], DAY0)  # what it then has: all but the policies
    assert problems == ()
    assert definitions is not None
    assert definitions.policies == POLICIES


async def test_with_newer_files_among_the_others_it_would_refuse_all_of_it(bench: Bench) -> None:
    message = json.loads(await served(bench))
    message["files"] |= message.pop("newer_files")
    assert refused_before(json.dumps(message).encode()) == [MERGE, PRIVACY, SCOPES]


async def test_a_new_device_has_the_policies_and_the_version_of_its_server(bench: Bench) -> None:
    found = read_pack(await served(bench), 0).definitions
    assert found == bench.site.pack.definitions
    assert found.version == bench.site.pack.definitions.version
    assert "permit" in found.policies


def test_a_device_merges_by_what_the_file_of_its_server_says() -> None:
    assert read_pack(made(trial_files()).plain, 0).definitions.policies == trial_policies()


def test_a_new_device_reads_the_pack_of_a_server_of_the_version_before() -> None:
    newer = (MERGE, PRIVACY, SCOPES)
    files = {path: text for path, text in definition_files().items() if path not in newer}
    message = json.loads(made(files).plain)
    assert message.pop("newer_files") == {}
    found = read_pack(json.dumps(message).encode(), 0).definitions
    assert (found.policies, found.scopes) == (POLICIES, RULES)


def test_a_pack_kept_from_when_the_merge_file_went_with_the_others_is_still_read() -> None:
    message = json.loads(made(trial_files()).plain)
    message["files"] |= message.pop("newer_files")
    found = read_pack(json.dumps(message).encode(), 0).definitions
    assert found.policies == trial_policies()


def test_what_a_still_newer_server_adds_is_left_out_and_hides_nothing() -> None:
    message = json.loads(made(definition_files()).plain)
    message["newer_files"] |= {"tomorrow.yaml": "x: 1", "access.yaml": "roles: []"}
    found = read_pack(json.dumps(message).encode(), 0).definitions
    assert found.access == read(definition_files(), DAY0)[0].access  # type: ignore[union-attr]


def test_a_slip_in_the_merge_file_of_a_server_is_refused_with_its_line() -> None:
    message = json.loads(made(definition_files()).plain)
    text: str = message["newer_files"][MERGE]
    message["newer_files"][MERGE] = text.replace("{type: event}", "{type: evidance}")
    line = text[: text.index("{type: event}")].count("\n") + 1
    with pytest.raises(DefinitionError) as caught:
        read_pack(json.dumps(message).encode(), 0)
    assert caught.value.params["problems"] == [f"{MERGE}:{line} value.choice"]
