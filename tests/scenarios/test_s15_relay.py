"""S15, the relay clause: two supervisors decide offline, and hand their signed events over.

By pictures or by a file; a reject or a stop is in force at once on every device it reaches, the
server takes each entry once, whoever brings it, and all end in the same state.
"""

import random
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from app.use_cases import relay, relaying
from domain.changes import Entry
from domain.plant import Person
from domain.records import Value
from domain.relay import RelayForgedError, RelayRevokedError
from media import relay_frames
from media.adapters.readers import choose_reader
from media.relay_frames import Gatherer
from offline_store import entries, journal, records, relayed
from offline_store.relay_files import SUFFIX
from server import rights
from server.scene import Scene
from tests.helpers.merging import trial_files
from tests.helpers.plant import Device, PlantSite, plant

HEAD, DEPUTY, OFFICER = "U002", "U003", "U001"
RECORD = "0198c0de-0000-7000-8000-00000000c003"


def _anything(_entry: Entry, _scene: Scene, _person: Person) -> None:
    """The trial form has no rules of its own: the merge is what is tried."""


@pytest_asyncio.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PlantSite]:
    """A plant whose definitions have the form that tries the merge."""
    names = (*rights.type_names, "trial")
    monkeypatch.setattr(rights, "type_names", names)
    monkeypatch.setitem(rights._RULES, "trial", _anything)  # pyright: ignore[reportPrivateUsage, reportArgumentType]
    monkeypatch.setattr("domain.reading.scopes.type_names", names)
    files = dict(trial_files())
    taken = "types: [register, device, quarantine, clock]"
    assert taken in files["scopes.yaml"]
    files["scopes.yaml"] = files["scopes.yaml"].replace(taken, f"{taken[:-1]}, trial]")
    for path, content in files.items():
        file = tmp_path / "definitions" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    async with plant(tmp_path, definitions=tmp_path / "definitions") as here:
        yield here


def write(device: Device, person: str, kind: str = "decide", **cells: Value) -> Entry:
    with device.app.store.session() as session:
        return device.app.write(
            session, person, kind=kind, record_id=RECORD, type="trial", definition="trial@1",
            set=cells,
        )  # fmt: skip


async def three(site: PlantSite) -> tuple[Device, Device, Device]:
    """Three tablets that know the submitted record, and are offline from now on."""
    first = await site.device("tablet-1")
    second, third = await site.device("tablet-2"), await site.device("tablet-3")
    write(first, HEAD, "edit", state="draft", area="A01")
    write(first, HEAD, state="submitted", action="permit.apply")
    for one in (first, second, third):
        await one.sync()
    for one in (first, second, third):
        one.wire.up = False
    return first, second, third


def by_pictures(source: Device, target: Device, lost: float = 0.3, seed: int = 7) -> relay.Taken:
    """Show the QR sequence, photograph it with gaps and damage, and take it in."""
    offered = relaying.offer(source.app, source.person(HEAD), RECORD)
    assert offered.packed is not None
    chance, reader, gathered = random.Random(seed), choose_reader(), Gatherer()
    for text in relay_frames.frames(offered.packed):
        if chance.random() < lost:
            continue
        for seen in reader.read(relay_frames.picture(text), fast=True):
            gathered.add(seen.text)
        if gathered.whole:
            break
    return relay.take(target.app, target.person(HEAD), gathered.data())


def by_file(source: Device, target: Device, folder: Path) -> relay.Taken:
    file = folder / f"handed{SUFFIX}"
    file.write_bytes(relaying.file_of(source.app, source.person(HEAD), RECORD))
    return relay.take_file(target.app, target.person(HEAD), file)


def at(device: Device) -> tuple[Mapping[str, Value], list[str]]:
    """Return the values of the record on a device, and the kinds of its open holds."""
    with device.app.store.reading() as session:
        record = records.get(session, RECORD)
        held = [one.kind for one in records.holds(session, RECORD) if one.lifted_by is None]
    return {name: record.get(name) for name in sorted(record.cells)}, held


def on_server(site: PlantSite) -> tuple[Mapping[str, Value], list[str], int]:
    store = site.server.state.site.store
    with store.reading() as session:
        record = records.get(session, RECORD)
        held = [one.kind for one in records.holds(session, RECORD) if one.lifted_by is None]
        count = len(entries.of_record(session, RECORD))
    return {name: record.get(name) for name in sorted(record.cells)}, held, count


@pytest.mark.parametrize("way", ["pictures", "file"])
async def test_a_reject_holds_at_once_on_the_device_it_was_handed_to(
    site: PlantSite, tmp_path: Path, way: str
) -> None:
    first, second, third = await three(site)
    write(first, HEAD, state="approved", action="permit.approve")
    write(second, DEPUTY, state="rejected", action="permit.reject")

    taken = by_pictures(second, first) if way == "pictures" else by_file(second, first, tmp_path)
    assert [(line.state, line.stops) for line in taken.lines if line.kind == "decide"][-1] == (
        "counts", True,
    )  # fmt: skip
    assert at(first)[0]["state"] == "rejected"  # before the start: rejected, though it approved
    assert len(relay.waiting(first.app, RECORD)) == 1
    by_pictures(first, third)  # handed on by a device that only carries it
    assert at(third) == at(first)
    assert len(relay.waiting(third.app, RECORD)) == 2

    third.wire.up = True  # who meets the server first brings both decisions
    await third.sync()
    state, held, count = on_server(site)
    assert (state["state"], count) == ("rejected", 4)
    for one in (first, second):
        one.wire.up = True
        await one.sync()
    for one in (second, first, third):
        await one.sync()
    assert on_server(site) == (state, held, 4)  # nothing came twice
    assert at(first) == at(second) == at(third) == (state, held)
    for one in (first, second, third):
        assert relay.waiting(one.app) == []
        with one.app.store.reading() as session:
            assert not relayed.some(session)


async def test_a_stop_reaches_the_started_work_and_only_its_lift_frees_it(site: PlantSite) -> None:
    first, second, third = await three(site)
    write(first, HEAD, state="approved", action="permit.approve")
    write(first, HEAD, state="started", action="permit.start")
    by_pictures(first, second)
    write(second, OFFICER, state="suspended", action="permit.stop")
    taken = by_pictures(second, third)
    assert at(third) == at(second)
    assert at(third)[0]["state"] == "suspended"
    assert at(third)[1] == ["stop"]
    assert taken.sender == f"tablet-2 ({second.app.device.short})"
    by_pictures(second, first)
    assert at(first)[0]["state"] == "suspended"

    second.wire.up = True  # it carries the approval and the start that its stop builds on
    await second.sync()
    state, held, count = on_server(site)
    assert (state["state"], held, count) == ("suspended", ["stop"], 5)
    for one in (third, first):
        one.wire.up = True
        await one.sync()
    assert at(first) == at(third) == (state, held)
    assert on_server(site)[2] == 5


async def test_a_stop_that_leaves_a_gap_is_in_force_before_its_writer_comes(
    site: PlantSite,
) -> None:
    first, second, third = await three(site)
    other = "0198c0de-0000-7000-8000-00000000c004"
    with first.app.store.session() as session:
        for n in range(40):  # so much other work that the pictures leave it out
            first.app.write(
                session, HEAD, kind="edit", record_id=f"{other}-{n}", type="trial",
                definition="trial@1", set={"note": f"{random.Random(n).getrandbits(3600):x}"},
            )  # fmt: skip
    write(first, HEAD, state="suspended", action="permit.stop")
    offered = relaying.offer(first.app, first.person(HEAD), RECORD)
    assert offered.short
    by_pictures(first, second)
    assert at(second)[1] == ["stop"]
    second.wire.up = True
    await second.sync()
    assert on_server(site)[1] == ["stop"]  # forty entries before it are missing
    here = site.server.state.site
    with here.store.reading() as session:
        assert [one.came.state for one in relayed.find(session)] == ["carried"]
    third.wire.up = True
    await third.sync()
    assert at(third) == at(second) == on_server(site)[:2]
    before = on_server(site)[2]
    first.wire.up = True
    await first.sync()
    await site.run_duties()
    for one in (first, second, third):
        await one.sync()
    assert on_server(site)[1:] == (["stop"], before + 1)  # its turn confirms it, adds no hold
    assert at(first) == at(second) == at(third) == on_server(site)[:2]
    with first.app.store.reading() as session:
        own = entries.of_record(session, RECORD)
        assert {one.verdict for one in own} == {"accepted"}  # nobody is asked anything
    with here.store.reading() as session:
        assert not relayed.some(session)


async def test_any_order_of_handing_over_and_sync_ends_alike(site: PlantSite) -> None:
    """Seeds 1 to 12: equal states everywhere and no entry twice, whatever was handed to whom."""
    tablets = list(await three(site))
    moves = [
        ("approved", "permit.approve"), ("started", "permit.start"), ("suspended", "permit.stop"),
        ("rejected", "permit.reject"), ("started", "permit.resume"),
    ]  # fmt: skip
    people = [HEAD, DEPUTY, OFFICER]
    written = 2
    for seed in range(1, 13):
        print("seed", seed)
        chance = random.Random(seed)
        for _ in range(8):
            what, one = chance.randrange(4), chance.choice(tablets)
            if what == 0:
                state, action = chance.choice(moves)
                write(one, chance.choice(people), state=state, action=action)
                written += 1
            elif what == 3:
                one.wire.up = True
                await one.sync()
                one.wire.up = False
            else:
                other = chance.choice([tablet for tablet in tablets if tablet is not one])
                handed = relaying.offer(one.app, one.person(HEAD), RECORD)
                for _ in range(chance.randint(1, 2)):
                    relay.take(other.app, other.person(HEAD), handed.message)
        for _ in range(2):
            for one in tablets:
                one.wire.up = True
                await one.sync()
        await site.run_duties()
        for one in tablets:
            await one.sync()
            one.wire.up = False
        state, held, count = on_server(site)
        assert count == written
        for one in tablets:
            assert at(one) == (state, held)
            with one.app.store.reading() as session:
                assert not relayed.some(session)
                assert len(journal.of_record(session, RECORD)) == written


@pytest.mark.parametrize(
    "cells",
    [{"state": "blocked", "reason": "lost"}, {"revoked_ms": 1_790_000_000_000, "reason": "lost"}],
    ids=["blocked", "lost"],
)
async def test_a_device_that_was_shut_out_is_not_believed(
    site: PlantSite, cells: dict[str, Value]
) -> None:
    first, second, _ = await three(site)
    write(first, HEAD, state="approved", action="permit.approve")
    with second.app.store.session() as session:
        second.app.write(
            session, OFFICER, kind="edit", record_id=first.app.device.device_id, type="device",
            definition="device@1",
            set={**cells, "by": OFFICER, "at_ms": 1_790_000_000_000},
        )  # fmt: skip
    with pytest.raises(RelayRevokedError):
        by_pictures(first, second)
    assert relay.waiting(second.app) == []


async def test_a_changed_decision_is_refused_and_nothing_of_it_stays(site: PlantSite) -> None:
    first, second, _ = await three(site)
    write(first, HEAD, state="approved", action="permit.approve")
    message = relaying.offer(first.app, first.person(HEAD), RECORD).message
    assert b"permit.approve" in message
    with pytest.raises(RelayForgedError):
        relay.take(second.app, second.person(HEAD), message.replace(b"approved", b"rejected"))
    assert relay.waiting(second.app) == []
    assert at(second)[0]["state"] == "submitted"
