"""From a picture, a typed id or the list to an asset; the label's signature is checked offline."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.field import FieldApp
from app.use_cases import events
from domain.access import Subject, may
from domain.errors import (
    FieldError,
    LabelElsewhereError,
    LabelForgedError,
    LabelMisplacedError,
    LabelRetiredError,
    LabelUnknownError,
)
from domain.places import Fix, Place, distance_m
from domain.plant import Asset, Checkpoint, Person, Plant
from domain.records import Value
from domain.whereabouts import LabelLimits, misplaced_m, out_of_reach_m
from domain.words import Words
from media import labels
from media.codes import Code
from media.labels import PlantKey
from offline_store import keep, records

RECENT_MAX = 5
SHOWN = 40  # characters of a refused code on the screen
Spot = Asset | Checkpoint
TEXT_KEPT = 200  # characters of a refused code in its security event


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was scanned. `warning` does not stop the work ("label and position do not match")."""

    asset: Asset | None
    checkpoint: Checkpoint | None
    area: Words
    via: str  # "label" | "picture" | "typed" | "list"
    label_state: str  # "verified" | "typed" | "mismatch"
    distance_m: int | None
    warning: FieldError | None
    at_ms: int


def decode(field: FieldApp, picture: bytes, *, live: bool) -> list[str]:
    """Return the texts of the codes in a picture, whatever they are, nearest to its middle first.

    `live`: one frame of many, which must not take long.
    """
    return [code.text for code in field.devices.reader.read(picture, fast=live)]


def look(field: FieldApp, picture: bytes, frame: float | None = None) -> list[Code]:
    """Return the codes in a picture, looking on until one of them is a label of ours.

    `frame`: how far the frame to aim with reaches from the middle (see `Code.within`). With one,
    the picture is live, one of many, and a label that is not in the frame does not end the search.
    """

    def wanted(code: Code) -> bool:
        ours = code.text.startswith(labels.PREFIX)
        return ours and (frame is None or code.within(frame))

    return field.devices.reader.read(picture, fast=frame is not None, wanted=wanted)


def resolve(
    field: FieldApp, person: Person, text: str, fix: Fix | None, *, via: str = "label"
) -> Scanned:
    """Check a label's text and find its asset or checkpoint; raises a LabelError.

    A forged label leaves a security event. A verified label far from where the device is gives a
    warning, and the evidence made there a lower grade. A code that is only an id of ours counts as
    typed: anybody can print it.
    """
    if not text.startswith(labels.PREFIX):
        return by_id(field, person, text, fix, via="typed")
    try:
        spot = signed_spot(field, text)
    except LabelForgedError as error:
        events.note(field, person, "label.forged", {"text": text[:TEXT_KEPT]}, numbered=True)
        raise error from error
    return _scanned(field, person, spot, fix, via=via, state="verified")


def signed_spot(field: FieldApp, text: str) -> Spot:
    """Return what a signed label stands for; leaves no trace. Raises a LabelError."""
    assert field.pack
    return spot_in(field.definitions.plant, field.pack.label_keys, text)


def spot_in(plant: Plant, keys: Mapping[int, PlantKey], text: str) -> Spot:
    """Return what a label signed with one of the keys stands for; raises a LabelError."""
    try:
        label = labels.read(text, keys)
    except LabelUnknownError as error:
        raise LabelUnknownError(text=text[:SHOWN]) from error
    if label.plant != plant.code:
        other = plant.others.get(label.plant)
        raise LabelElsewhereError(plant=other.name if other else label.plant)
    checkpoint = plant.checkpoints.get(label.asset_id)
    if checkpoint:
        if label.version < checkpoint.label_version:
            raise LabelRetiredError(asset=checkpoint.checkpoint_id)
        return checkpoint
    asset = plant.assets.get(label.asset_id)
    if asset is None:
        raise LabelUnknownError(text=label.asset_id)
    if label.version < asset.label_version:
        raise LabelRetiredError(asset=asset.asset_id)
    return asset


def may_inspect(field: FieldApp, person: Person, asset: Asset) -> bool:
    """Say whether this person may fill in the asset's checklist: by area, or by a task of theirs.

    Everybody else who scans a label has something to report about it.
    """
    definitions = field.definitions
    with field.store.reading() as session:
        mine = open_task(session, person, asset) is not None
    assignee = person.person_id if mine else None
    subject = Subject(area=asset.area, unit=asset.owner, assignee=assignee, on_site=True)
    return may(definitions.access, definitions.plant, person, "inspect.do", subject)


def open_task(session: Session, person: Person, asset: Asset) -> str | None:
    """Return the person's open inspection task of an asset that is due first; None without one."""
    found = records.find(
        session,
        "task",
        state="open",
        person=person.person_id,
        asset=asset.asset_id,
        by_due=True,
        limit=records.ALL,
    )
    other = ("maintenance", "recheck")
    return next((task.record_id for task in found if task.text("kind") not in other), None)


def inspects_elsewhere(field: FieldApp, person: Person) -> bool:
    """Say whether this person inspects some area: such a person may look at any checklist."""
    definitions = field.definitions
    return any(
        may(definitions.access, definitions.plant, person, "inspect.do", Subject(area=area))
        for area in person.areas
    )


def by_id(field: FieldApp, person: Person, typed: str, fix: Fix | None, *, via: str) -> Scanned:
    """Find an asset by its id as typed ("tk101", "TK-101") or picked; raises LabelUnknownError."""
    return _scanned(field, person, spot_of(field, typed), fix, via=via, state="typed")


def spot_of(field: FieldApp, typed: str) -> Spot:
    """Return the asset or checkpoint with this id, however typed; raises LabelUnknownError."""
    wanted = _plain(typed)
    plant = field.definitions.plant
    for spot in (*plant.assets.values(), *plant.checkpoints.values()):
        if _plain(id_of(spot)) == wanted:
            return spot
    raise LabelUnknownError(text=typed[:SHOWN])


def recent(field: FieldApp, person: Person) -> list[Scanned]:
    """Return what this person scanned last on this device, latest first, at most five."""
    with field.store.reading() as session:
        kept = keep.get(session, f"scans.{person.person_id}")
    plant = field.definitions.plant
    found: list[Scanned] = []
    for row in kept if isinstance(kept, list) else []:
        if not (isinstance(row, list) and len(row) == 2 and isinstance(row[1], int)):
            continue
        asset = plant.assets.get(str(row[0]))
        if asset:
            area = plant.areas[asset.area].name
            found.append(Scanned(asset, None, area, "list", "typed", None, None, row[1]))
    return found


def search_assets(field: FieldApp, query: str) -> list[Asset]:
    """Return assets whose id or name in any language contains the query; all for an empty one."""
    wanted = _plain(query)
    return [
        asset
        for asset in field.definitions.plant.assets.values()
        if wanted in _plain(asset.asset_id)
        or any(wanted in _plain(name) for name in asset.name.by_language.values())
    ]


def _scanned(
    field: FieldApp,
    person: Person,
    spot: Spot,
    fix: Fix | None,
    *,
    via: str,
    state: str,
) -> Scanned:
    plant, fix = field.definitions.plant, field.here(fix)
    asset = spot if isinstance(spot, Asset) else None
    checkpoint = spot if isinstance(spot, Checkpoint) else None
    distance, warning, now = _distance(spot.place, fix), None, field.clock.now_ms()
    if state == "verified" and (away_m := _misplaced_m(field, person, spot, fix, now)) is not None:
        warning, state = LabelMisplacedError(asset=id_of(spot), distance_m=away_m), "mismatch"
    if asset:
        _remember(field, person, asset.asset_id, now)
    elif state == "verified":
        _stood_at(field, person, id_of(spot), now)
    return Scanned(
        asset, checkpoint, plant.areas[spot.area].name, via, state, distance, warning, now
    )


def _misplaced_m(
    field: FieldApp, person: Person, spot: Spot, fix: Fix | None, now_ms: int
) -> int | None:
    """Return how far off the label is, by position or else by the checkpoint scanned before it."""
    plant, defaults = field.definitions.plant, field.definitions.defaults
    limits = LabelLimits(defaults.whole("scan.max_mismatch_m"), defaults.whole("scan.neighbour_m"))
    if fix is not None:
        others = (other.place for other in plant.assets.values() if other is not spot)
        return misplaced_m(spot.place, fix, others, limits)
    with field.store.reading() as session:
        kept = keep.get(session, f"checkpoint.{person.person_id}")
    if not (isinstance(kept, list) and len(kept) == 2 and isinstance(kept[1], int)):
        return None
    before, since_ms = plant.checkpoints.get(str(kept[0])), now_ms - kept[1]
    if before is None or not 0 <= since_ms <= defaults.whole("scan.on_site_min") * 60_000:
        return None
    return out_of_reach_m(spot.place, before.place, since_ms, limits)


def _stood_at(field: FieldApp, person: Person, checkpoint_id: str, now_ms: int) -> None:
    """Remember the checkpoint whose label was verified last."""
    with field.store.session() as session:
        keep.put(session, f"checkpoint.{person.person_id}", [checkpoint_id, now_ms])


def _distance(place: Place, fix: Fix | None) -> int | None:
    return round(distance_m(place, fix.place)) if fix else None


def id_of(spot: Spot) -> str:
    """Return the id of an asset or a checkpoint."""
    return spot.asset_id if isinstance(spot, Asset) else spot.checkpoint_id


def _remember(field: FieldApp, person: Person, asset_id: str, now_ms: int) -> None:
    name = f"scans.{person.person_id}"
    with field.store.session() as session:
        kept = keep.get(session, name)
        rows: list[Value] = [[asset_id, now_ms]]
        for row in kept if isinstance(kept, list) else []:
            if isinstance(row, list) and row[0] != asset_id:
                rows.append(row)
        keep.put(session, name, rows[:RECENT_MAX])


def _plain(text: str) -> str:
    """Return what two ways of writing an id have in common."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())
