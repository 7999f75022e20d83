"""What the outbox says of a link, and the file that carries what it cannot."""

import hashlib
import io
import json
import os
import random
import zipfile
from pathlib import Path

from app import media_choice
from app.use_cases import outbox
from domain.changes import decode
from domain.errors import OfflineError
from offline_store import blobs
from sync.status import SyncStatus
from tests.helpers.plant import PlantSite
from tests.server.phone import report

CLIP = os.urandom(3_000_000)


def test_a_forecast_is_reckoned_from_what_the_link_moved() -> None:
    status = SyncStatus("sending", rate=8_000, held_bytes=1_900_000_000)
    found = outbox.forecast(status, 0, 1_904_800_000)
    assert (found.kbit_s, found.left_bytes, found.seconds) == (64, 4_800_000, 600)
    assert found.held_seconds is not None
    assert found.held_seconds // 3600 == 65  # 66 h, rounded up
    capped = outbox.forecast(status, 4_000, 1_904_800_000)
    assert (capped.kbit_s, capped.seconds) == (32, 1200)
    nobody_knows = outbox.forecast(SyncStatus(), 0, 1_000)
    assert (nobody_knows.kbit_s, nobody_knows.seconds, nobody_knows.held_seconds) == (0, None, None)


def test_the_next_try_is_told_only_where_there_is_no_link() -> None:
    assert outbox.next_try_s(SyncStatus("sending")) is None
    assert outbox.next_try_s(SyncStatus("offline", error=OfflineError())) == 20
    asked = SyncStatus("offline", error=OfflineError(retry_s=90))
    assert outbox.next_try_s(asked) == 90


async def test_the_files_of_two_devices_have_names_of_their_own(site: PlantSite) -> None:
    first, second = (await site.device()).app, (await site.device("phone-2")).app
    name = outbox.export_name(first)
    assert name.startswith(f"anshao-outbox-{first.device.short}-20")
    assert name.endswith(".zip")
    assert name != outbox.export_name(second)
    assert outbox.export_name(first, 1) == name.replace(".zip", "-2.zip")


async def test_the_switches_are_kept_and_reach_the_engine(site: PlantSite) -> None:
    field = (await site.device()).app
    assert media_choice.rules(field).wait_min == 30
    assert media_choice.choice(field).caps == (0, 32, 128, 512)
    media_choice.limit(field, 128)
    media_choice.send_originals_now(field, now=True)
    assert field.engine
    assert field.engine.pace.rules() == field.media == media_choice.rules(field)
    assert (field.media.cap_bytes_s, field.media.now) == (16_000, True)
    media_choice.send_originals_now(field, now=False)
    assert not media_choice.choice(field).now


async def test_the_outbox_file_holds_all_that_another_way_needs(
    site: PlantSite, tmp_path: Path
) -> None:
    device = await site.device()
    field = device.app
    with field.store.session() as session:
        field.write(
            session, "U012", kind="decide", record_id="r1", type="hazard", definition="hazard@1",
            set=report(),
        )  # fmt: skip
        sha = blobs.put(field.store, session, CLIP, "original", record_id="r1")
    file = tmp_path / "anshao-outbox.zip"
    assert outbox.export_to(field, file) == file.stat().st_size > len(CLIP)
    assert list(tmp_path.glob("*.part")) == []
    with zipfile.ZipFile(file) as archive:
        head = json.loads(archive.read("device.json"))
        bodies = archive.read("entries.jsonl").split(b"\n")
        links = [json.loads(line) for line in archive.read("chain.jsonl").splitlines()]
        assert hashlib.sha256(archive.read(f"blobs/{sha}")).hexdigest() == sha
    assert head == {
        "v": 1, "device": field.device.device_id, "key": field.device.public_key.hex()
    }  # fmt: skip
    entry = decode(bodies[-1], field.device.device_id)
    assert (entry.record_id, len(links)) == ("r1", len(bodies))
    digest = hashlib.sha256(bodies[-1]).digest()
    if links[-1]["prev"]:
        chained = b"anshao-entry-v1\0" + bytes.fromhex(links[-1]["prev"]) + digest
        assert hashlib.sha256(chained).hexdigest() == links[-1]["hash"]
    assert len(bytes.fromhex(links[-1]["sig"])) == 64
    assert outbox.export(field)[:2] == b"PK"


async def test_what_is_too_large_for_one_piece_goes_in_several_and_nothing_stays_in_clear(
    site: PlantSite,
) -> None:
    device = await site.device()
    field, made = device.app, dict[str, bytes]()
    with field.store.session() as session:
        for size in (40_000, 30_000, 20_000, 10_000, 200_000):
            data = random.Random(size).randbytes(size)
            made[blobs.put(field.store, session, data, "original", record_id="r1")] = data
    most = 64_000

    plan = outbox.parts(field, most)

    assert plan.too_large == 1
    assert len(plan.files) > 1
    carried: dict[str, bytes] = {}
    for files in plan.files:
        data = outbox.export(field, files)
        assert len(data) <= most
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert "device.json" in archive.namelist()
            for name in archive.namelist():
                if name.startswith("blobs/"):
                    carried[name.removeprefix("blobs/")] = archive.read(name)
    assert carried == {sha: data for sha, data in made.items() if len(data) < most}
    folder = device.settings.store
    assert not any(data[:64] in file.read_bytes() for data in made.values()
                   for file in folder.rglob("*") if file.is_file())  # fmt: skip

    (folder / "exports").mkdir()  # as a version before left it
    (folder / "exports" / "anshao-outbox.zip").write_bytes(b"in clear")
    site.restart(device)
    assert not (folder / "exports").exists()


async def test_a_refused_file_can_be_sent_again(site: PlantSite) -> None:
    field = (await site.device()).app
    with field.store.session() as session:
        sha = blobs.put(field.store, session, CLIP, "original", record_id="r1")
        blobs.fail(session, sha, "blob.hash", for_good=True)
    assert outbox.view(field).refused == 1
    outbox.retry(field, sha)
    assert outbox.view(field).refused == 0
