"""S24 Duplicate reports: five workers, one guard, one repair, and five people who hear of it."""

from app.use_cases import hazards
from offline_store import records
from tests.helpers.plant import Device, PlantSite
from tests.scenarios.loop import act, answers, inbox, on_server, photograph, report

LEADER, FITTER, HEAD = "U023", "U055", "U031"  # of T-MEC; responsible for area A10
GUARD = "空压机皮带防护罩拆了没装回去"
SHOTS = ("panorama", "closeup")
# who, on which phone, how many minutes after the first, and how they say it
WORKERS = (
    ("U041", "phone-1", 0, GUARD),
    ("U040", "phone-2", 7, "C-401 皮带没罩子"),
    ("U050", "phone-3", 15, "四零一空压机护罩没装"),
    ("U059", "phone-4", 24, "空压机防护罩缺失"),  # no signal
    ("U012", "phone-5", 38, "压缩机的防护罩掉了"),  # no signal
)
OFFLINE = ("phone-4", "phone-5")
LATER = ["已受理", "已派单", "整改中", "待核验", "已关闭"]


async def _reported(site: PlantSite) -> tuple[dict[str, Device], dict[str, str]]:
    """Five reports within 40 minutes; two phones come into the network only then."""
    phones = {name: await site.device(name) for _, name, _, _ in WORKERS}
    made: dict[str, str] = {}
    began = site.time()
    for person, name, minutes, words in WORKERS:
        site.time.be(began + minutes * 60_000)
        phone = phones[name]
        phone.wire.up = name not in OFFLINE
        made[person] = report(phone, person, "C-401", words, SHOTS)
        if phone.wire.up:
            await phone.sync()
    await site.run_duties()
    for name in OFFLINE:
        phones[name].wire.up = True
        await phones[name].sync()
        phones[name].wire.up = False  # and out of it again
    await site.run_duties()
    return phones, made


async def test_five_reports_become_one_repair_and_every_reporter_hears_of_every_step(
    site: PlantSite,
) -> None:
    phones, made = await _reported(site)
    office = await site.device("office")
    first = made["U041"]
    twin = report(office, LEADER, "C-401", "空压机轴承异响")  # another defect of the same machine
    duplicates = [record_id for record_id in made.values() if record_id != first]
    for record_id in duplicates:
        act(office, HEAD, record_id, "merge>merged", merged_into=first, note="同一个防护罩")
    act(office, LEADER, first, "accept>accepted")
    act(office, LEADER, first, "dispatch>dispatched", assignee=FITTER)
    act(office, FITTER, first, "rectify>rectifying")
    photograph(office, FITTER, first, "after", "C-401")
    act(office, FITTER, first, "rectify>to_verify")
    act(office, HEAD, first, "verify>closed")
    await office.sync()
    await site.run_duties()

    store = site.server.state.site.store
    with store.reading() as session:
        given = records.find(session, "hazard", person=FITTER)
    assert [one.record_id for one in given if one.text("asset") == "C-401"] == [first]
    for record_id in duplicates:
        assert on_server(site, record_id).text("state") == "merged"
    assert on_server(site, twin).text("state") == "reported"  # it stays a hazard of its own
    assert twin not in {row.record_id for row in given}

    for person, name, _, _ in WORKERS:
        phone = phones[name]
        phone.wire.up = True
        await phone.sync()
        own = ["已上报"] if person == "U041" else ["已上报", "合并"]
        assert answers(phone, person) == [*own, *LATER], person
        assert inbox(phone, person).as_of_ms is not None
    merged = next(
        card for card in inbox(phones["phone-5"], "U012").cards if card.key == "notice.answer.into"
    )
    assert merged.note == "同一个防护罩"
    assert merged.params["into"] == on_server(site, first).text("code")


async def test_a_report_that_comes_late_joins_what_is_under_way_and_hears_of_the_rest(
    site: PlantSite,
) -> None:
    first_phone, late_phone = await site.device("phone-1"), await site.device("phone-2")
    late_phone.wire.up = False
    first = report(first_phone, "U041", "C-401", GUARD, SHOTS)
    late = report(late_phone, "U012", "C-401", "防护罩没了")
    await first_phone.sync()
    office = await site.device("office")
    act(office, LEADER, first, "accept>accepted")
    await office.sync()
    await site.run_duties()
    late_phone.wire.up = True
    await late_phone.sync()
    await office.sync()
    act(office, HEAD, late, "merge>merged", merged_into=first, note="同一处")
    act(office, LEADER, first, "dispatch>dispatched", assignee=FITTER)
    await office.sync()
    await site.run_duties()
    await late_phone.sync()
    assert answers(late_phone, "U012") == ["已上报", "合并", "已派单"]
    card = inbox(late_phone, "U012").cards[0]
    assert card.opens in {first, late}
    shown = hazards.view(late_phone.app, late_phone.person("U012"), str(card.opens))
    assert shown.card.mine


async def test_what_was_told_is_said_once_whatever_runs_how_often(site: PlantSite) -> None:
    phone = await site.device()
    report(phone, "U041", "C-401", GUARD)
    await phone.sync()
    assert await site.run_duties() > 0
    assert await site.run_duties() == 0
    assert await site.run_duties_elsewhere() == 0
    await phone.sync()
    assert answers(phone, "U041") == ["已上报"]
