"""Drawings promise: every piece of equipment has one, the newest, and its notes, worst first."""

from dataclasses import replace

from domain.drawings import documents_of
from tests.helpers.definitions import demo_definitions

FOUND = demo_definitions()


def test_every_piece_of_equipment_has_a_drawing_and_notes_to_know() -> None:
    for asset in FOUND.plant.assets.values():
        about = documents_of(FOUND.documents, asset)
        assert about.drawing, asset.asset_id
        assert about.drawing.marks, asset.asset_id
        assert about.notes, asset.asset_id


def test_the_very_piece_comes_before_its_kind_and_its_notes_add_up() -> None:
    own = documents_of(FOUND.documents, FOUND.plant.assets["TK-101"])
    kind = documents_of(FOUND.documents, FOUND.plant.assets["TK-102"])
    assert own.drawing
    assert kind.drawing
    assert (own.drawing.definition, kind.drawing.definition) == ("DWG-TK-101@2", "DWG-TANK@1")
    assert len(own.notes) > len(kind.notes)
    assert all(note in own.notes for note in kind.notes)
    order = ("stop", "mind", "plain")
    ranks = [order.index(note.severity) for note in own.notes]
    assert ranks == sorted(ranks)


def test_the_newest_version_is_shown_and_the_old_one_stays() -> None:
    old = FOUND.documents["DWG-TANK", 1]
    new = replace(old, version=2, issued="2026-11-01")
    documents = {**FOUND.documents, ("DWG-TANK", 2): new}
    shown = documents_of(documents, FOUND.plant.assets["TK-102"]).drawing
    assert shown == new
    assert documents["DWG-TANK", 1] == old


def test_every_mark_of_a_drawing_has_its_own_number() -> None:
    for document in FOUND.documents.values():
        numbers = [mark.number for mark in document.marks]
        assert numbers == list(range(1, len(numbers) + 1)), document.definition
