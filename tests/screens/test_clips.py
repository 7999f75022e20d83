"""Recording a clip in front of the screen: what a person taps and sees, and what is kept."""

import asyncio
from dataclasses import replace
from pathlib import Path

import flet_video as fv  # pyright: ignore[reportMissingTypeStubs]
import pytest

from app.use_cases import evidence, reports
from media.adapters.simulated import SimulatedCamera
from screens import capture_model
from tests.helpers.fakeclient import FakeClient
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.media.films import film, live_webm
from tests.media.pictures import jpeg, photo

OPERATOR, PIN = "U012", "1205"


async def reporting(site: PlantSite, clip: bytes) -> tuple[Device, reports.HazardDraft]:
    """A device whose camera sees a photo and records a clip, and a report begun on it."""
    device = await site.device()
    device.wire.up = False
    picture = jpeg(photo(640, 480))
    camera = SimulatedCamera([picture], clips=[clip])
    device.app.devices = replace(device.app.devices, camera=lambda: camera)
    draft = reports.open_draft(device.app, device.person(OPERATOR), asset_id="DB-03")
    return device, draft


async def at_the_camera(client: FakeClient, draft: reports.HazardDraft) -> None:
    client.go(f"/report/{draft.draft_id}")
    await client.until(lambda: client.has("capture-record"))


async def test_a_clip_is_recorded_stopped_and_shown(site: PlantSite, tmp_path: Path) -> None:
    device, draft = await reporting(site, film(tmp_path, "x.webm").read_bytes())
    async with screen_of(device, OPERATOR, PIN) as client:
        await at_the_camera(client, draft)
        assert client.sees("录像（最长 60 秒）")
        recording = asyncio.create_task(client.tap("capture-record"))
        await client.until(lambda: client.sees("正在录像，还剩 1:00"))
        assert client.has("capture-stop")
        assert not client.has("shutter"), "there is one thing to do now"
        await client.tap("capture-stop")
        await recording
        await client.until(lambda: client.sees("0:03 · "))
        (clip,) = evidence.of_record(device.app, draft.draft_id)
        assert clip.is_clip
        assert client.has("shoot-closeup"), "the photo of the shot is still asked for"
        await client.tap(f"photo-{clip.evidence_id}")
        await client.until(lambda: client.has("player"))
        address = video_of(client).playlist[0].resource
        assert device.app.links.find(address.rpartition("/")[2])
        await client.tap("evidence-back")
        await client.until(lambda: not client.has("player"))
        assert device.app.links.find(address.rpartition("/")[2]) is None


async def test_it_ends_by_itself_when_the_time_is_up(
    site: PlantSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, draft = await reporting(site, live_webm(1))
    monkeypatch.setattr(capture_model.CaptureModel, "limit_s", 1)
    monkeypatch.setattr(capture_model, "TICK_S", 0.1)
    async with screen_of(device, OPERATOR, PIN) as client:
        await at_the_camera(client, draft)
        await client.tap("capture-record")
        await client.until(lambda: client.sees("0:01 · "))


async def test_escape_in_the_middle_keeps_what_was_recorded(site: PlantSite) -> None:
    device, draft = await reporting(site, live_webm(4))
    async with screen_of(device, OPERATOR, PIN) as client:
        await at_the_camera(client, draft)
        recording = asyncio.create_task(client.tap("capture-record"))
        await client.until(lambda: client.has("capture-stop"))
        await client.press("Escape")
        await recording
        await client.until(lambda: client.sees("0:04 · "))


async def test_a_recording_that_is_damaged_says_what_to_do(site: PlantSite) -> None:
    device, draft = await reporting(site, live_webm(4)[:-3])
    async with screen_of(device, OPERATOR, PIN) as client:
        await at_the_camera(client, draft)
        recording = asyncio.create_task(client.tap("capture-record"))
        await client.until(lambda: client.has("capture-stop"))
        await client.tap("capture-stop")
        await recording
        await client.until(lambda: client.sees("这段视频用不了"))
        assert client.sees("请重新录一段")
        assert client.has("capture-choose"), "another way stays open"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ride.mp4", None, "0:03 · "),
        ("notes.mp4", b"all is well", "不是视频文件"),
        ("half.jpg", jpeg(photo(800, 600))[:9000], "文件已损坏"),
    ],
)
async def test_a_chosen_file_is_looked_into(
    site: PlantSite, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    device, draft = await reporting(site, live_webm(1))
    chosen = film(tmp_path, name) if content is None else tmp_path / name
    if content is not None:
        chosen.write_bytes(content)
    async with screen_of(device, OPERATOR, PIN, web=False) as client:
        await at_the_camera(client, draft)
        picker = client.one("capture-choose").action.file_picker
        size = chosen.stat().st_size
        found = {"files": [{"id": 1, "name": name, "size": size, "path": str(chosen)}]}
        await client.fire(picker, "result", found)
        await client.until(lambda: client.sees(said))
    assert chosen.exists(), "a person's own file stays where it is"


def video_of(client: FakeClient) -> fv.Video:
    (video,) = client.kind(fv.Video)
    return video
