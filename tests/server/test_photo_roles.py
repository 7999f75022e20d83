"""The server keeps the rule of the three photos: roles, who is asked, what danger may do."""

from domain.records import Value
from offline_store import records, removals
from server import duties, nagging
from tests.server.phone import Bench, Phone, report

ACCEPT: dict[str, Value] = {"state": "accepted", "action": "hazard.accept", "owner": "U019"}
DISPATCH: dict[str, Value] = {
    "state": "dispatched", "action": "hazard.dispatch", "assignee": "U009", "responsible": "U009",
}  # fmt: skip
SHA = "ab" * 32


def accepted(phone: Phone) -> tuple[str, str]:
    """A hazard of grade B with one close-up, accepted; hazard and photo."""
    hazard = phone.write("U012", "hazard", report(grade="B"))
    shot: dict[str, Value] = {"of": hazard, "shot": "closeup", "by": "U012", "original": SHA}
    photo = phone.write("U012", "evidence", shot, kind="attach")
    phone.write("U019", "hazard", ACCEPT, record_id=hazard)
    return hazard, photo


def seen(phone: Phone, number: int) -> dict[str, str]:
    """What a dispatch has seen when it is tried again after a refusal."""
    names = ("state", "action", "assignee", "responsible", "photos_reason")
    return dict.fromkeys(names, f"{phone.device_id}:{number}")


async def codes(phone: Phone) -> list[str | None]:
    return [one.code for one in (await phone.push()).exceptions]


async def test_the_dispatch_is_refused_with_what_is_missing_named_until_it_is_there(
    bench: Bench,
) -> None:
    phone = await bench.phone()
    hazard, photo = accepted(phone)
    phone.write("U019", "hazard", DISPATCH, record_id=hazard)
    (refused,) = (await phone.push()).exceptions
    assert (refused.code, refused.params["shots"]) == ("shots.missing", ["panorama"])
    wrong: list[tuple[str, dict[str, Value], str]] = [
        ("U044", {"role": "panorama"}, "access.denied"),  # has no part in it
        ("U019", {"role": "after"}, "entry.invalid"),  # its time would count
        ("U019", {"role": "responsible"}, "entry.invalid"),  # nobody was asked
        ("U019", {"role": "nothing"}, "entry.invalid"),
        ("U019", {"role": "panorama", "grade": "A"}, "entry.invalid"),
    ]
    for person, cells, code in wrong:
        phone.write(person, "evidence", cells, kind="edit", record_id=photo)
        assert await codes(phone) == [code]
    far: dict[str, Value] = {"of": hazard, "shot": "closeup", "by": "U012", "original": SHA[::-1]}
    other = phone.write("U012", "evidence", far, kind="attach")
    phone.write("U019", "evidence", {"role": "panorama"}, kind="edit", record_id=other)
    assert await codes(phone) == []
    phone.write("U019", "hazard", DISPATCH, record_id=hazard, base=seen(phone, 3))
    assert await codes(phone) == []


async def test_a_photo_whose_picture_was_removed_counts_no_more_and_gets_no_role(
    bench: Bench,
) -> None:
    phone = await bench.phone()
    hazard, photo = accepted(phone)
    far: dict[str, Value] = {"of": hazard, "shot": "panorama", "by": "U012", "original": SHA[::-1]}
    phone.write("U012", "evidence", far, kind="attach")
    assert await codes(phone) == []
    with bench.site.store.session() as session:
        removals.mark(session, [SHA, SHA[::-1]])
    phone.write("U019", "evidence", {"role": "panorama"}, kind="edit", record_id=photo)
    assert await codes(phone) == ["entry.invalid"]
    phone.write("U019", "hazard", DISPATCH, record_id=hazard)
    (refused,) = (await phone.push()).exceptions
    assert (refused.code, refused.params["shots"]) == ("shots.missing", ["panorama", "closeup"])


async def test_a_photo_of_a_repair_never_changes_what_it_is(bench: Bench) -> None:
    phone = await bench.phone()
    hazard, _ = accepted(phone)
    shot: dict[str, Value] = {"of": hazard, "shot": "after", "by": "U019", "original": SHA}
    photo = phone.write("U019", "evidence", shot, kind="attach")
    phone.write("U019", "evidence", {"role": "panorama"}, kind="edit", record_id=photo)
    shot |= {"role": "panorama"}
    phone.write("U019", "evidence", shot, kind="attach")
    assert await codes(phone) == ["entry.invalid", "entry.invalid"]


async def test_danger_goes_first_once_people_are_safe_and_its_reason_counts_once(
    bench: Bench,
) -> None:
    phone = await bench.phone()
    hazard, _ = accepted(phone)
    at_once: dict[str, Value] = {**DISPATCH, "photos_reason": "柜内进水"}
    phone.write("U019", "hazard", at_once, record_id=hazard)
    assert await codes(phone) == ["shots.missing"], "measures first"
    secured: dict[str, Value] = {"interim": "已断电挂牌", "interim_by": "U019"}
    phone.write("U019", "hazard", secured, kind="edit", record_id=hazard)
    old: dict[str, Value] = {"photos_reason": "上次的原因"}
    phone.write("U019", "hazard", old, kind="edit", record_id=hazard)
    assert await codes(phone) == []
    phone.write("U019", "hazard", DISPATCH, record_id=hazard, base=seen(phone, 3))
    assert await codes(phone) == ["shots.missing"], "an older reason does not count again"
    base = seen(phone, 3) | {"photos_reason": f"{phone.device_id}:6"}
    phone.write("U019", "hazard", at_once, record_id=hazard, base=base)
    assert await codes(phone) == []
    with bench.site.store.reading() as session:
        kept = records.get(session, hazard)
    assert (kept.text("state"), kept.text("photos_reason")) == ("dispatched", "柜内进水")


async def test_who_is_asked_for_photos_is_told_once_and_nobody_else_can_be_asked(
    bench: Bench,
) -> None:
    nagging.begin(bench.site)
    phone = await bench.phone()
    hazard, _ = accepted(phone)
    asking: dict[str, Value] = {"asked_of": "U012", "asked_shots": "panorama", "asked_by": "U019"}
    wrong: list[tuple[str, dict[str, Value], str]] = [
        ("U012", {**asking, "asked_by": "U012"}, "access.denied"),  # asks, and may not
        ("U019", {**asking, "asked_of": "U044"}, "entry.invalid"),  # has no part in it
        ("U019", {**asking, "asked_shots": "after"}, "entry.invalid"),
        ("U019", {**asking, "asked_by": "U001"}, "entry.invalid"),  # in another's name
    ]
    for person, cells, code in wrong:
        phone.write(person, "hazard", cells, kind="edit", record_id=hazard)
        assert await codes(phone) == [code]
    phone.write("U019", "hazard", asking, kind="edit", record_id=hazard)
    assert await codes(phone) == []
    for _ in range(2):
        duties.run_duties(bench.site, bench.site.now_ms())
    with bench.site.store.reading() as session:
        found = records.find(session, "notice", limit=records.ALL)
    told = [one for one in found if one.text("rule") == "photos"]
    assert [(one.text("to"), one.text("about")) for one in told] == [("U012", hazard)]
    params = told[0].get("params")
    assert isinstance(params, dict)
    assert (params["by"], params["shots"]) == ("U019", "panorama")
