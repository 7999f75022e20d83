"""The inbox promise: what concerns me is on my device, also without a network, and said once."""

from app.use_cases import notices
from offline_store import keep, records
from tests.helpers.plant import Device, PlantSite
from tests.scenarios.loop import act, report

INSPECTOR, LEADER, FITTER = "U003", "U023", "U055"
HOUR = 3_600_000


def _reminders(device: Device, person: str) -> list[str]:
    cards = notices.inbox(device.app, device.person(person)).cards
    return sorted(card.key for card in cards if card.rule == "reminder")


def _out_of_touch_since(device: Device, hours: float) -> None:
    """Let the last word of the server lie so far back."""
    device.wire.up = False
    with device.app.store.session() as session:
        keep.set_as_of(session, device.app.clock.now_ms() - round(hours * HOUR))


async def test_an_offline_device_reminds_its_person_and_the_server_says_it_no_second_time(
    site: PlantSite,
) -> None:
    device = await site.device()
    hazard = report(device, INSPECTOR, "C-401", "防护罩拆了没装回去")
    act(device, LEADER, hazard, "accept>accepted")
    person = device.person(LEADER)
    assert notices.remind(device.app, person) == 0  # the server is there to say it
    _out_of_touch_since(device, 1)
    assert notices.remind(device.app, person) > 0
    assert notices.remind(device.app, person) == 0
    assert "notice.reminder.rectify_start" in _reminders(device, LEADER)
    said = {card.notice_id for card in notices.inbox(device.app, person).cards}
    device.wire.up = True
    await device.sync()
    await site.run_duties()
    await device.sync()
    with site.server.state.site.store.reading() as session:
        found = [records.get(session, one) for one in said]
        about = [
            one.text("step")
            for one in records.find(session, "notice", person=LEADER)
            if one.text("about") == hazard and one.text("rule") == "reminder"
        ]
    assert {one.cells["told_ms"].writer.partition(":")[0] for one in found} == {
        device.app.device.device_id
    }
    assert len(about) == len(set(about))
    assert not [card for card in notices.inbox(device.app, person).cards if card.seen]


async def test_what_the_server_has_said_before_the_network_went_is_not_said_again(
    site: PlantSite,
) -> None:
    device = await site.device()
    hazard = report(device, INSPECTOR, "C-401", "防护罩拆了没装回去")
    act(device, LEADER, hazard, "accept>accepted")
    await device.sync()
    await site.run_duties()
    await device.sync()
    before = _reminders(device, LEADER)
    assert before
    device.wire.up = False
    notices.remind(device.app, device.person(LEADER))
    assert _reminders(device, LEADER) == before


async def test_reading_a_notice_is_known_on_the_persons_other_device(
    site: PlantSite,
) -> None:
    one, two = await site.device(), await site.device("phone-2")
    report(one, INSPECTOR, "C-401", "防护罩拆了没装回去")
    await one.sync()
    await site.run_duties()
    for device in (one, two):
        await device.sync()
    person = one.person(INSPECTOR)
    waiting = notices.unread(two.app, person)
    assert waiting > 0
    one.wire.up = two.wire.up = False
    assert notices.mark_seen(one.app, person) == waiting
    assert notices.unread(one.app, person) == 0
    first = notices.inbox(two.app, person).cards[0]
    assert notices.mark_seen(two.app, person, first.notice_id) == 1  # the same on both, offline
    one.wire.up = two.wire.up = True
    for device in (one, two, one):
        await device.sync()
    assert notices.unread(two.app, person) == notices.unread(one.app, person) == 0
    with site.server.state.site.store.reading() as session:
        assert records.conflicts(session) == []


async def test_the_inbox_says_how_old_it_is(site: PlantSite) -> None:
    device = await site.device()
    known = notices.inbox(device.app, device.person(INSPECTOR)).as_of_ms
    assert known
    _out_of_touch_since(device, 5)
    now = device.app.clock.now_ms()
    as_of = notices.inbox(device.app, device.person(INSPECTOR)).as_of_ms
    assert as_of
    assert now - as_of >= 5 * HOUR
