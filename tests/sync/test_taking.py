"""A page is kept in parts: a cut in the middle leaves whole parts, and nothing twice."""

from typing import Any

import pytest

from domain.errors import (
    ChainBrokenError,
    EntryInvalidError,
    RecordMissingError,
    StoreFullError,
)
from domain.merge import POLICIES
from offline_store import keep, records
from sync import reading, taking
from sync.protocol import PullReply
from sync.taking import prepare, take
from tests.server.phone import report
from tests.sync.conftest import Enrol
from tests.sync.field import Tablet

AT_ONCE = 50


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "AT_ONCE", AT_ONCE)


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
    take(two.store, page, POLICIES, ready=prepare(page, POLICIES))
    before = [two.record(record_id) for record_id in made]
    take(two.store, page, POLICIES)
    assert [two.record(record_id) for record_id in made] == before
    assert cursor(two) == page.next


async def test_an_entry_that_is_none_leaves_the_parts_before_it(enrol: Enrol) -> None:
    one, two = await enrol(), await enrol()
    made = [one.write("U012", "hazard", report(f"第{n}个")) for n in range(AT_ONCE + 5)]
    await one.engine.sync_once()
    page = await two.transport.pull(cursor(two), 500, wait_s=0)
    spoilt = [*page.entries[:-1], page.entries[-1]._replace(body=b"{}")]
    page = page.model_copy(update={"entries": spoilt})
    ready = prepare(page, POLICIES)
    assert len(ready) == 1, "the part with it is not made ready"
    with pytest.raises(EntryInvalidError):
        take(two.store, page, POLICIES, ready=ready)
    assert two.record(made[0]).text("state") == "reported"
    with pytest.raises(RecordMissingError):
        two.record(made[-1])
    assert cursor(two) < page.next


async def test_what_came_ahead_is_kept_only_behind_what_comes_before_it(
    enrol: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await enrol(), await enrol()
    monkeypatch.setattr(reading, "ENTRIES_MAX", 20)
    for _ in range(5):  # pushes, so that there are pages
        for n in range(20):
            one.write("U012", "hazard", report(f"第{n}个"))
        await one.engine.sync_once()
    asked: list[tuple[int, int | None]] = []
    real = two.transport.pull

    async def pull(after: int, limit: int, **said: Any) -> PullReply:  # noqa: ANN401
        asked.append((after, said.get("kept")))
        return await real(after, limit, **said)

    def fails(*_args: object, **_said: object) -> bool:
        raise StoreFullError

    monkeypatch.setattr(two.transport, "pull", pull)
    with monkeypatch.context() as broken:
        broken.setattr(taking, "take", fails)
        with pytest.raises(StoreFullError):
            await two.engine.sync_once()
    assert asked == [(0, None), (asked[1][0], 0)], "one ahead, and no more"
    assert cursor(two) == 0
    await two.sync_until_done()
    with two.store.reading() as session:
        assert len(records.find(session, "hazard")) == 100
    afters = [after for after, _ in asked[2:]]
    assert afters == sorted(set(afters)), "no page is asked for twice"
    kept = [kept for _, kept in asked[3:] if kept is not None]
    assert kept == afters[: len(kept)], "what is asked for ahead proves no delivery"
