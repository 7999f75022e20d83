"""Structure drawings and safety notes of equipment, from the pack: they are there offline."""

from app.field import FieldApp
from app.use_cases import inspections, upkeep
from domain.drawings import AssetDocuments, documents_of
from domain.errors import RecordMissingError
from domain.plant import Person
from offline_store import drafts


def of_asset(field: FieldApp, asset_id: str) -> AssetDocuments:
    """Return drawing and notes of an asset; raises RecordMissingError for one we do not know."""
    asset = field.definitions.plant.assets.get(asset_id)
    if asset is None:
        raise RecordMissingError(record=asset_id)
    return documents_of(field.definitions.documents, asset)


def looked_at(field: FieldApp, person: Person, draft_id: str, drawing: str) -> None:
    """Note in a checklist or maintenance which version of the drawing lay before the person."""
    with field.store.reading() as session:
        draft = drafts.load(session, draft_id)
    match draft.kind if draft else "":
        case inspections.KIND:
            inspections.looked_at(field, person, draft_id, drawing)
        case upkeep.KIND:
            upkeep.looked_at(field, person, draft_id, drawing)
        case _:
            raise RecordMissingError(record=draft_id)
