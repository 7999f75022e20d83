"""A request for removal counts in whatever order it and its evidence reach a server.

A server that was copied back gets both again, each from the device that wrote it.
"""

import hashlib

import pytest

from domain import privacy
from domain.records import Value
from offline_store import records, removals
from server import clock
from server import privacy as duty
from tests.server.phone import Bench, Phone, report

VOICE, PHOTO, HAZARD = "evidence-of-a-voice", "evidence-of-a-photo", "hazard-of-both"
TAKER, MANAGER = "U012", "U001"


def sha(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def asks(phone: Phone, evidence: str, *files: str) -> str:
    """Ask for the removal of evidence, and have that approved by who may."""
    cells: dict[str, Value] = {
        "state": privacy.ASKED, "of": HAZARD, "evidence": evidence, "kind": "voice",
        "files": [*files], "why": privacy.BY_REQUEST, "by": MANAGER, "at_ms": clock.now_ms(),
        "note": "",
    }  # fmt: skip
    asked = phone.write(MANAGER, privacy.REMOVAL, cells)
    decided: dict[str, Value] = {
        "state": privacy.APPROVED, "decided_by": MANAGER, "decided_ms": clock.now_ms(), "note": "",
    }  # fmt: skip
    return phone.write(MANAGER, privacy.REMOVAL, decided, record_id=asked)


def attaches(phone: Phone, evidence: str, file: str, **cells: Value) -> None:
    made: dict[str, Value] = {
        "of": HAZARD, "by": TAKER, "original": file, "taken_ms": clock.now_ms(), **cells,
    }  # fmt: skip
    phone.write(TAKER, "evidence", made, kind="attach", record_id=evidence)


def state(bench: Bench, record_id: str) -> str:
    with bench.site.store.reading() as session:
        return records.get(session, record_id).text("state")


def is_removed(bench: Bench, file: str) -> bool:
    with bench.site.store.reading() as session:
        return removals.is_removed(session, file)


async def test_a_request_that_comes_before_its_evidence_is_carried_out_once_that_is_here(
    bench: Bench,
) -> None:
    office, taker = await bench.phone(), await bench.phone()
    asked = asks(office, VOICE, sha("voice"))
    assert (await office.push()).exceptions == []
    duty.run(bench.site, clock.now_ms())
    assert (state(bench, asked), is_removed(bench, sha("voice"))) == (privacy.APPROVED, False)

    taker.write(TAKER, "hazard", report(), record_id=HAZARD)
    attaches(taker, VOICE, sha("voice"), media="voice")
    assert (await taker.push()).exceptions == []
    duty.run(bench.site, clock.now_ms())

    assert (state(bench, asked), is_removed(bench, sha("voice"))) == (privacy.DONE, True)


@pytest.mark.parametrize("evidence", [VOICE, PHOTO, HAZARD])
async def test_such_a_request_takes_nothing_but_personal_media_of_its_own_evidence(
    bench: Bench, evidence: str
) -> None:
    office, taker = await bench.phone(), await bench.phone()
    asked = asks(office, evidence, sha("photo"))
    assert (await office.push()).exceptions == []

    taker.write(TAKER, "hazard", report(), record_id=HAZARD)
    attaches(taker, VOICE, sha("voice"), media="voice")
    attaches(taker, PHOTO, sha("photo"), shot="closeup", source="camera")
    assert (await taker.push()).exceptions == []
    duty.run(bench.site, clock.now_ms())

    assert (state(bench, asked), is_removed(bench, sha("photo"))) == (privacy.DECLINED, False)


async def test_a_request_without_its_evidence_is_well_formed(bench: Bench) -> None:
    office = await bench.phone()
    for files in ([], ["../../etc/passwd"], [sha(str(n)) for n in range(privacy.FILES_MAX + 1)]):
        asks(office, VOICE, *files)
    reply = await office.push()
    assert {one.verdict for one in reply.exceptions} == {"refused"}
    assert [one.n for one in reply.exceptions] == list(range(1, 7))
