"""What every camera promises: a JPEG after `open`, a reason for every failure, open again later.

The camera of the browser is the real control on a fake client (the wire of Flet, answered here as
the plugin answers); OpenCV's reads a recorded clip through the real capture.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.clock import read_mono_ms
from domain.errors import CameraError
from media import clips, images
from media.adapters import flet_camera
from media.adapters.flet_camera import FletCamera
from media.adapters.opencv_camera import OpencvCamera
from media.adapters.simulated import SimulatedCamera
from media.ports import Camera
from tests.contracts.client import Client, client
from tests.media.films import live_webm
from tests.media.pictures import jpeg, photo

SHOT = jpeg(photo(640, 480))
BACK = {"name": "back", "lens_direction": "back", "sensor_orientation": 90, "lens_type": "wide"}
FRONT = {**BACK, "name": "front", "lens_direction": "front"}


@dataclass
class Bench:
    """A camera on its platform, and how to put its preview on the page."""

    camera: Camera
    mount: Callable[[], Awaitable[None]]


async def nothing_to_mount() -> None:
    """Cameras without a preview control need no page."""


def clip(folder: Path) -> Path:
    """A recorded clip of 40 frames."""
    path = folder / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5.0, (640, 480))
    for _ in range(40):
        writer.write(np.asarray(photo(640, 480))[:, :, ::-1])
    writer.release()
    return path


@contextlib.asynccontextmanager
async def browser(
    platform: str = "linux", *, web: bool = True
) -> AsyncIterator[tuple[Client, Bench]]:
    async with client(platform=platform, web=web) as fake:
        camera = FletCamera()
        fake.answers["get_available_cameras"] = [FRONT, BACK]
        fake.answers["take_picture"] = SHOT
        fake.answers["stop_video_recording"] = live_webm(3)

        async def mount() -> None:
            fake.page.controls = [camera.control]
            fake.page.update()

        yield fake, Bench(camera, mount)


@pytest.fixture(params=["simulated", "opencv", "flet"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    if request.param == "simulated":
        yield Bench(SimulatedCamera([SHOT], clips=[live_webm(3)]), nothing_to_mount)
    elif request.param == "opencv":
        slow = itertools.count(0, 200)  # a clock of its own: five frames for each second
        camera = OpencvCamera(lambda: next(slow), str(clip(tmp_path)))
        yield Bench(camera, nothing_to_mount)
    else:
        async with browser() as (_, ready):
            yield ready


async def test_it_takes_pictures_and_opens_again(bench: Bench) -> None:
    for resolution in ("scan", "photo", "scan"):
        await bench.mount()
        await bench.camera.open(resolution)
        for _ in range(2):
            facts = images.inspect(await bench.camera.take())
            assert (facts.mime, facts.width, facts.height) == ("image/jpeg", 640, 480)
        await bench.camera.close()


async def test_it_records_a_clip_and_takes_pictures_again(bench: Bench, tmp_path: Path) -> None:
    assert bench.camera.records
    await bench.mount()
    await bench.camera.open("clip")
    await bench.camera.record()
    await asyncio.sleep(0.3)
    kept = tmp_path / "kept"
    kept.write_bytes(await bench.camera.stop())
    facts = clips.inspect(kept, clips.ClipLimits(60, 10**8))
    assert facts.mime == "video/webm"
    assert 1 <= facts.seconds <= 9
    await bench.camera.open("photo")
    assert images.inspect(await bench.camera.take()).width == 640


async def test_what_is_not_recording_cannot_be_stopped(bench: Bench) -> None:
    with pytest.raises(CameraError) as refused:
        await bench.camera.stop()
    assert refused.value.params["reason"] == "none"
    with pytest.raises(CameraError):
        await bench.camera.record()


async def test_closing_in_the_middle_of_a_recording_lets_go(bench: Bench) -> None:
    await bench.mount()
    await bench.camera.open("clip")
    await bench.camera.record()
    await bench.camera.close()
    await bench.mount()
    await bench.camera.open("photo")
    assert await bench.camera.take()


async def test_closing_a_closed_camera_is_harmless(bench: Bench) -> None:
    await bench.camera.close()
    await bench.mount()
    await bench.camera.open()
    await bench.camera.close()
    await bench.camera.close()


async def test_a_closed_camera_takes_nothing(bench: Bench) -> None:
    with pytest.raises(CameraError) as refused:
        await bench.camera.take()
    assert refused.value.params["reason"] == "none"


async def test_no_camera_on_a_desktop() -> None:
    camera = OpencvCamera(read_mono_ms, str(Path("no such device")))
    with pytest.raises(CameraError) as refused:
        await camera.open()
    assert refused.value.params["reason"] == "none"


@pytest.mark.parametrize("refusal", ["denied", "none", "busy", "unsupported"])
async def test_a_simulated_camera_fails_like_hardware(refusal: str) -> None:
    with pytest.raises(CameraError) as refused:
        await SimulatedCamera([SHOT], refusal=refusal).open()
    assert refused.value.params["reason"] == refusal


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("CameraException(CameraAccessDenied, The user denied the camera)", "denied"),
        ("CameraException(CameraAccessDeniedWithoutPrompt, ...)", "denied"),
        ("CameraException(cameraPermission, not granted)", "denied"),
        ("CameraException(cameraSecurity, blocked)", "denied"),
        ("CameraException(cameraNotFound, no device)", "none"),
        ("CameraException(cameraNotReadable, in use)", "busy"),
        ("CameraException(cameraNotSupported, no media devices)", "unsupported"),
        ("MissingPluginException(No implementation found)", "unsupported"),
        ("something new", "busy"),
    ],
)
async def test_what_the_platform_says_becomes_a_reason(said: str, reason: str) -> None:
    async with browser() as (fake, ready):
        fake.answers["get_available_cameras"] = RuntimeError(said)
        await ready.mount()
        with pytest.raises(CameraError) as refused:
            await ready.camera.open()
        assert refused.value.params["reason"] == reason


async def test_it_prefers_the_camera_that_looks_away() -> None:
    async with browser() as (fake, ready):
        await ready.mount()
        await ready.camera.open("scan")
        arguments = dict(fake.calls)["initialize"]
        assert arguments["description"]["name"] == "back"
        assert arguments["resolution_preset"] == "medium"
        assert arguments["enable_audio"] is False


async def test_a_machine_without_a_camera_says_none() -> None:
    async with browser() as (fake, ready):
        fake.answers["get_available_cameras"] = []
        await ready.mount()
        with pytest.raises(CameraError) as refused:
            await ready.camera.open()
        assert refused.value.params["reason"] == "none"


async def test_a_desktop_window_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    async with browser("windows", web=False) as (fake, ready):
        # Flet itself refuses to draw the control there; a screen that tries gets this far.
        monkeypatch.setattr(flet_camera.fc.Camera, "page", property(lambda _: fake.page))
        with pytest.raises(CameraError) as refused:
            await ready.camera.open()
        assert refused.value.params["reason"] == "unsupported"


async def test_a_client_that_never_answers_ends_in_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flet_camera, "LIST_S", 0.05)
    async with browser() as (fake, ready):
        fake.answers["get_available_cameras"] = NotImplemented  # no answer at all
        await ready.mount()
        with pytest.raises(CameraError) as refused:
            await asyncio.wait_for(ready.camera.open(), 5)
        assert refused.value.params["reason"] == "busy"


async def test_a_preview_that_is_not_on_the_page_ends_in_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flet_camera, "MOUNT_S", 0.2)
    async with browser() as (_, ready):
        with pytest.raises(CameraError) as refused:
            await ready.camera.open()
        assert refused.value.params["reason"] == "none"
