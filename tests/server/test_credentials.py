"""Copies that leave the server carry content credentials: true, private, and broken by one byte."""

import asyncio
import builtins
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import anshao
from domain.errors import FieldError
from domain.papers import CredentialsError
from offline_store import blobs, records
from server import credential_keys, credentials, papers
from server import proofs as server_proofs
from server.clock import moment
from tests.helpers.plant import PlantSite
from tests.media.pictures import jpeg, photo
from tests.scenarios.conftest import first_day, site
from tests.scenarios.proving import hazard

__all__ = ["first_day", "site"]  # fixtures

PERSON = "U003"
DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000


async def signed(site: PlantSite) -> tuple[str, list[credentials.Signed], bytes]:
    """A hazard with two photos on the server, its signed copies, and the root to trust."""
    pytest.importorskip("c2pa", reason="requirements/c2pa.txt is not installed")
    device = await site.device()
    record_id = await hazard(device)
    *photos, root = await asyncio.to_thread(
        lambda: list(papers.signed_photos(site.server_settings, record_id))
    )
    assert root.name == credentials.ROOT_NAME
    return record_id, photos, root.data


def told(data: bytes, root: bytes | None = None) -> tuple[str, Mapping[str, Any], list[str]]:
    """State, our own assertion and the codes of what is wrong."""
    found = credentials.read(data, root)
    active = found["manifests"][found["active_manifest"]]
    own = {one["label"]: one["data"] for one in active["assertions"]}
    wrong = [one["code"] for one in found.get("validation_status", [])]
    return found["validation_state"], own, wrong


async def test_a_copy_says_who_when_where_and_of_which_original(site: PlantSite) -> None:
    record_id, photos, root = await signed(site)
    assert len(photos) == 2
    with site.server.state.site.store.reading() as session:
        evidence = records.evidence_of(session, record_id)
    for one, record in zip(photos, evidence, strict=True):
        state, own, wrong = told(one.data, root)
        assert (state, wrong) == ("Trusted", [])
        said = own[credentials.EVIDENCE]
        assert said["original_sha256"] == record.text("original")
        assert said["evidence"] == record.record_id
        assert said["shot"] == record.text("shot")
        assert said["time"]["state"] in ("calibrated", "unknown", "corrected")
        assert said["device"] != "server"
        first = own["c2pa.actions.v2"]["actions"][0]
        assert first["action"] == "c2pa.created"
        assert first["digitalSourceType"].endswith("digitalCapture")


async def test_who_photographed_is_a_pseudonym_the_same_in_all_photos(site: PlantSite) -> None:
    _, photos, root = await signed(site)
    names = {told(one.data, root)[1][credentials.EVIDENCE]["captured_by"] for one in photos}
    assert len(names) == 1
    whole = json.dumps([credentials.read(one.data, root) for one in photos], ensure_ascii=False)
    assert PERSON not in whole
    name = site.server.state.site.pack.definitions.plant.people[PERSON].name
    assert name.in_("zh") not in whole
    assert name.in_("en") not in whole


async def test_one_flipped_byte_of_the_picture_is_found(site: PlantSite) -> None:
    _, photos, root = await signed(site)
    data = bytearray(photos[0].data)
    data[-len(data) // 4] ^= 1
    state, _, wrong = told(bytes(data), root)
    assert state == "Invalid"
    assert "assertion.dataHash.mismatch" in wrong


async def test_without_the_root_it_is_valid_and_nobody_stands_behind_it(site: PlantSite) -> None:
    _, photos, _ = await signed(site)
    state, _, wrong = told(photos[0].data)
    assert (state, wrong) == ("Valid", ["signingCredential.untrusted"])


async def test_what_is_stored_stays_as_it_is_and_the_proof_holds(
    site: PlantSite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_id, photos, _ = await signed(site)
    store = site.server.state.site.store
    with store.reading() as session:
        for record in records.evidence_of(session, record_id):
            for cell in ("original", "stamped"):
                data = blobs.read(store, record.text(cell))
                assert data is not None
                assert blobs.hash_of([data]) == record.text(cell)
                assert data not in [one.data for one in photos]
    file, key = tmp_path / "a.proof", tmp_path / "plant.pub"
    settings = site.server_settings
    file.write_bytes(await asyncio.to_thread(server_proofs.export, settings, record_id))
    key.write_bytes(server_proofs.public_pem(settings))
    assert anshao.main(["verify", str(file), "--key", str(key)]) == 0
    capsys.readouterr()


def test_keys_are_their_owners_alone_and_stay_until_they_run_out(tmp_path: Path) -> None:
    now = moment(NOW_MS)
    one = credential_keys.signing(tmp_path, "DEMO", now)
    assert credential_keys.signing(tmp_path, "DEMO", now) == one
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    later = moment(NOW_MS + 720 * DAY_MS)  # the signer has some days left
    two = credential_keys.signing(tmp_path, "DEMO", later)
    assert two.root == one.root
    assert two.key != one.key
    assert two.pseudonym(PERSON) == one.pseudonym(PERSON) != one.pseudonym("U004")
    assert PERSON not in one.pseudonym(PERSON)


def test_a_server_without_the_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> object:  # noqa: ANN401
        if name.partition(".")[0] == "c2pa":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setitem(__import__("sys").modules, "c2pa", None)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CredentialsError) as refused:
        credentials.require()
    assert refused.value.params == {"reason": "missing"}
    assert isinstance(refused.value, FieldError)
    command = ["report", "HZ-0005", "--out", str(tmp_path / "r.pdf"), "--data", str(tmp_path)]
    assert anshao.main([*command, "--credentials", str(tmp_path / "c"), "--language", "en"]) == 2
    assert "requirements/c2pa.txt" in capsys.readouterr().err
    assert not (tmp_path / "r.pdf").exists()


def test_a_picture_that_is_none_is_refused() -> None:
    pytest.importorskip("c2pa", reason="requirements/c2pa.txt is not installed")
    for data in (b"", b"\xff\xd8\xff", jpeg(photo(64, 48))):
        with pytest.raises(CredentialsError):
            credentials.read(data)
