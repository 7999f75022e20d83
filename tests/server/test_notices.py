"""Notices promise: nobody speaks in the product's name, and nobody keeps it from speaking."""

from collections.abc import Iterable

import pytest

from domain import answers, escalation
from domain.definitions import Definitions
from domain.notices import Due, notice_id
from domain.records import Record, Value
from domain.story import Story, Turn
from offline_store import records
from server import clock
from server.duties import run_duties
from server.nagging import begin
from tests.server.phone import Bench, Phone, report

ACCEPTS, REPORTER, OTHER = "U019", "U012", "U003"


def _told(hazard: str, to: str, **other: Value) -> tuple[str, dict[str, Value]]:
    """A reminder that is complete; `other` is what the test makes wrong."""
    now = clock.now_ms()
    cells: dict[str, Value] = {
        "state": "told",
        "rule": "reminder",
        "step": "accept_due:0:x",
        "to": to,
        "about": hazard,
        "about_type": "hazard",
        "level": "",
        "params": {"code": "HZ"},
        "told_ms": now,
        "captured_ms": now,
        "counted_ms": now,
        **other,
    }
    texts = [str(cells[name]) for name in ("rule", "about", "step", "to")]
    return notice_id(*texts), cells


def _lookup(bench: Bench, record_id: str) -> Record | None:
    with bench.site.store.reading() as session:
        return records.lookup(session, record_id)


async def _reported(phone: Phone) -> str:
    made = phone.write(REPORTER, "hazard", report())
    await phone.push()
    return made


async def test_a_device_may_remind_its_own_person_of_what_waits_for_them(bench: Bench) -> None:
    phone = await bench.phone()
    hazard = await _reported(phone)
    said, cells = _told(hazard, ACCEPTS)
    phone.write(ACCEPTS, "notice", cells, kind="edit", record_id=said)
    phone.write(ACCEPTS, "notice", {"seen_ms": clock.now_ms()}, kind="edit", record_id=said)
    assert (await phone.push()).exceptions == []
    found = _lookup(bench, said)
    assert found
    assert found.whole("seen_ms")


@pytest.mark.parametrize(
    ("person", "to", "other"),
    [
        (REPORTER, REPORTER, {}),  # it does not wait for the reporter
        (ACCEPTS, OTHER, {}),  # nobody reminds somebody else
        (ACCEPTS, ACCEPTS, {"rule": "escalation"}),  # only the server escalates
        (ACCEPTS, ACCEPTS, {"rule": "copy"}),
        (ACCEPTS, ACCEPTS, {"rule": "joke"}),
        (ACCEPTS, ACCEPTS, {"level": "general_manager"}),
        (ACCEPTS, ACCEPTS, {"about": "nothing"}),
        (ACCEPTS, ACCEPTS, {"about_type": "task"}),
        (ACCEPTS, ACCEPTS, {"state": "seen"}),
        (ACCEPTS, ACCEPTS, {"params": {"code": ["x"]}}),
        (ACCEPTS, ACCEPTS, {"params": {"code": "x" * 2000}}),
        (ACCEPTS, ACCEPTS, {"params": {f"p{number}": 1 for number in range(50)}}),
        (ACCEPTS, ACCEPTS, {"step": "x" * 300}),
        (ACCEPTS, ACCEPTS, {"told_ms": None}),
        (ACCEPTS, ACCEPTS, {"more": "x"}),
    ],
    ids=range(15),
)
async def test_a_crafted_notice_is_refused(
    bench: Bench, person: str, to: str, other: dict[str, Value]
) -> None:
    phone = await bench.phone()
    hazard = await _reported(phone)
    said, cells = _told(hazard, to, **other)
    phone.write(person, "notice", cells, kind="edit", record_id=said)
    reply = await phone.push()
    assert [one.verdict for one in reply.exceptions] == ["refused"]
    assert _lookup(bench, said) is None


async def test_no_record_takes_the_place_of_a_notice_that_is_to_come(bench: Bench) -> None:
    phone = await bench.phone()
    begin(bench.site)
    hazard = await _reported(phone)
    with bench.site.store.reading() as session:
        writer = records.get(session, hazard).cells["state"].writer
    step = f"state:reported:{writer}"
    said = notice_id("answer", hazard, step, REPORTER)
    phone.write(REPORTER, "event", {"by": REPORTER, "text": "x"}, kind="edit", record_id=said)
    cells = _told(hazard, REPORTER, rule="answer", step=step)[1]
    phone.write(REPORTER, "notice", cells, kind="edit", record_id=said)
    phone.write("rule", "notice", cells, kind="edit", record_id=said)
    assert {one.verdict for one in (await phone.push()).exceptions} == {"refused"}
    run_duties(bench.site, bench.site.now_ms())
    found = _lookup(bench, said)
    assert found
    assert found.type == "notice"
    assert found.cells["state"].writer.startswith("server:")


async def test_only_the_one_it_is_for_says_that_it_was_seen(bench: Bench) -> None:
    phone = await bench.phone()
    begin(bench.site)
    hazard = await _reported(phone)
    run_duties(bench.site, bench.site.now_ms())
    with bench.site.store.reading() as session:
        said = records.find(session, "notice", person=REPORTER)[0]
    assert said.text("about") == hazard
    now = clock.now_ms()
    tries: list[tuple[str, dict[str, Value]]] = [
        (OTHER, {"seen_ms": now}),
        (REPORTER, {"seen_ms": now, "told_ms": now}),
        (REPORTER, {"params": {"state": "closed"}}),
    ]
    for person, cells in tries:
        phone.write(person, "notice", cells, kind="edit", record_id=said.record_id, base={})
    phone.write(
        REPORTER, "notice", {"seen_ms": now}, kind="edit", record_id=said.record_id, base={}
    )
    reply = await phone.push()
    assert [one.verdict for one in reply.exceptions] == ["refused"] * 3
    found = _lookup(bench, said.record_id)
    assert found
    assert found.get("seen_ms") == now
    assert found.get("params") == said.get("params")


async def test_a_duty_that_fails_keeps_no_other_from_running(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from server import duties

    phone = await bench.phone()
    begin(bench.site)
    hazard = await _reported(phone)

    def broken(_here: object, _now_ms: int) -> int:
        raise KeyError(_here)

    monkeypatch.setattr(duties, "DUTIES", (broken, *duties.DUTIES))
    run_duties(bench.site, bench.site.now_ms())
    assert "broken" in caplog.text
    with bench.site.store.reading() as session:
        assert hazard in {one.text("about") for one in records.find(session, "notice")}


async def test_a_record_that_is_broken_silences_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    phone = await bench.phone()
    begin(bench.site)
    broken, whole = await _reported(phone), await _reported(phone)
    real_hazard, real_answers = escalation.of_hazard, answers.answers

    def of_hazard(found: Definitions, story: Story, delivered: escalation.Delivered) -> list[Due]:
        if story.record.record_id == broken:
            raise KeyError(broken)
        return real_hazard(found, story, delivered)

    def answers_of(
        story: Story, turn: Turn, reporters: Iterable[str], into: Record | None = None
    ) -> list[Due]:
        if story.record.record_id == broken:
            raise KeyError(broken)
        return real_answers(story, turn, reporters, into)

    monkeypatch.setattr(escalation, "of_hazard", of_hazard)
    monkeypatch.setattr(answers, "answers", answers_of)
    run_duties(bench.site, bench.site.now_ms() + 3_600_000)
    assert f"broken record {broken}" in caplog.text
    with bench.site.store.reading() as session:
        told = [one for one in records.find(session, "notice") if one.text("about") == whole]
    assert {"answer", "reminder"} <= {one.text("rule") for one in told}
