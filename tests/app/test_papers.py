"""A report says on paper all that the record says, offline, in both languages, to who may read."""

import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.field import FieldApp
from app.translate import Translator, translator
from app.use_cases import evidence, hazards, inspections, papers, repair_checks, reports, scan
from app.use_cases.evidence import Target
from domain.errors import NotAllowedError
from domain.papers import ReportKindError
from domain.questions import KINDS
from media.papers.photos import BYTES_ALL
from offline_store import blobs, journal, records
from tests.app.test_repair_checks import (
    ELECTRICIAN,
    LEADER,
    MARKED,
    REPORTER,
    VERIFIER,
    given_out,
    repaired,
    who,
)
from tests.helpers.field import INSPECTOR, offline_field
from tests.helpers.paper import Paper
from tests.media.pictures import jpeg, photo
from tests.media.places import second_shot, wall, with_defect

MADE_MS = 1_790_000_000_000
MB = 1_000_000
HOSTILE = (
    "罐顶 😀 مرحبا بالعالم \u202egnp.exe\u2069 \x1b[31m\x07 e\u0301 \u200b\u00ad 龘 " + "W" * 500
)


@pytest.fixture
def field(tmp_path: Path) -> FieldApp:
    return offline_field(tmp_path)


def words(field: FieldApp, language: str) -> Translator:
    return translator(field.catalogs, language, field.definitions.plant.timezone)


def made(field: FieldApp, person: str, record_id: str, language: str = "zh") -> Paper:
    t = words(field, language)
    return Paper(papers.make(field, who(field, person), record_id, t, MADE_MS).data)


def fixed(field: FieldApp) -> str:
    """A hazard from report to the repair that waits for a verdict, checked on the device."""
    record_id = given_out(field)
    repaired(field, record_id, second_shot(wall(1), 3))
    repair_checks.run(field, who(field, ELECTRICIAN), record_id)
    hazards.act(field, who(field, ELECTRICIAN), record_id, "hazard.rectify", "to_verify")
    return record_id


def reported(field: FieldApp, said: str, pictures: int = 0) -> str:
    person = who(field, REPORTER)
    draft = reports.open_draft(field, person, asset_id="DB-03")
    reports.change_draft(field, person, draft.draft_id, words=said, grade="C", category="EL")
    for number in range(pictures):
        target = Target(draft.draft_id, "HZ", "DB-03", "closeup")
        data = jpeg(photo(1200, 900, number), quality=92)
        evidence.keep(field, person, target, data, source="file", fix=None)
    return reports.report(field, person, draft.draft_id, None)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_repair_stands_on_paper_with_verdict_grades_and_history(
    field: FieldApp, language: str
) -> None:
    record_id = fixed(field)
    view = hazards.view(field, who(field, VERIFIER), record_id)
    found, t = made(field, VERIFIER, record_id, language), words(field, language)
    check = view.check.shown if view.check else None
    assert check is not None
    assert found.has(
        t("report.title.hazard", code=view.card.code),
        view.card.words,
        t.of(field.definitions.plant.name),
        record_id,
        t.of(view.card.state_words),
        t.of(view.unit),
        # the verdict: its sentence, and the three numbers that decide
        t("check.outcome.passed"),
        *[t(one.key, **one.params) for one in check.reasons],
        *[t(f"rectify.figure.{name}") for name in ("probability", "scene", "reuse")],
        t("check.percent", percent=int(float(check.probability) * 100)),
        t("check.reuse.none"),
        t("report.before"),
        t("report.after"),
    )
    for card in view.photos:  # grades with every reason in words
        assert found.has(t(f"evidence.grade.{card.grade}"))
        for code, _, params in card.reasons:
            assert found.has(t(f"evidence.reason.{code}", **params))
    for person in (REPORTER, LEADER, ELECTRICIAN):
        assert found.has(f"{t.of(who(field, person).name)} ({person})")
    for action in ("report", "accept", "dispatch", "rectify"):
        assert found.has(t.of(field.definitions.access.actions[f"hazard.{action}"]))
    assert found.has(t("report.worth.whole"), t("report.page", n=1, all=found.size))
    with field.store.reading() as session:
        head = journal.of_record(session, record_id)[-1].hash.hex()
    assert found.has(head)
    assert head[:16] in found.flat.replace(head, "")  # in the foot of the pages, too


def test_both_photos_are_in_it_and_the_defect_is_framed(field: FieldApp) -> None:
    found = made(field, VERIFIER, fixed(field))
    _code, before, after = found.pictures()
    assert edge_redness(before) > 0.8
    assert edge_redness(after) < 0.4


def edge_redness(picture: Image.Image) -> float:
    """How much of the upper side of the marked region is the red of the frame."""
    left, top, right, _ = MARKED
    pixels = np.asarray(picture.convert("RGB")).astype(int)
    high, wide = pixels.shape[:2]
    row = pixels[round(top * high / 1000) + 2, left * wide // 1000 : right * wide // 1000]
    return float((abs(row - np.array([226, 30, 30])).max(axis=1) < 90).mean())


def test_the_code_on_paper_is_read_by_the_app_and_opens_the_equipment(field: FieldApp) -> None:
    found = made(field, VERIFIER, fixed(field), "en")
    (text,) = found.codes()
    assert text == "DB-03"
    opened = scan.resolve(field, who(field, INSPECTOR), text, None)
    assert opened.asset is not None
    assert opened.asset.asset_id == "DB-03"


def test_the_same_record_and_date_give_the_same_bytes(field: FieldApp) -> None:
    record_id = fixed(field)
    assert made(field, VERIFIER, record_id).data == made(field, VERIFIER, record_id).data
    t = words(field, "zh")
    later = papers.make(field, who(field, VERIFIER), record_id, t, MADE_MS + 60_000)
    assert later.data != made(field, VERIFIER, record_id).data


def test_who_may_not_read_gets_no_paper_and_every_paper_is_logged(field: FieldApp) -> None:
    record_id = fixed(field)
    stranger = next(
        person
        for person in field.definitions.plant.people.values()
        if person.roles[0] in ("craft", "welder") and person.person_id != ELECTRICIAN
        and person.unit not in ("T-ELEC",)
    )  # fmt: skip
    with pytest.raises(NotAllowedError):
        made(field, stranger.person_id, record_id)
    assert exports(field) == []
    made(field, VERIFIER, record_id, "en")
    assert exports(field) == [(VERIFIER, record_id, "en")]


def exports(field: FieldApp) -> list[tuple[str, str, str]]:
    with field.store.reading() as session:
        events = records.find(session, "event", limit=records.ALL)
    return [
        (one.text("by"), one.text("record"), one.text("language"))
        for one in events
        if one.text("what") == papers.EVENT
    ]


def test_there_is_no_report_of_other_records(field: FieldApp) -> None:
    record_id = fixed(field)
    with field.store.reading() as session:
        (photo_id, *_) = (one.record_id for one in records.evidence_of(session, record_id))
    with pytest.raises(ReportKindError):
        made(field, VERIFIER, photo_id)


def test_hostile_words_break_nothing_and_what_cannot_be_printed_is_named(field: FieldApp) -> None:
    record_id = reported(field, HOSTILE)
    found = made(field, REPORTER, record_id, "en")
    assert found.has("W" * 500, "U+1F600", "U+0645", "·gnp.exe·", "·[31m·")
    assert not {"\u202e", "\x1b", "\x07"} & set(found.text)
    for number in range(found.size):  # nothing runs off the page
        ink = np.asarray(found.page(number, 72).convert("L")) < 128
        assert not ink[:, -40:].any()
        assert not ink[:, :40].any()


def test_a_long_text_goes_on_over_pages_and_loses_no_letter(field: FieldApp) -> None:
    said = "".join(f"第{n}处护栏松动，" for n in range(190))
    found = made(field, REPORTER, reported(field, said))
    flat = found.flat
    for number in range(190):
        assert f"第{number}处" in flat


@pytest.mark.slow
def test_forty_photos_stay_under_ten_megabytes_and_in_bounded_memory(field: FieldApp) -> None:
    record_id = reported(field, "四十张", pictures=40)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = made(field, REPORTER, record_id)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert len(found.data) < BYTES_ALL + MB
    assert grown_kb < 60 * 1024
    assert len(found.pictures()) == 41


def test_noise_that_no_jpeg_can_shrink_is_bounded_too(field: FieldApp) -> None:
    person, rng = who(field, REPORTER), np.random.default_rng(5)
    draft = reports.open_draft(field, person, asset_id="DB-03")
    noise = Image.fromarray(rng.integers(0, 255, (1500, 2000, 3), dtype=np.uint8))
    target = Target(draft.draft_id, "HZ", "DB-03", "closeup")
    evidence.keep(field, person, target, jpeg(noise), source="file", fix=None)
    reports.change_draft(field, person, draft.draft_id, words="x", grade="C", category="EL")
    found = made(field, REPORTER, reports.report(field, person, draft.draft_id, None))
    assert len(found.data) < 400_000


def test_a_photo_that_is_not_here_is_said_and_shown_small(field: FieldApp) -> None:
    record_id = reported(field, "原图不在", pictures=1)
    with field.store.reading() as session:
        (one,) = records.evidence_of(session, record_id)
    for cell in ("original", "stamped"):
        blobs.path(field.store, one.text(cell)).unlink()
    found = made(field, REPORTER, record_id)
    assert found.has(words(field, "zh")("report.photo.elsewhere", device="phone"))
    assert found.pictures()[1].width <= 320


def test_a_refused_step_stays_in_the_history(field: FieldApp) -> None:
    """A repair that was refused as unchanged and insisted on, with the reason in full."""
    record_id = given_out(field)
    shot = second_shot(with_defect(wall(1)), 4) * 0.6
    repaired(field, record_id, shot.clip(0, 255).astype(np.uint8))
    fitter = who(field, ELECTRICIAN)
    repair_checks.run(field, fitter, record_id)
    hazards.act(field, fitter, record_id, "hazard.rectify", "to_verify", note="锁芯已换，外观没变")
    found, t = made(field, VERIFIER, record_id), words(field, "zh")
    assert found.has(t("check.outcome.refused"), "锁芯已换，外观没变")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_inspection_stands_on_paper_with_readings_and_limits(
    field: FieldApp, language: str
) -> None:
    record_id = inspected(field)
    found, t = made(field, INSPECTOR, record_id, language), words(field, language)
    form = field.definitions.forms["TANK-D"]
    for item in form.items:
        assert found.has(t.of(item.name))
    assert found.has("50 kPa", t("report.judged.bad"), t("report.judged.good"))
    assert found.has(t("judgement.above_max", limit="1.8", unit="kPa"))
    assert found.has(t("question.normal.between", low="-0.2", high="1.8"), "TANK-D@7")
    assert found.has(t("evidence.reason.live"), record_id)
    assert found.codes() == ["TK-101"]
    assert len(found.pictures()) > 1


def inspected(field: FieldApp) -> str:
    """A tank whose first question is bad and whose readings are all 50."""
    person = who(field, INSPECTOR)
    opened = scan.by_id(field, person, "TK-101", None, via="typed")
    sheet = inspections.open_sheet(field, person, opened, None)
    while sheet.next_item is not None:
        item = sheet.form.item(sheet.next_item)
        line = next(row.line for row in sheet.lines if row.line.item.item_id == sheet.next_item)
        assert item is not None
        if line.photo_missing or KINDS[item.kind].proof:
            target = Target(sheet.draft_id, sheet.code, "TK-101", "item", item.item_id)
            picture = jpeg(photo(640, 480))
            evidence.keep(field, person, target, picture, source="camera", fix=None)
            sheet = inspections.sheet(field, person, sheet.draft_id)
            continue
        value = {"ok": "ok", "num": "50"}[item.kind]
        value = "ng" if item.item_id == "T01" else value
        sheet = inspections.answer(field, person, sheet.draft_id, item.item_id, value)
    return inspections.hand_in(field, person, sheet.draft_id, None)
