"""The way to ask the time of another device stands where it is needed, and only there."""

from pathlib import Path

from screens.outbox import Outbox
from tests.helpers.field import desk_of, offline_field
from tests.helpers.render import rendered


async def test_a_device_without_the_time_can_ask_another_though_nothing_waits(
    tmp_path: Path,
) -> None:
    field = offline_field(tmp_path)
    assert not field.clock.trusted
    desk = desk_of(field)
    went: list[str] = []
    desk.navigate = went.append
    async with rendered(desk, Outbox) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("relay.clock")))
        await drawn.tap("relay-all")
        await drawn.until(lambda: went)
    assert went == ["/relay/all"]


async def test_who_knows_the_time_and_was_not_asked_is_not_bothered(tmp_path: Path) -> None:
    field = offline_field(tmp_path)
    field.clock.anchor(field.clock.now_ms(), field.clock.mono_ms())
    desk = desk_of(field)
    async with rendered(desk, Outbox) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("outbox.none")))
        assert not drawn.has("relay-all")
    field.peer.heard = ("ab" * 16, field.clock.mono_ms())
    async with rendered(desk_of(field), Outbox) as drawn:
        await drawn.until(lambda: drawn.has("relay-all"))
