"""Picking somebody of the plant by name: the list narrows while one types."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from domain.meanings import plain
from domain.plant import Person
from screens import parts, parts_work
from screens.context import Desk, use_desk, use_keys, use_value

SHOWN_MAX = 60  # rows; whoever looks for more types a letter


@dataclass(eq=False)
class PersonPickerModel(ft.Observable):
    """What is typed, and the people that fit."""

    desk: Desk
    query: str = ""

    def type(self, query: str) -> None:
        """Keep what is typed."""
        self.query = query

    @property
    def found(self) -> list[Person]:
        """Return whose name or number has what is typed, oneself first."""
        wanted, me = plain(self.query.strip()), self.desk.signed_in.person_id
        people = [
            one
            for one in self.desk.field.definitions.plant.people.values()
            if wanted in plain(one.person_id)
            or any(wanted in plain(name) for name in one.name.by_language.values())
        ]
        return sorted(people, key=lambda one: (one.person_id != me, one.person_id))


@ft.component
def PersonPicker(
    title: str, on_pick: Callable[[str], Awaitable[None]], on_back: Callable[[], None]
) -> ft.Control:
    """A page with the list; a tap picks."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: PersonPickerModel(desk))
    use_keys(escape=on_back)
    found = model.found
    body: list[ft.Control] = [
        parts.search_field(
            tokens, desk, t("people.find"), model.query, model.type, key="person-query"
        )
    ]
    body += [_row(desk, person, on_pick) for person in found[:SHOWN_MAX]]
    if not found:
        body.append(parts.empty_state(tokens, ft.Icons.PERSON_OFF, t("people.none")))
    head = parts_work.page_head(tokens, title, on_back=on_back, back_label=t("page.back"))
    return parts_work.one_column(desk, parts_work.page(tokens, head, body))


def _row(desk: Desk, person: Person, on_pick: Callable[[str], Awaitable[None]]) -> ft.Control:
    async def pick() -> None:
        await on_pick(person.person_id)

    t, unit = desk.t, desk.field.definitions.plant.unit_name(person.unit)
    return parts.row_card(
        desk.tokens,
        t.of(person.name),
        " · ".join(part for part in (person.person_id, t.of(unit)) if part),
        key=f"pick-{person.person_id}",
        icon=ft.Icons.PERSON,
        on_click=pick,
    )
