"""The server's look at repairs promises: pictures that nobody can read hold no other repair up."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from domain.records import Cell, Record, Value
from domain.repair_checks import SERVER_CHECK, RepairCheck, check_of
from media.images import BYTES_MAX
from offline_store import records
from server import clock, repair_checks
from tests.app.test_repair_checks import MARKED
from tests.media.places import file, second_shot, wall, with_defect
from tests.server.phone import Bench, Phone, report
from tests.server.test_rights import REPAIR

BEFORE, AFTER = file(with_defect(wall(1))), file(second_shot(wall(1), 3))
TOO_LARGE = AFTER + bytes(BYTES_MAX)


class Repairs:
    """Repairs photographed by one phone; the originals are on the server already."""

    def __init__(self, bench: Bench, phone: Phone, folder: Path) -> None:
        self.bench, self.phone, self.folder = bench, phone, folder

    def add(self, before: bytes = BEFORE, after: bytes = AFTER, **cells: Value) -> str:
        """Repair a hazard; returns the id of the photo after it, which `cells` come with."""
        hazard = clock.new_id(clock.now_ms())
        marked = self._shot("U012", "closeup", before, {"of": hazard})
        region: Value = {"photo": marked, "box": list(MARKED)}
        self.phone.write("U012", "hazard", report(region=region), record_id=hazard)
        for person, step in REPAIR:
            self.phone.write(person, "hazard", step, record_id=hazard)
        return self._shot("U009", "after", after, {**cells, "of": hazard})

    def _shot(self, person: str, shot: str, data: bytes, more: dict[str, Value]) -> str:
        sha = hashlib.sha256(data).hexdigest()
        if not self.bench.site.blob_store.has(sha):
            part = self.folder / "part"
            part.write_bytes(data)
            assert self.bench.site.blob_store.keep(sha, part)
        cells: dict[str, Value] = {"shot": shot, "by": person, "original": sha, **more}
        return self.phone.write(person, "evidence", cells, kind="attach")

    async def sent(self) -> None:
        assert [one.code for one in (await self.phone.push()).exceptions] == []

    def run(self) -> int:
        """One round; returns how many entries that took."""
        return repair_checks.run(self.bench.site, self.bench.site.now_ms())

    def of(self, photo: str) -> RepairCheck | None:
        with self.bench.site.store.reading() as session:
            return check_of(records.get(session, photo).get(SERVER_CHECK))


@pytest.fixture
async def repairs(bench: Bench, tmp_path: Path) -> Repairs:
    return Repairs(bench, await bench.phone(), tmp_path)


async def test_eight_originals_that_are_too_large_hold_no_repair_up(repairs: Repairs) -> None:
    first = repairs.add()
    large = [repairs.add(after=TOO_LARGE) for _ in range(4)]
    marked = [repairs.add(before=TOO_LARGE) for _ in range(4)]
    last = repairs.add()
    await repairs.sent()
    assert repairs.run()
    assert repairs.run()
    for photo in (first, last):
        assert (found := repairs.of(photo)) is not None
        assert found.probability, "both pictures were compared"
    for photos, key in ((large, "rectify.unreadable.after"), (marked, "rectify.unreadable.before")):
        for photo in photos:
            assert (said := repairs.of(photo)) is not None
            assert said.outcome == "needs_person"
            assert [one.key for one in said.reasons] == [key]
    assert repairs.run() == 0, "once is enough"


@pytest.mark.parametrize("after", [TOO_LARGE, AFTER[:900]], ids=["too large", "damaged"])
async def test_what_cannot_be_read_is_said_once_whatever_its_device_found(
    repairs: Repairs, after: bytes
) -> None:
    photo = repairs.add(after=after, reuse={"how": "block", "of": "elsewhere"})
    await repairs.sent()
    repairs.run()
    assert (said := repairs.of(photo)) is not None
    assert (said.outcome, said.reuse) == ("needs_person", "block")
    assert repairs.run() == 0


def test_neither_who_repaired_nor_who_is_in_question_is_told(bench: Bench) -> None:
    found = bench.site.pack.definitions
    cells = {name: Cell(one, "d:1", 1, 0) for name, one in report(rectifier="U009").items()}
    hazard = Record("HZ-1", "hazard", "hazard@1", cells)
    told = [one.person_id for one in repair_checks.verifiers(found, hazard)]
    assert len(told) > 1
    left = [one.person_id for one in repair_checks.verifiers(found, hazard, but=told[0])]
    assert left == told[1:]
    by_one_of_them = replace(hazard, cells={**cells, "rectifier": Cell(told[1], "d:1", 1, 0)})
    left = [one.person_id for one in repair_checks.verifiers(found, by_one_of_them, but=told[0])]
    assert not {*told[:2]} & {*left}
