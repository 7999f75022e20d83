"""A clip is evidence like a photo: bound, graded, hashed, sent; but it stands beside the photo."""

import hashlib
from pathlib import Path

import pytest

from app.use_cases import evidence, evidence_files, inspections, outbox, reports
from app.use_cases import scan as scanning
from domain.errors import ClipTooLongError, StoreFullError
from domain.evidence import shots_now
from offline_store import blobs, records
from tests.helpers.plant import Device, PlantSite
from tests.media.films import film, live_webm
from tests.media.pictures import jpeg, photo

INSPECTOR = "U003"


def target_of(draft: reports.HazardDraft) -> evidence.Target:
    return evidence.Target(draft.draft_id, draft.code, "DB-03", "closeup")


async def test_a_clip_is_kept_with_hash_length_and_size(site: PlantSite, tmp_path: Path) -> None:
    device = await site.device()
    person = device.person("U012")
    fix = device.here.stand_at(device.app.definitions.plant.assets["DB-03"])
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    clip = film(tmp_path, seconds=23)
    card = evidence.keep_clip(device.app, person, target_of(draft), clip, source="camera", fix=fix)
    assert (card.is_clip, card.seconds, card.size) == (True, 23, clip.stat().st_size)
    assert card.grade == "A"
    with device.app.store.reading() as session:
        record = records.get(session, card.evidence_id)
    assert record.text("original") == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert record.get("stamped") is None
    assert record.text("mime") == "video/mp4"
    sha, _ = evidence_files.original_of(device.app, card.evidence_id) or ("", "")
    assert blobs.read(device.app.store, sha) == clip.read_bytes()


async def test_records_then_tiles_then_clips_are_sent(site: PlantSite, tmp_path: Path) -> None:
    device, other = await site.device(), await site.device("phone-2")
    person = device.person("U012")
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    clip = evidence.keep_clip(
        device.app, person, target_of(draft), film(tmp_path), source="file", fix=None
    )
    hazard = reports.report(device.app, person, draft.draft_id, None)
    rows = outbox.bundles(outbox.view(device.app).items)
    row = next(row for row in rows if row.first.photo == clip.evidence_id)
    assert [item.kind for item in row.items] == ["evidence", "thumb", "original"]
    assert row.first.is_clip
    await device.sync()
    await other.sync()
    seen = next(card for card in evidence.of_record(other.app, hazard) if card.is_clip)
    assert seen.thumb == clip.thumb
    assert not seen.here, "others fetch it when they open it"
    shares: list[float] = []
    await evidence_files.fetch_original(other.app, seen.evidence_id, shares.append)
    assert shares[-1] == 1.0
    assert evidence.of_record(other.app, hazard)[0].here


async def test_a_clip_does_not_stand_for_the_photo_of_a_shot(
    site: PlantSite, tmp_path: Path
) -> None:
    device = await site.device()
    person = device.person("U012")
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    clip = film(tmp_path)
    evidence.keep_clip(device.app, person, target_of(draft), clip, source="camera", fix=None)
    hazard = reports.report(device.app, person, draft.draft_id, None)
    with device.app.store.reading() as session:
        record, shots = records.get(session, hazard), records.evidence_of(session, hazard)
    assert shots_now(record, shots, lambda _sha256: False) == frozenset()
    picture = jpeg(photo(320, 240))
    evidence.keep(device.app, person, target_of(draft), picture, source="camera", fix=None)
    with device.app.store.reading() as session:
        photos = records.evidence_of(session, hazard)
        assert shots_now(record, photos, lambda _sha256: False) == {"closeup"}


async def test_a_question_that_wants_a_photo_still_wants_it(
    site: PlantSite, tmp_path: Path
) -> None:
    device = await site.device()
    person = device.person(INSPECTOR)
    found = scanning.by_id(device.app, person, "TK-101", None, via="typed")
    sheet = inspections.open_sheet(device.app, person, found, None)
    line = next(row for row in sheet.lines if row.line.item.evidence == "always")
    item = line.line.item.item_id
    target = evidence.Target(sheet.draft_id, sheet.code, "TK-101", "item", item)
    evidence.keep_clip(device.app, person, target, film(tmp_path), source="camera", fix=None)
    again = inspections.sheet(device.app, person, sheet.draft_id)
    row = next(row for row in again.lines if row.line.item.item_id == item)
    assert row.line.photo_missing
    assert [card.is_clip for card in row.photos] == [True]
    assert row.stills == ()


async def test_a_recording_without_a_length_has_the_one_measured(site: PlantSite) -> None:
    device = await site.device()
    person = device.person("U012")
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    card = evidence.keep_recording(
        device.app,
        person,
        target_of(draft),
        live_webm(0),
        source="camera",
        fix=None,
        shot=jpeg(photo(640, 480)),
        measured_ms=7600,
    )
    assert card.seconds == 8
    assert not list((device.app.store.blobs / "new").iterdir()), "nothing half made is left"


async def test_the_longest_clip_is_data(site: PlantSite, tmp_path: Path) -> None:
    device = await site.device()
    limits = evidence.clip_limits(device.app)
    assert (limits.seconds, limits.size_bytes) == (60, 200_000_000)
    person = device.person("U012")
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    clip = film(tmp_path, seconds=limits.seconds + 3, fps=2)
    with pytest.raises(ClipTooLongError):
        evidence.keep_clip(device.app, person, target_of(draft), clip, source="file", fix=None)


async def test_a_full_disk_keeps_the_draft_and_leaves_nothing_half(
    site: PlantSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await site.device()
    person = device.person("U012")
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    clip = film(tmp_path)
    before = files_of(device)
    monkeypatch.setattr(blobs.os, "fsync", full)
    with pytest.raises(StoreFullError):
        evidence.keep_clip(device.app, person, target_of(draft), clip, source="file", fix=None)
    monkeypatch.undo()
    assert files_of(device) == before
    assert reports.draft(device.app, person, draft.draft_id).photos == ()


def files_of(device: Device) -> list[str]:
    return sorted(path.name for path in device.app.store.blobs.rglob("*") if path.is_file())


def full(_handle: int) -> None:
    raise OSError(28, "No space left on device")
