"""What is worked out of a push before the lock ends in the very rows that the lock would make."""

from sqlmodel import Session

from offline_store import bulk, records
from offline_store.tables import RecordRow
from server import ahead, clock, intake, reports
from tests.server.phone import Bench, Phone, report
from tests.server.test_registers import change

ADMIN, OPERATOR = "U014", "U012"
COUNT = 12


def write_reports(phone: Phone, count: int = COUNT) -> list[str]:
    """Write reports like one that was taken; the clock of every third is half a minute ahead."""
    return [
        phone.write(
            OPERATOR, "hazard", report(f"words {number}"), kind="edit",
            at_ms=clock.now_ms() + (30_000 if number % 3 == 0 else 0),
        )
        for number in range(count)
    ]  # fmt: skip


def rows(session: Session, ids: list[str]) -> list[object]:
    found = bulk.select(session, RecordRow, records.STORED, "record_id", ids, '"record_id"')
    return [tuple(one) for one in found]


async def test_the_stored_rows_are_those_of_a_fold(bench: Bench) -> None:
    phone, site = await bench.phone(), bench.site
    phone.write(OPERATOR, "hazard", report(), kind="edit")
    assert not (await phone.push()).exceptions  # from it the server learns
    ids = write_reports(phone)
    head, bodies = phone.waiting()
    early = ahead.look(site, head, bodies)
    assert [*early.rows] == [*range(head.first, head.last + 1)], "all is worked out before"
    now, learned = clock.now_ms(), reports.under(site)
    taken = [early.row(entry, learned, now) is not None for entry, _ in early.drafts if entry]
    assert taken == [number % 3 != 0 for number in range(COUNT)], "but of clocks that are ahead"
    assert not (await phone.push()).exceptions
    with site.store.session() as session:
        stored = rows(session, ids)
        records.refold_all(session, ids, site.pack.definitions.policies)
        assert len(stored) == COUNT
        assert rows(session, ids) == stored


async def test_what_changed_before_the_lock_is_judged_anew(bench: Bench) -> None:
    phone, office, site = await bench.phone(), await bench.phone(), bench.site
    phone.write(OPERATOR, "hazard", report(), kind="edit")
    assert not (await phone.push()).exceptions
    write_reports(phone, 2)
    head, bodies = phone.waiting()
    early = ahead.look(site, head, bodies)
    assert len(early.rows) == 2
    change(office, ADMIN, "people", OPERATOR, {"retired_ms": clock.now_ms() - 60_000})
    assert not (await office.push()).exceptions
    taken = site.store.run(lambda session: intake._taken(site, session, head, bodies, early, {}))
    assert [one.verdict for one in taken.reply.exceptions] == ["refused"] * 2
