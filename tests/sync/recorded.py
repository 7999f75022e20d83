"""Conversations of devices and servers of two versions, as they were: made, read and replayed.

1.0 knows no signatures, 1.1 does, 1.2 knows scopes; all say `Anshao-Protocol: 1`.
A conversation is a file
`DEVICE-at-SERVER.json` under tests/fixtures/protocol. The device is that of the test vector, so its
requests are the same bytes each time. To record one with the server of another checkout:

    python -m tests.sync.recorded asks 1.1-at-1.0 >asks.json
    cd OTHER_CHECKOUT && PYTHONPATH=. python THIS/tests/sync/recorded.py answer asks.json >FILE
"""

import asyncio
import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.changes import DeviceTime
from offline_store import devices, journal, outbox
from offline_store.database import Store, open_store
from server import main
from server.accounts import token_hash
from server.settings import ServerSettings
from tests.server.phone import report

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "protocol"
DEVICE = "0198c0de-0000-7000-8000-00000000d003"
SEED = bytes(range(32))
TOKEN = "token-of-the-recorded-device"
PERSON = "U012"
MADE_MS = 1_760_775_180_000
Exchange = dict[str, Any]
Lines = dict[str, Any]


def read(name: str) -> list[Exchange]:
    """Return the exchanges of a conversation."""
    return cast("list[Exchange]", json.loads((FOLDER / f"{name}.json").read_text("utf-8")))


def packed_lines(data: bytes) -> list[str]:
    """Return the lines of a packed push."""
    return gzip.decompress(data).decode().split("\n")


def http_request(asked: Lines) -> tuple[str, str, bytes | None, dict[str, str]]:
    """Return method, path, content and headers of a recorded request."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Anshao-Protocol": "1"}
    if "lines" not in asked:
        return asked["method"], asked["path"], None, headers
    content = gzip.compress("\n".join(asked["lines"]).encode(), mtime=0)
    more = {"Content-Type": "application/jsonl", "Content-Encoding": "gzip"}
    return asked["method"], asked["path"], content, headers | more


def let_in(store: Store) -> None:
    """Enrol the recorded device at a server, under its own name."""
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    known = devices.Device(
        DEVICE, public, "recorded", token_hash=token_hash(TOKEN), enrolled_ms=MADE_MS
    )
    with store.session() as session:
        devices.add(session, known)


def write(store: Store) -> None:
    """Write the three entries of the recorded device: a report, an event, a report."""
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    cells = [
        ("hazard", "decide", report()),
        ("event", "edit", {"what": "recorded", "by": PERSON}),
        ("hazard", "decide", report("漏电", code="HZ-TEST-0002")),
    ]
    with store.session() as session:
        devices.add(session, devices.Device(DEVICE, key.public_key().public_bytes_raw()))
        for number, (type_, kind, set_) in enumerate(cells, 1):
            at_ms = MADE_MS + number
            time = DeviceTime(at_ms, 5_000_000 + number, "b1", 900)
            stamp = journal.Stamp(at_ms, 0, time, f"0198c0de-7a12-7000-8000-00000000000{number}")
            journal.write(
                session,
                journal.Author(DEVICE, PERSON, key.sign),
                stamp,
                kind=kind,
                record_id=f"0198c0de-7a10-7c3e-9f00-5e1fcafe000{number}",
                type=type_,
                definition=f"{type_}@1",
                set=set_,
            )


def asks(name: str) -> list[Lines]:
    """Return what the recorded device asks in a conversation."""
    from sync.pushes import packed  # 1.0 has none: its checkout only answers

    store = open_store(None)
    write(store)
    with store.session() as session:
        outgoing = outbox.next_push(session, DEVICE)
    assert outgoing is not None
    bare = packed_lines(packed(outgoing, bare=True))
    head = {key: said for key, said in json.loads(bare[0]).items() if key != "signed"}
    pushes = {
        "signed": packed_lines(packed(outgoing)),
        "bare": bare,
        "each": packed_lines(packed(outgoing, each=True)),
        "of 1.0": [json.dumps(head, separators=(",", ":")), *bare[1:]],
    }
    order = {
        "1.0-at-1.0": ["of 1.0", "of 1.0"],
        "1.0-at-1.1": ["of 1.0", "of 1.0"],
        "1.1-at-1.0": ["signed", "bare", "bare"],
        "1.1-at-1.1": ["bare", "signed", "signed"],
        "1.2-at-1.2": ["signed", "signed"],
    }[name]
    store.close()
    said = [{"method": "POST", "path": "/v1/push", "lines": pushes[form]} for form in order]
    if name == "1.2-at-1.2":
        paths = ["/v1/pull?after={before}&own=1&k=..", "/v1/snapshot?scope=*&own=1"]
        paths += ["/v1/snapshot?scope=*&only=ids", "/v1/snapshot?scope=read%2F*"]
        return [*said, *({"method": "GET", "path": path} for path in paths)]
    return [*said, {"method": "GET", "path": "/v1/pull?after={before}&limit=500&wait=0&own=1"}]


def said_by(reply: httpx.Response) -> Any:  # noqa: ANN401 -- as JSON has it
    """Return the body of an answer: JSON, or the head and the bodies of a page."""
    if reply.headers.get("Content-Type", "").startswith("application/jsonl"):
        head, *bodies = reply.text.split("\n")
        return {"head": json.loads(head), "bodies": bodies}
    return reply.json()


async def answer(asked: list[Lines]) -> list[Exchange]:
    """Ask the server of the checkout on the path; return what was said both ways."""
    found: list[Exchange] = []
    with tempfile.TemporaryDirectory() as home:
        app = main.create_app(ServerSettings(home=Path(home), disk_free_min_bytes=0))
        let_in(app.state.site.store)
        link = httpx.ASGITransport(app)
        before = 0
        async with httpx.AsyncClient(base_url="http://server", transport=link) as client:
            for one in asked:
                told = one | {"path": one["path"].format(before=before)}
                method, path, content, headers = http_request(told)
                reply = await client.request(method, path, content=content, headers=headers)
                body = said_by(reply)
                before = body.get("feed", before + 1) - 1
                said = {"status": reply.status_code, "body": body}
                said["protocol"] = reply.headers.get("Anshao-Protocol")
                found.append({"request": told, "reply": said})
        app.state.site.store.close()
    return found


if __name__ == "__main__":
    made: Any
    if sys.argv[1] == "asks":
        made = asks(sys.argv[2])
    else:
        made = asyncio.run(answer(json.loads(Path(sys.argv[2]).read_text("utf-8"))))
    json.dump(made, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
