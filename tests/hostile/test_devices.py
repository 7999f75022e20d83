"""What a device may not do, though its token is good: for others, unsigned, too often, at once."""

import asyncio
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.changes import canonical, genesis
from domain.records import Value
from offline_store import records
from server import clock
from server.feed import WAITS_MAX
from server.keys import public_bytes
from tests.hostile.attacker import Attacker, attacker, body, refused
from tests.hostile.test_uploads import ADMIN, lose
from tests.server.phone import CODE, Bench, report
from tests.server.test_enrolment import asked, invited

OPERATOR, LEADER, WORKER = "U012", "U019", "U044"


async def joined(bench: Bench) -> Attacker:
    """A device that proved its key when it was taken in, as devices do since certificates."""
    key = Ed25519PrivateKey.generate()
    response = await bench.client.post("/v1/enrol", json=asked(CODE, key))
    reply = response.json()
    auth = {"Authorization": f"Bearer {reply['token']}", "Anshao-Protocol": "1"}
    start = genesis(reply["device_id"], public_bytes(key))
    return Attacker(bench.client, reply["device_id"], reply["token"], key, 0, start, auth)


async def test_who_has_the_token_of_a_new_device_writes_nothing_without_its_key(
    bench: Bench,
) -> None:
    device = await joined(bench)
    hazard = clock.new_id(clock.now_ms())
    answer = await device.push([canonical(body(1, hazard))], signed=False, each=False)
    assert answer.status_code == 200, answer.text
    said = answer.json()["exceptions"]
    assert [(one["verdict"], one["code"]) for one in said] == [("quarantined", "entry.unsigned")]
    with bench.site.store.reading() as session:
        assert records.lookup(session, hazard) is None
    await device.honest()  # what its key signs counts


async def test_a_code_lets_one_device_in_however_many_ask_at_once(bench: Bench) -> None:
    code = await invited(await bench.phone())
    answers = await asyncio.gather(
        *(bench.client.post("/v1/enrol", json=asked(code)) for _ in range(8))
    )
    assert sorted(one.status_code for one in answers) == [200] + [403] * 7
    assert {one.json()["code"] for one in answers if one.status_code == 403} == {"enrol.used"}


async def test_nobody_decides_for_others_on_a_device_that_is_not_theirs(bench: Bench) -> None:
    office, device = await bench.phone(), await joined(bench)
    hazard = office.write(OPERATOR, "hazard", report(code="HZ-1"))
    limits: dict[str, Value] = {
        "people": [WORKER], "areas": [], "units": [], "by": ADMIN, "at_ms": clock.now_ms(),
    }  # fmt: skip
    office.write(ADMIN, "device", limits, kind="edit", record_id=device.device_id)
    assert {one.verdict for one in (await office.push()).exceptions} <= {"merged"}
    with bench.site.store.reading() as session:
        seen = {name: cell.writer for name, cell in records.get(session, hazard).cells.items()}
    cells = {"state": "accepted", "action": "hazard.accept", "owner": LEADER}
    base = {name: seen[name] for name in ("state", "action")}
    decided = {"kind": "decide", "by": LEADER, "base": base, "set": cells}
    # before its first certificate, too: times are the device's word
    early = {**decided, "hlc": [clock.now_ms() - 86_400_000, 0]}
    free = {
        "kind": "edit", "by": ADMIN, "type": "device", "def": "device@1", "base": {},
        "set": {**limits, "people": []},
    }  # fmt: skip
    made = [
        canonical(body(1, hazard, **decided)),
        canonical(body(2, hazard, **early)),
        canonical(body(3, device.device_id, **free)),
        canonical(body(4)),  # whoever sees a danger can say so, on any device
    ]
    answer = await device.push(made)
    said = {one["n"]: (one["verdict"], one["code"]) for one in answer.json()["exceptions"]}
    assert said == dict.fromkeys((1, 2, 3), ("refused", "certificate.person"))
    with bench.site.store.reading() as session:
        assert records.get(session, hazard).text("state") == "reported"
        assert records.get(session, device.device_id).get("people") == [WORKER]
    fresh = await bench.client.get("/v1/certificate", params={"have": 1}, headers=device.auth)
    assert f'\\"people\\":{{\\"{WORKER}\\":' in fresh.text, "it names nobody else"


async def test_a_device_waits_for_news_a_few_times_at_once_and_no_more(bench: Bench) -> None:
    one, other = await bench.phone(), await bench.phone()
    await one.pull()
    query = {"after": one.cursor, "wait": 20}
    begun = time.monotonic()
    waits = [
        asyncio.create_task(bench.client.get("/v1/pull", params=query, headers=one.auth))
        for _ in range(12)
    ]
    done, still = await asyncio.wait(waits, timeout=8)
    assert (len(done), len(still), bench.site.hints.waiting) == (
        12 - WAITS_MAX, WAITS_MAX, WAITS_MAX,
    )  # fmt: skip
    assert {(await task).status_code for task in done} == {200}
    other.write(OPERATOR, "hazard", report(code="HZ-2"))
    await other.push()
    bench.site.hints.announce()
    assert {(await task).status_code for task in still} == {200}
    assert time.monotonic() - begun < 18


async def test_a_lost_device_does_not_keep_people_busy(bench: Bench) -> None:
    thief = await attacker(bench)
    await thief.honest()
    await lose(bench, thief.device_id)
    answer = await thief.push([canonical(body(thief.sent + 1))])
    for _ in range(100):
        if answer.status_code == 429:
            break
        assert answer.json()["exceptions"][0]["code"] == "entry.revoked"
        answer = await thief.push([canonical(body(thief.sent + 1))])
    refused(answer, "request.rate")
    assert int(answer.headers["retry-after"]) >= 1
    with bench.site.store.reading() as session:
        assert len(records.find(session, "quarantine", limit=records.ALL)) < 60
