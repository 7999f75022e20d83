"""Choosing what kind of hazard it is: grade, category and element, each a row of chips."""

from collections.abc import Awaitable, Callable, Collection, Iterable

import flet as ft

from screens import parts, parts_evidence
from screens.context import Desk

Choose = Callable[[str], Awaitable[None] | None]


def grade_choices(
    desk: Desk, chosen: str | None, choose: Choose, allowed: Collection[str] | None = None
) -> ft.Control:
    """The grades, worst first; only those that are `allowed`, if it is given."""
    grades = desk.field.definitions.hazards.grades.values()
    rows = [
        (grade.code, f"{grade.code} {desk.t.of(grade.name)}")
        for grade in grades
        if allowed is None or grade.code in allowed
    ]
    return _section(desk, desk.t("report.grades"), "grade", rows, chosen, choose)


def category_choices(desk: Desk, chosen: str | None, choose: Choose) -> ft.Control:
    """The categories of hazards."""
    found = desk.field.definitions.hazards.categories.values()
    rows = [(category.code, desk.t.of(category.name)) for category in found]
    return _section(desk, desk.t("report.categories"), "category", rows, chosen, choose)


def element_choices(desk: Desk, chosen: str | None, choose: Choose) -> ft.Control:
    """Man, machine, material, method, environment."""
    found = desk.field.definitions.hazards.elements.items()
    rows = [(code, desk.t.of(words)) for code, words in found]
    return _section(desk, desk.t("report.elements"), "element", rows, chosen, choose)


def _section(
    desk: Desk,
    title: str,
    name: str,
    rows: Iterable[tuple[str, str]],
    chosen: str | None,
    choose: Choose,
) -> ft.Control:
    chips: list[ft.Control] = [
        parts.choice_chip(
            desk.tokens,
            label,
            key=f"{name}-{code}",
            selected=code == chosen,
            on_click=_choosing(choose, code),
        )
        for code, label in rows
    ]
    return parts.section(desk.tokens, title, [parts_evidence.wrapped(chips)])


def _choosing(choose: Choose, code: str) -> parts.Handler:
    async def take() -> None:
        result = choose(code)
        if result is not None:
            await result

    return take
