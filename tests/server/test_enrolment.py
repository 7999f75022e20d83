"""Joining promise: one code, one device, which proves its key; whoever may not is told why."""

import secrets
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain import invitations
from domain.certificates import verified
from domain.invitations import Invitation, InvitationError, device_of, make_code, proof_bytes
from domain.records import Value
from offline_store import devices, records
from server import clock, enrolment
from server.keys import public_bytes
from tests.server.phone import CODE, Bench, Phone

ADMIN, INSPECTOR = "U014", "U003"
HOUR_MS = 3_600_000


def asked(code: str, key: Ed25519PrivateKey | None = None, **other: str) -> dict[str, str]:
    """What a device sends that wants to join."""
    made = key or Ed25519PrivateKey.generate()
    public = public_bytes(made).hex()
    proof = made.sign(proof_bytes(code, "tablet", public)).hex()
    return {"code": code, "device_name": "tablet", "public_key": public, "proof": proof} | other


async def invited(phone: Phone, person: str = ADMIN, **cells: Value) -> str:
    """Let somebody make a code, as the administration page does; returns the code."""
    code, now = make_code(secrets.token_bytes(10)), clock.now_ms()
    said: dict[str, Value] = {
        "state": "invited", "name": "罐区平板", "until_ms": now + HOUR_MS, "by": person,
        "at_ms": now,
    }  # fmt: skip
    phone.write(person, "device", said | cells, kind="edit", record_id=device_of(code))
    await phone.push()
    return code


async def join(bench: Bench, row: dict[str, str]) -> tuple[int, str]:
    """Return status and code of the answer."""
    response = await bench.client.post("/v1/enrol", json=row)
    return response.status_code, response.json().get("code", "")


async def test_a_code_lets_in_one_device_which_is_what_the_administrator_called_it(
    bench: Bench,
) -> None:
    phone = await bench.phone()
    code = await invited(phone)
    response = await bench.client.post("/v1/enrol", json=asked(code))
    assert response.status_code == 200, response.text
    reply = response.json()
    assert reply["device_id"] == device_of(code)
    key = bytes.fromhex(reply["server_public_key"])
    said = reply["certificate"]
    found = verified(
        said["body"].encode(), bytes.fromhex(said["sig"]), key, reply["device_id"],
        devices_key(bench, reply["device_id"]),
    )  # fmt: skip
    assert found.people.keys() >= {ADMIN, INSPECTOR}
    with bench.site.store.reading() as session:
        record = records.get(session, device_of(code))
        assert (record.text("state"), record.text("name")) == ("active", "罐区平板")
    assert await join(bench, asked(code)) == (403, "enrol.used")


def devices_key(bench: Bench, device_id: str) -> str:
    with bench.site.store.reading() as session:
        found = devices.lookup(session, device_id)
    assert found is not None
    return found.public_key.hex()


async def test_neither_journal_nor_disk_has_the_code(bench: Bench) -> None:
    phone = await bench.phone()
    code = await invited(phone)
    for file in bench.settings.home.glob("anshao.db*"):
        assert code.encode() not in file.read_bytes()


async def test_withdrawn_run_out_and_made_by_who_may_not(bench: Bench) -> None:
    phone = await bench.phone()
    withdrawn = await invited(phone)
    now = clock.now_ms()
    phone.write(
        ADMIN, "device",
        {"state": "withdrawn", "reason": "发错人", "by": ADMIN, "at_ms": now},
        kind="edit", record_id=device_of(withdrawn),
    )  # fmt: skip
    await phone.push()
    assert await join(bench, asked(withdrawn)) == (403, "enrol.withdrawn")
    over = await invited(phone, until_ms=now - 1)
    assert await join(bench, asked(over)) == (403, "enrol.expired")
    forever = await invited(phone, until_ms=now + 1000 * HOUR_MS)
    assert await join(bench, asked(forever)) == (403, "enrol.refused")
    nobodys = await invited(phone, INSPECTOR)
    assert await join(bench, asked(nobodys)) == (403, "enrol.refused")
    await invited(phone)  # an administrator makes no device of their own without a code
    phone.write(
        ADMIN, "device",
        {"state": "active", "reason": "自己来", "by": ADMIN, "at_ms": now},
        kind="edit", record_id=device_of(forever),
    )  # fmt: skip
    reply = await phone.push()
    assert [one.verdict for one in reply.exceptions] == ["refused"]


async def test_a_device_has_to_prove_the_key_it_shows(bench: Bench) -> None:
    phone = await bench.phone()
    code = await invited(phone)
    good = asked(code)
    stolen = good | {"public_key": public_bytes(Ed25519PrivateKey.generate()).hex()}
    assert await join(bench, stolen) == (403, "enrol.proof")
    bare = {name: value for name, value in good.items() if name != "proof"}
    assert await join(bench, bare) == (403, "enrol.proof")
    assert await join(bench, good | {"device_name": "another"}) == (403, "enrol.proof")
    assert await join(bench, good) == (200, ""), "what was refused used nothing up"


async def test_the_code_of_the_settings_lets_only_the_first_device_in(bench: Bench) -> None:
    bench.site.settings = bench.settings.model_copy(update={"demo": False})
    assert await join(bench, asked(CODE)) == (200, "")
    assert await join(bench, asked(CODE)) == (403, "enrol.closed")


async def test_a_code_made_at_the_server_works_once_and_beside_the_running_server(
    bench: Bench,
) -> None:
    code, until_ms = enrolment.invite(bench.settings, 1)
    assert until_ms > clock.now_ms()
    assert await join(bench, asked(invitations.spaced(code).lower())) == (200, ""), "as typed"
    assert await join(bench, asked(code)) == (403, "enrol.used")
    over, _ = enrolment.invite(bench.settings, 0)
    assert (await join(bench, asked(over)))[0] == 403


async def test_a_device_of_another_plant_is_told_so_and_the_code_stays_good(bench: Bench) -> None:
    phone = await bench.phone()
    code = await invited(phone)
    assert await join(bench, asked(code, plant="ELSEWHERE")) == (403, "enrol.plant")
    assert await join(bench, asked(code, plant="DEMO")) == (200, "")


def test_what_a_qr_says_is_read_back_and_anything_else_refused() -> None:
    made = Invitation("https://10.0.0.5:8000", "DEMO", make_code(bytes(range(10))), "ab" * 16)
    assert invitations.read(made.text()) == made
    assert invitations.normal(invitations.spaced(made.code).lower()) == made.code
    for wrong in (
        "", "TK-101", "https://evil.example/enrol?c=1", made.text() + "|x", made.text()[:-40],
        made.text().replace("abab", "zz"), "anshao-enrol:1||||", made.text() + "x" * 600,
        replace(made, code="SHORT").text(), replace(made, code="U" * 16).text(),
    ):  # fmt: skip
        with pytest.raises(InvitationError):
            invitations.read(wrong)
    codes = {make_code(secrets.token_bytes(10)) for _ in range(200)}
    assert len(codes) == 200
    assert all(len(one) == invitations.CODE_LENGTH for one in codes)
