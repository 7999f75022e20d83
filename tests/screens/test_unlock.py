"""The page in front of a sealed store: choose a passphrase, type it, or use an unlock code."""

from pathlib import Path

import flet as ft
import pytest

from app import unlock
from app.door import Door
from app.settings import ClientSettings
from app.translate import read_catalogs, translator
from app.wiring import ASSETS
from offline_store import vault
from screens.unlock import unlocking
from server import keys
from tests.helpers.fakeclient import FakeClient, client_of
from tests.helpers.reach import too_small

WORDS = "quiet river brass lantern"


class Shown:
    """What comes behind the door."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, page: ft.Page) -> None:
        self.count += 1
        page.add(ft.Text("BEHIND THE DOOR"))
        page.update()


def _page(door: Door, language: str = "en") -> tuple[object, Shown]:
    shown = Shown()
    t = translator(read_catalogs(ASSETS / "locale"), language, "Asia/Shanghai")
    return unlocking(door, t, shown), shown


def _door(folder: Path) -> Door:
    door = Door(ClientSettings(store=folder / "device", server_url="http://127.0.0.1:9"))
    door.open_now()
    assert door.field is None, "nothing opens without a secret"
    return door


async def _typed(client: FakeClient, **texts: str) -> None:
    for key, text in texts.items():
        await client.write(key.replace("_", "-"), text)
    await client.tap("unlock")


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "设一个口令"), ("en", "Choose a passphrase")]
)
async def test_the_first_start_asks_for_a_passphrase_and_the_next_for_the_same(
    tmp_path: Path, language: str, words: str
) -> None:
    door = _door(tmp_path)
    main, shown = _page(door, language)
    async with client_of(main) as client:  # type: ignore[arg-type]
        await client.until(lambda: client.sees(words))
        assert not list((tmp_path / "device").glob("*.db")), "nothing is made before"
        await _typed(client, passphrase="short", passphrase_again="short")
        await client.until(lambda: client.sees("20"))
        await _typed(client, passphrase=WORDS, passphrase_again=WORDS + "x")
        assert door.field is None
        await _typed(client, passphrase=WORDS, passphrase_again=WORDS)
        await client.until(lambda: client.sees("BEHIND THE DOOR"))
    assert shown.count == 1
    await door.shut()

    door = _door(tmp_path)
    main, shown = _page(door)
    async with client_of(main) as client:  # type: ignore[arg-type]
        await client.until(lambda: client.sees("Type the passphrase"))
        assert not client.has("unlock-forgot"), "no server yet, so no way back"
        await _typed(client, passphrase="another one entirely")
        await client.until(lambda: client.sees("not the passphrase"))
        await _typed(client, passphrase=WORDS)
        await client.until(lambda: client.sees("BEHIND THE DOOR"))
    await door.shut()


async def test_a_forgotten_passphrase_is_replaced_with_a_code(tmp_path: Path) -> None:
    settings = ClientSettings(store=tmp_path / "device", server_url="http://127.0.0.1:9")
    seal = unlock.open_seal(settings, None, unlock.Typed(WORDS))
    key = keys.unlock_key(tmp_path / "server")
    unlock.keep_way_back(settings, seal, key.public_key().public_bytes_raw(), "device-1")
    door = _door(tmp_path)
    main, _ = _page(door)
    async with client_of(main) as client:  # type: ignore[arg-type]
        await client.until(lambda: client.has("unlock-forgot"))
        await client.tap("unlock-forgot")
        asked = unlock.request(settings)
        assert asked is not None
        await client.until(lambda: client.sees(asked[:20]))
        fresh = "seven slow green kettles"
        await _typed(client, unlock_code="AAAA", passphrase=fresh, passphrase_again=fresh)
        await client.until(lambda: client.sees("not the unlock code"))
        code = vault.answer(asked, key)
        await _typed(client, unlock_code=code, passphrase=fresh, passphrase_again=fresh)
        await client.until(lambda: client.sees("BEHIND THE DOOR"))
    await door.shut()
    assert unlock.open_seal(settings, None, unlock.Typed(fresh)).key == seal.key
    with pytest.raises(vault.PassphraseWrongError):
        unlock.open_seal(settings, None, unlock.Typed(WORDS))


async def test_whoever_guesses_at_the_page_waits(tmp_path: Path) -> None:
    unlock.open_seal(ClientSettings(store=tmp_path / "device"), None, unlock.Typed(WORDS))
    door = _door(tmp_path)
    main, _ = _page(door)
    async with client_of(main) as client:  # type: ignore[arg-type]
        for _ in range(5):
            await _typed(client, passphrase="another one entirely")
            await client.until(lambda: client.sees("not the passphrase"))
        await _typed(client, passphrase=WORDS)
        await client.until(lambda: client.sees("Too many tries"))
    assert door.field is None


async def test_what_is_typed_can_be_shown_by_a_target_for_gloves(tmp_path: Path) -> None:
    main, _ = _page(_door(tmp_path))
    async with client_of(main) as client:  # type: ignore[arg-type]
        await client.write("passphrase", WORDS)
        assert client.one("passphrase").password
        await client.tap("passphrase-show")
        assert not client.one("passphrase").password
        assert client.one("passphrase").value == WORDS
        await client.tap("passphrase-show")
        assert client.one("passphrase").password
        assert too_small(client) == []
