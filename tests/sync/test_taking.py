"""A page is kept in parts: a cut in the middle leaves whole parts, and nothing twice."""

import pytest

from domain.errors import ChainBrokenError, RecordMissingError
from domain.merge import POLICIES
from offline_store import keep
from sync.taking import AT_ONCE, take
from tests.server.phone import report
from tests.sync.conftest import Enrol
from tests.sync.field import Tablet


def cursor(tablet: Tablet) -> int:
    with tablet.store.reading() as session:
        return keep.cursor(session).feed


async def test_a_page_that_breaks_in_the_middle_is_taken_up_where_it_broke(enrol: Enrol) -> None:
    one, two = await enrol(), await enrol()
    made = [one.write("U012", "hazard", report(f"第{n}个")) for n in range(2 * AT_ONCE + 5)]
    await one.engine.sync_once()
    before = cursor(two)
    page = await two.transport.pull(before, 500, wait_s=0)
    broken = [
        *page.entries[: AT_ONCE + 3],
        *page.entries[AT_ONCE + 4 :],
    ]  # one of the second part is lost
    with pytest.raises(ChainBrokenError):
        take(two.store, page.model_copy(update={"entries": broken}), POLICIES)
    assert two.record(made[0]).text("state") == "reported", "the first part stays"
    with pytest.raises(RecordMissingError):
        two.record(made[-1])
    assert cursor(two) < page.next, "the rest is asked for again"
    await two.sync_until_done()
    assert [two.record(record_id).text("state") for record_id in made] == ["reported"] * len(made)
    assert cursor(two) == page.next


async def test_parts_that_are_known_already_change_nothing(enrol: Enrol) -> None:
    one, two = await enrol(), await enrol()
    made = [one.write("U012", "hazard", report(f"第{n}个")) for n in range(AT_ONCE + 1)]
    await one.engine.sync_once()
    page = await two.transport.pull(cursor(two), 500, wait_s=0)
    take(two.store, page, POLICIES)
    before = [two.record(record_id) for record_id in made]
    take(two.store, page, POLICIES)
    assert [two.record(record_id) for record_id in made] == before
    assert cursor(two) == page.next
