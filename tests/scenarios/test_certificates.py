"""Certificates: who may work on a device offline, and what the server makes of it afterwards."""

from dataclasses import replace

import pytest

from app import link, standing
from app.use_cases import administration, outbox, people
from app.use_cases import take_along as along
from domain import scopes
from domain.certificates import (
    CertificateError,
    CertificateExpiredError,
    CertificatePersonError,
    verified,
)
from domain.devices import people_of
from domain.errors import PinWrongError
from domain.scopes import Allotment
from offline_store import certificates, keep, records
from server import scoping
from tests.helpers.plant import Device, PlantSite
from tests.scenarios import loop
from tests.scenarios.test_quarantine import reported

OPERATOR, PIN, LEADER, ADMIN, INSPECTOR = "U012", "1205", "U019", "U014", "U003"
DAY_MS = 86_400_000


async def take_along(site: PlantSite, *of: Device) -> None:
    """Sync, and fetch certificate and pack as the link does by itself."""
    for device in of:
        await device.sync()
        await link.refresh_pack(device.app, site.transport(device.wire, device.app.device.token))


def run_out(device: Device) -> None:
    """Let the certificate of a device have run out a moment ago, as after 14 days offline."""
    assert device.app.certificate
    now = device.app.clock.now_ms()
    device.app.certificate = replace(device.app.certificate, serial=0, until_ms=now - 1)


async def test_after_its_time_a_device_reports_and_decides_nothing(site: PlantSite) -> None:
    device = await site.device()
    hazard = loop.report(device, OPERATOR, "DB-03", "柜门没锁", ())
    await device.sync()
    run_out(device)
    assert people.sign_in(device.app, OPERATOR, PIN), "whoever sees a danger can say so"
    assert reported(device, "漏电")
    with pytest.raises(CertificateExpiredError) as refused:
        loop.act(device, LEADER, hazard, "accept>accepted")
    why, remedy = device.app.translator().error(refused.value)
    assert "到期" in why
    assert "上报隐患" in remedy
    await take_along(site, device)
    loop.act(device, LEADER, hazard, "accept>accepted")
    await device.sync()
    assert loop.on_server(site, hazard).text("state") == "accepted"


async def test_the_server_refuses_what_was_decided_after_the_time_and_says_so(
    site: PlantSite,
) -> None:
    device = await site.device()
    hazard = loop.report(device, OPERATOR, "DB-03", "柜门没锁", ())
    await device.sync()
    with site.server.state.site.store.session() as session:  # a certificate of one second
        one, _, _ = certificates.newest(session, device.app.device.device_id) or pytest.fail("none")
        short = replace(one, serial=one.serial + 1, until_ms=device.app.clock.now_ms())
        certificates.add(session, short, body_of(short), b"\0" * 64)
    with device.app.store.session() as session:  # a changed app
        keep.put(session, keep.CERTIFICATE, short.serial)
    loop.act(device, LEADER, hazard, "accept>accepted")
    late = reported(device, "漏电")
    await device.sync()
    assert loop.on_server(site, hazard).text("state") == "reported"
    assert loop.on_server(site, late).text("words") == "漏电", "a danger is taken all the same"
    refused = [one for one in outbox.view(device.app).items if one.state == "refused"]
    assert {one.reason for one in refused} == {"certificate.expired"}, "a person sees it"


def body_of(one: object) -> bytes:
    from domain import certificates as domain

    assert isinstance(one, domain.Certificate)
    return domain.encode(one)


async def test_rights_are_those_of_then_and_those_of_now(site: PlantSite) -> None:
    device, office = await site.device(), await site.device("office")
    hazard = loop.report(device, OPERATOR, "DB-03", "柜门没锁", ())
    await device.sync()
    with site.server.state.site.store.session() as session:  # then they were somebody else
        one, _, _ = certificates.newest(session, device.app.device.device_id) or pytest.fail("none")
        lower = replace(one.people[LEADER], roles=("frontline",))
        then = replace(
            one, serial=one.serial + 1, from_ms=one.from_ms + 1,
            people={**one.people, LEADER: lower},
        )  # fmt: skip
        certificates.add(session, then, body_of(then), b"\0" * 64)
    with device.app.store.session() as session:
        keep.put(session, keep.CERTIFICATE, then.serial)
    loop.act(device, LEADER, hazard, "accept>accepted")
    await device.sync()
    assert loop.on_server(site, hazard).text("state") == "reported"
    await take_along(site, office)
    loop.act(office, LEADER, hazard, "accept>accepted")  # on a device where they may
    await office.sync()
    assert loop.on_server(site, hazard).text("state") == "accepted"


async def test_a_certificate_is_renewed_when_something_changed_and_only_then(
    site: PlantSite,
) -> None:
    device, office = await site.device(), await site.device("office")
    assert device.app.certificate
    first = device.app.certificate
    await take_along(site, device)
    assert device.app.certificate == first
    row = {"retired_ms": office.app.clock.now_ms()}
    administration.change(office.app, office.person(ADMIN), "people", INSPECTOR, row, reason="离职")
    await take_along(site, office, device)
    assert device.app.certificate.serial == first.serial + 1
    assert INSPECTOR not in device.app.certificate.people
    site.time.pass_by(8 * 24 * 60)  # half its time
    await take_along(site, device)
    assert device.app.certificate.serial == first.serial + 2
    site.server.state.site.renew_epoch(1)  # the server was restored
    await take_along(site, device)
    assert device.app.certificate.serial == first.serial + 3


async def test_a_certificate_changed_in_the_file_lets_nobody_in(site: PlantSite) -> None:
    device = await site.device()
    with device.app.store.session() as session:
        kept = keep.get(session, "certificate")
        assert isinstance(kept, dict)
        body = str(kept["body"]).replace('"frontline"', '"safety_manager"')
        keep.put(session, "certificate", {**kept, "body": body})
    device = site.restart(device)
    with pytest.raises(CertificatePersonError):
        people.sign_in(device.app, OPERATOR, PIN)
    with device.app.store.session() as session:
        keep.put(session, "certificate", None)
    device = site.restart(device)
    with pytest.raises(CertificatePersonError):
        people.sign_in(device.app, OPERATOR, PIN)
    await take_along(site, device)
    assert people.sign_in(device.app, OPERATOR, PIN)
    with pytest.raises(PinWrongError):
        people.sign_in(device.app, OPERATOR, "0000")


async def test_a_certificate_of_another_device_or_server_is_refused(site: PlantSite) -> None:
    device, other = await site.device(), await site.device("office")
    with other.app.store.reading() as session:
        kept = keep.get(session, "certificate")
    assert isinstance(kept, dict)
    body, sig = str(kept["body"]).encode(), bytes.fromhex(str(kept["sig"]))
    known = device.app.device
    key, public = bytes.fromhex(known.server_key), known.public_key.hex()
    with pytest.raises(CertificateError):
        verified(body, sig, key, known.device_id, public)
    with pytest.raises(CertificateError):
        verified(body, sig[::-1], key, other.app.device.device_id,
                 other.app.device.public_key.hex())  # fmt: skip
    for wrong in (b"", b"[]", b"{}", b'{"v":1}', b"\xff", b"[" * 100_000):
        with pytest.raises(CertificateError):
            verified(
                wrong, site.server.state.site.key.sign(b"anshao-certificate-v1\0" + wrong), key,
                known.device_id, public,
            )  # fmt: skip
    assert standing.certificate(device.app.store, known) == device.app.certificate


async def test_a_device_of_the_version_before_works_on_and_gets_one_after_its_update(
    site: PlantSite,
) -> None:
    device = await site.device()
    old = replace(device.app.device, server_key="")
    device.app.identity, device.app.certificate = old, None
    with device.app.store.session() as session:
        standing.save(session, old)
        keep.put(session, "certificate", None)
    device = site.restart(device)
    assert device.app.certificate is None
    assert people.sign_in(device.app, OPERATOR, PIN)
    await take_along(site, device)
    assert device.app.certificate is not None
    assert site.restart(device).app.certificate is not None
    with site.server.state.site.store.reading() as session:
        assert records.lookup(session, device.app.device.device_id)


async def test_the_people_named_for_a_device_are_those_of_its_certificate_scopes_and_list(
    site: PlantSite,
) -> None:
    device, office = await site.device(), await site.device("office")
    hazard = loop.report(device, OPERATOR, "DB-03", "柜门没锁", ())
    await device.sync()
    device_id = device.app.device.device_id
    named = Allotment((OPERATOR, INSPECTOR))
    along.allot(office.app, office.person(ADMIN), device_id, named)
    await take_along(site, office, device)
    assert device.app.certificate
    assert set(device.app.certificate.people) == {OPERATOR, INSPECTOR}
    assert {card.person_id for card in people.cards(device.app)} == {OPERATOR, INSPECTOR}
    here = site.server.state.site
    with here.store.reading() as session:
        record = records.lookup(session, device_id)
        theirs = scoping.subscribed(session, here.pack.definitions, device_id)
        found = here.pack.definitions
        both = people_of(found.plant, record).values()
        assert theirs.scopes == scopes.of_people(found.ground, both, named)
    with pytest.raises(CertificatePersonError):
        people.sign_in(device.app, LEADER, "1899")
    with pytest.raises(CertificatePersonError):  # whoever was signed in when it came
        loop.act(device, LEADER, hazard, "accept>accepted")
    assert loop.report(device, LEADER, "DB-03", "漏电", ()), "whoever sees a danger can say so"
    assert people.sign_in(device.app, OPERATOR, PIN)
    assert office.app.certificate
    assert LEADER in office.app.certificate.people, "others keep theirs"
    along.allot(office.app, office.person(ADMIN), device_id, Allotment())
    await take_along(site, office, device)
    assert device.app.certificate
    assert LEADER in device.app.certificate.people
    assert LEADER in {card.person_id for card in people.cards(device.app)}
