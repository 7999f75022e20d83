"""A hostile device says that a second shot is met; the server sees through it and calls a person.

The photos are taken as ever, then the device writes what it likes about them. Nothing is refused
and nobody is judged: the reviewer sees the doubt and its reason, and the grade that is shown falls.
"""

import pytest

from app.use_cases import evidence, hazards
from app.use_cases.evidence import DEFINITION, EvidenceCard, Target
from domain.capture_trust import CHALLENGE, SERVER_CHALLENGE, Challenge
from domain.records import Value
from media.images import BYTES_MAX
from offline_store import blob_files, blobs, records
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.media.places import Picture, file, grainy, second_shot, wall
from tests.scenarios.loop import act, inbox, on_server
from tests.scenarios.repairs import FITTER, PINS, VERIFIER, given_out, met

pytestmark = pytest.mark.slow
PLACE = second_shot(wall(1), 3)
ANOTHER = second_shot(wall(1), 40)  # the same place from a step aside


def repairing(device: Device, seed: int = 1) -> str:
    """A hazard that the fitter has begun to repair."""
    hazard = given_out(device, seed)
    act(device, FITTER, hazard, "rectify>rectifying")
    return hazard


def shot(device: Device, hazard: str, kind: str, view: Picture | bytes) -> str:
    """Take a photo beside the cabinet; one after the repair is asked for a second shot."""
    fix = device.here.stand_at(device.app.definitions.plant.assets["DB-03"])
    target = Target(hazard, "HZ", "DB-03", kind)
    data = view if isinstance(view, bytes) else file(view)
    who = device.person(FITTER)
    card = evidence.keep(
        device.app, who, target, data, source="camera", fix=fix, task=lambda _: Challenge("shake")
    )
    assert (card.challenge is not None) == (kind == "after")
    return card.evidence_id


def claims(device: Device, first: str, second: str) -> None:
    """Say that the task is met by a picture, as only a changed app would."""
    said = Challenge("shake", "met", photo=second).value()
    with device.app.store.session() as session:
        device.app.write(
            session, FITTER, kind="edit", record_id=first, type="evidence",
            definition=DEFINITION, set={CHALLENGE: said},
        )  # fmt: skip


def attached(
    device: Device, hazard: str, source: Value, kind: str = "after", data: bytes | None = None
) -> str:
    """Write a photo of the finished work as a changed app does: grade A, no task; returns its id.

    `source`: what it is said to come from; None: nothing is said.
    """
    data, photo = data or file(PLACE), device.app.clock.new_id()
    with blob_files.writing(device.app.store) as writing:
        writing.begin("original", data)
        files = writing.finish()
    with device.app.store.session() as session:
        for name, (sha, size) in files.items():
            blobs.add(session, sha, size, kind=name, record_id=hazard)
        said = {} if source is None else {"source": source}
        device.app.write(
            session, FITTER, kind="attach", record_id=photo, type="evidence", definition=DEFINITION,
            set={
                "of": hazard, "shot": kind, "by": FITTER, "original": files["original"][0],
                "taken_ms": device.app.clock.now_ms(), "grade": "A", "reasons": [], **said,
            },
        )  # fmt: skip
    return photo


def told_of_none(device: Device, hazard: str) -> None:
    """The verifier was told that there is no second shot, and sees what that leaves."""
    keys = [card.key for card in inbox(device, VERIFIER).cards if card.rule == "check"]
    assert "notice.check.challenge" in keys
    view = hazards.view(device.app, device.person(VERIFIER), hazard)
    [photo] = [one for one in view.photos if one.shot == "after"]
    assert ("challenge_absent", False, {}) in photo.reasons
    assert photo.grade == "C"


async def judged(site: PlantSite, device: Device, hazard: str, first: str) -> Value:
    """Hand the repair in, send all; returns what the server says of the claim."""
    act(device, FITTER, hazard, "rectify>to_verify")
    await met(site, device)
    return on_server(site, first).get(SERVER_CHALLENGE)


def doubted(device: Device, hazard: str) -> EvidenceCard:
    """The photo as the verifier sees it, of whom somebody told."""
    keys = [card.key for card in inbox(device, VERIFIER).cards if card.rule == "check"]
    assert "notice.check.challenge" in keys
    view = hazards.view(device.app, device.person(VERIFIER), hazard)
    [photo] = [one for one in view.photos if one.shot == "after"]
    assert ("challenge_doubted", False, {}) in photo.reasons
    assert photo.grade >= "C"
    return photo


async def test_an_honest_second_shot_is_met_for_the_server_too(site: PlantSite) -> None:
    device = await site.device()
    hazard = repairing(device)
    first = shot(device, hazard, "after", PLACE)
    claims(device, first, shot(device, hazard, CHALLENGE, ANOTHER))
    assert await judged(site, device, hazard, first) == {"state": "met"}
    keys = [card.key for card in inbox(device, VERIFIER).cards if card.rule == "check"]
    assert "notice.check.challenge" not in keys
    await site.run_duties()
    view = hazards.view(device.app, device.person(VERIFIER), hazard)
    assert [one.doubt for one in view.photos] == [""] * len(view.photos)


@pytest.mark.parametrize(
    ("view", "why"),
    [
        (file(PLACE), "same_exposure"),
        (file(PLACE)[:-2] + b"\0\0\xff\xd9", "same_exposure"),  # another file of the same picture
        (grainy(PLACE, 9, 1)[30:-30, 40:-40], "same_exposure"),
        (wall(7), "other_place"),
    ],
    ids=["same file", "other bytes", "crop", "other place"],
)
async def test_a_picture_that_does_not_fit_is_seen_through(
    site: PlantSite, view: Picture | bytes, why: str
) -> None:
    device = await site.device()
    hazard = repairing(device)
    first = shot(device, hazard, "after", PLACE)
    claims(device, first, shot(device, hazard, CHALLENGE, view))
    assert await judged(site, device, hazard, first) == {"state": "failed", "why": why}
    assert doubted(device, hazard).doubt == why


async def test_a_picture_from_before_it_was_asked_is_seen_through(site: PlantSite) -> None:
    device = await site.device()
    hazard = repairing(device)
    second = shot(device, hazard, CHALLENGE, ANOTHER)
    first = shot(device, hazard, "after", PLACE)
    claims(device, first, second)
    assert await judged(site, device, hazard, first) == {"state": "failed", "why": "early"}
    assert doubted(device, hazard).doubt == "early"


async def test_a_picture_of_another_record_is_seen_through(site: PlantSite) -> None:
    """Of the same place, so that only its having been used before gives it away."""
    device = await site.device()
    other = repairing(device)
    shot(device, other, "panorama", ANOTHER)
    hazard = repairing(device)
    first = shot(device, hazard, "after", PLACE)
    claims(device, first, shot(device, hazard, CHALLENGE, ANOTHER))
    assert await judged(site, device, hazard, first) == {"state": "failed", "why": "used"}
    assert doubted(device, hazard).doubt == "used"


async def test_a_picture_that_nobody_can_open_is_no_second_shot(site: PlantSite) -> None:
    device = await site.device()
    hazard = repairing(device)
    first = shot(device, hazard, "after", PLACE)
    large = file(ANOTHER) + bytes(BYTES_MAX)
    claims(device, first, attached(device, hazard, "camera", CHALLENGE, large))
    assert await judged(site, device, hazard, first) == {"state": "failed", "why": "unreadable"}
    assert doubted(device, hazard).doubt == "unreadable"


async def test_evidence_of_another_record_is_refused_as_a_second_shot(site: PlantSite) -> None:
    device = await site.device()
    other = repairing(device)
    second = shot(device, other, CHALLENGE, ANOTHER)
    hazard = repairing(device)
    first = shot(device, hazard, "after", PLACE)
    claims(device, first, second)
    assert await judged(site, device, hazard, first) is None
    held = on_server(site, first).get(CHALLENGE)
    assert isinstance(held, dict)
    assert held["state"] == "open", "the claim was refused"


async def test_one_picture_for_two_tasks_is_seen_through(site: PlantSite) -> None:
    device = await site.device()
    hazard = repairing(device)
    one = shot(device, hazard, "after", PLACE)
    two = shot(device, hazard, "after", second_shot(wall(1), 21))
    second = shot(device, hazard, CHALLENGE, ANOTHER)
    claims(device, one, second)
    claims(device, two, second)
    said = {"state": "failed", "why": "twice"}
    assert await judged(site, device, hazard, two) == said
    assert on_server(site, one).get(SERVER_CHALLENGE) == said


async def test_a_device_cannot_say_it_for_the_server(site: PlantSite) -> None:
    device = await site.device()
    hazard = repairing(device)
    first = shot(device, hazard, "after", PLACE)
    claims(device, first, shot(device, hazard, CHALLENGE, file(PLACE)))
    with device.app.store.session() as session:
        device.app.write(
            session, FITTER, kind="edit", record_id=first, type="evidence",
            definition=DEFINITION, set={SERVER_CHALLENGE: {"state": "met"}},
        )  # fmt: skip
    assert await judged(site, device, hazard, first) == {"state": "failed", "why": "same_exposure"}


@pytest.mark.parametrize("source", ["camera", None])
async def test_a_second_shot_that_is_left_out_is_told(site: PlantSite, source: Value) -> None:
    device = await site.device()
    hazard = repairing(device)
    first = attached(device, hazard, source)
    assert await judged(site, device, hazard, first) is None
    told_of_none(device, hazard)


@pytest.mark.parametrize("source", ["drawn", "screen", "", 7])
async def test_a_photo_of_no_known_source_proves_no_repair(site: PlantSite, source: Value) -> None:
    """The entry is refused, and the photo with it: nothing stands on it."""
    device = await site.device()
    hazard = repairing(device)
    attached(device, hazard, source)
    act(device, FITTER, hazard, "rectify>to_verify")
    await met(site, device)
    with site.server.state.site.store.reading() as session:
        assert "after" not in {one.text("shot") for one in records.evidence_of(session, hazard)}
    assert on_server(site, hazard).text("state") == "rectifying"


async def test_a_photo_from_files_is_no_grade_a_whatever_the_device_signs(site: PlantSite) -> None:
    device = await site.device()
    hazard = repairing(device)
    attached(device, hazard, "file")
    act(device, FITTER, hazard, "rectify>to_verify")
    await met(site, device)
    view = hazards.view(device.app, device.person(VERIFIER), hazard)
    [photo] = [one for one in view.photos if one.shot == "after"]
    assert (photo.grade, photo.album) == ("C", True)


@pytest.mark.parametrize("width", [412, 1280])
async def test_who_verifies_reads_why_and_decides(site: PlantSite, width: int) -> None:
    device = await site.device()
    hazard = repairing(device)
    first = shot(device, hazard, "after", PLACE)
    claims(device, first, shot(device, hazard, CHALLENGE, file(PLACE)))
    await judged(site, device, hazard, first)
    async with screen_of(device, VERIFIER, PINS[VERIFIER], width=width) as client:
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.has("doubt-challenge"))
        assert client.sees("服务器对随机补拍有疑问")
        assert client.sees("服务器核对原图：两张是同一次曝光的画面。")
        assert not client.one("do-hazard.verify-closed").disabled, "a person decides"
    with device.app.store.reading() as session:
        assert records.get(session, hazard).text("state") == "to_verify"
