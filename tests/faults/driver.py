"""A field client without screens that works until it is killed, and says what was confirmed.

`python -m tests.faults.driver` prepares everything and waits; each line on its input (JSON) makes
it fork one client, which opens its store anew, as after a flat battery, and goes round the loop:
scan, answers, photo, hand in, hazard with a photo, move, all while the engine syncs. A line on its
output (JSON) is written only after a use case has returned: that is what the person was shown.

One byte of shared memory is 1 while a write is under way (from the first change of a transaction to
the end of its commit, and while a file of the blob folder is written), so that the parent knows
afterwards where its kill fell.
"""

import asyncio
import io
import json
import mmap
import os
import random
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import Connection, event

from app import link
from app.field import FieldApp
from app.settings import ClientSettings
from app.use_cases import evidence, hazards, inspections, reports
from app.use_cases import scan as scanning
from app.wiring import build_field
from domain.errors import SyncError
from domain.plant import Person
from domain.questions import Item
from offline_store import blobs, journal
from offline_store.database import Store
from tests.helpers.plant import Here, simulated

INSPECTOR, OPERATOR, LEADER = "U003", "U012", "U019"
ASSETS = ("TK-101", "P-201A", "C-401")
HAZARD_ASSET = "DB-03"
ANSWERS_MAX = 6  # per sheet: the loop shall come round often
_counting = threading.Lock()
_under_way: list[mmap.mmap] = []  # the engine writes in threads of its own


@dataclass
class Client:
    """One run of the client: the app, its seed, and what it reads from beside the server."""

    field: FieldApp
    luck: random.Random
    folder: Path  # labels/*.png, made by the parent
    here: Here

    def person(self, person_id: str) -> Person:
        """Return a person of the plant."""
        return self.field.definitions.plant.people[person_id]


def confirm(what: str, **facts: object) -> None:
    """Say what a person was just shown as saved."""
    os.write(1, json.dumps({"what": what, **facts}).encode() + b"\n")  # whole or not at all


# --- where a write is under way -----------------------------------------------------------------


@contextmanager
def _marked(flag: mmap.mmap) -> Generator[None]:
    with _counting:
        _under_way.append(flag)
        flag[0] = 1
    try:
        yield
    finally:
        with _counting:
            _under_way.pop()
            flag[0] = 1 if _under_way else 0


def _mark_writes(store: Store, flag: mmap.mmap) -> None:
    """Raise the flag from the first change of a transaction to the end of its commit."""
    open_now: dict[int, Any] = {}

    def change(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        raw = id(connection.connection.dbapi_connection)
        if raw not in open_now and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            open_now[raw] = _marked(flag)
            open_now[raw].__enter__()  # it ends in the other callback

    def end(raw: object, _record: object) -> None:
        mark = open_now.pop(id(raw), None)
        if mark:
            mark.__exit__(None, None, None)

    event.listen(store.engine, "before_cursor_execute", change)
    event.listen(store.engine, "checkin", end)  # after the commit
    for name in ("keep_file", "keep_path"):
        setattr(blobs, name, _around(getattr(blobs, name), flag))


def _around(write: Callable[..., Any], flag: mmap.mmap) -> Callable[..., Any]:
    def marked(*arguments: Any) -> Any:  # noqa: ANN401 -- passed on
        with _marked(flag):
            return write(*arguments)

    return marked


# --- the loop -----------------------------------------------------------------------------------


def go_round(client: Client) -> None:
    """Scan, answer, take a photo, hand in; report a hazard with a photo and move it."""
    draft_id, asset = _open_sheet(client)
    _answer(client, draft_id)
    for item_id in _to_be_shown(client, draft_id):
        _photo(client, INSPECTOR, evidence.Target(draft_id, "IN", asset, "item", item_id))
    inspector = client.person(INSPECTOR)
    inspections.stand_still(client.field, inspector, draft_id, "停机")
    confirm("handed in", record=inspections.hand_in(client.field, inspector, draft_id, None))
    hazard = _report(client)
    leader = client.person(LEADER)
    hazards.act(client.field, leader, hazard, "hazard.accept", "accepted")
    confirm("moved", record=hazard, action="hazard.accept")


def _open_sheet(client: Client) -> tuple[str, str]:
    labels = sorted((client.folder / "labels").glob("*.png"))
    picture = client.luck.choice(labels)
    field, inspector = client.field, client.person(INSPECTOR)
    asset = field.definitions.plant.assets[picture.stem]
    fix = client.here.stand_at(asset)
    [text, *_] = scanning.decode(field, picture.read_bytes(), live=False)
    scanned = scanning.resolve(field, inspector, text, fix)
    sheet = inspections.open_sheet(field, inspector, scanned, fix)
    confirm("opened", draft=sheet.draft_id)
    return sheet.draft_id, asset.asset_id


def _answer(client: Client, draft_id: str) -> None:
    field, inspector = client.field, client.person(INSPECTOR)
    sheet = inspections.sheet(field, inspector, draft_id)
    left = [row.line.item for row in sheet.lines if not row.line.value]
    for item in client.luck.sample(left, min(len(left), ANSWERS_MAX)):
        value = _value(client, item)
        if value is not None:  # each question is answered once: its answer never changes
            inspections.answer(field, inspector, draft_id, item.item_id, value)
            confirm("answer", draft=draft_id, item=item.item_id, value=value)


def _to_be_shown(client: Client, draft_id: str) -> list[str]:
    """Return the questions that demand a photo; the first one where none does."""
    sheet = inspections.sheet(client.field, client.person(INSPECTOR), draft_id)
    missing = [row.line.item.item_id for row in sheet.lines if row.line.photo_missing]
    return missing or [sheet.lines[0].line.item.item_id]


def _value(client: Client, item: Item) -> str | None:
    if item.kind == "ok":
        return "ok"
    if item.kind == "num":
        return str(client.luck.randint(1, 9))
    if item.kind == "text":
        return f"第{client.luck.randint(1, 999)}次"
    return None  # choices, signatures: others are enough


def _photo(client: Client, person: str, target: evidence.Target) -> None:
    # another picture each time: like ones are compared, and a life here is short
    spots = Image.frombytes("RGB", (64, 48), client.luck.randbytes(64 * 48 * 3))
    data = io.BytesIO()
    spots.resize((640, 480)).save(data, "JPEG")
    card = evidence.keep(
        client.field, client.person(person), target, data.getvalue(), source="camera", fix=None
    )
    confirm("photo", record=card.evidence_id, of=target.record_id)


def _report(client: Client) -> str:
    field, operator = client.field, client.person(OPERATOR)
    draft = reports.open_draft(field, operator, asset_id=HAZARD_ASSET)
    words = draft.words or f"柜门没锁 {client.luck.randint(1, 10**6)}"  # said once, never changed
    reports.change_draft(field, operator, draft.draft_id, words=words)
    confirm("words", draft=draft.draft_id, words=words)
    _photo(client, OPERATOR, evidence.Target(draft.draft_id, draft.code, HAZARD_ASSET, "panorama"))
    record_id = reports.report(field, operator, draft.draft_id, None)
    confirm("reported", record=record_id, words=words)
    return record_id


# --- one run ------------------------------------------------------------------------------------


async def work(order: dict[str, Any], flag: mmap.mmap) -> None:
    """Go round the loop while the engine syncs, or only bring everything to the server."""
    folder = Path(order["folder"])
    settings = ClientSettings(
        store=folder / "client", store_key_file=folder / "client.secret",
        server_url=order["url"], enrol_code=order["code"], device_name="kill",
    )  # fmt: skip
    here = Here()
    field = build_field(settings, devices=simulated(here, []))
    if field.identity is None or field.pack is None:
        transport = link.make_transport(field)("")
        assert field.key is not None
        await link.enrol(field, field.key, transport)
        await transport.close()
        transport = link.make_transport(field)(field.device.token)
        await link.refresh_pack(field, transport)
        await transport.close()
    engine = link.start_engine(field, link.make_transport(field)(field.device.token), _nothing)
    if order["settle"]:
        await _settle(field)
        confirm("settled")
        return
    _mark_writes(field.store, flag)
    client = Client(field, random.Random(order["seed"]), folder, here)
    syncing = asyncio.create_task(engine.run())
    confirm("began", head=_head(field))
    while True:  # until killed
        await asyncio.to_thread(go_round, client)
        if syncing.done():
            syncing.result()
        confirm("round")


async def _settle(field: FieldApp) -> None:
    assert field.engine
    for _ in range(50):
        with suppress(SyncError):  # the server may be starting
            await field.engine.sync_once()
        if field.engine.status.waiting == 0:
            return
        await asyncio.sleep(0.2)
    message = f"not settled: {field.engine.status}"
    raise AssertionError(message)


def _head(field: FieldApp) -> int:
    with field.store.reading() as session:
        return journal.head(session, field.device.device_id)[0]


def _nothing() -> None:
    """The status is nobody's screen here."""


def main() -> None:
    """Fork a client for each line on the input; say its process id first."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            with Path(order["flag"]).open("r+b") as file:
                asyncio.run(work(order, mmap.mmap(file.fileno(), 1)))
            sys.stdout.flush()
            os._exit(0)
        confirm("forked", pid=child)
        _, status = os.waitpid(child, 0)
        confirm("ended", status=status)


if __name__ == "__main__":
    main()
