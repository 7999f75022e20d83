"""Who gets in: a code enrols, a token calls, and the pack tells no PIN."""

import gzip
import stat

import pytest

from domain import pins
from server import duties
from server.keys import label_signers
from sync.protocol import Pack
from tests.server.phone import Bench

ROUTES = [
    ("GET", "/v1/pack"),
    ("GET", "/v1/pull"),
    ("POST", "/v1/push"),
    ("POST", "/v1/blobs"),
    ("HEAD", "/v1/blobs/" + "0" * 64),
    ("PATCH", "/v1/blobs/" + "0" * 64),
    ("GET", "/v1/blobs/" + "0" * 64),
]


async def test_an_unknown_caller_gets_nowhere(bench: Bench) -> None:
    for method, path in ROUTES:
        for auth in (None, "Bearer wrong", "Basic x", "Bearer " + "x" * 9000):
            headers = {"Authorization": auth} if auth else {}
            response = await bench.client.request(method, path, headers=headers)
            assert response.status_code == 401, path
            assert response.headers["www-authenticate"] == "Bearer"


async def test_a_wrong_code_is_refused_and_guessing_is_slowed_down(bench: Bench) -> None:
    wrong = {"code": "guess", "device_name": "x", "public_key": "0" * 64}
    answers = [(await bench.client.post("/v1/enrol", json=wrong)) for _ in range(25)]
    assert answers[0].status_code == 403
    assert answers[0].json()["code"] == "enrol.refused"
    assert answers[-1].status_code == 429
    assert "retry-after" in answers[-1].headers


async def test_a_refused_shape_does_not_repeat_what_was_sent(bench: Bench) -> None:
    secret = {"code": "demo-2026", "device_name": "x", "public_key": "not hex: 4711"}
    response = await bench.client.post("/v1/enrol", json=secret)
    assert response.status_code == 422
    assert "4711" not in response.text
    assert "demo-2026" not in response.text


async def test_the_token_is_not_stored(bench: Bench) -> None:
    phone = await bench.phone()
    for file in bench.settings.home.glob("anshao.db*"):
        assert phone.token.encode() not in file.read_bytes()


async def test_the_pack_has_hashes_and_no_pin(bench: Bench) -> None:
    phone = await bench.phone()
    response = await bench.client.get("/v1/pack", headers=phone.auth)
    pack = Pack.model_validate_json(response.content)
    assert "pin:" not in "".join(pack.files.values()).replace("pin: ", "pin:")
    assert "'3316'" not in "".join(pack.files.values())
    hashes = {person.person_id: person.pin_hash for person in pack.people}
    assert pins.fits("3316", hashes["U003"])
    assert not pins.fits("3317", hashes["U003"])
    assert {key.plant for key in pack.plant_keys.values()} == {"DEMO", "DEMO2"}
    assert pack.label_versions["TK-101"] == 2
    assert pack.version == bench.site.pack.definitions.version


async def test_the_same_pack_is_not_sent_twice(bench: Bench) -> None:
    phone = await bench.phone()
    first = await bench.client.get("/v1/pack", headers=phone.auth)
    again = {**phone.auth, "If-None-Match": first.headers["etag"]}
    response = await bench.client.get("/v1/pack", headers=again)
    assert (response.status_code, response.content) == (304, b"")
    plain = {**phone.auth, "Accept-Encoding": "identity"}
    unpacked = await bench.client.get("/v1/pack", headers=plain)
    assert gzip.decompress(bench.site.pack.packed) == unpacked.content


async def test_keys_are_for_the_owner_only_and_stay_the_same(bench: Bench) -> None:
    folder = bench.settings.home / "keys"
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    again = label_signers(folder, ("DEMO", "DEMO2"))
    assert {one.plant: one.public_hex for one in again.values()} == {
        one.plant: one.public_hex for one in bench.site.signers.values()
    }


async def test_another_protocol_is_told_so_but_may_push(bench: Bench) -> None:
    phone = await bench.phone()
    old = {**phone.auth, "Anshao-Protocol": "0"}
    response = await bench.client.get("/v1/pull", headers=old)
    assert (response.status_code, response.json()["code"]) == (426, "protocol.version")
    pushed = await bench.client.post("/v1/push", headers=old, content=b"")
    assert pushed.status_code == 422
    assert pushed.headers["anshao-protocol"] == "1"


async def test_health_and_api_page(bench: Bench) -> None:
    assert (await bench.client.get("/health/live")).json() == {"status": "live"}
    ready = (await bench.client.get("/health/ready")).json()
    assert (ready["status"], ready["definitions"]) == (
        "ready",
        bench.site.pack.definitions.version,
    )
    assert (await bench.client.get("/docs")).status_code == 200
    bench.site.settings = bench.settings.model_copy(update={"disk_free_min_bytes": 2**60})
    full = await bench.client.get("/health/ready")
    assert (full.status_code, full.json()["params"]) == (503, {"wrong": ["disk"]})


async def test_health_says_when_a_duty_stands_still(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = bench.site
    here.duty_log.began_ms -= 3_600_000  # an hour, and no round went well
    stuck = await bench.client.get("/health/ready")
    assert (stuck.status_code, stuck.json()["params"]) == (503, {"wrong": ["duties"]})
    duties.run_duties(here, here.now_ms())
    ready = await bench.client.get("/health/ready")
    assert (ready.status_code, ready.json()["duties"].keys()) == (
        200,
        {duties.name(duty) for duty in duties.DUTIES},
    )

    def broken(_here: object, _now_ms: int) -> int:
        raise KeyError(_here)

    monkeypatch.setattr(duties, "DUTIES", (*duties.DUTIES, broken))
    duties.run_duties(here, here.now_ms())
    assert (await bench.client.get("/health/ready")).json()["params"] == {"wrong": ["duties"]}
