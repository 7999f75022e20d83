"""S04 Phone clock wrong by 2 days: everything is kept, what needs the time waits for it."""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app import timekeeping
from app.use_cases import evidence, hazards, relay, relaying, works
from app.use_cases.evidence import Target
from domain.changes import encode
from domain.places import Fix, Place
from domain.records import Value
from domain.relay import RelayRevokedError
from domain.relay import encode as encode_message
from domain.relay import read as read_message
from domain.trusted_time import PeerTimeError, TimeUntrustedError
from media import capture
from offline_store import entries, history, journal
from offline_store.relay_files import SUFFIX
from tests.helpers.plant import Device, PlantSite
from tests.helpers.screen import screen_of
from tests.helpers.trial import (
    ANALYST,
    GUARDIAN,
    HEAD,
    HOUR_MS,
    INSPECTOR,
    LEADER,
    MANAGER,
    PINS,
    Hands,
    Hours,
    act,
    apply,
    at,
    on,
)
from tests.scenarios.loop import on_server, picture, report

TWO_DAYS_MS = 48 * HOUR_MS
SLACK_MS = 5_000  # the server's clock goes on while the test runs


async def wrong(site: PlantSite) -> tuple[Device, Hands, Hours, str]:
    """A phone with an approved work, restarted days later without a network, its clock -48 h."""
    site.time.be(at("08:00"))
    hands = Hands(at("08:00"))
    device = await site.device("phone-s04", clock=hands.clock())
    hours = Hours(site, [hands])
    hours.be(at("08:00", day=3))
    record_id = apply(device)
    act(device, HEAD, record_id, "approve>approved")
    await device.sync()
    hours.be(at("08:10", day=5))  # out of reach for two days and more
    device.wire.up = False
    hours.be(at("08:20", day=5))
    dark = Hands(hands.wall_ms - TWO_DAYS_MS, 1_000, "boot-2")
    hours.hands = [dark]
    told = dark.clock(not_before_ms=at("08:00", day=3))
    return site.restart(device, told), dark, hours, record_id


def own(device: Device) -> Sequence[entries.Logged]:
    with device.app.store.reading() as session:
        return entries.of_device(session, device.app.device.device_id, 1, 1000)


def asked(device: Device) -> bytes:
    """What the device shows now: its question for the time, its answer, and what waits there."""
    return relaying.offer(device.app, device.person(MANAGER), None).message


def marked(device: Device, monkeypatch: pytest.MonkeyPatch, record_id: str) -> list[str]:
    """Take a photo; returns the lines burned into it."""
    burned: list[str] = []
    real = capture.prepare

    def prepare(data: bytes, source: Any, lines: list[str], font: Any, **more: Any) -> Any:  # noqa: ANN401
        burned.extend(lines)
        return real(data, source, lines, font, **more)

    monkeypatch.setattr(evidence.capture, "prepare", prepare)
    target = Target(record_id, "HZ", "DB-03", "panorama")
    who = device.person(INSPECTOR)
    evidence.keep(device.app, who, target, picture(), source="camera", fix=None)
    monkeypatch.undo()
    return burned


async def test_what_was_written_meanwhile_is_corrected_after_sync_and_kept_as_it_was(
    trial_site: PlantSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, dark, hours, work = await wrong(trial_site)
    written = trial_site.time()
    hazard = report(device, INSPECTOR, "DB-03", "漏电")
    works.check_in(device.app, device.person(GUARDIAN), work)
    burned = marked(device, monkeypatch, hazard)
    assert any("时间未校准" in line for line in burned)
    said = {one.entry.entry_id: encode(one.entry) for one in own(device)}
    shown = on(device, hazard).whole("reported_ms") or 0
    assert abs(shown - (written - TWO_DAYS_MS)) < SLACK_MS, "the device does not know better"

    hours.be(at("10:00", day=5))
    device.wire.up = True
    await device.sync()
    office = await trial_site.device("office")
    for record in (on(device, hazard), on(office, hazard), on_server(trial_site, hazard)):
        assert abs((record.whole("reported_ms") or 0) - written) < SLACK_MS
        assert all(abs(cell.wall_ms - written) < SLACK_MS for cell in record.cells.values())
    checked = on_server(trial_site, work).get("check_ins")
    assert isinstance(checked, list)
    [one] = checked
    assert isinstance(one, dict)
    assert abs(int(str(one["at_ms"])) - written) < SLACK_MS
    assert on(office, hazard) == on_server(trial_site, hazard) == on(device, hazard)

    with trial_site.server.state.site.store.reading() as session:  # the original is kept
        there = entries.of_device(session, device.app.device.device_id, 1, 1000)
    bodies = {one.entry.entry_id: one.body for one in there}
    assert said.items() <= bodies.items()
    raw = next(one.entry for one in there if one.entry.record_id == hazard)
    assert abs(raw.time.device_ms - (written - TWO_DAYS_MS)) < SLACK_MS
    assert raw.time.uncertainty_ms is None
    assert raw.time.mono_ms < dark.mono_ms
    numbers = [one.entry.time.mono_ms for one in there if one.entry.time.boot == "boot-2"]
    assert numbers == sorted(numbers), "monotonic order"
    kinds = [one.entry.kind for one in there if one.entry.time.boot == "boot-2"]
    assert kinds.count("anchor") == 1


async def test_everybody_reads_that_a_time_was_corrected(trial_site: PlantSite) -> None:
    device, _, hours, work = await wrong(trial_site)
    works.check_in(device.app, device.person(GUARDIAN), work)
    hazard = report(device, INSPECTOR, "DB-03", "漏电")
    hours.be(at("10:00", day=5))
    device.wire.up = True
    await device.sync()
    office = await trial_site.device("office")
    manager = office.person(MANAGER)
    lines = works.view(office.app, manager, work).lines
    assert [line.corrected for line in lines].count(True) == 1
    steps = hazards.view(office.app, manager, hazard).steps
    assert steps[0].corrected
    async with screen_of(office, MANAGER, PINS[MANAGER]) as client:
        client.go(f"/works/{work}")
        await client.until(lambda: client.sees("时间已校正"))
        client.go(f"/hazard/{hazard}")
        await client.until(lambda: client.sees("时间已校正"))


async def test_gas_test_and_start_are_blocked_until_trusted_time(trial_site: PlantSite) -> None:
    device, _, _, work = await wrong(trial_site)
    with pytest.raises(TimeUntrustedError):
        works.measure(device.app, device.person(ANALYST), work, "o2_vol", "20.8", 1)
    with pytest.raises(TimeUntrustedError):
        act(device, LEADER, work, "start>started")
    async with screen_of(device, ANALYST, PINS[ANALYST]) as client:
        await client.until(lambda: client.sees("时间未校准"))  # the status line
        client.go(f"/works/{work}")
        await client.until(lambda: client.has("measure-o2_vol"))
        await client.tap("measure-o2_vol")
        await client.until(lambda: client.sees("这一步暂时不能做"))
        assert client.sees("连上服务器"), "and what to do"
        assert not client.has("work-value")
    steps = works.view(device.app, device.person(LEADER), work).steps
    [start] = [step for step in steps if step.action == "permit.start"]
    assert isinstance(start.blocked, TimeUntrustedError), "shown with a lock and the reason"
    assert on(device, work).get("o2_vol") is None
    assert on(device, work).text("state") == "approved"


async def test_the_server_refuses_what_an_altered_app_sends_without_the_time(
    trial_site: PlantSite,
) -> None:
    device, _, _, work = await wrong(trial_site)
    value: Value = {"value": "20.8", "sampled_ms": device.app.clock.now_ms()}
    with device.app.store.session() as session:
        device.app.write(
            session, ANALYST, kind="edit", record_id=work, type="trial",
            definition="trial@1", set={"o2_vol": value},
        )  # fmt: skip
    device.wire.up = True
    await device.sync()
    refused = [one for one in own(device) if one.verdict == "refused"]
    assert [one.code for one in refused] == ["time.untrusted"]
    assert on_server(trial_site, work).get("o2_vol") is None


@pytest.mark.parametrize("source", ["server", "gnss", "peer"])
async def test_trusted_time_from_server_satellites_or_a_peer_lifts_the_block(
    trial_site: PlantSite, source: str
) -> None:
    peer = await trial_site.device("平板2") if source == "peer" else None
    device, _, _, work = await wrong(trial_site)
    true_ms = trial_site.time()
    if source == "server":
        device.wire.up = True
        await device.sync()
    elif source == "gnss":
        here = Fix(Place(300010900, 1225008440), 600, 0, sky_ms=true_ms)
        assert timekeeping.take_sky(device.app, here)
    else:
        assert peer is not None
        await peer.sync()  # it has reached the server
        relay.take(peer.app, peer.person(MANAGER), asked(device))
        assert relay.take(device.app, device.person(MANAGER), asked(peer)).time
    assert device.app.clock.trusted
    assert abs(device.app.clock.now_ms() - true_ms) < SLACK_MS
    now = device.app.clock.now_ms()
    works.measure(device.app, device.person(ANALYST), work, "o2_vol", "20.8", now)
    assert on(device, work).get("o2_vol") == {"value": "20.8", "sampled_ms": now}
    device.wire.up = True
    await device.sync()
    assert on_server(trial_site, work).get("o2_vol") == {"value": "20.8", "sampled_ms": now}


async def test_what_proves_no_time_is_not_taken_for_one(trial_site: PlantSite) -> None:
    device, dark, _, _ = await wrong(trial_site)
    app = device.app
    here = Place(300010900, 1225008440)
    assert not timekeeping.take_sky(app, Fix(here, 600, 0, sky_ms=dark.wall_ms)), "its own clock"
    true_ms = trial_site.time()
    assert not timekeeping.take_sky(app, Fix(here, 600, 0, mocked=True, sky_ms=true_ms))
    assert not app.clock.trusted


@pytest.mark.parametrize(
    "reason", ["filmed", "late", "forged", "unsure", "shut_out", "file", "not_asked"]
)
async def test_a_peer_that_proves_no_time_sets_no_clock(
    trial_site: PlantSite, tmp_path: Path, reason: str
) -> None:
    peer_hands = Hands(at("08:00"))
    peer = await trial_site.device("平板2", clock=peer_hands.clock())
    device, hands, _, _ = await wrong(trial_site)
    await peer.sync()
    app = device.app
    shown = asked(device)
    if reason == "unsure":  # it was started anew and has not reached the server since
        peer_hands.boot = "boot-2"
        peer = trial_site.restart(peer, peer_hands.clock())
    if reason != "not_asked":
        relay.take(peer.app, peer.person(MANAGER), shown)
    report(peer, INSPECTOR, "DB-03", "漏电")  # something to hand over, with the time or without
    answer = asked(peer)
    if reason == "late":
        hands.mono_ms += 10 * 60_000
        hands.wall_ms += 10 * 60_000
    if reason == "filmed":  # the answer to another device, or to an earlier question
        app.peer.asked.clear()
        asked(device)
    if reason == "forged":
        message = read_message(answer)
        answer = encode_message(replace(message, made_ms=message.made_ms - 3_600_000))
    if reason == "shut_out":
        with app.store.session() as session:
            app.write(
                session, MANAGER, kind="edit", record_id=peer.app.device.device_id, type="device",
                definition="device@1", set={"state": "blocked", "reason": "lost", "by": MANAGER,
                "at_ms": app.clock.now_ms()},
            )  # fmt: skip
    if reason == "file":
        file = tmp_path / f"answer{SUFFIX}"
        with zipfile.ZipFile(file, "w") as made:
            made.writestr("relay.json", answer)
        relay.take_file(app, device.person(MANAGER), file)
    elif reason == "shut_out":
        with pytest.raises(RelayRevokedError):
            relay.take(app, device.person(MANAGER), answer)
    else:
        taken = relay.take(app, device.person(MANAGER), answer)
        assert taken.lines, "what it brings counts all the same"
        assert not taken.time
        why = {"filmed": ["other"], "late": ["vague"], "forged": ["forged"]}.get(reason, [])
        assert [one.params["reason"] for one in taken.trouble] == why
        assert all(isinstance(one, PeerTimeError) for one in taken.trouble)
    assert not app.clock.trusted


async def test_what_a_peer_told_is_an_anchor_with_its_doubt(trial_site: PlantSite) -> None:
    peer = await trial_site.device("平板2")
    device, hands, _, _ = await wrong(trial_site)
    await peer.sync()
    report(device, INSPECTOR, "DB-03", "漏电")  # written without the time: corrected by the anchor
    shown = asked(device)
    relay.take(peer.app, peer.person(MANAGER), shown)
    hands.mono_ms += 40_000  # so long until it is shown back
    hands.wall_ms += 40_000
    relay.take(device.app, device.person(MANAGER), asked(peer))
    unc = device.app.clock.uncertainty_ms()
    peer_unc = peer.app.clock.uncertainty_ms()
    assert unc is not None
    assert peer_unc is not None
    assert unc >= 20_000 + peer_unc  # half of what passed meanwhile, and what the peer knew
    with device.app.store.reading() as session:
        told = [one.entry for one in journal.of_device(session, device.app.device.device_id, 1, 99)
                if one.entry.kind == "anchor"]  # fmt: skip
    assert [one.set["source"] for one in told] == ["peer"]
    assert told[0].set["unc"] == device.app.clock.last_anchor.unc_ms  # pyright: ignore[reportOptionalMemberAccess]


async def test_no_part_of_the_way_is_negative(trial_site: PlantSite) -> None:
    device, _, hours, _ = await wrong(trial_site)
    hazard = report(device, INSPECTOR, "DB-03", "漏电")
    hours.be(at("10:00", day=5))
    device.wire.up = True
    await device.sync()
    office = await trial_site.device("office")
    manager = office.person(MANAGER)
    hazards.act(office.app, manager, hazard, "hazard.accept", "accepted")
    with office.app.store.reading() as session:
        decided = history.decisions(session, "hazard", 0)[hazard]
    times = [one.at_ms for one in decided]
    assert times == sorted(times)
    steps = hazards.view(office.app, manager, hazard).steps
    taken = [step.at_ms for step in steps if step.at_ms]
    assert taken == sorted(taken)
