"""What there is to know about a piece of equipment: its structure drawing and safety notes."""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.translate import Translator
from app.use_cases import documents
from domain.drawings import AssetDocuments, Document, SafetyNote
from screens import parts, parts_pages, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_value
from screens.drawing import drawing
from screens.parts import words
from screens.theme import Tokens

ZOOMS = (1.0, 1.5, 2.0, 3.0)
KINDS: dict[str, parts.Kind] = {"stop": "stop", "mind": "mind", "plain": "plain"}
ICONS = {"stop": ft.Icons.DO_NOT_TOUCH, "mind": ft.Icons.WARNING_AMBER, "plain": ft.Icons.INFO}
PAPER_MAX = 640.0  # px, widest drawing before it is enlarged
FRAME_MAX = 420.0  # px, highest window onto an enlarged drawing


def documents_card(desk: Desk, asset_id: str, draft_id: str = "") -> list[ft.Control]:
    """Return the way to drawing and notes of an asset, with what is there; none for nothing.

    `draft_id` is the work that it is looked at for: the record will say which version that was.
    """
    asset = desk.field.definitions.plant.assets[asset_id]
    found = documents.of_asset(desk.field, asset.asset_id)
    if found.drawing is None and not found.notes:
        return []
    tokens, t, facts = desk.tokens, desk.t, list[str]()
    if found.drawing is not None:
        facts.append(t("documents.version", version=found.drawing.version))
    if found.notes:
        facts.append(t("documents.notes.count", n=len(found.notes)))

    def look() -> None:
        desk.go("/".join(part for part in ("/documents", asset_id, draft_id) if part))

    row = ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            ft.Icon(ft.Icons.SCHEMA, size=28, color=tokens.ink2),
            words(" · ".join(facts), tokens, strong=True, expand=True),
            ft.Icon(ft.Icons.CHEVRON_RIGHT, size=26, color=tokens.ink),
        ],
    )
    return [parts.card(tokens, row, key="documents", name=t("documents.title"), on_click=look)]


@dataclass(eq=False)
class DocumentsModel(ft.Observable):
    """The documents of one asset, and how large its drawing is shown."""

    desk: Desk
    asset_id: str
    draft_id: str
    found: AssetDocuments | None = None
    zoom: int = 0

    async def load(self) -> None:
        """Read what there is; the work in hand notes which version it was."""
        desk = self.desk
        self.found = await desk.run(documents.of_asset, self.asset_id)
        if self.found and self.found.drawing and self.draft_id:
            await desk.run(
                documents.looked_at,
                desk.signed_in,
                self.draft_id,
                self.found.drawing.definition,
            )

    def larger(self) -> None:
        """Enlarge the drawing by one step."""
        self.zoom = min(self.zoom + 1, len(ZOOMS) - 1)

    def smaller(self) -> None:
        """Show more of the drawing."""
        self.zoom = max(self.zoom - 1, 0)


@ft.component
def DocumentsScreen() -> ft.Control:
    """The route `/documents/:asset`, also with the draft it is looked at for."""
    params = ft.use_route_params()
    asset_id, draft_id = params.get("asset", ""), params.get("draft", "")
    return cast("Any", DocumentsBody)(asset_id, draft_id, key=f"documents-{asset_id}")


@ft.component
def DocumentsBody(asset_id: str, draft_id: str) -> ft.Control:
    """Drawing above its numbers, then the notes; side by side on a tablet."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: DocumentsModel(desk, asset_id, draft_id))
    ft.use_effect(model.load, [asset_id])
    use_keys(escape=desk.back)
    found = model.found
    if found is None:
        head = parts_work.page_head(
            tokens, t("documents.title"), on_back=desk.back, back_label=t("page.back")
        )
        bar = ft.ProgressBar(semantics_label=t("list.loading"))
        return parts_work.page(tokens, head, [bar])
    head = _head(desk, asset_id, found)
    notes = _notes(tokens, t, found.notes)
    if found.drawing is None:
        return parts_work.one_column(desk, parts_work.page(tokens, head, notes))
    picture = [_picture(model, desk, found.drawing), _numbers(tokens, t, found.drawing)]
    return parts_pages.columns(desk, head, picture, notes, share=4)


def _head(desk: Desk, asset_id: str, found: AssetDocuments) -> ft.Control:
    t, asset = desk.t, desk.field.definitions.plant.assets[asset_id]
    detail = t("documents.title")
    if found.drawing is not None:
        drawn = found.drawing
        detail = t("documents.of", name=drawn.name, version=drawn.version, date=drawn.issued)
    return parts_work.page_head(
        desk.tokens,
        f"{asset_id} {t.of(asset.name)}",
        detail,
        on_back=desk.back,
        back_label=t("page.back"),
    )


def _picture(model: DocumentsModel, desk: Desk, drawn: Document) -> ft.Control:
    """The drawing in a window that scrolls both ways, with buttons to enlarge it."""
    tokens, t = desk.tokens, desk.t
    share = 0.6 if desk.wide else 1.0
    whole = FRAME_MAX * drawn.width / drawn.height  # at first all of it is in view
    room = min(desk.width * share - 2 * theme.MARGIN, PAPER_MAX, whole)
    width = room * ZOOMS[model.zoom]
    said = t("documents.said", name=drawn.name)
    paper = drawing(tokens, drawn, width, said)
    window = ft.Container(
        height=min(width * drawn.height / drawn.width, FRAME_MAX),
        content=ft.Row(
            key="paper",
            scroll=ft.ScrollMode.AUTO,
            vertical_alignment=ft.CrossAxisAlignment.START,
            controls=[ft.Column(scroll=ft.ScrollMode.AUTO, controls=[paper])],
        ),
    )
    smaller = parts.icon_button(
        tokens, ft.Icons.ZOOM_OUT, t("documents.smaller"), key="zoom-out", on_click=model.smaller
    )
    larger = parts.icon_button(
        tokens, ft.Icons.ZOOM_IN, t("documents.larger"), key="zoom-in", on_click=model.larger
    )
    percent = words(
        t("documents.zoom", n=round(ZOOMS[model.zoom] * 100)), tokens, color=tokens.ink2
    )
    bar = ft.Row(
        alignment=ft.MainAxisAlignment.CENTER,
        spacing=theme.GAP_WIDE,
        controls=[smaller, percent, larger],
    )
    return ft.Column(spacing=4, controls=[window, bar])


def _numbers(tokens: Tokens, t: Translator, drawn: Document) -> ft.Control:
    """What the numbers on the drawing stand for."""
    rows: list[ft.Control] = []
    for mark in sorted(drawn.marks, key=lambda mark: mark.number):
        side = tokens.tall(30)
        disc = ft.Container(
            width=side,
            height=side,
            border_radius=side,
            bgcolor=tokens.primary,
            alignment=ft.Alignment.CENTER,
            content=words(
                str(mark.number), tokens, size=tokens.small, color=tokens.on_primary, strong=True
            ),
        )
        rows.append(
            ft.Row(
                spacing=theme.GAP_WIDE,
                controls=[disc, words(t.of(mark.name), tokens, expand=True)],
            )
        )
    return parts.card(tokens, ft.Column(spacing=theme.GAP, controls=rows), key="marks")


def _notes(tokens: Tokens, t: Translator, notes: tuple[SafetyNote, ...]) -> list[ft.Control]:
    if not notes:
        return []
    cards: list[ft.Control] = [
        parts.note(
            tokens,
            KINDS[note.severity],
            t.of(note.text),
            icon=ICONS[note.severity],
            key=f"note-{number}",
        )
        for number, note in enumerate(notes, 1)
    ]
    return [parts.section(tokens, t("documents.notes"), cards)]
