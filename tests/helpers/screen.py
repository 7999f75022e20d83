"""A person in front of a device of the test plant: the real root screen, without a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import flet as ft

from screens.root import show
from tests.helpers.fakeclient import FakeClient, client_of
from tests.helpers.plant import Device


@asynccontextmanager
async def screen_of(
    device: Device, person_id: str | None = None, pin: str = "", **page: object
) -> AsyncIterator[FakeClient]:
    """Show the client of a device; with a person, sign them in on the PIN pad."""

    async def main(drawn: ft.Page) -> None:
        await show(drawn, device.app)

    async with client_of(main, **page) as client:
        if person_id:
            await sign_in(client, person_id, pin)
        yield client


async def sign_in(client: FakeClient, person_id: str, pin: str) -> None:
    """Choose a person and tap their PIN."""
    listed = ("person", f"person-{person_id}", "search")
    await client.until(lambda: any(client.has(key) for key in listed))
    if client.has("person"):  # who was here last is chosen
        await client.tap("person")
        await client.until(lambda: client.has(f"person-{person_id}") or client.has("search"))
    if not client.has(f"person-{person_id}"):
        await client.write("search", person_id)
        await client.until(lambda: client.has(f"person-{person_id}"))
    await client.tap(f"person-{person_id}")
    await client.until(lambda: client.has("pin-1"))
    for digit in pin:
        await client.tap(f"pin-{digit}")
    await client.until(lambda: client.has("scan"))


async def scan(client: FakeClient, device: Device, picture: bytes) -> None:
    """Hold a label before the camera and tap "scan" on the home screen."""
    device.pictures[:] = [picture]
    await client.tap("scan")
