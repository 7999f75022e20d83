"""What photos showed is said by who took them, well formed, and the server's word is its own."""

from dataclasses import replace

from domain.records import Value
from domain.rectification import Reason
from domain.repair_checks import Region, RepairCheck
from tests.server.phone import Bench
from tests.server.test_rights import REPAIR, report

CHECK = RepairCheck(
    "passed", "none", (Reason("rectify.passed", {"percent": 97}),), "m/1",
    Region("p1", 100, 100, 300, 300), "original", probability="0.9731",
)  # fmt: skip


async def test_only_who_took_the_photo_says_what_it_showed(bench: Bench) -> None:
    phone = await bench.phone()
    hazard = phone.write("U012", "hazard", report())
    for person, cells in REPAIR:
        phone.write(person, "hazard", cells, record_id=hazard)
    shot: dict[str, Value] = {"of": hazard, "shot": "after", "by": "U009", "original": "ab" * 32}
    photo = phone.write("U009", "evidence", shot, kind="attach")
    refused = replace(CHECK, outcome="refused").value()
    tried: list[tuple[str, dict[str, Value], str | None]] = [
        ("U034", {"check": CHECK.value()}, "access.denied"),
        ("U009", {"check": {**CHECK.value(), "outcome": "fine"}}, "entry.invalid"),
        ("U009", {"check": CHECK.value(), "grade": "A"}, "entry.invalid"),
        ("U009", {"server_check": CHECK.value()}, "entry.invalid"),
        ("U009", {"server_reuse": {"how": "block", "of": "x"}}, "entry.invalid"),
        ("U009", {"check": refused}, None),
    ]
    for person, cells, code in tried:
        phone.write(person, "evidence", cells, kind="edit", record_id=photo)
        assert [one.code for one in (await phone.push()).exceptions] == ([code] if code else [])
    done: dict[str, Value] = {"state": "to_verify", "action": "hazard.rectify", "rectifier": "U009"}
    phone.write("U009", "hazard", done, record_id=hazard)
    assert [one.code for one in (await phone.push()).exceptions] == ["move.refused"]
    why: dict[str, Value] = {**done, "note": "锁芯已换，外观没变"}
    begun = dict.fromkeys(done, f"{phone.device_id}:{1 + len(REPAIR)}")
    phone.write("U009", "hazard", why, record_id=hazard, base=begun)
    assert (await phone.push()).exceptions == []


async def test_a_photo_brings_no_word_of_the_server_and_no_malformed_hashes(bench: Bench) -> None:
    phone = await bench.phone()
    hazard = phone.write("U012", "hazard", report())
    good: dict[str, Value] = {"of": hazard, "shot": "closeup", "by": "U012", "original": "ab" * 32}
    zeros: list[Value] = ["0" * 16, "0" * 16, "0" * 16, "0" * 16]
    wrong: list[dict[str, Value]] = [
        {"server_mark": zeros},
        {"mark": zeros[:3]},
        {"mark": "x"},
        {"reuse": {"how": "never", "of": "x"}},
        {"reuse": {"how": "same", "of": "x"}},  # the server alone can say that
        {"server_reuse": {"how": "hint", "of": "x"}},
        {"check": CHECK.value()},
    ]
    for more in wrong:
        phone.write("U012", "evidence", {**good, **more}, kind="attach")
        assert [one.code for one in (await phone.push()).exceptions] == ["entry.invalid"]
    for more in ({"source": "screen"}, {"source": "drawn"}, {"source": 1}, {"grade": "A+"}):
        phone.write("U012", "evidence", {**good, **more}, kind="attach")
        assert [one.code for one in (await phone.push()).exceptions] == ["entry.invalid"]
    drawn: dict[str, Value] = {**good, "shot": "signature", "source": "drawn"}
    for fine in ({**good, "source": "camera"}, {**good, "source": "file", "grade": "C"}, drawn):
        phone.write("U012", "evidence", fine, kind="attach")
    mark: dict[str, Value] = {"mark": zeros, "reuse": {"how": "hint", "of": "x"}}
    phone.write("U012", "evidence", {**good, **mark}, kind="attach")
    assert (await phone.push()).exceptions == []
