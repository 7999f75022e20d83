"""The loop of a hazard as people do it on their devices: report, decide, photograph."""

import io

from PIL import Image

from app.use_cases import evidence, hazards, notices, reports
from app.use_cases.evidence import Target
from app.use_cases.notices import Inbox, NoticeCard
from domain.records import Record
from offline_store import records
from tests.helpers.plant import Device, PlantSite


def picture() -> bytes:
    """A small photo, another one each time."""
    data = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(data, "JPEG")
    return data.getvalue()


def photograph(device: Device, person: str, record_id: str, shot: str, asset: str) -> None:
    """Take a photo of a hazard or of a report being written."""
    target = Target(record_id, "HZ", asset, shot)
    evidence.keep(device.app, device.person(person), target, picture(), source="camera", fix=None)


def report(device: Device, person: str, asset: str, words: str, shots: tuple[str, ...] = ()) -> str:
    """Report a hazard in words, with photos; returns its id."""
    who = device.person(person)
    draft = reports.open_draft(device.app, who, asset_id=asset)
    reports.change_draft(device.app, who, draft.draft_id, words=words)
    for shot in shots:
        photograph(device, person, draft.draft_id, shot, asset)
    return reports.report(device.app, who, draft.draft_id, None)


def act(device: Device, person: str, record_id: str, step: str, **given: str) -> None:
    """Do a step, named "accept>accepted"."""
    action, _, target = step.partition(">")
    hazards.act(device.app, device.person(person), record_id, f"hazard.{action}", target, **given)


def inbox(device: Device, person: str) -> Inbox:
    """What a person finds on their device."""
    return notices.inbox(device.app, device.person(person))


def answers(device: Device, person: str) -> list[str]:
    """The states that a reporter was told of on their device, oldest first."""
    cards = [card for card in inbox(device, person).cards if card.rule == "answer"]
    return [_state(card) for card in sorted(cards, key=lambda card: card.captured_ms)]


def _state(card: NoticeCard) -> str:
    words = card.params["state"]
    assert not isinstance(words, int | str)
    return words.in_("zh")


def on_server(site: PlantSite, record_id: str) -> Record:
    """A record as the server has it."""
    with site.server.state.site.store.reading() as session:
        return records.get(session, record_id)


def told_about(site: PlantSite, record_id: str, rule: str = "escalation") -> list[tuple[str, str]]:
    """Who was told by a rule about a record: (level, person), in the order of the days."""
    with site.server.state.site.store.reading() as session:
        found = [
            one
            for one in records.find(session, "notice", limit=records.ALL)
            if one.text("about") == record_id and one.text("rule") == rule
        ]
    found.sort(key=lambda one: (one.whole("told_ms") or 0, one.text("to")))
    return [(one.text("level"), one.text("to")) for one in found]
