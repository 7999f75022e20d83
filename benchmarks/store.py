"""Bench `store`: do lists, checklists and search stay fast while the years pile up?

The same questions are asked of the same plant with 1 000, 10 000 and 100 000 records. The ratios
compare medians; the figures are of the largest store. One answer to a question of a checklist is
compared with a bare sqlite3 commit of the same bytes, turn by turn. `--data` names the folder to
work in: its disk decides how long a commit takes.
"""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from app.field import Devices, FieldApp, Identity, Pack
from app.settings import ClientSettings
from app.use_cases import inspections, scan, search, tasks
from app.wiring import ASSETS, build_field
from benchmarks import store_sealed
from benchmarks.baselines.sqlite_commit import SqliteCommit
from benchmarks.plant_years import PlantYears
from benchmarks.runner import Options, Result
from domain.definitions import Definitions, load
from domain.plant import Asset, Person
from media.adapters.readers import choose_reader
from media.adapters.simulated import SimulatedCamera, SimulatedLocator
from offline_store import devices, drafts

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000}
ROUNDS, WARM_UP = 40, 2
WRITES = 200
PERSON, SEARCHER = "U003", "U001"  # an inspector; who may read every hazard
# as people search: a letter or two, words that must all be there, a code; most fill a page
QUESTIONS = ("漏", "罐", "消防", "罐 漏", "tank", "fire", "tank leak", "HZ-3F2A-0007")
Ask = Callable[[], object]


def run(options: Options) -> Result:
    """Fill three stores, ask them all, and write answers; returns ratios and figures."""
    figures: dict[str, float] = {}
    medians: dict[tuple[str, str], float] = {}
    with ExitStack() as stack:
        folder = options.data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="anshao-bench-"))
        )
        fields: dict[str, FieldApp] = {}
        for done, (name, count) in enumerate(SIZES.items()):
            options.progress(done, len(SIZES) + 1)
            fields[name] = _device(folder / f"store-{name}", count)
            stack.callback(fields[name].store.close)
        for (what, name), times in _asked(fields).items():
            medians[what, name] = median(times)
            figures[f"{what}_{name}_median_ms"] = median(times)
            figures[f"{what}_{name}_p95_ms"] = _p95(times)
        options.progress(len(SIZES), len(SIZES) + 1)
        ours, bare = _answers(fields["100k"], folder)
        sealed, more = store_sealed.measure(folder)
        options.progress(len(SIZES) + 1, len(SIZES) + 1)
    for what in ("open_tasks", "open_checklist", "search"):
        figures[f"{what}_p95_ms"] = figures[f"{what}_100k_p95_ms"]
    figures["answer_write_ms"], figures["sqlite_commit_ms"] = median(ours), median(bare)
    ratios = {
        f"{what}_100k_over_1k": medians[what, "100k"] / medians[what, "1k"]
        for what in ("open_tasks", "open_checklist", "search")
    }
    ratios["answer_write_over_sqlite"] = median(ours) / median(bare)
    return ratios | sealed, figures | more


def _device(folder: Path, count: int) -> FieldApp:
    """Build a device whose store holds so many records."""
    nothing = Devices(
        camera=lambda: SimulatedCamera([], refusal="none"),
        locator=lambda: SimulatedLocator(None),
        reader=choose_reader(),
    )
    settings = ClientSettings(store=folder, store_key_file=folder.with_suffix(".secret"))
    field = build_field(settings, devices=nothing)
    now_ms = field.clock.now_ms()
    definitions = _definitions(now_ms)
    field.identity = Identity("00000000-0000-4000-8000-000000003f2a", b"\1" * 32, "", "DEMO")
    field.pack = Pack(definitions, {}, {}, {}, now_ms)
    with field.store.session() as session:
        own = devices.Device(field.identity.device_id, field.identity.public_key)
        devices.add(session, own)
    PlantYears(definitions, now_ms).fill(field.store, count)
    return field


def _definitions(now_ms: int) -> Definitions:
    folder = ASSETS / "definitions"
    files = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.yaml"))
    }
    return load(files, datetime.fromtimestamp(now_ms / 1000, tz=UTC).date())


def _asked(fields: Mapping[str, FieldApp]) -> dict[tuple[str, str], list[float]]:
    """Ask all stores in turn, so that whatever else the machine does meets them alike."""
    asked: dict[tuple[str, str], list[Ask]] = {}
    for name, field in fields.items():
        person = field.definitions.plant.people[PERSON]
        asked["open_tasks", name] = [partial(tasks.today, field, person, None)]
        asked["open_checklist", name] = [partial(_open_checklist, field, person)]
        reader = field.definitions.plant.people[SEARCHER]
        asked["search", name] = [partial(_search, field, reader, words) for words in QUESTIONS]
    times: dict[tuple[str, str], list[float]] = {key: [] for key in asked}
    for number in range(WARM_UP + ROUNDS):
        for key, asks in asked.items():
            took = [_timed(ask) for ask in asks]
            if number >= WARM_UP:
                times[key] += took
    return times


def _open_checklist(field: FieldApp, person: Person) -> None:
    asset = _asset_of(field, person)
    scanned = scan.by_id(field, person, asset.asset_id, None, via="typed")
    inspections.open_sheet(field, person, scanned, None)


def _asset_of(field: FieldApp, person: Person) -> Asset:
    assets = field.definitions.plant.assets.values()
    return next(asset for asset in assets if asset.area in person.areas)


def _search(field: FieldApp, person: Person, words: str) -> search.Found:
    """Search as the screen does; returns the first page of hits."""
    return search.ask(field, person, search.Question(words, kind="hazard"))


def _answers(field: FieldApp, folder: Path) -> tuple[list[float], list[float]]:
    """Answer a question of a checklist again and again, and commit the same bytes bare."""
    person = field.definitions.plant.people[PERSON]
    asset = _asset_of(field, person)
    scanned = scan.by_id(field, person, asset.asset_id, None, via="typed")
    sheet = inspections.open_sheet(field, person, scanned, None)
    items = [line.line.item for line in sheet.lines if line.line.item.kind == "ok"]
    assert items, "the checklist has questions to tick"
    bare = SqliteCommit(folder / "bare.db")
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(WRITES):
        item, value = items[number % len(items)], ("ok", "ng")[number // len(items) % 2]
        ours.append(
            _timed(
                lambda item=item, value=value: inspections.answer(
                    field, person, sheet.draft_id, item.item_id, value
                )
            )
        )
        with field.store.reading() as session:
            kept = drafts.load(session, sheet.draft_id)
        assert kept is not None
        theirs.append(bare.write(sheet.draft_id, os.fsencode(repr(kept.body))))
    bare.close()
    return ours[5:], theirs[5:]


def _timed(ask: Ask) -> float:
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]
