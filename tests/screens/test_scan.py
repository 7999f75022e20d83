"""The scanner promises: every code that is no label is named, and three other ways stay open."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from app.use_cases import aiming
from app.use_cases.scan import Scanned
from media.adapters.simulated import SimulatedCamera
from media.codes import Code
from screens.asset_picker import AssetPicker
from screens.scan import ScanPage, ScanScreen
from screens.signature import SignatureModel
from tests.helpers.field import desk_of, offline_field
from tests.helpers.render import rendered
from tests.media.pictures import jpeg, photo


async def test_without_a_camera_the_three_other_ways_are_offered(tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    async with rendered(desk, ScanScreen) as drawn:
        await drawn.until(lambda: drawn.has("refused"))
        for way in ("scan-type", "scan-picture", "scan-list", "scan-again", "back"):
            assert drawn.has(way), way


async def test_a_picture_without_a_code_is_refused_with_a_remedy(tmp_path: Path) -> None:
    from screens.scan_model import ScanModel

    desk = desk_of(offline_field(tmp_path))
    model = ScanModel(desk, desk.field.devices.camera(), _nobody)
    await model.choose(jpeg(photo(640, 480)))
    assert model.error is not None
    assert model.error.code == "label.unreadable"
    await model.found([Code("AS1:nonsense", "qr")], b"")
    assert model.error.code in ("label.unknown", "label.forged")
    model.again()
    assert model.error is None


async def test_a_camera_that_sees_nothing_goes_on_looking_and_is_put_away(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    field.devices = replace(field.devices, camera=lambda: SimulatedCamera([jpeg(photo(640, 480))]))
    desk = desk_of(field)
    async with rendered(desk, lambda: ScanPage(_nobody, desk.back)) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("scan.aim")))
        await drawn.tap("scan-list")
        await drawn.until(lambda: drawn.has("asset-TK-101"))


@pytest.mark.parametrize(
    ("size", "orientation", "view", "reach"),
    [
        ((1280, 720), 1, (412, 748), 132 / 748),  # seen is the middle of a wide picture
        ((720, 1280), 1, (412, 700), 132 / 412),
        ((1280, 720), 6, (412, 700), 132 / 412),  # a camera that lies, and says so
        ((640, 480), 1, (768, 760), 132 / 760),
    ],
)
def test_the_frame_reaches_as_far_in_the_picture_as_it_is_drawn(
    size: tuple[int, int], orientation: int, view: tuple[float, float], reach: float
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = jpeg(photo(*size), exif=exif.tobytes())
    assert aiming.reach(picture, view, 264) == pytest.approx(reach, rel=0.05)


async def test_an_id_typed_carelessly_finds_its_equipment(tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    picked: list[tuple[str, str]] = []

    async def pick(asset_id: str, via: str) -> None:
        picked.append((asset_id, via))

    async with rendered(desk, lambda: AssetPicker("t", "d", pick, desk.back, False)) as drawn:
        await drawn.until(lambda: drawn.has("asset-DB-03"))
        await drawn.write("asset-search", "tk101")
        await drawn.until(lambda: drawn.has("asset-TK-101") and not drawn.has("asset-DB-03"))
        await drawn.tap("asset-TK-101")
        assert picked == [("TK-101", "typed")]
        await drawn.write("asset-search", "nowhere")
        await drawn.until(lambda: drawn.sees(desk.t("asset.none")))


async def test_a_signature_is_the_strokes_drawn_and_can_be_cleared() -> None:
    pictures: list[bytes] = []

    async def done(picture: bytes) -> None:
        pictures.append(picture)

    model = SignatureModel(done)
    await model.finish()
    assert pictures == []  # nothing drawn, nothing signed
    model.press((10, 10))
    model.move((90, 60))
    model.clear()
    assert model.strokes == ()
    model.move((5, 5))
    await model.finish()
    assert pictures[0].startswith(b"\x89PNG")


async def _nobody(_found: Scanned) -> None:
    await asyncio.sleep(0)
