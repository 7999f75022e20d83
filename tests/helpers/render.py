"""Draw one component as the app would: inside a desk, without the rest of the app."""

import contextlib
from collections.abc import AsyncIterator, Callable

import flet as ft

from screens.context import Desk, seat
from tests.helpers.fakeclient import FakeClient, client_of


@ft.component
def stage(component: Callable[[], object]) -> object:
    return component()


@contextlib.asynccontextmanager
async def rendered(desk: Desk, component: Callable[[], object]) -> AsyncIterator[FakeClient]:
    """Draw a component on a page of its own."""

    def main(page: ft.Page) -> None:
        seat(page, desk)
        page.render(stage, component)

    async with client_of(main, width=desk.width, height=desk.height) as client:
        yield client
