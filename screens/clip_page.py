"""One clip: played where it stands, or fetched first; how much it proves, and why."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from app.use_cases import evidence_files
from app.use_cases.evidence import EvidenceCard
from domain.errors import FieldError
from screens import parts, parts_clip, parts_evidence, parts_grounds, parts_pages
from screens.context import Desk, use_desk, use_keys, use_value

SHARE_STEP = 0.02  # least progress worth drawing again


@dataclass(eq=False)
class ClipModel(ft.Observable):
    """A clip in view: where its file is, and how far it has come."""

    desk: Desk
    card: EvidenceCard
    address: str = ""  # what a player opens; "" while the file is not here
    lent: str = ""  # a readable copy made for the player
    share: float | None = None  # 0..1 while it is being fetched
    error: FieldError | None = None

    async def load(self) -> None:
        """Give the player its file, if it is here."""
        found = await self.desk.run(evidence_files.original_of, self.card.evidence_id)
        if found is None or self.address:
            return
        sha, mime = found
        if ft.context.page.web:
            self.address = self.desk.field.links.open(sha, mime)
        else:
            self.address = self.lent = str(await self.desk.run(evidence_files.lend, sha) or "")

    async def fetch(self) -> None:
        """Fetch it from the server; what has come stays when the link is cut."""
        if self.share is not None:
            return
        self.share, self.error = 0.0, None
        try:
            await evidence_files.fetch_original(self.desk.field, self.card.evidence_id, self._moved)
        except FieldError as error:
            self.error = error
        self.share = None
        await self.load()

    def close(self) -> None:
        """The page is gone: so is the address."""
        self.desk.field.links.close(self.address)
        if self.lent:
            evidence_files.give_back(self.lent)

    def _moved(self, share: float) -> None:
        if self.share is not None and share - self.share >= SHARE_STEP:
            self.share = min(1.0, share)


@ft.component
def ClipPage(
    card: EvidenceCard,
    title: str,
    detail: str,
    on_back: Callable[[], None],
    on_retake: Callable[[], Awaitable[None]] | None,
) -> ft.Control:
    """Show a clip; a page within the page that opened it, as for a photo."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: ClipModel(desk, card))
    ft.use_effect(model.load, [card.evidence_id], cleanup=model.close)
    use_keys(escape=on_back)  # Enter belongs to the player
    picture: list[ft.Control]
    if model.address:
        picture = [parts_clip.player(model.address, title)]
    else:
        picture = [
            parts_clip.clip_tile(tokens, t, card, title, None),
            parts_clip.fetch_button(tokens, t, card, model.share, model.fetch),
        ]
    if model.error is not None:
        picture.append(parts_evidence.refused(tokens, t, model.error))
    facts = [
        (t("clip.length"), parts_clip.length_text(card.seconds)),
        (t("clip.size"), parts_clip.size_text(t, card.size)),
    ]
    proof = [parts.facts_card(tokens, facts), parts_grounds.evidence_card(tokens, t, card)]
    retake = parts.Action(t("clip.again"), on_retake, "evidence-retake") if on_retake else None
    return parts_pages.close_up(desk, title, detail, picture, proof, on_back=on_back, retake=retake)
