"""S10 Nothing was fixed: what the device found, the server checks again.

The device works without a network; once both originals have arrived the server compares them by
the same rules. Where it comes to another outcome it says so, beside the first and in a notice.
"""

from dataclasses import replace

import numpy as np

from app.use_cases import evidence, hazards, repair_checks, reports
from app.use_cases.evidence import DEFINITION, Target
from domain.repair_checks import CHECK, SERVER_CHECK, Region, RepairCheck, check_of
from tests.app.test_repair_checks import MARKED
from tests.helpers.plant import Device, PlantSite
from tests.media.places import Picture, file, second_shot, wall, with_defect
from tests.scenarios.loop import act, inbox, on_server

REPORTER, LEADER, FITTER, VERIFIER = "U012", "U019", "U009", "U034"


def shoot(device: Device, person: str, record_id: str, shot: str, data: bytes) -> str:
    target = Target(record_id, "HZ", "DB-03", shot)
    who = device.person(person)
    kept = evidence.keep(device.app, who, target, data, source="camera", fix=None)
    return kept.evidence_id


def repaired(device: Device, after: Picture, seed: int = 1) -> tuple[str, str]:
    """A marked hazard from report to the photo of its repair; returns its id and the photo's."""
    who = device.person(REPORTER)
    draft = reports.open_draft(device.app, who, asset_id="DB-03")
    photo = shoot(device, REPORTER, draft.draft_id, "closeup", file(with_defect(wall(seed))))
    reports.mark_region(device.app, who, draft.draft_id, Region(photo, *MARKED))
    reports.change_draft(device.app, who, draft.draft_id, words="门没锁", grade="C", category="EL")
    hazard = reports.report(device.app, who, draft.draft_id, None)
    act(device, LEADER, hazard, "accept>accepted")
    act(device, LEADER, hazard, "dispatch>dispatched", assignee=FITTER)
    act(device, FITTER, hazard, "rectify>rectifying")
    return hazard, shoot(device, FITTER, hazard, "after", file(after))


async def sent(site: PlantSite, device: Device) -> None:
    """Everything is sent, originals too, and the server has done its duties."""
    for _ in range(3):
        await device.sync()
    await site.run_duties()
    await device.sync()


def of_photo(site: PlantSite, photo: str, cell: str) -> RepairCheck | None:
    return check_of(on_server(site, photo).get(cell))


def still_broken() -> Picture:
    return (second_shot(with_defect(wall(1)), 4) * 0.6).clip(0, 255).astype(np.uint8)


def told(device: Device, person: str) -> list[str]:
    return [card.key for card in inbox(device, person).cards if card.rule == "check"]


async def test_nothing_fixed_is_refused_by_both_and_nobody_is_disturbed(site: PlantSite) -> None:
    device = await site.device()
    device.wire.up = False
    hazard, photo = repaired(device, still_broken())
    found = repair_checks.run(device.app, device.person(FITTER), hazard)
    assert found is not None
    assert found.outcome == "refused"
    assert float(found.probability) <= 0.15
    assert float(found.scene) > 0.8
    device.wire.up = True
    await sent(site, device)
    again = of_photo(site, photo, SERVER_CHECK)
    assert again is not None
    assert (again.outcome, again.basis, again.region) == ("refused", "original", found.region)
    assert told(device, VERIFIER) == []
    view = hazards.view(device.app, device.person(VERIFIER), hazard)
    assert view.check is not None
    assert view.check.server == again
    assert not view.check.differs
    assert await site.run_duties() == 0  # said once


async def test_where_the_device_says_something_else_the_server_speaks_up(site: PlantSite) -> None:
    device = await site.device()
    hazard, photo = repaired(device, still_broken())
    found = repair_checks.run(device.app, device.person(FITTER), hazard)
    assert found is not None
    with device.app.store.session() as session:  # a device that was tampered with
        device.app.write(
            session, FITTER, kind="edit", record_id=photo, type="evidence", definition=DEFINITION,
            set={CHECK: replace(found, outcome="passed").value()},
        )  # fmt: skip
    act(device, FITTER, hazard, "rectify>to_verify")
    await sent(site, device)
    again = of_photo(site, photo, SERVER_CHECK)
    assert again is not None
    assert again.outcome == "refused"
    # its photo came without a second shot, which is told, too
    assert set(told(device, VERIFIER)) == {"notice.check.refused", "notice.check.challenge"}
    assert told(device, FITTER) == []
    view = hazards.view(device.app, device.person(VERIFIER), hazard)
    assert view.check is not None
    assert view.check.differs
    # marked anew by who verifies: both look again, and nothing is said twice
    assert view.region is not None
    wider = replace(view.region, right=view.region.right + 20)
    repair_checks.mark(device.app, device.person(VERIFIER), hazard, wider)
    await sent(site, device)
    again = of_photo(site, photo, SERVER_CHECK)
    assert again is not None
    assert again.region == wider


async def test_the_picture_of_before_is_there_when_the_repair_is_made_without_a_network(
    site: PlantSite,
) -> None:
    """The rectifier's device has only heard of the hazard; the copy came along with it."""
    first, second = await site.device(), await site.device("phone-2")
    who = first.person(REPORTER)
    draft = reports.open_draft(first.app, who, asset_id="DB-03")
    photo = shoot(first, REPORTER, draft.draft_id, "closeup", file(with_defect(wall(1))))
    reports.mark_region(first.app, who, draft.draft_id, Region(photo, *MARKED))
    reports.change_draft(first.app, who, draft.draft_id, words="门没锁", grade="C", category="EL")
    hazard = reports.report(first.app, who, draft.draft_id, None)
    act(first, LEADER, hazard, "accept>accepted")
    act(first, LEADER, hazard, "dispatch>dispatched", assignee=FITTER)
    await sent(site, first)
    for _ in range(3):
        await second.sync()
    second.wire.up = False
    act(second, FITTER, hazard, "rectify>rectifying")
    shoot(second, FITTER, hazard, "after", file(second_shot(wall(1), 3)))
    found = repair_checks.run(second.app, second.person(FITTER), hazard)
    assert found is not None
    assert (found.outcome, found.basis) == ("passed", "copy")
