"""The desk promises: the way back is how the person came, and each tab its own language."""

import asyncio
from pathlib import Path

import pytest

from app.field import FieldApp
from screens.context import Desk, trail_after
from tests.helpers.field import offline_field


@pytest.mark.parametrize(
    ("trail", "route", "expected"),
    [
        (("/",), "/scan", ("/", "/scan")),
        (("/", "/scan"), "/sheet/1", ("/", "/scan", "/sheet/1")),
        (("/", "/scan", "/sheet/1"), "/scan", ("/", "/scan")),
        (("/", "/scan"), "/hazards", ("/hazards",)),
        (("/hazards", "/hazard/1"), "/hazard/1", ("/hazards", "/hazard/1")),
        (("/hazards", "/hazard/1", "/hazard/1/dispatch"), "/", ("/",)),
    ],
)
def test_trail(trail: tuple[str, ...], route: str, expected: tuple[str, ...]) -> None:
    assert trail_after(trail, route) == expected


async def test_two_tabs_of_one_device_speak_their_own_language(tmp_path: Path) -> None:
    field = offline_field(tmp_path)

    def sentence(field: FieldApp) -> tuple[str, str]:
        """What a watermark, a report or an exported file would say."""
        return field.spoken, field.translator()("app.name")

    desks = [Desk(field=field, language=language) for language in ("zh", "en")]
    field.language = "zh"
    said = await asyncio.gather(*(desk.run(sentence) for desk in desks))
    assert said == [(desk.language, desk.t("app.name")) for desk in desks]
    assert field.spoken == "zh", "what nobody asks for speaks the device's language"
