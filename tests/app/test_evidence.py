"""Evidence promises: a position counts only while it is young, and a photo cannot be graded up."""

from dataclasses import replace

from PIL import Image, ImageFilter

from app.use_cases import evidence
from domain.places import Place
from tests.helpers.plant import PlantSite
from tests.media.pictures import jpeg
from tests.media.places import file, wall

HOUR_MS = 3_600_000


async def test_an_old_position_proves_nothing(site: PlantSite) -> None:
    device = await site.device()
    person = device.person("U003")
    now = device.here.stand_at(device.app.definitions.plant.assets["TK-101"])
    grades: list[str] = []
    for number, fix in enumerate((now, replace(now, at_ms=now.at_ms - HOUR_MS))):
        target = evidence.Target(f"draft-{number}", "IN-0001", "TK-101", "item", "T03")
        picture = file(wall(number))
        card = evidence.keep(device.app, person, target, picture, source="camera", fix=fix)
        grades.append(card.grade)
        reasons = {code for code, _, _ in card.reasons}
        assert ("position_none" in reasons) == bool(number)
    assert grades == ["A", "B"]


async def test_what_a_photo_shows_counts_and_is_said_in_words(site: PlantSite) -> None:
    device = await site.device()
    person, t = device.person("U003"), device.app.translator()
    fix = device.here.stand_at(device.app.definitions.plant.assets["TK-101"])
    places = [Image.fromarray(wall(number)) for number in range(3)]  # each is the only one
    shots = {
        "photo_ok": places[0],
        "photo_blurred": places[2].filter(ImageFilter.GaussianBlur(8)),
        "photo_dark": places[1].point([level // 12 for level in range(256)] * 3),
        "photo_blown": Image.new("RGB", (640, 480), "white"),
    }
    for said, picture in shots.items():
        target = evidence.Target(f"draft-{said}", "IN-0001", "TK-101", "item", "T03")
        card = evidence.keep(device.app, person, target, jpeg(picture), source="camera", fix=fix)
        code, ok, params = card.reasons[-1]
        assert (code, ok, card.grade) == (said, said == "photo_ok", "A" if ok else "B")
        assert "{" not in t(f"evidence.reason.{code}", **params)


async def test_a_device_that_jumps_across_the_country_is_noticed(site: PlantSite) -> None:
    device = await site.device()
    person, picture = device.person("U003"), site.label("TK-101")
    there = device.here.stand_at(device.app.definitions.plant.assets["TK-101"])
    far = replace(there, place=Place(there.place.lat_e7 + 50_000_000, there.place.lon_e7))
    cards: list[evidence.EvidenceCard] = []
    for number, fix in enumerate((far, replace(there, at_ms=there.at_ms + 20_000))):
        target = evidence.Target(f"draft-{number}", "HZ-0001", None, "closeup")
        cards.append(evidence.keep(device.app, person, target, picture, source="camera", fix=fix))
    assert [card.grade for card in cards] == ["A", "D"]
    assert cards[1].reasons[1][0] == "position_jumped"
