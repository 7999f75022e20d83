"""Signed labels of this plant, ready to print. Their private keys never leave the server."""

from collections.abc import Collection, Sequence
from datetime import date

from domain.errors import LabelUnknownError
from domain.plant import Plant
from domain.words import Words
from media.label_sheet import PrintLabel, sheet
from media.labels import Label, sign
from offline_store.database import FILE_NAME, open_store
from server import clock, keys, pack
from server.keys import LabelSigner
from server.registers import Base, definitions_of
from server.settings import ServerSettings

FONT = "fonts/SafeSC.otf"  # below the assets


def print_sheet(settings: ServerSettings, language: str, ids: Sequence[str]) -> bytes:
    """Return a PDF with the labels of `ids`; none: of all equipment and checkpoints.

    Raises LabelUnknownError for an id that the plant does not have.
    """
    today = clock.moment(clock.now_ms()).date()
    plant = _plant(settings, today)
    signers = keys.label_signers(settings.home / "keys", (plant.code, *plant.others))
    labels = plant_labels(plant, signers[plant.code], today, ids)
    return sheet(labels, language, settings.assets / FONT)


def _plant(settings: ServerSettings, today: date) -> Plant:
    """Return the plant with what was administered: a label that was retired is printed anew."""
    files = pack.without_pins(pack.load_files(settings.definitions))
    if not settings.database_url and not (settings.home / FILE_NAME).exists():
        return pack.read_definitions(files, today).plant  # nothing was administered yet
    store = open_store(settings.home, settings.database_url)
    try:
        with store.reading() as session:
            return definitions_of(Base(files, today, {}, {}), session).plant
    finally:
        store.close()


def plant_labels(
    plant: Plant, signer: LabelSigner, issued: date, ids: Collection[str] = ()
) -> list[PrintLabel]:
    """Return the signed labels of `ids` in the plant's order; none: of all that can have one."""
    known = [
        *(("asset", a.asset_id, a.label_version, a.name, a.area) for a in plant.assets.values()),
        *(
            ("checkpoint", c.checkpoint_id, c.label_version, c.name, c.area)
            for c in plant.checkpoints.values()
        ),
    ]
    unknown = sorted(set(ids) - {identity for _, identity, *_ in known})
    if unknown:
        raise LabelUnknownError(text=", ".join(unknown))
    return [
        _signed(
            Label(kind, plant.code, identity, version, issued, signer.key_id), signer, name, place
        )
        for kind, identity, version, name, area in known
        if not ids or identity in ids
        for place in [plant.areas[area].name]
    ]


def _signed(label: Label, signer: LabelSigner, name: Words, place: Words) -> PrintLabel:
    return PrintLabel(sign(label, signer.private), label.asset_id, label.version, name, place)
