"""The storage screen promises: it says what is wrong, and offers nothing that loses data."""

import dataclasses
from pathlib import Path

import pytest

from app.field import FieldApp
from offline_store import blobs, keep
from screens.me import Me
from screens.storage import Storage
from screens.today import TodayScreen
from tests.helpers.field import desk_of, offline_field
from tests.helpers.render import rendered

REPORT = {
    "file": "damaged/anshao-20261122T101500Z/anshao.db",
    "changes": [118, 2],
    "unsent": [7, 1],
    "files_found": 0,
    "tables": {},
}


def warn_from(field: FieldApp, percent: int) -> None:
    """Let the data say from where on storage is scarce."""
    pack = field.pack
    assert pack
    rows = dict(pack.definitions.defaults.rows)
    key = "storage.warn_percent"
    rows[key] = dataclasses.replace(rows[key], value=percent)
    defaults = dataclasses.replace(pack.definitions.defaults, rows=rows)
    definitions = dataclasses.replace(pack.definitions, defaults=defaults)
    field.pack = dataclasses.replace(pack, definitions=definitions)


async def test_with_room_the_first_screen_says_nothing(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    warn_from(field, 101)
    desk = desk_of(field)
    async with rendered(desk, TodayScreen) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("today.none")))
        assert not drawn.has("almost-full")
        assert not drawn.has("damage")


async def test_scarce_room_is_said_first_and_leads_to_what_to_do(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    warn_from(field, 0)
    desk = desk_of(field)
    went: list[str] = []
    desk.navigate = went.append
    async with rendered(desk, TodayScreen) as drawn:
        await drawn.until(lambda: drawn.has("almost-full"))
        await drawn.tap("make-room")
        await drawn.until(lambda: went)
    assert went == ["/storage"]


async def test_me_leads_to_storage(tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    went: list[str] = []
    desk.navigate = went.append
    async with rendered(desk, Me) as drawn:
        await drawn.tap("storage")
        await drawn.until(lambda: went)
    assert went == ["/storage"]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_damage_is_told_with_the_numbers_and_the_place(
    tmp_path: Path, language: str
) -> None:
    field = offline_field(tmp_path)
    with field.store.session() as session:
        keep.put(session, "store.salvage", REPORT)  # type: ignore[arg-type]
    desk = desk_of(field)
    desk.language = language
    async with rendered(desk, TodayScreen) as drawn:
        await drawn.until(lambda: drawn.has("damage"))
        assert drawn.sees(desk.t("storage.damage", saved=118, total=120))
    async with rendered(desk, Storage) as drawn:
        await drawn.until(lambda: drawn.has("damage"))
        assert drawn.sees(desk.t("storage.damage.file", file=REPORT["file"]))
        assert drawn.sees(desk.t("storage.damage.do"))
        await drawn.tap("understood")
        await drawn.until(lambda: not drawn.has("damage"))


async def test_only_confirmed_originals_can_be_freed(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    store = field.store
    with store.session() as session:
        waiting = blobs.put(store, session, b"w" * 5000, "original")
        sent = blobs.put(store, session, b"s" * 5000, "original")
        blobs.confirm(session, sent, "receipt", 1)
    desk = desk_of(field)
    async with rendered(desk, Storage) as drawn:
        await drawn.until(lambda: drawn.has("free"))
        await drawn.tap("free")
        await drawn.until(lambda: not drawn.has("free"))
        assert drawn.sees(desk.t("storage.copies.none"))
    assert blobs.read(store, waiting) is not None
    assert blobs.read(store, sent) is None


async def test_with_nothing_to_free_nothing_can_be_freed(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    with field.store.session() as session:
        blobs.put(field.store, session, b"w" * 5000, "original")
    desk = desk_of(field)
    async with rendered(desk, Storage) as drawn:
        await drawn.until(lambda: drawn.has("waiting"))
        assert not drawn.has("free")


async def test_with_nothing_to_send_it_says_why_the_buttons_are_grey(tmp_path: Path) -> None:
    desk = desk_of(offline_field(tmp_path))
    async with rendered(desk, Storage) as drawn:
        await drawn.until(lambda: drawn.has("waiting"))
        assert drawn.sees(desk.t("storage.waiting.nothing"))
        assert drawn.one("export").disabled
        assert drawn.one("send").disabled
