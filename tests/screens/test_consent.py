"""Before a photo of a person the camera stays closed until that person was asked (DOMAIN 2.11)."""

import asyncio
from dataclasses import replace

import flet as ft

from app.use_cases import evidence, my_data
from app.use_cases.evidence import EvidenceCard, Target
from media.adapters.simulated import SimulatedCamera
from offline_store import records
from screens import parts_work
from screens.capture import Viewfinder, capture_bar
from screens.capture_model import CaptureModel
from screens.context import Desk, use_desk, use_value
from screens.pictures import use_pictures
from tests.helpers.field import desk_of
from tests.helpers.plant import Device, PlantSite
from tests.helpers.render import rendered
from tests.media.pictures import jpeg, photo
from tests.scenarios.loop import report

INSPECTOR, MANAGER, FITTER = "U003", "U001", "U009"


async def kept(_card: EvidenceCard) -> None:
    """Take the photo."""


async def at_the_hazard(site: PlantSite) -> tuple[Device, Desk, CaptureModel, Target]:
    """A device with a camera, and a photo of the responsible person about to be taken."""
    device = await site.device()
    device.wire.up = False
    camera = SimulatedCamera([jpeg(photo(640, 480))])
    device.app.devices = replace(device.app.devices, camera=lambda: camera)
    record_id = report(device, INSPECTOR, "TK-101", "阀门漏气")
    desk = desk_of(device.app, INSPECTOR)
    return device, desk, CaptureModel(desk), Target(record_id, "HZ-1", "TK-101", "responsible")


def page_of(model: CaptureModel) -> object:
    """A page with nothing but the camera and its bar."""

    @ft.component
    def page() -> ft.Control:
        desk = use_desk()
        use_value(model)
        picker = use_pictures(model.choose)
        tokens, t = desk.tokens, desk.t
        if not model.open:
            return parts_work.page(tokens, None, [ft.Text("closed")])
        view = Viewfinder(model, tokens, t, "")
        return parts_work.page(tokens, None, [view], capture_bar(model, tokens, t, picker, "拍照"))

    return page


async def test_the_camera_opens_after_the_person_agreed(site: PlantSite) -> None:
    device, desk, model, target = await at_the_hazard(site)
    async with rendered(desk, page_of(model)) as client:  # type: ignore[arg-type]
        model.begin(target, kept)
        await client.until(lambda: client.has("consent-yes"))
        assert model.camera is None, "nobody is looked at before they agreed"
        assert client.sees("拍之前先问本人：责任人照片")
        assert client.sees("人脸属于敏感个人信息")
        assert client.sees("写上姓名或拍工牌即可")
        assert client.sees("180 天后删除")
        assert not client.has("shutter")
        await client.tap("consent-yes")
        await client.press_shutter()
        await client.until(lambda: client.sees("closed"))
    (card,) = [
        one for one in evidence.of_record(device.app, target.record_id) if one.shot == "responsible"
    ]
    with device.app.store.reading() as session:
        said = records.get(session, card.evidence_id).text("consent")
    assert said == "face", "the entry says that the person was asked, and for what"


async def test_no_is_an_answer(site: PlantSite) -> None:
    device, desk, model, target = await at_the_hazard(site)
    async with rendered(desk, page_of(model)) as client:  # type: ignore[arg-type]
        model.begin(target, kept)
        await client.until(lambda: client.has("consent-no"))
        await client.tap("consent-no")
        await client.until(lambda: client.sees("closed"))
    assert evidence.of_record(device.app, target.record_id) == []


async def test_who_withdrew_consent_is_not_photographed(site: PlantSite) -> None:
    device, desk, model, target = await at_the_hazard(site)
    with device.app.store.session() as session:
        device.app.write(
            session, MANAGER, kind="edit", record_id=target.record_id, type="hazard",
            definition="hazard@1", set={"assignee": FITTER},
        )  # fmt: skip
    my_data.declare(device.app, device.person(FITTER), "face", given=True)
    my_data.declare(device.app, device.person(FITTER), "face", given=False)
    async with rendered(desk, page_of(model)) as client:  # type: ignore[arg-type]
        model.begin(target, kept)
        await client.until(lambda: client.has("consent-refused"))
        assert client.sees("电工02已撤回同意，不能拍")
        assert not client.has("consent-yes")


async def test_a_photo_of_a_thing_asks_nobody(site: PlantSite) -> None:
    _, desk, model, target = await at_the_hazard(site)
    async with rendered(desk, page_of(model)) as client:  # type: ignore[arg-type]
        model.begin(replace(target, shot="closeup"), kept)
        await client.until(lambda: client.has("shutter"))
        await asyncio.wait_for(model.put_away(), 5)
