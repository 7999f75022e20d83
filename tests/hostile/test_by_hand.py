"""What a client that means harm tries: a typed refusal each time, and the server goes on."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import zstandard

from domain.changes import canonical
from offline_store import records
from server import bodies, main
from server.settings import ServerSettings
from tests.hostile.attacker import SQL, Attacker, attacker, body, raw, refused, typed
from tests.server.phone import Bench

GIGABYTE = 2**30
PATHS = (
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "%2e%2e/%2e%2e/keys/server.key",
    "C:\\windows\\win.ini",
    "..\uff0f..\uff0fetc",
    "a" * 64 + "/../../keys",
    "A" * 64,
    "%00" * 64,
    "b" * 5000,
)
NOT_JSON = {
    "deep list": b"[" * 60_000,
    "deep object": b'{"a":' * 12_000,
    "duplicate keys": b'{"v":1,"v":1}',
    "not a number": b'{"v":NaN}',
    "no end": b'{"v":Infinity}',
    "a number of 5000 digits": b'{"v":' + b"9" * 5000 + b"}",
    "half a character": b'{"v":"\\ud800"}',
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
}


async def _never_ends(sent: list[int]) -> AsyncIterator[bytes]:
    while True:
        sent.append(1)
        yield bytes(64 * 1024)


def _latin(phone: Attacker, name: str, value: bytes) -> list[tuple[bytes, bytes]]:
    """The attacker's own headers and one of any bytes."""
    kept = [(key, said) for key, said in phone.auth.items() if key != name]
    return [(key.encode(), said.encode()) for key, said in kept] + [(name.encode(), value)]


def _code(response: httpx.Response) -> str:
    refused(response)
    return str(response.json()["code"])


async def test_a_forged_person_gets_nothing_that_is_not_the_persons(bench: Bench) -> None:
    phone = await attacker(bench)
    first = body(1)
    hazard = str(first["rec"])
    accept: dict[str, Any] = {"state": "accepted", "action": "hazard.accept", "owner": "U012"}
    forged = [
        body(2, hazard, by="U012", set=accept),  # a worker accepts the own report
        body(3, hazard, by="NOBODY", set=accept),
        body(4, hazard, by=SQL, set=accept),
        body(5, hazard, by="server", set=accept),
        body(6, hazard, by="rule", set=accept),
    ]
    answer = await phone.push([canonical(one) for one in (first, *forged)])
    assert answer.status_code == 200, answer.text
    said = {one["n"]: one["verdict"] for one in answer.json()["exceptions"]}
    assert said == dict.fromkeys(range(2, 7), "refused")
    with bench.site.store.reading() as session:
        assert records.get(session, hazard).text("state") == "reported"
    await phone.honest()


async def test_another_key_than_the_devices_signs_nothing(bench: Bench) -> None:
    phone, other = await attacker(bench), await attacker(bench)
    mine = phone.key
    phone.key = other.key
    assert _code(await phone.push([raw(body(1))])) == "sync.signature"
    phone.key = mine
    await phone.honest()


async def test_a_replayed_batch_gets_the_same_answer_and_changes_nothing(bench: Bench) -> None:
    phone = await attacker(bench)
    data = phone.pack([raw(body(1))])
    answers = [(await phone.send(data)).content for _ in range(3)]
    assert len(set(answers)) == 1
    other = await attacker(bench)
    assert _code(await other.send(data)) == "device.other"
    await other.honest()


async def test_entries_of_another_device_are_not_taken(bench: Bench) -> None:
    phone, other = await attacker(bench), await attacker(bench)
    for name in (other.device_id, "server"):
        assert _code(await phone.push([raw(body(1))], dev=name)) == "device.other"
    for name in ("../../x", "", "x" * 65, SQL, None, 5, "安"):
        assert _code(await phone.push([raw(body(1))], dev=name)) == "entry.invalid"
    await other.honest()
    await phone.honest()


async def test_a_truncated_or_damaged_body_is_refused(bench: Bench) -> None:
    phone = await attacker(bench)
    data = phone.pack([raw(body(1))])
    for cut in (1, 10, len(data) // 2, len(data) - 1):
        assert _code(await phone.send(data[:cut])) == "request.gzip"
    assert _code(await phone.send(data + data)) == "request.gzip"
    assert _code(await phone.send(b"")) in {"request.gzip", "entry.invalid"}
    plain = gzip.decompress(data)
    for cut in (1, len(plain) // 2, len(plain) - 1):
        refused(await phone.send(gzip.compress(plain[:cut])))
    await phone.honest()


async def test_a_body_that_says_it_is_a_gigabyte_is_not_read(bench: Bench) -> None:
    phone = await attacker(bench)
    for said in (str(GIGABYTE), "9" * 5000, "\u00b2", "-1", "+1", "1e3", " "):
        read: list[int] = []
        headers = _latin(phone, "Content-Length", said.encode("latin-1"))
        for path in ("/v1/push", "/v1/blobs", "/v1/enrol"):
            answer = await bench.client.post(path, content=_never_ends(read), headers=headers)
            assert _code(answer) == "request.size"
        assert not read
    await phone.honest()


async def test_a_body_that_never_ends_is_read_up_to_the_limit(bench: Bench) -> None:
    phone = await attacker(bench)
    for path, most in (("/v1/push", 34), ("/v1/blobs", 2), ("/v1/enrol", 2)):
        read: list[int] = []
        answer = await bench.client.post(path, content=_never_ends(read), headers=phone.auth)
        assert _code(answer) == "request.size"
        assert len(read) <= most, path
    await phone.honest()


async def test_a_body_that_stands_still_is_let_go(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = await attacker(bench)
    monkeypatch.setattr(bodies, "SILENCE_S", 0.2)

    async def stands_still() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()
        yield b"x"

    for path in ("/v1/push", "/v1/blobs", "/v1/enrol"):
        answer = await bench.client.post(path, content=stands_still(), headers=phone.auth)
        assert _code(answer) == "request.silent"
    await phone.honest()


async def test_a_bomb_does_not_go_off(bench: Bench) -> None:
    phone = await attacker(bench)
    bomb = gzip.compress(bytes(GIGABYTE // 8), 9)
    assert _code(await phone.send(bomb)) == "request.size"
    assert _code(await phone.send(gzip.compress(bomb))) in {"entry.invalid", "request.size"}
    zeros = zstandard.ZstdCompressor().compress(bytes(GIGABYTE // 8))
    assert _code(await phone.send(zeros, **{"Content-Encoding": "zstd"})) == "request.size"
    for coat in ("gzip", "zstd"):  # coats that are known, but not on this body
        answer = await phone.send(zlib.compress(b"x"), **{"Content-Encoding": coat})
        assert _code(answer) == "request.gzip"
    for coat in ("br", "deflate", "gzip, gzip", "x" * 5000, "compress"):
        answer = await phone.send(zlib.compress(b"x"), **{"Content-Encoding": coat})
        assert _code(answer) == "request.encoding"
    await phone.honest()


@pytest.mark.parametrize("what", NOT_JSON)
async def test_rubbish_in_place_of_json_is_refused(bench: Bench, what: str) -> None:
    phone, bad = await attacker(bench), NOT_JSON[what]
    answer = await phone.push([bad])
    if answer.status_code == 200:  # a line by itself is an entry, if a bad one
        assert [one["code"] for one in answer.json()["exceptions"]] == ["entry.unreadable"]
    else:
        assert _code(answer) == "entry.invalid"
    for lines in (bad, bad + b"\n" + raw(body(1))):
        assert _code(await phone.send(gzip.compress(lines))) in {"entry.invalid"}
    for path in ("/v1/enrol", "/v1/blobs"):
        answer = await bench.client.post(path, content=bad, headers=phone.auth)
        assert _code(answer) in {"request.invalid", "request.size"}
    await phone.honest()


async def test_a_message_that_can_be_read_in_two_ways_is_refused(bench: Bench) -> None:
    phone = await attacker(bench)
    for twice in (b'"size":1,"size":2', b'"size":2,"more":{"a":1,"a":2}'):
        offer = b'{"sha256":"' + b"a" * 64 + b'","kind":"k","record":"r",' + twice + b"}"
        answer = await bench.client.post("/v1/blobs", content=offer, headers=phone.auth)
        assert _code(answer) == "request.invalid"


async def test_names_of_files_lead_nowhere(bench: Bench, settings: ServerSettings) -> None:
    phone = await attacker(bench)
    before = sorted(settings.home.rglob("*"))
    for name in PATHS:
        for method in ("GET", "HEAD", "PATCH", "DELETE", "PUT"):
            headers = {**phone.auth, "Upload-Offset": "0"}
            url = f"http://server/v1/blobs/{name}"
            refused(await bench.client.request(method, url, headers=headers, content=b"x"))
        row = {"sha256": name, "size": 1, "kind": "original", "record": name[:60]}
        answer = await bench.client.post("/v1/blobs", json=row, headers=phone.auth)
        assert _code(answer) in {"request.invalid", "request.size"}
        paths = {"rec": name[:200], "id": name[:200], "type": name[:200]}
        typed(await phone.push([raw(body(phone.sent + 1, **paths))]))
    made = [one for one in sorted(settings.home.rglob("*")) if one not in before]
    assert {one.name for one in made} <= {"anshao.db-wal", "anshao.db-shm"}
    await phone.honest()


async def test_a_file_by_another_name_or_in_odd_ranges(bench: Bench) -> None:
    phone = await attacker(bench)
    sha = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"  # of "0"
    row = {"sha256": sha, "size": 1, "kind": "../../k", "record": SQL}
    typed(await bench.client.post("/v1/blobs", json=row, headers=phone.auth))
    for offset in ("-1", "1", "9" * 5000, "0x0", "", "\u00b2", "0,0", "1" * 12):
        said = _latin(phone, "Upload-Offset", offset.encode("latin-1"))
        refused(await bench.client.patch(f"/v1/blobs/{sha}", content=b"0", headers=said))
    said = {**phone.auth, "Upload-Offset": "0"}
    too_long = await bench.client.patch(f"/v1/blobs/{sha}", content=b"00", headers=said)
    assert _code(too_long) == "blob.part_size"
    typed(
        await bench.client.patch(
            f"/v1/blobs/{sha}", content=b"", headers=said | {"Upload-Offset": "1"}
        )
    )
    odd = (
        "bytes=5-9",
        "bytes=9-5",
        "bytes=-",
        "bytes=x",
        "lines=1-2",
        "bytes=0-0,0-0",
        "bytes=" + "0-," * 900,
    )
    for span in odd:
        refused(await bench.client.get(f"/v1/blobs/{sha}", headers={**phone.auth, "Range": span}))
    whole = await bench.client.get(f"/v1/blobs/{sha}", headers=phone.auth)
    assert whole.content == b"0"


async def test_giant_and_odd_headers_are_answered(bench: Bench) -> None:
    phone = await attacker(bench)
    for name in (
        "Authorization",
        "Anshao-Protocol",
        "If-None-Match",
        "Accept",
        "Content-Type",
        "X",
    ):
        for value in (b"x" * 60_000, b"\xff\xfe", b"", b"Bearer", b"Bearer \xb2"):
            for path in ("/v1/pull", "/v1/pack", "/nowhere", "/health/live"):
                said = _latin(phone, name, value)
                typed(await bench.client.get(path, headers=said))
    many = [(f"x-{number}", "y" * 100) for number in range(500)]
    typed(await bench.client.get("/v1/pull", headers=[*phone.auth.items(), *many]))
    await phone.honest()


async def test_an_address_that_is_none_is_a_problem_and_sends_nobody_elsewhere(
    bench: Bench,
) -> None:
    for path in ("/", "/v1", "/v1/blobs/", "/v1/push/", "//evil/v1", "/v1/%00", "/v1/..%2f"):
        answer = await bench.client.post(f"http://server{path}", headers={"Host": "evil.example"})
        assert _code(answer) in {"http.404", "http.405"}
        assert "location" not in answer.headers
    for method in ("PUT", "TRACE", "CONNECT", "PROPFIND", "x"):
        assert _code(await bench.client.request(method, "/v1/push")) == "http.405"


async def test_who_asks_too_often_waits_and_the_others_do_not(settings: ServerSettings) -> None:
    some = settings.model_copy(update={"requests_per_s": 1.0, "requests_burst": 20})
    app = main.create_app(some)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://server"
    ) as client:
        bench = Bench(app.state.site, some, client)
        phone, other = await attacker(bench), await attacker(bench)
        await other.honest()
        answers = [await client.get("/v1/pull", headers=phone.auth) for _ in range(40)]
        late = answers[-1]
        assert _code(late) == "request.rate"
        assert int(late.headers["Retry-After"]) == late.json()["params"]["wait_s"] == 1
        guesses = [
            await client.get("/v1/pull", headers={"Authorization": f"Bearer {number}"})
            for number in range(40)
        ]
        assert _code(guesses[0]) == "device.unknown"
        assert _code(guesses[-1]) == "request.rate"
        await other.honest()
    app.state.site.store.close()


async def test_nobody_without_a_token_is_told_anything(bench: Bench) -> None:
    for made in (None, Attacker(bench.client, "server", "x" * 43, (await attacker(bench)).key)):
        auth = {"Authorization": f"Bearer {made.token}"} if made else {}
        for path in ("/v1/pull", "/v1/pack", "/v1/blobs/" + "0" * 64):
            assert _code(await bench.client.get(path, headers=auth)) == "device.unknown"
