"""Evidence promises: a position counts only while it is young, and a photo cannot be graded up."""

from dataclasses import replace

from app.use_cases import evidence
from tests.helpers.plant import PlantSite

HOUR_MS = 3_600_000


async def test_an_old_position_proves_nothing(site: PlantSite) -> None:
    device = await site.device()
    person = device.person("U003")
    now = device.here.stand_at(device.app.definitions.plant.assets["TK-101"])
    picture = site.label("TK-101")
    grades: list[str] = []
    for number, fix in enumerate((now, replace(now, at_ms=now.at_ms - HOUR_MS))):
        target = evidence.Target(f"draft-{number}", "IN-0001", "TK-101", "item", "T03")
        card = evidence.keep(device.app, person, target, picture, source="camera", fix=fix)
        grades.append(card.grade)
        reasons = {code for code, _, _ in card.reasons}
        assert ("position_none" in reasons) == bool(number)
    assert grades == ["A", "B"]
