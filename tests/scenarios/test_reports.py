"""Reports that the server makes: the same paper as a device's, of all that has arrived."""

import asyncio
from pathlib import Path

import pytest

import anshao
from app.translate import translator
from app.use_cases import papers as device_papers
from domain.errors import RecordMissingError
from domain.papers import ReportKindError
from offline_store import blobs, records
from server import papers
from tests.helpers.paper import Paper
from tests.helpers.plant import PlantSite
from tests.scenarios.loop import act, report
from tests.scenarios.proving import CATALOGS, INSPECTOR, LEADER, WORDS, Made, hazard

MADE_MS = 1_790_000_000_000


def of_server(site: PlantSite, wanted: str, language: str = "zh") -> Paper:
    settings = site.server_settings
    data = papers.make(settings, wanted, lambda zone: translator(CATALOGS, language, zone), MADE_MS)
    return Paper(data)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_server_prints_what_a_device_prints_and_what_the_plant_signed(
    site: PlantSite, language: str
) -> None:
    device = await site.device()
    record_id = await hazard(device)
    found = await asyncio.to_thread(of_server, site, record_id, language)
    t = translator(CATALOGS, language, "Asia/Shanghai")
    own = device_papers.make(device.app, device.person(LEADER), record_id, t, MADE_MS)
    for paper in (found, Paper(own.data)):
        assert paper.has(WORDS, record_id, t("report.worth.whole"))
        for person in (INSPECTOR, LEADER):
            assert paper.has(t.of(device.person(person).name))
        assert len(paper.pictures()) == 3  # the code and two photos
        assert paper.codes() == ["TK-101"]
    assert found.has(t("report.by_server"))
    assert found.has(t("report.time.received", time="").strip())


async def test_a_photo_that_has_not_been_uploaded_is_named_with_its_device(
    site: PlantSite,
) -> None:
    device = await site.device()
    record_id = await hazard(device)
    store = site.server.state.site.store
    with store.reading() as session:
        one = records.evidence_of(session, record_id)[0]
    blobs.path(store, one.text("original")).unlink()
    found = await asyncio.to_thread(of_server, site, record_id)
    t = translator(CATALOGS, "zh", "Asia/Shanghai")
    assert found.has(t("report.photo.on_device", device="phone-1"))


async def test_a_decision_that_was_overtaken_is_in_the_history(site: PlantSite) -> None:
    one, two = await site.device(), await site.device("phone-2")
    record_id = report(one, INSPECTOR, "TK-101", WORDS, ("panorama",))
    await one.sync()
    await two.sync()
    act(one, LEADER, record_id, "accept>accepted")
    act(two, LEADER, record_id, "return>returned", note="重复的")
    await one.sync()
    await two.sync()
    found = await asyncio.to_thread(of_server, site, record_id)
    t = translator(CATALOGS, "zh", "Asia/Shanghai")
    assert found.has("重复的", "phone-2")
    verdicts = [t(f"proof.verdict.{name}") for name in ("conflict", "refused")]
    assert any(found.flat.count(verdict.replace(" ", "")) for verdict in verdicts)


def test_the_command_writes_both_languages_and_says_what_it_lacks(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(made.folder / "server")
    for language in ("zh", "en"):
        out = tmp_path / f"{language}.pdf"
        command = ["report", "HZ-0005", "--out", str(out), "--data", home, "--lang", language]
        assert anshao.main(command) == 0
        t = translator(CATALOGS, language, "Asia/Shanghai")
        assert Paper(out.read_bytes()).has(t("report.title.hazard", code="HZ-0005"))
    capsys.readouterr()
    assert anshao.main(["report", "HZ-9999", "--out", str(out), "--data", home]) == 2
    assert anshao.main(["report", "HZ-0005", "--out", str(out), "--data", str(tmp_path)]) == 2
    nowhere = str(tmp_path / "no" / "r.pdf")
    assert anshao.main(["report", "HZ-0005", "--out", nowhere, "--data", home]) == 2
    said = capsys.readouterr().err
    chinese = CATALOGS["zh"]
    assert chinese["error.record.unknown"].format(record="HZ-9999", folder=home) in said
    assert chinese["error.server.missing"].format(folder=tmp_path) in said
    assert "--out" in said


async def test_what_is_no_hazard_or_inspection_has_no_report(site: PlantSite) -> None:
    device = await site.device()
    record_id = await hazard(device)
    with site.server.state.site.store.reading() as session:
        photo_id = records.evidence_of(session, record_id)[0].record_id
    with pytest.raises(ReportKindError):
        await asyncio.to_thread(of_server, site, photo_id)
    with pytest.raises(RecordMissingError):
        await asyncio.to_thread(of_server, site, "HZ-NONE")
