"""S08 Same photo for another hazard: blocked as closing evidence, by the device or the server."""

import io

import pytest
from PIL import Image, ImageOps

from app.translate import translator
from app.use_cases import evidence, hazards, papers, repair_checks
from app.use_cases.evidence import Target
from domain.records import Record
from domain.used_photos import SERVER_MARK, SERVER_REUSE
from offline_store import records
from tests.helpers.paper import Paper
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.media.pictures import opened
from tests.media.places import file, grainy, second_shot, wall
from tests.scenarios.loop import act, inbox, on_server
from tests.scenarios.proving import CATALOGS
from tests.scenarios.repairs import (
    FINISH,
    FITTER,
    PINS,
    VERIFIER,
    given_out,
    met,
    sees,
    shoot,
    to_verify,
)

MADE_MS = 1_790_000_000_000


def saved(picture: Image.Image, quality: int) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)
    return data.getvalue()


def screenshot(picture: Image.Image) -> bytes:
    """The photo as an album shows it on a phone: smaller, with black above and below."""
    screen = Image.new("RGB", (720, 1280), (0, 0, 0))
    shown = picture.resize((720, 540), Image.Resampling.BICUBIC)
    screen.paste(shown, (0, 370))
    data = io.BytesIO()
    screen.save(data, "PNG")
    return data.getvalue()


def copies(photo: bytes) -> dict[str, bytes]:
    picture = opened(photo).convert("RGB")
    width, height = picture.size
    cut = picture.crop((width // 40, height // 40, width - width // 40, height - height // 40))
    return {
        "same file": photo,
        "saved again": saved(picture, 55),
        "cropped": saved(cut, 85),
        "mirrored": saved(ImageOps.mirror(picture), 85),
        "screenshot": screenshot(picture),
    }


def photos_of(device: Device, record_id: str) -> list[Record]:
    with device.app.store.reading() as session:
        return records.evidence_of(session, record_id)


def grounds_of(device: Device, record_id: str) -> dict[str, list[tuple[str, bool]]]:
    """The grounds of each photo's grade, as they are shown."""
    cards = evidence.of_record(device.app, record_id)
    return {one.evidence_id: [row[:2] for row in one.reasons] for one in cards}


def code_of(device: Device, record_id: str) -> str:
    with device.app.store.reading() as session:
        return records.get(session, record_id).text("code")


async def test_a_used_photo_is_turned_away_at_the_shutter_with_the_other_record(
    site: PlantSite,
) -> None:
    device = await site.device()
    device.wire.up = False
    first = to_verify(device)
    with device.app.store.reading() as session:
        photos = records.evidence_of(session, first)
    [used] = [one for one in photos if one.text("shot") == "after"]
    photo = file(second_shot(wall(1), 3))
    hazard = given_out(device, seed=2)
    act(device, FITTER, hazard, "rectify>rectifying")
    code = code_of(device, first)
    async with screen_of(device, FITTER, PINS[FITTER]) as client:
        for kind, copy in copies(photo).items():
            sees(device, copy)
            client.go(f"/hazard/{hazard}")
            await client.until(lambda: client.has(FINISH))
            await client.tap(FINISH)
            await client.until(lambda: client.has("shutter") and not client.one("shutter").disabled)
            await client.tap("shutter")
            await client.until(lambda: client.has("refused"))
            assert client.sees(f"这张照片已用于 {code}"), kind
            await client.until(lambda: client.has("refused-other"))  # with the other picture
            await client.tap("capture-away")
            await client.until(lambda: not client.has("shutter"))
        sees(device, second_shot(wall(2), 5))  # a photo of this repair is taken as ever
        await client.tap(FINISH)
        await client.until(lambda: client.has("shutter") and not client.one("shutter").disabled)
        await client.tap("shutter")
        await client.until(lambda: client.has("check-verdict"))
        await client.tap(FINISH)
        await client.until(lambda: client.has("waits"))
    with device.app.store.reading() as session:
        after = [one for one in records.evidence_of(session, hazard) if one.text("shot") == "after"]
    assert len(after) == 1
    assert after[0].record_id != used.record_id


async def test_as_a_note_it_is_taken_with_the_hint(site: PlantSite) -> None:
    device = await site.device()
    to_verify(device)
    hazard = given_out(device, seed=2)
    target = Target(hazard, "HZ", "DB-03", "panorama")
    who = device.person("U012")
    photo = file(second_shot(wall(1), 3))
    kept = evidence.keep(device.app, who, target, photo, source="camera", fix=None)
    with device.app.store.reading() as session:
        assert isinstance(records.get(session, kept.evidence_id).get("reuse"), dict)


@pytest.mark.parametrize("width", [412, 1280])
async def test_a_photo_of_another_device_used_again_is_found_by_the_server(
    site: PlantSite, width: int
) -> None:
    """The copier's device never heard of the first photo, so the server has to find it."""
    first, second = await site.device(), await site.device("phone-2")
    fixed = second_shot(wall(1), 3)
    second.wire.up = False
    one = given_out(first)
    act(first, FITTER, one, "rectify>rectifying")
    shoot(first, FITTER, one, "after", fixed)
    hazard = given_out(second, seed=2)
    act(second, FITTER, hazard, "rectify>rectifying")
    copy = shoot(second, FITTER, hazard, "after", grainy(fixed, 9, 1)[30:-30, 40:-40])
    repair_checks.run(second.app, second.person(FITTER), hazard)
    act(second, FITTER, hazard, "rectify>to_verify")
    second.wire.up = True
    await met(site, first)
    await met(site, second)
    photo = on_server(site, copy)
    used = photo.get(SERVER_REUSE)
    assert isinstance(used, dict)
    assert used["how"] == "block"
    original = on_server(site, str(used["of"]))
    assert original.text("of") == one
    assert photo.get(SERVER_MARK) is None  # what the device said of its picture was true
    told = [card.key for card in inbox(second, VERIFIER).cards if card.rule == "check"]
    assert "notice.check.used" in told
    await met(site, second)
    view = hazards.view(second.app, second.person(VERIFIER), hazard)
    assert view.check is not None
    assert view.check.server is not None
    assert (view.check.server.outcome, view.check.server.reuse) == ("refused", "block")
    code = code_of(second, one)
    async with screen_of(second, VERIFIER, PINS[VERIFIER], width=width) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.has("check-used"))
        assert client.sees(code), "the other record is named"
        await client.tap("do-hazard.verify-closed")  # over a refusal only with a word why
        await client.until(lambda: client.has("move-note"))
        assert client.one("move-do").disabled


async def test_who_was_in_the_cellar_and_sends_late_is_not_called_the_copier(
    site: PlantSite,
) -> None:
    """The copy came first: nobody can tell whose it is, so both repairs go to a person."""
    owner, other = await site.device(), await site.device("phone-2")
    fixed = second_shot(wall(1), 3)
    owner.wire.up = False
    one = to_verify(owner)  # of an hour ago, by a clock that the server had set
    site.time.pass_by(60)
    await other.sync()
    hazard = given_out(other, seed=2)
    act(other, FITTER, hazard, "rectify>rectifying")
    copy = shoot(other, FITTER, hazard, "after", grainy(fixed, 9, 1)[30:-30, 40:-40])
    act(other, FITTER, hazard, "rectify>to_verify")
    await met(site, other)
    assert on_server(site, copy).get(SERVER_REUSE) is None
    owner.wire.up = True
    await met(site, owner, other)
    [own] = [photo for photo in photos_of(owner, one) if photo.text("shot") == "after"]
    assert own.get(SERVER_REUSE) == {"how": "same", "of": copy}
    assert on_server(site, copy).get(SERVER_REUSE) == {"how": "same", "of": own.record_id}
    keys = [card.key for card in inbox(owner, VERIFIER).cards if card.rule == "check"]
    assert keys.count("notice.check.same") == 2, "of both repairs"
    assert "notice.check.used" not in keys
    for device, record_id, of in ((owner, one, hazard), (other, hazard, one)):
        view = hazards.view(device.app, device.person(VERIFIER), record_id)
        assert view.check is not None
        assert view.check.server is not None
        assert view.check.server.outcome == "needs_person"
        assert view.check.server.reasons[0].key == "rectify.reuse_same"
        async with screen_of(device, VERIFIER, PINS[VERIFIER]) as client:
            client.go(f"/hazard/{record_id}")
            await client.until(lambda: client.has("check-used"))
            assert client.sees(f"同一张照片也在 {code_of(device, of)} 里")
            assert not client.sees("用过的照片"), "nobody is accused"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_each_photo_of_which_the_server_knows_more_says_so_on_screen_and_paper(
    site: PlantSite, language: str
) -> None:
    """Not the photo of the repair alone: none says that there is no other like it."""
    first, second = await site.device(), await site.device("phone-2")
    second.wire.up = False
    one = given_out(first)
    shoot(first, "U012", one, "panorama", wall(3))
    hazard = given_out(second, seed=2)
    copy = shoot(second, "U012", hazard, "panorama", grainy(wall(3), 9, 1)[30:-30, 40:-40])
    assert ("unique", True) in grounds_of(second, hazard)[copy]
    second.wire.up = True
    await met(site, first)
    await met(site, second)
    found = grounds_of(second, hazard)
    assert ("used_block", False) in found[copy]
    assert ("unique", True) not in found[copy]
    [card] = [one for one in evidence.of_record(second.app, hazard) if one.evidence_id == copy]
    assert card.grade in ("C", "D")
    t = translator(CATALOGS, language, "Asia/Shanghai")
    made = papers.make(second.app, second.person(VERIFIER), hazard, t, MADE_MS)
    paper = Paper(made.data)
    assert paper.has(t("evidence.reason.used_block"))
    unique = sum(("unique", True) in rows for rows in found.values())
    said = t("evidence.reason.unique").replace(" ", "")
    assert paper.flat.count(said) == unique == len(found) - 1
    second.app.language = language
    async with screen_of(second, VERIFIER, PINS[VERIFIER]) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.has(f"photo-{copy}"))
        assert client.sees(t("check.reuse.block")), "on its own line"
        await client.tap(f"photo-{copy}")
        await client.until(lambda: client.has("evidence-used"))
        assert client.sees(t("evidence.reason.used_block"))
        assert client.sees(t("check.used.block", code=code_of(second, one)))
        assert not client.sees(t("evidence.reason.unique"))
