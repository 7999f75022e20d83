"""The acceptance cases of the merge promise the same through the server's intake.

The record type that tries the merge is data (tests/fixtures); its one rule is what a case says of
an entry. Left out: cases 38 and 39, since the server takes no deletion, and 37, whose revocation it
does not know yet (`tests.offline_store.test_merge_cases` has them).
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec import structs
from sqlalchemy import text

from domain.changes import Entry, encode, genesis
from domain.errors import NotAllowedError
from domain.plant import Person
from offline_store import devices, entries, journal, records
from server import intake, main, rights
from server.scene import Scene
from server.settings import ServerSettings
from server.site import Site
from server.verdicts import Taken
from sync.protocol import PushHead
from tests.domain.test_merge_cases import check
from tests.helpers.merging import (
    DEVICES,
    RECORD,
    TYPE,
    Case,
    Written,
    cases,
    merge_all,
    trial_files,
)

DELETES, QUARANTINES = {38, 39}, {37}
T0_MS = 1_810_000_000_000  # the cases count from 0, which no server takes for a time
PERSON = "U001"


@dataclass
class Bench:
    """A server with the trial type, whose clock and whose refusals the case says."""

    here: Site
    now_ms: int = 0
    refused: dict[str, str] = field(default_factory=dict[str, str])

    def rule(self, entry: Entry, _scene: Scene, person: Person) -> None:
        if self.refused.get(entry.entry_id):
            raise NotAllowedError(action="trial", person=person.person_id)

    def empty(self) -> None:
        with self.here.store.session() as session:
            for table in ("record", "conflict", "hold"):
                session.connection().execute(
                    text(f"DELETE FROM {table} WHERE record_id = :id"), {"id": RECORD}
                )
            for table in ("entry", "batch"):
                for name in DEVICES:
                    session.connection().execute(
                        text(f"DELETE FROM {table} WHERE device_id = :id"), {"id": name}
                    )

    def push(self, batch: Sequence[Written]) -> Taken:
        first = batch[0].entry
        self.now_ms = batch[0].received_ms
        self.refused = {one.entry.entry_id: one.refused for one in batch if one.refused}
        bodies = [encode(one.entry) for one in batch]
        with self.here.store.reading() as session:
            device = devices.lookup(session, first.device_id)
            number, head = journal.head(session, first.device_id)
        assert device is not None
        if not number:
            head = genesis(device.device_id, device.public_key)
        push = PushHead(
            dev=first.device_id,
            first=first.number,
            last=batch[-1].entry.number,
            prev=head.hex(),
            head=journal.chain(head, bodies)[-1].hex(),
        )
        taken = intake.take(self.here, push, bodies)
        again = intake.take(self.here, push, bodies)  # the answer was lost
        assert (again.data, again.fresh) == (taken.data, False)
        return taken


@pytest.fixture(scope="module")
def bench(seeded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One server for all cases: opening one takes longer than a case."""
    folder = tmp_path_factory.mktemp("cases")
    shutil.copytree(seeded_home, folder / "server")
    for path, content in trial_files().items():
        file = folder / "definitions" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    settings = ServerSettings(
        home=folder / "server",
        demo=True,
        definitions=folder / "definitions",
        disk_free_min_bytes=0,
    )
    made = Bench(main.prepare(settings))
    made.here.now_ms = lambda: made.now_ms
    with made.here.store.session() as session:
        for name in DEVICES:
            devices.add(session, devices.Device(name, name.encode() * 32))
    with pytest.MonkeyPatch.context() as patch:  # a type of the tests, known to no product
        patch.setattr(rights, "type_names", (*rights.type_names, TYPE))
        rules = cast("dict[str, Callable[..., None]]", rights._RULES)  # pyright: ignore[reportPrivateUsage]
        patch.setitem(rules, TYPE, made.rule)
        yield made
    made.here.store.close()


def later(value: Any, name: str = "") -> Any:  # noqa: ANN401 -- as the case has it
    """Return a value of a case with its times as those of the server."""
    if isinstance(value, dict):
        row = cast("Mapping[str, Any]", value)
        return {key: later(part, key) for key, part in row.items()}
    if isinstance(value, list):
        return [later(part, name) for part in cast("list[Any]", value)]
    return _time(value) if name.endswith("_ms") else value


def _time(at_ms: int) -> int:
    return at_ms if at_ms > T0_MS else at_ms + T0_MS


def moved(one: Written) -> Written:
    entry = structs.replace(
        one.entry,
        person_id=PERSON,
        set=later(one.entry.set),
        wall_ms=_time(one.entry.wall_ms),
    )
    return replace(one, entry=entry, received_ms=_time(one.received_ms))


def batches(feed: Sequence[Written]) -> Iterator[list[Written]]:
    """Cut a feed into pushes: of one device, and received at one time."""
    batch: list[Written] = []
    for one in feed:
        if batch and (batch[-1].entry.device_id, batch[-1].received_ms) != (
            one.entry.device_id,
            one.received_ms,
        ):
            yield batch
            batch = []
        batch.append(one)
    yield batch


SERVED = [case for case in cases() if case.number not in DELETES | QUARANTINES]


def test_only_these_cases_are_left_out() -> None:
    left_out = [case for case in cases() if case not in SERVED]
    assert {case.number for case in left_out} == DELETES | QUARANTINES
    for case in left_out:
        feed = case.feed(ours_first=True)
        deletes = any(one.entry.kind == "delete" for one in feed)
        assert deletes or any(one.quarantined for one in feed)


@pytest.mark.parametrize("case", SERVED, ids=lambda case: f"case {case.number}")
@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
def test_case(bench: Bench, case: Case, ours_first: bool) -> None:
    bench.empty()
    feed = [moved(one) for one in case.feed(ours_first)]
    merged, said = merge_all(feed)
    answered: list[str | None] = []
    for batch in batches(feed):
        answered += [one.code for one in bench.push(batch).reply.exceptions]
    with bench.here.store.reading() as session:
        assert records.lookup(session, RECORD) == merged.record
        assert records.holds(session, RECORD) == list(merged.holds)
        kept = [(one.verdict, one.code or "") for one in entries.of_record(session, RECORD)]
        asked = [one.conflict_id for one in records.conflicts(session, RECORD)]
    assert sorted(asked) == sorted(one.conflict_id(RECORD) for one in merged.conflicts)
    check(replace(case, result=later(case.result)), ours_first, merged)
    assert [code for _, code in kept] == said
    assert set(case.result.get("codes", [])) <= set(said)
    assert answered == [code or None for verdict, code in kept if verdict != "accepted"]
