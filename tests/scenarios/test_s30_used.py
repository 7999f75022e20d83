"""S30, a used photo proves no recheck: refused at the shutter, or a person decides."""

import pytest

from app.translate import translator
from app.use_cases import evidence, rechecks
from app.use_cases.evidence import Target
from domain.rechecks import RecheckUsedError
from domain.records import Value
from domain.used_photos import SERVER_REUSE
from offline_store import records
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.media.places import Picture, file, grainy, second_shot, wall
from tests.scenarios.loop import act, inbox, on_server
from tests.scenarios.proving import CATALOGS
from tests.scenarios.repairs import (
    FITTER,
    PINS,
    REPORTER,
    VERIFIER,
    closed,
    given_out,
    met,
    sees,
    shoot,
)
from tests.scenarios.test_s30_recheck import at_label, due, on_friday, open_task, sneak, task_of

ELSEWHERE = second_shot(wall(1), 7)


def copied(picture: Picture) -> Picture:
    """The same picture, saved again and cropped."""
    return grainy(picture, 9, 1)[30:-30, 40:-40]


def rechecked_with(site: PlantSite, device: Device, task: str, picture: Picture) -> str:
    """Go there and photograph; returns the photo's id."""
    who = device.person(REPORTER)
    rechecks.arrive(device.app, who, task, at_label(site, device, REPORTER, "DB-03"), None)
    target = Target(task, "HZ", "DB-03", "recheck", label_state="verified")
    data = file(picture)
    return evidence.keep(device.app, who, target, data, source="camera", fix=None).evidence_id


async def used_elsewhere(site: PlantSite) -> tuple[Device, str]:
    """Another device sends the photo that is to be used again; the rechecker has not heard."""
    other = await site.device("phone-2")
    hazard = given_out(other, seed=4)
    act(other, FITTER, hazard, "rectify>rectifying")
    shoot(other, FITTER, hazard, "after", ELSEWHERE)
    await met(site, other)
    with other.app.store.reading() as session:
        return other, records.get(session, hazard).text("code")


async def test_a_used_photo_is_turned_away_at_the_shutter_with_the_other_picture(
    site: PlantSite,
) -> None:
    """The photo that closed the hazard, photographed again: nothing is kept, a new one passes."""
    device, hazard, task = await due(site)
    with device.app.store.reading() as session:
        code = records.get(session, hazard).text("code")
    device.wire.up = False
    again = file(second_shot(wall(1), 3))  # what stands as closing evidence
    sees(device, site.label("DB-03"), again)
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        await open_task(client, task)
        await client.press_shutter()
        await client.until(lambda: client.has("refused"))
        assert client.sees(f"这张照片已用于 {code}，不能证明现在的情况")
        await client.until(lambda: client.has("refused-other"))
        assert not client.has("recheck-pass")
        assert evidence.of_record(device.app, task) == []
        await client.tap("capture-away")
        await client.until(lambda: client.has("recheck-take"))
        sees(device, second_shot(wall(1), 7))
        await client.tap("recheck-take")
        await client.press_shutter()
        await client.until(lambda: client.has("recheck-looks"))
        await client.tap("recheck-pass")
        await client.until(lambda: client.route == "/")
    device.wire.up = True
    await met(site, device)
    assert on_server(site, task).text("result") == "passed"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_what_only_the_server_can_know_is_for_a_person_and_does_not_count_as_passed(
    site: PlantSite, language: str
) -> None:
    device, hazard, task = await due(site)
    device.wire.up = False
    _, code = await used_elsewhere(site)
    photo = rechecked_with(site, device, task, copied(ELSEWHERE))
    rechecks.answer(device.app, device.person(REPORTER), task, "passed")
    device.wire.up = True
    await met(site, device)
    assert on_server(site, task).text("result") == "passed"  # as the reporter signed it
    used = on_server(site, photo).get(SERVER_REUSE)
    assert isinstance(used, dict)
    assert used["how"] == "block"
    view = rechecks.of_hazard(device.app, device.person(VERIFIER), hazard)
    assert view is not None
    assert view.state == "doubted"
    told = [card for card in inbox(device, VERIFIER).cards if card.key.startswith("notice.check.")]
    assert [card.key.rpartition(".")[2].partition("_")[0] for card in told] == ["recheck"]
    assert (told[0].place, told[0].opens) == ("hazard", hazard), "it opens the hazard"
    assert not [card for card in inbox(device, REPORTER).cards if card.rule == "check"]
    assert on_server(site, hazard).text("state") == "closed"  # as with a closing: a person decides
    device.app.language = language
    t = translator(CATALOGS, language, "Asia/Shanghai")
    async with screen_of(device, VERIFIER, PINS[VERIFIER]) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.has(f"recheck-used-{photo}"))
        assert client.sees(t(f"check.used.{used['how']}", code=code))
        assert client.sees(t("recheck.state.doubted.detail"))
        assert client.has("do-hazard.reopen-reopened")
    act(device, VERIFIER, hazard, "reopen>reopened", note="复查照片是旧的")
    await met(site, device)
    assert on_server(site, hazard).text("state") == "reopened"


async def test_once_the_device_has_heard_of_it_the_recheck_does_not_pass_with_that_photo(
    site: PlantSite,
) -> None:
    device = await on_friday(site)
    task = task_of(site, await closed(site, device)).record_id
    device.wire.up = False
    await used_elsewhere(site)
    photo = rechecked_with(site, device, task, copied(ELSEWHERE))
    device.wire.up = True
    await met(site, device)
    who = device.person(REPORTER)
    with pytest.raises(RecheckUsedError):
        rechecks.answer(device.app, who, task, "passed")
    async with screen_of(device, REPORTER, PINS[REPORTER]) as client:
        await open_task(client, task)
        await client.until(lambda: client.has("recheck-photo-used"))
        assert client.sees("复查照片在别处也用过")
        assert client.has("check-used"), "with the other one beside it"
        assert client.one("recheck-pass").disabled
        assert not client.one("recheck-fail").disabled
        sees(device, second_shot(wall(1), 8))  # a photo of now is as good as ever
        await client.tap("recheck-again")
        await client.press_shutter()
        await client.until(lambda: client.has("recheck-pass") and client.has("recheck-looks"))
        assert not client.has("recheck-photo-used")
        await client.tap("recheck-pass")
        await client.until(lambda: client.route == "/")
    await met(site, device)
    assert on_server(site, task).text("result") == "passed"
    view = rechecks.of_hazard(device.app, who, on_server(site, task).text("hazard"))
    assert view is not None
    assert view.state == "passed"
    assert photo in [one.evidence_id for one in view.photos]


async def test_a_device_that_knew_and_answers_all_the_same_is_not_believed(
    site: PlantSite,
) -> None:
    """Tampered with: it keeps the photo that it found used, and says that all is well."""
    device, _, task = await due(site)
    cells: dict[str, Value] = {
        "of": task, "shot": "recheck", "by": REPORTER, "original": "ab" * 32, "source": "camera",
        "taken_ms": device.app.clock.now_ms(), "reuse": {"how": "block", "of": "elsewhere"},
    }  # fmt: skip
    with device.app.store.session() as session:
        device.app.write(
            session, REPORTER, kind="attach", record_id=device.app.clock.new_id(),
            type="evidence", definition="evidence@1", set=cells,
        )  # fmt: skip
    await sneak(site, device, REPORTER, task)  # the server does not take it
