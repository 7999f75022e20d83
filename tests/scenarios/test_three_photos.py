"""F024: the three photos between two phones and the server, and the face that can be taken back."""

from app.use_cases import hazards, my_data, three_photos
from domain import privacy
from offline_store import blobs, records
from screens.hazard import HazardBody
from tests.helpers.field import desk_of
from tests.helpers.plant import PlantSite
from tests.helpers.render import rendered
from tests.scenarios.loop import act, inbox, on_server, photograph, picture, report
from tests.scenarios.test_s35_personal_media import proves

INSPECTOR, LEADER, TECHNICIAN, MANAGER = "U003", "U025", "U041", "U001"
BYPASS = "高高液位联锁旁路没恢复"  # grade A by the words alone


async def test_a_report_is_sent_without_photos_and_the_dispatch_waits_for_them(
    site: PlantSite,
) -> None:
    """Nobody who sees a danger is held up; who dispatches asks, and the reporter is told."""
    theirs, ours = await site.device(), await site.device("phone-2")
    hazard = report(theirs, INSPECTOR, "TK-101", BYPASS)
    await theirs.sync()
    await ours.sync()
    act(ours, LEADER, hazard, "accept>accepted")
    leader = ours.person(LEADER)
    view = hazards.view(ours.app, leader, hazard)
    assert view.three is not None
    assert view.three.missing == ("panorama", "closeup")
    three_photos.ask(ours.app, leader, hazard, INSPECTOR, view.three.missing)
    await ours.sync()
    await site.run_duties()
    await theirs.sync()
    (told,) = [one for one in inbox(theirs, INSPECTOR).cards if one.rule == "photos"]
    assert told.opens == hazard
    for shot in view.three.missing:
        photograph(theirs, INSPECTOR, hazard, shot, "TK-101")
    await theirs.sync()
    await ours.sync()
    act(ours, LEADER, hazard, "dispatch>dispatched", assignee=TECHNICIAN)
    await ours.sync()
    assert on_server(site, hazard).text("state") == "dispatched"


async def test_the_face_goes_on_request_and_the_chain_still_verifies(site: PlantSite) -> None:
    """Taken on the hazard's own screen after the question; removed everywhere, proof intact."""
    device = await site.device()
    hazard = report(device, INSPECTOR, "TK-101", BYPASS, ("panorama", "closeup"))
    act(device, LEADER, hazard, "accept>accepted")
    device.pictures.append(picture())
    desk = desk_of(device.app, LEADER)
    async with rendered(desk, lambda: HazardBody(hazard)) as drawn:
        await drawn.until(lambda: drawn.has("three"))
        await drawn.tap("three-responsible")
        await drawn.tap("take-responsible")
        await drawn.until(lambda: drawn.has("consent-yes"))
        await drawn.tap("consent-yes")
        await drawn.press_shutter()
        await drawn.until(lambda: not drawn.has("shutter"))
    act(device, LEADER, hazard, "dispatch>dispatched", assignee=TECHNICIAN)
    await device.sync()
    with device.app.store.reading() as session:
        photos = records.evidence_of(session, hazard)
    (face,) = [one for one in photos if one.text("shot") == "responsible"]
    files = [face.text(cell) for cell in ("original", "stamped", "thumb")]
    plant = site.server.state.site
    assert all(blobs.is_here(plant.store, sha) for sha in files)
    my_data.ask(device.app, device.person(TECHNICIAN), face.record_id, "不想留照片")
    (asked,) = my_data.view(device.app, device.person(MANAGER)).requests
    my_data.decide(device.app, device.person(MANAGER), asked.record_id, "同意", remove=True)
    await device.sync()
    await site.run_duties()
    await device.sync()
    for store in (plant.store, device.app.store):
        assert not any(blobs.is_here(store, sha) for sha in files)
    with plant.store.reading() as session:
        assert len(records.find(session, privacy.REMOVAL, state=privacy.DONE)) == 1
    await proves(site, hazard, files[0], "按本人申请", "on request")
    assert on_server(site, hazard).text("state") == "dispatched"
