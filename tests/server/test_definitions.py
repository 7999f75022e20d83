"""The pack promises: what was served once stays readable."""

import shutil

from server import main
from server.settings import ServerSettings


def test_an_old_version_of_a_checklist_stays_when_its_file_goes_on(
    settings: ServerSettings,
) -> None:
    folder = settings.home / "definitions"
    shutil.copytree(settings.definitions, folder)
    changed = settings.model_copy(update={"definitions": folder})
    main.prepare(changed).store.close()
    sheet = folder / "forms" / "TANK-D.yaml"
    text = sheet.read_text("utf-8")
    sheet.write_text(text.replace("version: 7", "version: 8"), "utf-8")
    here = main.prepare(changed)
    here.store.close()
    found = here.pack.definitions
    assert found.forms["TANK-D"].version == 8
    assert found.form("TANK-D", 7)
    assert "forms/TANK-D@7.yaml" in here.pack.plain.decode()


def test_an_old_version_of_a_drawing_stays_readable_too(settings: ServerSettings) -> None:
    folder = settings.home / "definitions"
    shutil.copytree(settings.definitions, folder)
    changed = settings.model_copy(update={"definitions": folder})
    main.prepare(changed).store.close()
    drawing = folder / "documents" / "DWG-TK-101.yaml"
    text = drawing.read_text("utf-8")
    drawing.write_text(text.replace("version: 2", "version: 3"), "utf-8")
    here = main.prepare(changed)
    here.store.close()
    found = here.pack.definitions.documents
    assert {version for code, version in found if code == "DWG-TK-101"} == {2, 3}
