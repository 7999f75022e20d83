"""Partial sync promises: a device holds what the rules give its people, all of it and no more.

On both databases; the random runs print their seed.
"""

import random
import shutil
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from domain import scopes
from domain.changes import DeviceTime, Entry, encode
from domain.errors import OfflineError, ServerRefusedError
from domain.merge import POLICIES
from domain.records import Value
from domain.scopes import Allotment
from offline_store import blobs, entries, journal, keep, records
from server import main
from server.own_entries import OwnStep, write_own
from server.rights import RULE
from server.settings import ServerSettings
from server.site import SERVER_DEVICE, Site
from sync.protocol import PullReply
from sync.taking import take
from tests.server.phone import CODE, report
from tests.sync.field import Tablet, tablet

ADMINISTRATOR, MANAGER, ELECTRICIAN, WORKER, LEADER = "U014", "U001", "U009", "U012", "U019"
TYPES = ("hazard", "evidence", "task", "inspection", "event", "notice", "gap", "device", "register")


@pytest.fixture
def app(
    empty_home: Path, tmp_path: Path, on_store: Callable[[Path | None], str | None]
) -> httpx.ASGITransport:
    home = tmp_path / "server"
    shutil.copytree(empty_home, home)
    settings = ServerSettings(
        home=home, enrol_code=CODE, disk_free_min_bytes=0, enrol_per_minute=1000,
        enrol_code_devices=1000,
        database_url=on_store(empty_home),
    )  # fmt: skip
    return httpx.ASGITransport(main.create_app(settings))


class Plant:
    """A server and its tablets; everybody may sign on at the first one."""

    def __init__(self, app: httpx.ASGITransport) -> None:
        self.app = app
        self.site: Site = app.app.state.site  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportFunctionMemberAccess]
        self.tablets: list[Tablet] = []

    async def tablet(self, **options: float) -> Tablet:
        self.tablets.append(await tablet(self.app, **options))  # pyright: ignore[reportArgumentType]
        return self.tablets[-1]

    async def limited(self, *people: str, areas: Collection[str] = ()) -> Tablet:
        one = await self.tablet()
        await self.give(one, *people, areas=areas)
        return one

    async def give(self, to: Tablet, *people: str, areas: Collection[str] = ()) -> None:
        """An administrator says who uses a device, and where."""
        admin = self.tablets[0]
        await admin.engine.sync_once()
        cells: dict[str, Value] = {
            "people": [*people], "areas": [*areas], "units": [], "by": ADMINISTRATOR,
            "at_ms": 1_790_000_000_000,
        }  # fmt: skip
        admin.write(ADMINISTRATOR, "device", cells, kind="edit", record_id=to.identity.device_id)
        await admin.engine.sync_once()
        assert admin.items()[0].verdict == "accepted"

    def gap(self, record_id: str, **cells: Value) -> None:
        """The product raises a gap, or moves it."""
        write_own(self.site, [OwnStep(RULE, record_id, "gap", {"state": "open"} | cells)])

    def owed(self, *people: str, areas: Collection[str] = ()) -> set[str]:
        """The records of the server that the rules give these people."""
        found = self.site.pack.definitions
        named = [found.plant.people[one] for one in people]
        wanted = scopes.of_people(found.ground, named, Allotment(people, tuple(areas)))
        with self.site.store.reading() as session:
            every = [
                one for type in TYPES for one in records.find(session, type, limit=records.ALL)
            ]
        by_id = {one.record_id: one for one in every}
        return {
            one.record_id
            for one in every
            if scopes.sees(wanted, scopes.of_record(found.ground, one, by_id.get(one.text("of"))))
        }


@pytest.fixture
async def plant(app: httpx.ASGITransport) -> AsyncIterator[Plant]:
    made = Plant(app)
    await made.tablet()
    yield made
    for one in made.tablets:
        await one.transport.close()
        one.store.close()
    made.site.store.close()


def held(one: Tablet) -> set[str]:
    """The records that a device shows."""
    with one.store.reading() as session:
        return {
            record.record_id
            for type in TYPES
            for record in records.find(session, type, limit=records.ALL)
        }


def same(one: Tablet, site: Site) -> bool:
    """Whether all that a device shows is, cell for cell, what the server has."""
    ids = sorted(held(one))
    with one.store.reading() as session, site.store.reading() as there:
        return records.lookup_all(session, ids) == records.lookup_all(there, ids)


def words_in(one: Tablet, words: str) -> int:
    """How many entries in a device's file hold these words."""
    with one.store.reading() as session:
        rows = session.connection().execute(text("SELECT body FROM entry")).scalars()
        return sum(words.encode() in bytes(body) for body in rows)


async def test_a_device_of_some_people_holds_what_the_rules_give_them_and_nothing_else(
    plant: Plant,
) -> None:
    worker, mine = plant.tablets[0], await plant.limited("U044")
    hidden = worker.write(WORKER, "hazard", report("看不到"))
    await worker.engine.sync_once()
    await mine.engine.sync_once()
    assert held(mine) == plant.owed("U044")
    assert hidden not in held(mine)
    assert words_in(mine, "看不到") == 0, "not even in the file"
    await plant.give(mine, "U044", WORKER)
    await mine.engine.sync_once()
    assert hidden in held(mine)
    assert held(mine) == plant.owed("U044", WORKER)
    await plant.give(mine)
    await mine.engine.sync_once()
    await worker.engine.sync_once()
    assert held(mine) == held(worker), "all people of the plant: everything"
    assert same(mine, plant.site)


async def test_a_new_scope_is_filled_alone_and_a_cut_takes_it_up_where_it_stopped(
    plant: Plant,
) -> None:
    mine = await plant.limited("U044")
    await mine.engine.sync_once()
    for number in range(450):
        plant.gap(f"gap-{number:04}", area="A01", unit="T-TANK", owner=WORKER)
    await mine.engine.sync_once()
    assert not any(one.startswith("gap") for one in held(mine))
    await plant.give(mine, "U044", WORKER)
    mine.link.requests.clear()
    asked, send = 0, mine.link.app.handle_async_request

    async def cut_once(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += request.url.path == "/v1/snapshot"
        if request.url.path == "/v1/snapshot" and asked == 2:
            message = "cut"
            raise httpx.ReadError(message, request=request)
        return await send(request)

    mine.link.app.handle_async_request = cut_once  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(OfflineError):
        await mine.engine.sync_once()
    before = {one for one in held(mine) if one.startswith("gap")}
    assert 0 < len(before) < 450, "what came stays"
    await mine.engine.sync_once()
    assert held(mine) == plant.owed("U044", WORKER)
    with mine.store.reading() as session:
        assert keep.cursor(session, f"read/owner={WORKER}").feed > 0
    again = [path for _, path in mine.link.requests if path == "/v1/snapshot"]
    assert len(again) < 12, again


async def test_a_record_that_moves_enters_whole_and_leaves_with_its_photos(plant: Plant) -> None:
    worker = plant.tablets[0]
    here, there = await plant.limited("U034"), await plant.limited("U029")  # A06 and A01
    hazard = worker.write(WORKER, "hazard", report("先在六区"))
    thumb = worker.photo(hazard, b"thumb" * 50, "thumb")
    original = worker.photo(hazard, b"original" * 50)
    stamped = worker.photo(hazard, b"stamped" * 50, "stamped")
    photo = worker.write(
        WORKER, "evidence",
        {"of": hazard, "by": WORKER, "original": original, "stamped": stamped, "thumb": thumb},
        kind="attach",
    )  # fmt: skip
    await worker.engine.sync_once()
    for one in (here, there):
        await one.engine.sync_once()
    assert {hazard, photo} <= held(here)
    assert (await here.engine.fetch_blob(thumb)).startswith(b"thumb")
    assert (await here.engine.fetch_blob(original)).startswith(b"original"), "somebody opens it"
    blobs.keep_file(here.store, b"stamped" * 50)  # and a crash comes between a file and its row
    assert not {hazard, photo} & held(there)
    with pytest.raises(ServerRefusedError):
        await there.engine.fetch_blob(thumb)
    move(plant.site, hazard, area="A01", unit="T-TANK")
    for one in (here, there):
        await one.engine.sync_once()
    assert {hazard, photo} <= held(there)
    assert there.record(hazard).text("words") == "先在六区"
    assert not {hazard, photo} & held(here)
    assert words_in(here, "先在六区") == 0
    for sha in (thumb, original, stamped):
        assert not any(here.store.blobs.glob(f"*/{sha}*")), "the picture is gone, too"
    move(plant.site, hazard, area="A06", unit="T-ELE")
    for one in (here, there):
        await one.engine.sync_once()
    assert {hazard, photo} <= held(here)
    assert held(here) == plant.owed("U034")
    assert held(there) == plant.owed("U029")
    assert same(here, plant.site)


def move(site: Site, record_id: str, **cells: Value) -> None:
    """No rule of today moves a report to another area: the journal of the server takes it."""
    with site.store.session() as session:
        taking = journal.Intake(session, SERVER_DEVICE, [record_id], site.pack.definitions.policies)
        record = taking.record(record_id)
        assert record is not None
        number, now = journal.head(session, SERVER_DEVICE)[0] + 1, site.now_ms()
        base = {name: record.cells[name].writer for name in cells if name in record.cells}
        entry = Entry(
            SERVER_DEVICE, number, f"moved-{number}", "edit", RULE, record_id, record.type,
            record.definition, base, cells, now, 0, DeviceTime(now, 1, "b", 0),
        )  # fmt: skip
        taking.add(entry, encode(entry), now)
        taking.save()


async def test_a_person_who_moves_to_another_area_takes_the_device_along(plant: Plant) -> None:
    mine = await plant.limited("U034", areas=["A06"])
    plant.gap("six", area="A06", unit="T-ELE", owner=WORKER)
    plant.gap("two", area="A02", unit="T-CHA", owner=WORKER)
    await mine.engine.sync_once()
    assert {"six", "two"} & held(mine) == {"six"}
    await plant.give(mine, "U034", areas=["A02"])
    await mine.engine.sync_once()
    assert {"six", "two"} & held(mine) == {"two"}
    assert held(mine) == plant.owed("U034", areas=["A02"])
    assert words_in(mine, '"rec":"six"') == 0


async def test_unsent_edits_of_a_record_that_left_are_sent_and_then_it_goes(plant: Plant) -> None:
    mine = await plant.limited(LEADER)
    hazard = plant.tablets[0].write(WORKER, "hazard", report("要走了"))
    await plant.tablets[0].engine.sync_once()
    await mine.engine.sync_once()
    assert hazard in held(mine)
    mine.link.down = True
    mine.write(LEADER, "hazard", {"state": "accepted", "action": "hazard.accept"}, record_id=hazard)
    move(plant.site, hazard, area="A01", unit="T-TANK")
    page = await next_page(mine)
    assert page.leave == [hazard]
    take(mine.store, page, POLICIES, own=mine.identity.device_id)
    assert hazard in held(mine), "what was written here waits"
    mine.link.down = False
    await mine.engine.sync_once()
    sent = mine.items()[0]
    assert (sent.state, sent.code) == ("refused", "access.denied"), "judged by what is now"
    assert sent.receipt_code, "and the person sees it, with the receipt"
    assert hazard not in held(mine)
    assert words_in(mine, "要走了") == 0
    assert words_in(mine, "hazard.accept") == 1, "the own entry stays in the own chain"
    with plant.site.store.reading() as session:
        there = entries.of_device(session, mine.identity.device_id, 1, 10)
    assert [one.verdict for one in there] == ["refused"], "it is on the server all the same"


async def next_page(mine: Tablet) -> PullReply:
    """The next page for a device, past its link."""
    with mine.store.reading() as session:
        at = keep.cursor(session)
        mark = mine.engine._scopes.mark(session, at)
    mine.link.down = False
    page = await mine.transport.pull(at.feed, 500, known={"epoch": at.epoch, "mark": mark})
    mine.link.down = True
    return page


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_moves_and_whoever_comes_a_device_holds_exactly_what_is_owed(
    plant: Plant, seed: int
) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    found = plant.site.pack.definitions.plant
    people = sorted(one for one in found.people if found.people[one].retired_ms is None)
    areas, units = sorted(found.areas), sorted(found.units)
    given: dict[int, tuple[list[str], list[str]]] = {}
    devices_ = [await plant.tablet(seed=seed * 10 + n, cuts=0.1) for n in range(3)]
    gaps: list[str] = []

    async def assign(number: int) -> None:
        named = chance.sample(people, chance.randint(1, 4))
        limited = chance.sample(areas, 2) if chance.random() < 0.4 else []
        given[number] = named, limited
        await plant.give(devices_[number], *named, areas=limited)

    for number in range(3):
        await assign(number)
    for _ in range(40):
        dice = chance.random()
        if dice < 0.6:
            if not gaps or chance.random() < 0.4:
                gaps.append(f"gap-{seed}-{len(gaps)}")
            plant.gap(
                chance.choice(gaps), area=chance.choice(areas), unit=chance.choice(units),
                owner=chance.choice(people), state=chance.choice(("open", "settled")),
            )  # fmt: skip
        elif dice < 0.7:
            plant.tablets[0].write(WORKER, "hazard", report(f"{seed}"))
            await plant.tablets[0].engine.sync_once()
        elif dice < 0.78:
            await assign(chance.randrange(3))
        else:
            try:
                await chance.choice(devices_).engine.sync_once()
            except OfflineError:
                continue
    for number, one in enumerate(devices_):
        await one.sync_until_done()
        named, limited = given[number]
        assert held(one) == plant.owed(*named, areas=limited), (seed, number, named, limited)
        assert same(one, plant.site), (seed, number)


async def test_a_device_of_version_1_1_is_served_only_if_it_may_see_everything(
    plant: Plant,
) -> None:
    mine = plant.tablets[0]
    token = mine.transport._client.headers["Authorization"]
    headers = {"Authorization": token, "Anshao-Protocol": "1"}
    async with httpx.AsyncClient(transport=plant.app, base_url="http://server") as client:
        asked = "/v1/pull?after=0&limit=500&wait=0&own=0"
        reply = await client.get(asked, headers=headers)
        assert reply.status_code == 200
        assert reply.json()["entries"], "as before"
        assert "prev" not in reply.json()["entries"][0]
        other = await plant.tablet()
        await plant.give(mine, WORKER)
        reply = await client.get(asked, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (426, "protocol.version")
        assert reply.json()["params"] == {"wanted": "1.2"}
        mine.write(WORKER, "hazard", report("仍然收下"))
        await mine.engine.sync_once()
    assert other.identity.device_id != mine.identity.device_id


async def test_nobody_gets_a_snapshot_of_scopes_that_are_not_theirs(plant: Plant) -> None:
    mine = await plant.limited(WORKER)
    for scope in ("*", "read/*", "read/owner=U001"):
        with pytest.raises(ServerRefusedError) as refused:
            await mine.transport.snapshot([scope])
        assert refused.value.params["reason"] == "scope.other"


async def test_a_device_of_some_people_may_wish_for_a_picture_that_nobody_sent_yet(
    plant: Plant,
) -> None:
    mine, sha = await plant.limited("U044"), "ab" * 32
    with pytest.raises(ServerRefusedError):
        await mine.transport.fetch_blob(sha, waiting=True)
    assert plant.site.uploads.wished(5, 0) == [sha]
