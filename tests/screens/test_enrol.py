"""A device that belongs nowhere yet: the person types where the server is, and it goes on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import flet as ft
import pytest

from app import link
from app.field import FieldApp
from app.settings import ClientSettings
from app.use_cases import enrolment
from app.wiring import build_field
from domain.errors import OfflineError, ServerAddressError
from screens.root import show
from tests.helpers.fakeclient import client_of
from tests.helpers.plant import ENROL_CODE, Here, PlantSite, Wire, plant, simulated


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[PlantSite]:
    async with plant(tmp_path) as here:
        yield here


def _new(folder: Path) -> FieldApp:
    settings = ClientSettings(store=folder / "new", store_key_file=folder / "secret")
    return build_field(settings, devices=simulated(Here(), []))


async def test_typing_address_and_code_brings_the_people(site: PlantSite, tmp_path: Path) -> None:
    settings = ClientSettings(
        store=tmp_path / "new-phone", store_key_file=tmp_path / "secret", device_name="new phone"
    )
    field = build_field(settings, devices=simulated(Here(), []))
    wire = Wire(site.server)

    async def main(page: ft.Page) -> None:
        await show(page, field)

    async with client_of(main) as client:
        await client.until(lambda: client.has("server-address"))
        assert not client.has("search"), "there is nobody to choose yet"
        await client.write("server-address", "not an address")
        await client.tap("connect")
        await client.until(lambda: client.sees("https://192.168.1.10:8000"))
        await client.write("server-address", "http://plant.test")
        await client.write("enrol-code", ENROL_CODE)
        await client.tap("connect")
        await client.until(lambda: field.server_url == "http://plant.test")
        key = field.key
        assert key is not None
        linked = asyncio.create_task(
            link.run(field, key, lambda: None, lambda token: site.transport(wire, token))
        )
        await client.until(lambda: client.has("search") or client.has("person-U003"))
        linked.cancel()
    assert field.identity
    assert field.identity.server_url == "http://plant.test", "kept for the next start"
    field.store.close()


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_an_address_where_nobody_answers_says_what_helps(
    tmp_path: Path, language: str
) -> None:
    field = _new(tmp_path)
    enrolment.set_server(field, "127.0.0.1:9", "code")
    field.trouble = OfflineError()

    async def main(page: ft.Page) -> None:
        (await show(page, field)).language = language

    async with client_of(main) as client:
        await client.until(lambda: client.sees("https://127.0.0.1:9"))
        shown = "\n".join(client.texts())
        assert ("照常工作" if language == "zh" else "Keep working") not in shown
        assert field.catalogs[language]["enrol.offline"] in shown
    field.store.close()


@pytest.mark.parametrize(
    "typed",
    ["", "not an address", "ftp://plant", "https://", "https://plant:abc", "http://plant/path",
     "http://user@plant", "https://" + "x" * 300],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_nothing_changes(typed: str, tmp_path: Path) -> None:
    field = _new(tmp_path)
    before = field.server_url
    with pytest.raises(ServerAddressError):
        enrolment.set_server(field, typed, "code")
    assert field.server_url == before
    field.store.close()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" 192.168.1.10:8000/ ", "https://192.168.1.10:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://plant.example", "https://plant.example"),
    ],
)
def test_an_address_is_taken_as_people_type_it(typed: str, meant: str, tmp_path: Path) -> None:
    field = _new(tmp_path)
    enrolment.set_server(field, typed, " 1234 ")
    assert (field.server_url, field.settings.enrol_code) == (meant, "1234")
    field.store.close()
