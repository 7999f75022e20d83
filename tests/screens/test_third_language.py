"""A third language is one file beside the catalogs: every text of the screens comes from there."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import flet as ft
import pytest
import pytest_asyncio
import yaml

from app.translate import read_catalogs
from domain.errors import FieldError
from offline_store import records
from screens.context import Desk
from screens.root import show
from tests.helpers.definitions import definition_files
from tests.helpers.fakeclient import FakeClient, client_of
from tests.helpers.plant import Device, plant
from tools import pseudo
from tools.catalogs import LOCALE

ADMIN, MANAGER, INSPECTOR, LEADER = "U014", "U001", "U003", "U019"
SHOWN = (
    "value", "content", "label", "text", "title", "subtitle", "hint_text", "helper", "error",
    "tooltip", "semantics_label", "prefix", "suffix", "counter",
)  # fmt: skip
ROUTES = [
    (MANAGER, "/"),
    (INSPECTOR, "/"),
    (INSPECTOR, "/hazards"),
    (MANAGER, "/permits"),
    (MANAGER, "/me"),
    (ADMIN, "/me"),
    (INSPECTOR, "/outbox"),
    (LEADER, "/notices"),
    (MANAGER, "/search"),
    (INSPECTOR, "/scan"),
    (MANAGER, "/statistics"),
    (MANAGER, "/storage"),
    (INSPECTOR, "/documents/TK-101"),
    (ADMIN, "/admin"),
    (ADMIN, "/admin/t/people"),
    (ADMIN, "/admin/t/labels"),
    (ADMIN, "/admin/row/people/U003"),
    (ADMIN, "/admin/import/people"),
    (ADMIN, "/admin/devices"),
    (ADMIN, "/admin/definitions"),
    (MANAGER, "/admin/quarantine"),
    (ADMIN, "/nowhere"),
]
_BRACKETS = re.compile(r"\[!! (?:(?!\[!! | !!\]).)* !!\]", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")


@pytest_asyncio.fixture
async def device(first_day: Path, tmp_path: Path) -> AsyncIterator[Device]:
    """A device of the demo plant with three catalogs."""
    shutil.copytree(first_day, tmp_path, dirs_exist_ok=True)
    catalogs = tmp_path / "locale"
    shutil.copytree(LOCALE, catalogs)
    pseudo.write(catalogs)
    async with plant(tmp_path) as site:
        made = await site.device()
        made.app.catalogs = read_catalogs(catalogs)
        yield made


def strings(value: object) -> Iterator[str]:
    """Yield every text within a value."""
    if isinstance(value, dict):
        for one in cast("dict[object, object]", value).values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            yield from strings(one)
    elif isinstance(value, str):
        yield value


def data_of(device: Device) -> list[str]:
    """Return the texts that are no words of the product, longest first: names, codes, reports."""
    found = {text for one in definition_files().values() for text in strings(yaml.safe_load(one))}
    with device.app.store.reading() as session:
        for type_ in ("hazard", "task", "notice", "device", "evidence", "inspection"):
            for record in records.find(session, type_, limit=1000):
                found |= {record.record_id, record.type, record.definition}
                for cell in record.cells.values():
                    found |= set(strings(cell.value))
    for catalog in device.app.catalogs.values():
        found.add(catalog["language.name"])
    device_id, settings = device.app.device.device_id, device.settings
    found |= {settings.device_name or "", settings.server_url or ""}
    found |= {device_id, device_id[-4:].upper()}
    found |= {device.app.definitions.version, "HZ", "IN"}
    return sorted((text for text in found if len(text) > 1), key=len, reverse=True)


def drawn_texts(client: FakeClient) -> Iterator[str]:
    for control in client.controls():
        for name in SHOWN:
            text = getattr(control, name, None)
            if isinstance(text, ft.Tooltip):
                text = text.message
            if isinstance(text, str) and text:
                yield text
        spans = getattr(control, "spans", None)
        if spans:
            yield "".join(span.text or "" for span in spans)


def literals(client: FakeClient, data: list[str]) -> list[str]:
    """Return the texts in which something is neither of the catalog nor data."""
    found: list[str] = []
    for text in drawn_texts(client):
        left = text
        while (shorter := _BRACKETS.sub(" ", left)) != left:
            left = shorter
        for one in data:
            if not _WORD.search(left):
                break
            if one in left:  # whole words: "report" of the data is no excuse for "reported"
                left = re.sub(rf"(?<![^\W_]){re.escape(one)}(?![^\W_])", " ", left, flags=re.ASCII)
        if _WORD.search(left):
            found.append(text)
    return found


async def at_rest(client: FakeClient) -> None:
    """Wait until all has been read and drawn."""
    same, before = 0, list[str]()
    while same < 3:
        await asyncio.sleep(0.05)
        now = [*drawn_texts(client)]
        same, before = (same + 1 if now == before and now else 0), now


async def opened(page: ft.Page, device: Device, person_id: str | None, route: str) -> Desk:
    desk = await show(page, device.app)
    desk.language = pseudo.LANGUAGE
    if person_id:
        desk.person = device.person(person_id)
        desk.navigate(route)
    return desk


@pytest.mark.parametrize("width", [412, 1280])
async def test_every_place_speaks_the_third_language(device: Device, width: int) -> None:
    data = data_of(device)
    wrong: dict[str, list[str]] = {}
    with device.app.store.reading() as session:
        hazard = records.find(session, "hazard", limit=1)[0].record_id
    for person_id, route in [*ROUTES, (MANAGER, f"/hazard/{hazard}"), (None, "/")]:

        async def main(page: ft.Page, who: str | None = person_id, at: str = route) -> None:
            await opened(page, device, who, at)

        async with client_of(main, width=width, height=900) as client:
            await at_rest(client)
            assert sum("[!!" in text for text in drawn_texts(client)) > 2, route
            found = literals(client, data)
            if found:
                wrong[f"{person_id} {route}"] = found
    assert wrong == {}


async def test_a_text_in_the_code_is_found(device: Device) -> None:
    own = device.app.catalogs[pseudo.LANGUAGE]["place.me"]

    def main(page: ft.Page) -> None:
        page.add(ft.Text(own), ft.Text("TK-101"), ft.Text("Take a photo"), ft.Text("拍照"))
        page.add(ft.Text("ok", tooltip=f"{own} now"), ft.TextField(label="Note"))

    async with client_of(main) as client:
        found = literals(client, ["TK-101"])
        assert sorted(found) == sorted(["Take a photo", "拍照", "ok", f"{own} now", "Note"])


async def test_a_report_and_a_checklist_speak_it(device: Device) -> None:
    data = data_of(device)
    desks: list[Desk] = []

    async def main(page: ft.Page) -> None:
        desks.append(await opened(page, device, INSPECTOR, "/"))

    async with client_of(main, width=412, height=900) as client:
        await client.until(lambda: client.has("report"))
        await client.tap("report")
        await client.until(lambda: client.has("report-words"))
        assert literals(client, data) == []
        await client.tap("report-edit")
        assert literals(client, data) == []
        desks[0].navigate("/")
        await client.until(lambda: any(key.startswith("task-") for key in keys(client)))
        tasks = [key for key in keys(client) if key.startswith("task-")]
        await client.tap(tasks[0])
        await client.until(lambda: any(key.startswith("question-") for key in keys(client)))
        assert literals(client, data) == []


def keys(client: FakeClient) -> list[str]:
    return [str(getattr(one.key, "value", one.key) or "") for one in client.controls()]


async def test_it_is_chosen_by_its_own_name(device: Device) -> None:
    async def main(page: ft.Page) -> None:
        desk = await show(page, device.app)
        desk.person = device.person(INSPECTOR)
        desk.navigate("/me")

    async with client_of(main) as client:
        key = f"language-{pseudo.LANGUAGE}"
        await client.until(lambda: client.has(key))
        assert client.sees(pseudo.pseudo(pseudo.NAME))
        await client.tap(key)
        me = device.app.catalogs[pseudo.LANGUAGE]["place.me"]
        await client.until(lambda: client.sees(me))


def test_names_of_data_fall_back_to_english_and_refusals_are_worded(device: Device) -> None:
    desk = Desk(field=device.app, language=pseudo.LANGUAGE)
    plant_ = device.app.definitions.plant
    assert desk.t.of(plant_.assets["TK-101"].name) == plant_.assets["TK-101"].name.in_("en")
    codes = {one.code for one in all_errors()}
    assert len(codes) > 20
    for code in codes:
        if f"error.{code}" in device.app.catalogs["en"]:
            assert f"error.{code}" in desk.t.texts


def all_errors() -> Iterator[type[FieldError]]:
    waiting = [FieldError]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        yield one


def test_what_a_language_lacks_is_read_in_english(tmp_path: Path) -> None:
    shutil.copy(LOCALE / "en.po", tmp_path / "en.po")
    (tmp_path / "xx.po").write_text(
        'msgid ""\nmsgstr ""\n"Language: xx\\n"\n\nmsgid "place.me"\nmsgstr "Ḿḗ"\n', "utf-8"
    )
    texts = read_catalogs(tmp_path)
    assert texts["xx"]["place.me"] == "Ḿḗ"
    assert texts["xx"]["place.today"] == texts["en"]["place.today"]
