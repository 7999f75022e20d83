"""S34 Third party verifies: an auditor with the plant's public key and a file, and nothing else."""

import asyncio
import io
import json
import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

import anshao
from app.use_cases import evidence, works
from app.use_cases.evidence import Target
from domain.proof_checks import check, worth
from domain.proof_reading import read
from domain.proofs import encode
from server import proofs as server_proofs
from tests.helpers.plant import PlantSite
from tests.helpers.trial import (
    ANALYST,
    DEPUTY,
    GUARDIAN,
    HEAD,
    LEADER,
    PLACE,
    Hands,
    Hours,
    act,
    apply,
    at,
)
from tests.scenarios.proving import leaves, verdict, with_value


def photo(shot: str) -> bytes:
    """A small photo of its own."""
    data = io.BytesIO()
    Image.effect_noise((320, 240), 40 + len(shot)).convert("RGB").save(data, "JPEG")
    return data.getvalue()


@dataclass(frozen=True)
class Handed:
    """What the auditor was handed."""

    file: bytes
    pem: bytes
    key: bytes
    record_id: str


@pytest_asyncio.fixture
async def handed(trial_site: PlantSite) -> Handed:
    """A work with its signatures, gas test, check-in, two photos and one corrected time."""
    site = trial_site
    site.time.be(at("08:00"))
    hands = Hands(at("08:00"))
    device = await site.device("tablet-s34", clock=hands.clock())
    hours = Hours(site, [hands])
    record_id = apply(device)
    act(device, HEAD, record_id, "approve>approved")
    now = device.app.clock.now_ms()
    works.measure(device.app, device.person(ANALYST), record_id, "o2_vol", "20.8", now)
    act(device, LEADER, record_id, "start>started")
    for shot in ("panorama", "closeup"):
        target = Target(record_id, "TR", PLACE, shot)
        who = device.person(LEADER)
        evidence.keep(device.app, who, target, photo(shot), source="camera", fix=None)
    await device.sync()
    hours.be(at("09:00"))
    dark = Hands(hands.wall_ms - 48 * 3_600_000, 900, "boot-2")
    hours.hands = [dark]
    device = site.restart(device, dark.clock())
    works.check_in(device.app, device.person(GUARDIAN), record_id)
    hours.be(at("10:00"))
    await device.sync()
    act(device, DEPUTY, record_id, "reject>suspended", "救生绳只有一根")
    await device.sync()
    await device.sync()
    file = await asyncio.to_thread(server_proofs.export, site.server_settings, record_id)
    pem = server_proofs.public_pem(site.server_settings)
    key = site.server.state.site.key.public_key().public_bytes_raw()
    return Handed(file, pem, key, record_id)


def test_signatures_chain_photos_and_times_hold(
    handed: Handed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, key = tmp_path / "permit.proof", tmp_path / "PLANT.pub"
    file.write_bytes(handed.file)
    key.write_bytes(handed.pem)
    assert anshao.main(["verify", str(file), "--key", str(key)]) == 0
    said = capsys.readouterr().out
    for person in ("车间主任02", "车间副主任03", "监护人08", "分析工08"):
        assert person in said
    proof = read(handed.file)
    found = check(proof, handed.key)
    assert worth(found, handed.key) == "holds"
    codes = [one.code for one in found]
    assert codes.count("entry.signed") >= 4, "each decision has its own signature"
    assert "entry.forged" not in codes
    assert len(proof.files) >= 2
    [corrected] = [one for one in found if one.code == "entry.corrected"]
    true_ms = corrected.params["true_ms"]
    assert isinstance(true_ms, int)
    assert abs(true_ms - at("09:00")) < 5_000


def test_one_byte_changed_anywhere_is_detected(handed: Handed) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(150):
        where = dice.randrange(len(handed.file))
        other = bytes([handed.file[where] ^ (1 << dice.randrange(8))])
        changed = handed.file[:where] + other + handed.file[where + 1 :]
        assert not verdict(changed, handed.key), where


def test_one_record_removed_is_detected(handed: Handed) -> None:
    proof, removed = read(handed.file), 0
    for chain in proof.chains:
        for one in chain.kept:
            links = tuple(link for link in chain.links if link is not one)
            rest = tuple(other for other in proof.chains if other is not chain)
            less = replace(proof, chains=(*rest, replace(chain, links=links)))
            assert not verdict(encode(less), handed.key)
            removed += 1
    assert removed >= 8
    for photo in proof.files:
        files = tuple(one for one in proof.files if one is not photo)
        assert not verdict(encode(replace(proof, files=files)), handed.key)


def test_a_changed_time_is_detected(handed: Handed) -> None:
    times = [path for path in leaves(json.loads(handed.file)) if str(path[-1]).endswith("_ms")]
    for path in times:
        moved = with_value(handed.file, path, lambda value: (value or 0) + 60_000)  # type: ignore[operator]
        assert not verdict(moved, handed.key), path


def test_with_another_plants_key_nothing_holds(handed: Handed) -> None:
    assert not verdict(handed.file, bytes(32))
