"""Structure drawings and safety notes of equipment: what is shown after a label was scanned.

A drawing is a few plain shapes and numbered marks in a coordinate field, not a picture: it needs no
font, is sharp at every size and a few hundred bytes long, so that it comes along with the pack.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.plant import Asset
from domain.words import Words

SHAPES: Final = ("box", "line", "area", "ring")
LOOKS: Final = ("body", "part", "pipe", "thin", "hot", "ground")
SEVERITIES: Final = ("stop", "mind", "plain")


@dataclass(frozen=True, slots=True)
class Shape:
    """A box (x1 y1 x2 y2), a line or an area (x y, x y, ...), or a ring (x y radius)."""

    kind: str
    numbers: tuple[int, ...]
    look: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A number on the drawing, and what it stands for."""

    number: int
    x: int
    y: int
    name: Words


@dataclass(frozen=True, slots=True)
class SafetyNote:
    """One sentence to know before work; `severity`: stop, mind or plain."""

    severity: str
    text: Words


@dataclass(frozen=True, slots=True)
class Document:
    """A version of a drawing with its notes, for kinds of equipment or for single pieces."""

    code: str
    version: int
    issued: str  # "2026-03-02"
    name: Words
    kinds: frozenset[str]
    assets: frozenset[str]
    width: int
    height: int
    shapes: tuple[Shape, ...]
    marks: tuple[Mark, ...]
    notes: tuple[SafetyNote, ...]

    @property
    def definition(self) -> str:
        """Return code and version, as records keep them: "DWG-TANK@2"."""
        return f"{self.code}@{self.version}"


Documents = Mapping[tuple[str, int], Document]  # by code and version


@dataclass(frozen=True, slots=True)
class AssetDocuments:
    """What there is about one piece of equipment."""

    drawing: Document | None
    notes: tuple[SafetyNote, ...]


def documents_of(documents: Documents, asset: Asset) -> AssetDocuments:
    """Return the newest drawing of an asset, else of its kind, and the notes of both.

    What is said about the very piece comes first.
    """
    newest: dict[str, Document] = {}
    for document in sorted(documents.values(), key=lambda one: one.version):
        newest[document.code] = document
    own = [one for one in _in_order(newest) if asset.asset_id in one.assets]
    general = [one for one in _in_order(newest) if asset.kind in one.kinds and one not in own]
    drawn = [one for one in (*own, *general) if one.shapes]
    notes = tuple(note for one in (*own, *general) for note in one.notes)
    ranked = sorted(notes, key=lambda note: SEVERITIES.index(note.severity))
    return AssetDocuments(drawn[0] if drawn else None, tuple(ranked))


def _in_order(newest: Mapping[str, Document]) -> Iterable[Document]:
    return (newest[code] for code in sorted(newest))
