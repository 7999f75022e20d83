"""A client that cannot start says why and what to do, in its window and its language."""

import pytest

from app.translate import read_catalogs, translator
from app.wiring import ASSETS
from domain.errors import StoreTakenError
from screens.refused import refused
from tests.helpers.fakeclient import client_of


@pytest.mark.parametrize(
    ("language", "why", "remedy"),
    [("zh", "另一个安哨程序", "先把它关闭"), ("en", "Another Anshao", "close it")],
)
async def test_a_second_start_says_that_the_first_one_has_the_store(
    language: str, why: str, remedy: str
) -> None:
    t = translator(read_catalogs(ASSETS / "locale"), language, "Asia/Shanghai")
    async with client_of(refused(StoreTakenError(folder="/data/anshao"), t)) as drawn:
        said = " ".join(drawn.texts())
    assert why in said
    assert "/data/anshao" in said
    assert remedy in said
