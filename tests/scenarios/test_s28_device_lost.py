"""S28: a phone is stolen with records it has not sent, reported lost, found again.

The thief's tries at the PIN and at a copied file are in `tests/app` and `tests/offline_store`; here
is what server, managers and devices make of a device that is lost.
"""

import asyncio
from dataclasses import dataclass, replace

import pytest

from app import joining, link, unlock
from app.use_cases import devices, enrolment, notices, outbox, people, quarantine
from domain.errors import DeviceBlockedError, MoveRefusedError, RegisterRowError
from domain.invitations import DeviceRevokedError
from domain.proof_checks import check, worth
from domain.proof_reading import read
from domain.quarantine import HELD, LET, REFUSED
from offline_store import journal, records
from offline_store import outbox as queue
from server import proofs as server_proofs
from server import unlocking
from server.keys import public_bytes
from server.unlocking import UnlockRefusedError
from tests.helpers.plant import Device, PlantSite
from tests.scenarios import loop
from tests.scenarios.test_quarantine import reported

OWNER, PIN, MANAGER, ADMIN = "U012", "1205", "U001", "U014"
UNSENT, THIEFS = 17, 3
PAUSE_S = 0.3  # more than a clock in this process can be off


@dataclass
class Lost:
    """What happened up to the report of the loss."""

    phone: Device
    office: Device
    honest: list[str]
    thiefs: list[str]
    lost_ms: int


async def stolen(site: PlantSite, *, told: bool = False) -> Lost:
    """A phone goes off the network, its owner reports 17 times, then somebody else takes it."""
    phone, office = await site.device(), await site.device("office")
    phone.wire.up = False
    honest = [
        loop.report(phone, OWNER, "DB-03", f"柜门没锁 {at}", ("panorama",) if at == 0 else ())
        for at in range(UNSENT)
    ]
    if told:  # the network was there for a moment: long enough to say how far it had written
        phone.wire.up = True
        await link.refresh_pack(phone.app, site.transport(phone.wire, phone.app.device.token))
        phone.wire.up = False
    await asyncio.sleep(PAUSE_S)
    lost_ms = phone.app.clock.now_ms()
    await asyncio.sleep(PAUSE_S)
    thiefs = [reported(phone, f"假的 {at}") for at in range(THIEFS)]
    return Lost(phone, office, honest, thiefs, lost_ms)


async def report_loss(found: Lost) -> None:
    """The administrator says when it was lost; everybody learns it."""
    office = found.office
    admin = office.person(ADMIN)
    device_id = found.phone.app.device.device_id
    devices.revoke(office.app, admin, device_id, found.lost_ms, "10 点在罐区被偷")
    await office.sync()


async def comes_up(found: Lost) -> None:
    """Somebody switches the phone on where there is a network."""
    found.phone.wire.up = True
    with pytest.raises(DeviceRevokedError):
        await found.phone.sync()


def counts(device: Device, made: list[str]) -> int:
    with device.app.store.reading() as session:
        return sum(records.lookup(session, one) is not None for one in made)


def card_of(found: Lost, person: str = ADMIN) -> devices.DeviceCard:
    device_id = found.phone.app.device.device_id
    shown = devices.cards(found.office.app, found.office.person(person))
    return next(one for one in shown if one.device_id == device_id)


async def test_all_that_a_lost_phone_sends_is_held_and_the_manager_is_told(
    site: PlantSite,
) -> None:
    found = await stolen(site)
    await report_loss(found)
    await comes_up(found)
    with site.server.state.site.store.reading() as session:
        assert all(records.lookup(session, one) is None for one in found.honest + found.thiefs)
    await found.office.sync()
    manager = found.office.person(MANAGER)
    held = quarantine.cards(found.office.app, manager)
    assert {one.why for one in held} == {"entry.revoked"}
    assert sum(one.count for one in held) >= UNSENT + THIEFS
    assert held[0].lost_ms == found.lost_ms
    assert [one for one in notices.inbox(found.office.app, manager).cards if one.rule == "security"]
    assert counts(found.office, found.honest + found.thiefs) == 0


async def test_a_lost_phone_gets_no_unlock_code_but_where_somebody_insists(site: PlantSite) -> None:
    found = await stolen(site)
    here, phone = site.server.state.site, found.phone
    asked = unlock.request(phone.settings)
    assert asked is not None
    device_id = phone.app.device.device_id
    assert unlocking.code_in(here.store, here.settings, asked).device_id == device_id
    await report_loss(found)
    with pytest.raises(UnlockRefusedError) as refused:
        unlocking.code_in(here.store, here.settings, asked)
    assert refused.value.params["state"] == "lost"
    assert unlocking.code_in(here.store, here.settings, asked, blocked_too=True).code


async def test_a_lost_phone_locks_itself_for_good_and_keeps_what_it_has(site: PlantSite) -> None:
    found = await stolen(site)
    await report_loss(found)
    phone = found.phone
    phone.wire.up = True
    before = link_of(phone)
    with pytest.raises(DeviceRevokedError):
        await phone.sync()
    assert phone.app.revoked == "10 点在罐区被偷"
    with pytest.raises(DeviceRevokedError):
        people.sign_in(phone.app, OWNER, PIN)
    phone = site.restart(phone)
    phone.wire.up = False  # it remembers, without a network too
    with pytest.raises(DeviceRevokedError):
        people.sign_in(phone.app, OWNER, PIN)
    assert link_of(phone) == before, "it got nothing new"
    assert counts(phone, []) == 0
    assert {one.reason for one in outbox.view(phone.app).items if one.state == "refused"} == {
        "entry.revoked"
    }


def link_of(device: Device) -> int:
    """How far a device has read the feed."""
    from offline_store import keep

    with device.app.store.reading() as session:
        return keep.cursor(session).feed


async def test_what_was_made_before_the_loss_is_released_in_one_step_and_the_chain_holds(
    site: PlantSite,
) -> None:
    found = await stolen(site)
    await report_loss(found)
    await comes_up(found)
    office = found.office
    await office.sync()
    manager, device_id = office.person(MANAGER), found.phone.app.device.device_id
    done = quarantine.release_before(
        office.app, manager, device_id, found.lost_ms, "机主核对过，10 点前是他写的"
    )
    assert done == 1
    await office.sync()
    assert counts(office, found.honest) == UNSENT
    assert counts(office, found.thiefs) == 0
    third = await site.device("phone-3")  # reads the whole feed anew
    assert (counts(third, found.honest), counts(third, found.thiefs)) == (UNSENT, 0)
    with site.server.state.site.store.reading() as session:
        assert records.evidence_of(session, found.honest[0]), "its photo counts again"
    cards = {one.state: one for one in quarantine.cards(office.app, manager)}
    assert cards.keys() == {HELD, LET}
    assert cards[HELD].count == THIEFS, "the rest stays held, on a card of its own"
    assert cards[LET].let_in + cards[HELD].count == cards[LET].count
    quarantine.settle(office.app, manager, cards[HELD].record_id, REFUSED, "不是机主写的")
    await office.sync()
    assert {one.state for one in quarantine.cards(office.app, manager)} == {LET, REFUSED}
    assert counts(office, found.thiefs) == 0
    key = public_bytes(site.server.state.site.key)
    proved = check(read(server_proofs.export(site.server_settings, found.honest[3])), key)
    assert worth(proved, key) == "open", "the chain holds; that it counts is a person's word"
    assert not [one for one in proved if one.mark == "bad"]


async def test_a_release_by_time_lets_nothing_in_behind_the_first_doubtful_entry(
    site: PlantSite,
) -> None:
    found = await stolen(site)
    await report_loss(found)
    await comes_up(found)
    office = found.office
    await office.sync()
    manager = office.person(MANAGER)
    [card] = quarantine.cards(office.app, manager)
    first = card.items[0].item.at
    quarantine.settle(office.app, manager, card.record_id, LET, "太早", before_ms=first)
    await office.sync()
    held = [one for one in quarantine.cards(office.app, manager) if one.state == HELD]
    assert [one.count for one in held] == [card.count], "nothing was let in, all of it still waits"
    assert counts(office, found.honest) == 0


async def test_the_device_page_says_what_the_server_lacks(site: PlantSite) -> None:
    found = await stolen(site, told=True)
    await report_loss(found)
    await site.run_duties()
    await found.office.sync()
    card = card_of(found)
    with site.server.state.site.store.reading() as session:
        have, _ = journal.head(session, card.device_id)
    assert (card.have, card.revoked_ms) == (have, found.lost_ms)
    assert card.lacks is not None
    assert card.lacks.first == have + 1
    assert card.lacks.count >= UNSENT, "the photo is an entry of its own"
    await comes_up(found)
    await site.run_duties()
    await found.office.sync()
    assert card_of(found).lacks is None, "held, but there"


async def test_a_loss_is_never_taken_back_and_not_said_of_tomorrow(site: PlantSite) -> None:
    found = await stolen(site)
    office = found.office
    admin, device_id = office.person(ADMIN), found.phone.app.device.device_id
    later = office.app.clock.now_ms() + 3_600_000
    with pytest.raises(RegisterRowError):
        devices.revoke(office.app, admin, device_id, later, "明天会丢")
    devices.turn(office.app, admin, device_id, "blocked", "先停用")
    await office.sync()
    found.phone.wire.up = True
    with pytest.raises(DeviceBlockedError):  # a pause: nothing goes either way
        await found.phone.sync()
    await report_loss(found)
    with pytest.raises(MoveRefusedError):
        devices.turn(office.app, admin, device_id, "active", "又找到了")
    with office.app.store.session() as session:  # a changed app says so all the same
        office.app.write(
            session, ADMIN, kind="edit", record_id=device_id, type="device",
            definition="device@1",
            set={"state": "active", "reason": "又找到了", "by": ADMIN,
                 "at_ms": office.app.clock.now_ms()},
        )  # fmt: skip
    await office.sync()
    await comes_up(found)


async def test_a_phone_that_was_found_joins_anew_and_what_it_had_goes_the_old_way(
    site: PlantSite,
) -> None:
    found = await stolen(site)
    await report_loss(found)
    office, phone = found.office, found.phone
    old = phone.app.device
    phone.wire.up = True
    with pytest.raises(DeviceRevokedError):
        await link.refresh_pack(phone.app, site.transport(phone.wire, old.token))
    await office.sync()
    made = devices.invite(office.app, office.person(ADMIN), "phone-1 再登记", "http://plant.test")
    await office.sync()
    enrolment.set_server(phone.app, "http://plant.test", made.code, made.invitation)
    await joining.join_again(phone.app, site.transport(phone.wire))
    assert phone.app.trouble is None
    assert phone.app.device.device_id == made.device_id != old.device_id
    assert phone.app.device.public_key != old.public_key
    assert joining.left_behind(phone.app) >= UNSENT + THIEFS, "nothing of it is lost"
    phone = site.restart(phone)
    assert phone.app.key_trouble is None
    assert people.sign_in(phone.app, OWNER, PIN).person_id == OWNER
    again = reported(phone, "找回来以后写的")
    await phone.sync()
    await joining.send_former(
        phone.app,
        lambda one: site.transport(phone.wire, one.token),
        lambda: phone.app.definitions.policies,
    )
    assert joining.left_behind(phone.app) == 0
    await office.sync()
    assert counts(office, [again]) == 1
    [card] = quarantine.cards(office.app, office.person(MANAGER))
    assert (card.device, card.why) == (old.device_id, "entry.revoked")
    quarantine.release_before(
        office.app, office.person(MANAGER), old.device_id, found.lost_ms, "机主核对过"
    )
    await office.sync()
    await phone.sync()
    for device in (office, phone):
        assert counts(device, found.honest) == UNSENT
        assert counts(device, found.thiefs) == 0
    with phone.app.store.reading() as session:
        assert queue.count(session, phone.app.device.device_id).entries == 0


async def test_a_code_of_another_server_is_refused_before_anything_changes(
    site: PlantSite,
) -> None:
    phone = await site.device()
    office = await site.device("office")
    made = devices.invite(office.app, office.person(ADMIN), "新平板", "http://plant.test")
    await office.sync()
    old = phone.app.device
    wrong = replace(made.invitation, key="0" * 32)
    enrolment.set_server(phone.app, wrong.server, wrong.code, wrong)
    await joining.join_again(phone.app, site.transport(phone.wire))
    assert phone.app.trouble is not None
    assert phone.app.trouble.code == "enrol.server"
    assert phone.app.device == old
    await phone.sync()
