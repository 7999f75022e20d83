"""Confirming a push leaves each record as a fold from its entries would."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlmodel import Session, select

from domain.changes import DeviceTime
from domain.merge import Verdict
from offline_store import devices, journal, outbox, records
from offline_store.database import Store, open_store
from offline_store.tables import RecordRow

OWN, OTHER = "own", "other"


@pytest.fixture
def store() -> Iterator[Store]:
    made = open_store(None)
    with made.session() as session:
        for name in (OWN, OTHER):
            devices.add(session, devices.Device(name, name.encode() * 8))
    yield made
    made.close()


def _write(session: Session, record: str, number: int, wall_ms: int, device: str = OWN) -> None:
    stamp = journal.Stamp(wall_ms, number, DeviceTime(wall_ms, 1, "b", 5), f"{device}-{number}")
    journal.write(
        session,
        journal.Author(device, "U012"),
        stamp,
        kind="edit",
        record_id=record,
        type="hazard",
        definition="hazard@1",
        set={"words": f"{device} {number}", "grade": "C"},
    )


def _rows(session: Session) -> list[dict[str, object]]:
    found = session.exec(select(RecordRow).order_by(RecordRow.record_id)).all()
    return [row.model_dump(exclude={"row", "feed"}) for row in found]  # `feed` is the server's


@pytest.mark.parametrize("verdict", [None, "refused", "merged"])
def test_a_confirmed_record_is_the_fold_of_its_entries(
    store: Store, verdict: Verdict | None
) -> None:
    with store.session() as session:
        for number in range(1, 9):  # two entries each; the last two from a clock far ahead
            _write(session, f"r{(number + 1) // 2}", number, 1000 if number < 7 else 9000)
        _write(session, "r1", 1, 2000, OTHER)  # somebody else's work on one of them
    with store.session() as session:
        push = outbox.next_push(session, OWN)
        assert push is not None
    told = [outbox.Answer(3, verdict, "entry.invalid", {})] if verdict else []
    answered = replace(push.batch, feed=7, received_ms=5000, receipt="receipt", reply=b"{}")
    with store.session() as session:
        touched = outbox.confirm(session, answered, told)
        kept = _rows(session)
        records.refold_all(session, touched)
        assert kept == _rows(session)
    assert touched == ["r1", "r2", "r3", "r4"]


@pytest.mark.parametrize("first_told", [None, "refused"])
def test_a_server_that_lost_a_push_judges_it_anew(store: Store, first_told: Verdict | None) -> None:
    with store.session() as session:
        _write(session, "r1", 1, 1000)
        _write(session, "r1", 2, 9000)  # from a clock that was ahead when it first came
    told = [outbox.Answer(2, first_told, "access.denied", {})] if first_told else []
    for feed, received_ms, answers in ((7, 5000, told), (3, 20_000, [])):
        with store.session() as session:
            push = outbox.next_push(session, OWN)
            assert push is not None
        answered = replace(
            push.batch, feed=feed, received_ms=received_ms, receipt="receipt", reply=b"{}"
        )
        with store.session() as session:
            outbox.confirm(session, answered, answers)
            kept = _rows(session)
            if feed == 7:
                outbox.reopen(session, OWN, 1)
                waiting = records.get(session, "r1")
                assert waiting.get("words") == "own 2", "what waits counts here"

    with store.session() as session:
        records.refold_all(session, ["r1"])
        assert kept == _rows(session)


def test_a_feed_number_of_before_the_server_was_copied_back_stands_for_nothing(
    store: Store,
) -> None:
    answered: list[outbox.Batch] = []
    for number in (1, 2):
        with store.session() as session:
            _write(session, f"r{number}", number, 1000)
            push = outbox.next_push(session, OWN)
        assert push is not None
        given = {"feed": 7, "received_ms": 5000, "receipt": "receipt", "reply": b"{}"}
        answered.append(replace(push.batch, **given))
        with store.session() as session:  # the second one in a new life, under the same number
            outbox.confirm(session, answered[-1], [])
    with store.session() as session:
        again = outbox.next_push(session, OWN)
    assert again is not None
    assert again.batch.first == 1, "the server says what it has of both"
