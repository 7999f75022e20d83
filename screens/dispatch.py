"""Dispatching a hazard: who shall rectify it. The nearest fitting person is chosen beforehand.

Where photos of its grade are missing and the plant's data lets danger go first, it is asked here
what keeps people safe meanwhile and why it does not wait.
"""

from dataclasses import dataclass
from typing import Any, cast

import flet as ft

from app.use_cases import hazards, interim
from app.use_cases.hazards import REASON_MAX, Candidate
from app.use_cases.three_photos import ThreePhotos
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_keys, use_value

ACTION, TARGET = "hazard.dispatch", "dispatched"


@dataclass(eq=False)
class DispatchModel(ft.Observable):
    """The people a hazard may go to, and the one chosen."""

    desk: Desk
    record_id: str
    people: tuple[Candidate, ...] | None = None
    chosen: str | None = None
    code: str = ""
    busy: bool = False
    denied: bool = False  # this person may not dispatch it now
    three: ThreePhotos | None = None  # set where photos are missing
    measures: str = ""  # what keeps people safe, where that is not recorded yet
    reason: str = ""  # why it does not wait for the photos

    @property
    def ready(self) -> bool:
        """Whether somebody is chosen, and what has to be said without photos is said."""
        three = self.three
        if three is None:
            return self.chosen is not None
        able = three.may_waive or (three.waits_for_interim and bool(self.measures.strip()))
        return self.chosen is not None and able and bool(self.reason.strip())

    def secure(self, text: str) -> None:
        """Keep what was done to keep people safe."""
        self.measures = text

    def explain(self, text: str) -> None:
        """Keep why it does not wait for the photos."""
        self.reason = text

    async def load(self) -> None:
        """Read who may rectify this hazard, nearest first."""
        desk = self.desk
        view = await desk.run(hazards.view, desk.signed_in, self.record_id)
        self.code = view.card.code if view else ""
        self.denied = view is None or all(move.action != ACTION for move in view.moves)
        if self.denied:  # by an address typed in, or somebody was faster
            self.people = ()
            return
        waits = any(move.missing for move in view.moves if move.action == ACTION) if view else False
        self.three = view.three if view and waits else None
        found = await desk.run(hazards.candidates, desk.signed_in, self.record_id)
        self.people = tuple(found or ())
        if self.people and self.chosen is None:
            self.chosen = self.people[0].person_id

    def choose(self, person_id: str) -> None:
        """Choose somebody."""
        self.chosen = person_id

    async def dispatch(self) -> None:
        """Send the hazard to the person chosen, and go back to it."""
        if not self.ready or self.busy:
            return
        self.busy, desk = True, self.desk
        view = None
        if await self._secured():
            view = await desk.run(
                hazards.act,
                desk.signed_in,
                self.record_id,
                ACTION,
                TARGET,
                assignee=self.chosen,
                without_photos=self.reason if self.three else "",
            )
        self.busy = False
        if view is not None:
            desk.changed()
            desk.back()

    async def _secured(self) -> bool:
        """Record first what keeps people safe; say whether it stands."""
        if self.three is None or not self.three.waits_for_interim:
            return True
        desk = self.desk
        await desk.run(interim.record_interim, desk.signed_in, self.record_id, self.measures)
        return desk.notice is None


@ft.component
def DispatchScreen() -> ft.Control:
    """The people of the route `/hazard/:id/dispatch`."""
    record_id = ft.use_route_params().get("id", "")
    return cast("Any", DispatchBody)(record_id, key=f"dispatch-{record_id}")


@ft.component
def DispatchBody(record_id: str) -> ft.Control:
    """The list; the big button names whom the hazard goes to."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: DispatchModel(desk, record_id))
    ft.use_effect(model.load, [record_id, desk.version])
    use_keys(enter=model.dispatch)
    people = model.people
    body: list[ft.Control] = []
    if people is None:
        body.append(ft.ProgressBar(semantics_label=t("dispatch.loading")))
    elif not people:
        body.append(
            parts.empty_state(
                tokens,
                ft.Icons.PERSON_OFF,
                t("dispatch.denied" if model.denied else "dispatch.nobody"),
                detail=t(f"dispatch.{'denied' if model.denied else 'nobody'}.detail"),
            )
        )
    body += _without_photos(model, desk)
    body += [_row(model, person, desk) for person in people or ()]
    chosen = next((row for row in people or () if row.person_id == model.chosen), None)
    footer: list[ft.Control] = []
    if chosen is not None:
        footer.append(
            parts.primary_button(
                tokens,
                t("dispatch.do", person=chosen.name),
                key="dispatch-do",
                icon=ft.Icons.SEND,
                on_click=model.dispatch,
                disabled=model.busy or not model.ready,
                expand=True,
            )
        )
    head = parts_work.page_head(
        tokens, t("dispatch.title"), model.code, on_back=desk.back, back_label=t("page.back")
    )
    return parts_work.one_column(desk, parts_work.page(tokens, head, body, footer))


def _without_photos(model: DispatchModel, desk: Desk) -> list[ft.Control]:
    """What is missing, and what is asked for instead: measures first, then the reason."""
    three, tokens, t = model.three, desk.tokens, desk.t
    if three is None:
        return []
    names = " · ".join(t(f"shot.{shot}") for shot in three.missing)
    able = three.may_waive or three.waits_for_interim
    detail = t("dispatch.photos.detail" if able else "dispatch.photos.wait")
    text, icon = t("hazard.missing", shots=names), ft.Icons.CAMERA_ALT
    rows = [parts.note(tokens, "mind", text, detail=detail, icon=icon, key="photos-missing")]
    if not able:
        return rows
    if three.waits_for_interim:
        rows.append(
            parts.text_field(
                tokens, desk, t("interim.field"), model.measures, model.secure,
                key="dispatch-measures", lines=2, limit=REASON_MAX,
            )
        )  # fmt: skip
    rows.append(
        parts.text_field(
            tokens, desk, t("dispatch.photos.why"), model.reason, model.explain,
            key="dispatch-reason", lines=2, limit=REASON_MAX,
        )
    )  # fmt: skip
    return rows


def _row(model: DispatchModel, person: Candidate, desk: Desk) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    here = person.person_id == model.chosen

    def choose() -> None:
        model.choose(person.person_id)

    near = parts.chip(tokens, t("dispatch.near"), "good", ft.Icons.NEAR_ME) if person.near else None
    return parts.row_card(
        tokens,
        t.of(person.name),
        f"{t.of(person.role)} · {t.of(person.unit)}",
        key=f"candidate-{person.person_id}",
        icon=ft.Icons.RADIO_BUTTON_CHECKED if here else ft.Icons.RADIO_BUTTON_UNCHECKED,
        kind="primary" if here else None,
        tail=near,
        on_click=choose,
        arrow=None,
    )
