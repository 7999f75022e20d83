"""The photos that a grade asks for before its dispatch: what is there, and the ways to the rest."""

import flet as ft

from app.translate import Translator
from app.use_cases import three_photos
from app.use_cases.evidence import EvidenceCard
from app.use_cases.hazard_views import HazardView
from app.use_cases.three_photos import ShotView, ThreePhotos
from screens import parts, parts_evidence, parts_work, theme
from screens.hazard_model import HazardModel
from screens.parts import words
from screens.theme import Tokens

BEFORE = frozenset({"local", "reported", "accepted", "returned", "reopened"})
ICON: dict[str, ft.IconData] = {
    "named": ft.Icons.BADGE, "by_name": ft.Icons.BADGE, "none": ft.Icons.CAMERA_ALT
}  # fmt: skip


def three_card(
    model: HazardModel, view: HazardView, tokens: Tokens, t: Translator
) -> list[ft.Control]:
    """The photos of the grade side by side, each there or with its way; what is owed stays."""
    three = view.three
    if three is None or not (three.missing or view.card.state in BEFORE):
        return []
    rows: list[ft.Control] = [
        words(t("three.title", grade=view.card.grade), tokens, size=tokens.strong, strong=True),
        ft.Row(
            spacing=theme.GAP,
            vertical_alignment=ft.CrossAxisAlignment.START,
            controls=[_place(model, three, one, tokens, t) for one in three.shots],
        ),
        *_said(model, view, three, tokens, t),
        *_ways(model, three, tokens, t),
    ]
    column = ft.Column(
        spacing=theme.GAP, horizontal_alignment=ft.CrossAxisAlignment.STRETCH, controls=rows
    )
    return [parts.card(tokens, column, key="three")]


def _place(
    model: HazardModel, three: ThreePhotos, shot: ShotView, tokens: Tokens, t: Translator
) -> ft.Control:
    """One of them: the photo, or its place with what is to be done there."""
    photo = shot.photo
    name = t(f"shot.{photo.shows if photo else shot.code}.short")
    if photo is not None:

        def look() -> None:
            model.look_at(photo)

        spoken = t("three.there", shot=name, grade=photo.grade)
        return parts_evidence.wide_photo(
            tokens, photo, name, t("evidence.absent"), key=f"three-{shot.code}", on_tap=look,
            spoken=spoken,
        )  # fmt: skip

    def fill() -> None:
        model.fill(shot.code)

    able = three.may_shoot or bool(_usable(three, shot))
    state = t(f"three.{shot.way}")
    box = ft.Container(
        key=f"three-{shot.code}",
        aspect_ratio=None if tokens.large else parts_evidence.RATIO,
        padding=4,
        border=ft.Border.all(2, tokens.line if shot.there else tokens.mind),
        border_radius=theme.CARD_RADIUS,
        alignment=ft.Alignment.CENTER,
        ink=able,
        on_click=parts.handler(fill) if able else None,
        content=ft.Icon(ICON[shot.way], size=30, color=tokens.ink if shot.there else tokens.mind),
    )
    colour = tokens.ink2 if shot.there else tokens.mind
    return ft.Column(
        expand=True,
        spacing=4,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        controls=[
            parts.tappable(box, f"{name} {state}", f"three-{shot.code}"),
            words(name, tokens, size=tokens.small),
            words(state, tokens, size=tokens.small, color=colour),
        ],
    )


def _said(
    model: HazardModel, view: HazardView, three: ThreePhotos, tokens: Tokens, t: Translator
) -> list[ft.Control]:
    """What is missing, who was asked for it, and why it went on without."""
    notes: list[ft.Control] = []
    if three.missing:
        names = " · ".join(t(f"shot.{shot}") for shot in three.missing)
        key = "hazard.missing" if view.card.state in BEFORE else "three.owed"
        text = t(key, shots=names)
        why = t("three.reason", reason=three.reason) if three.reason else ""
        icon = ft.Icons.CAMERA_ALT
        notes.append(parts.note(tokens, "mind", text, detail=why, icon=icon, key="missing"))
    asked = three.asked
    if asked is not None:
        now_ms = model.desk.field.clock.now_ms()
        when = t.moment(asked.at_ms, now_ms) if asked.at_ms else "—"
        names = " · ".join(t(f"shot.{shot}") for shot in asked.shots)
        params = {"person": asked.person, "by": asked.by or "—", "shots": names, "time": when}
        text = t("three.asked.mine" if asked.mine else "three.asked", **params)
        kind: parts.Kind = "mind" if asked.mine else "plain"
        notes.append(parts.note(tokens, kind, text, icon=ft.Icons.PERSON_PIN, key="asked"))
    return notes


def _ways(
    model: HazardModel, three: ThreePhotos, tokens: Tokens, t: Translator
) -> list[ft.Control]:
    """The ways to what is missing: take it, ask for it, or let danger go first."""
    next_step = model.primary.missing[:1] if model.primary else ()  # the big button takes that one
    takes = [one for one in three.missing if three.may_shoot and one not in next_step]
    buttons = [_shoot(model, one, t(f"three.take.{one}"), tokens) for one in takes]
    if three.askable:
        label, icon = t("three.ask"), ft.Icons.PERSON_SEARCH
        buttons.append(
            parts.quiet_button(
                tokens, label, key="ask-photos", icon=icon,
                on_click=model.show_asking, height=theme.TARGET,
            )
        )  # fmt: skip
    if model.dispatches and (three.may_waive or three.waits_for_interim):
        buttons.append(
            parts.quiet_button(
                tokens, t("three.waive"), key="dispatch-now", icon=ft.Icons.WARNING,
                on_click=model.without_photos, kind="stop", height=theme.TARGET,
            )
        )  # fmt: skip
    return buttons


def _shoot(
    model: HazardModel, shot: str, label: str, tokens: Tokens, *, key: str = "shoot"
) -> ft.Control:
    def shoot() -> None:
        model.shoot(shot)

    return parts.quiet_button(
        tokens,
        label,
        key=f"{key}-{shot}",
        icon=ft.Icons.CAMERA_ALT,
        on_click=shoot,
        kind="mind",
        height=theme.TARGET,
        disabled=model.capture.open,
    )


def three_panel(
    model: HazardModel, view: HazardView, tokens: Tokens, t: Translator
) -> ft.Control | None:
    """The ways to one shot, or the people who can be asked, over the bottom of the page."""
    three = view.three
    if three is None:
        return None
    if model.asking:
        return _asking(model, three, tokens, t)
    shot = next((one for one in three.shots if one.code == model.filling), None)
    return _filling(model, three, shot, tokens, t) if shot else None


def _filling(
    model: HazardModel, three: ThreePhotos, shot: ShotView, tokens: Tokens, t: Translator
) -> ft.Control:
    rows: list[ft.Control] = []
    if three.may_shoot:
        ways = (*reversed(shot.instead), shot.code)  # what asks nobody comes first
        rows += [_shoot(model, one, t(f"three.take.{one}"), tokens, key="take") for one in ways]
    usable = _usable(three, shot)
    tags = three_photos.tags_of(model.desk.field, shot)
    if usable and tags:
        rows.append(words(t("three.use", shot=t(f"shot.{tags[0]}")), tokens, size=tokens.small))
        tiles = [_candidate(model, one, tags[0], tokens, t) for one in usable]
        rows.append(ft.Row(spacing=theme.GAP, scroll=ft.ScrollMode.AUTO, controls=tiles))
    rows.append(_close(tokens, t, model.fill))
    return parts_evidence.bottom_panel(tokens, t(f"shot.{shot.code}"), rows)


def _candidate(
    model: HazardModel, photo: EvidenceCard, role: str, tokens: Tokens, t: Translator
) -> ft.Control:
    async def tag() -> None:
        await model.tag(photo, role)

    label = t("three.is", shot=t(f"shot.{role}"), now=t(f"shot.{photo.shows}.short"))
    tile = parts_work.photo_tile(
        tokens, photo.thumb, label, key=f"tag-{photo.evidence_id}", on_tap=tag,
        grade=photo.grade, width=tokens.tall(104), height=tokens.tall(78),
    )  # fmt: skip
    now = words(t(f"shot.{photo.shows}.short"), tokens, size=tokens.small, color=tokens.ink2)
    return ft.Column(tight=True, spacing=2, controls=[tile, now])


def _asking(model: HazardModel, three: ThreePhotos, tokens: Tokens, t: Translator) -> ft.Control:
    rows: list[ft.Control] = []
    for person in three.askable:

        async def ask(person_id: str = person.person_id) -> None:
            await model.ask_for_photos(person_id)

        key = "three.ask.reporter" if person.reporter else "three.ask.area"
        rows.append(
            parts.row_card(
                tokens, t.of(person.name), t(key), key=f"ask-{person.person_id}",
                icon=ft.Icons.PERSON, on_click=ask,
            )
        )  # fmt: skip
    most = ft.Container(
        height=min(len(rows), 4) * tokens.tall(theme.PRIMARY + theme.MARGIN),
        content=ft.Column(
            spacing=theme.GAP, scroll=ft.ScrollMode.AUTO, controls=rows,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
    )  # fmt: skip
    controls = [most, _close(tokens, t, model.show_asking)]
    return parts_evidence.bottom_panel(tokens, t("three.ask"), controls)


def _close(tokens: Tokens, t: Translator, close: parts.Tap) -> ft.Control:
    return parts.quiet_button(tokens, t("page.cancel"), key="three-close", on_click=close)


def _usable(three: ThreePhotos, shot: ShotView) -> list[EvidenceCard]:
    """Photos that are here and may be told to be this one; those that stand for it already not."""
    return [one for one in three.taggable if one.shows not in (shot.code, *shot.instead)]
