"""Maintenance on the screen promises: amounts saved as typed, no hand-in without the photo."""

from app.use_cases import upkeep
from screens.context import Desk
from screens.documents import DocumentsBody
from screens.upkeep import UpkeepBody
from tests.helpers.plant import Device, PlantSite
from tests.helpers.render import rendered


def desk_of(device: Device, person_id: str = "U040") -> Desk:
    desk = Desk(field=device.app, language="zh")
    desk.person = device.person(person_id)
    return desk


def begun(desk: Desk) -> str:
    (card,) = upkeep.due_here(desk.field, desk.signed_in, "C-401")
    return upkeep.open_upkeep(desk.field, desk.signed_in, card.task_id).draft_id


def amounts(desk: Desk, draft_id: str) -> list[str]:
    work = upkeep.upkeep(desk.field, desk.signed_in, draft_id)
    return [part.quantity for part in work.supplies]


async def test_an_amount_is_saved_as_it_is_typed_and_nonsense_is_said(site: PlantSite) -> None:
    desk = desk_of(await site.device())
    draft_id = begun(desk)
    async with rendered(desk, lambda: UpkeepBody(draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("part-0"))
        await drawn.write("part-0", "1.5")
        await drawn.until(lambda: amounts(desk, draft_id) == ["1.5"])
        await drawn.write("part-0", "1.5x")
        await drawn.until(lambda: drawn.sees(desk.t("reason.number")))
        assert drawn.one("part-0").value == "1.5x"  # what was typed stays, to be mended
        assert amounts(desk, draft_id) == ["1.5"]


async def test_a_part_is_added_and_taken_out(site: PlantSite) -> None:
    desk = desk_of(await site.device())
    draft_id = begun(desk)
    async with rendered(desk, lambda: UpkeepBody(draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("part-new"))
        await drawn.tap("part-new")
        await drawn.until(lambda: drawn.has("part-add"))
        assert drawn.one("part-add").disabled
        await drawn.write("part-name", "密封圈")
        await drawn.write("part-quantity", "3")
        await drawn.tap("unit-set")
        await drawn.until(lambda: not drawn.one("part-add").disabled)
        await drawn.tap("part-add")
        await drawn.until(lambda: drawn.has("part-1"))
        assert amounts(desk, draft_id) == ["1", "3"]
        await drawn.tap("part-0-remove")
        await drawn.until(lambda: not drawn.has("part-1"))
        assert amounts(desk, draft_id) == ["3"]


async def test_there_is_no_way_to_hand_in_without_the_photo(site: PlantSite) -> None:
    desk = desk_of(await site.device())
    draft_id = begun(desk)
    async with rendered(desk, lambda: UpkeepBody(draft_id)) as drawn:
        await drawn.until(lambda: drawn.has("take"))
        assert not drawn.has("hand-in")


async def test_what_was_handed_in_already_says_so(site: PlantSite) -> None:
    desk = desk_of(await site.device())
    async with rendered(desk, lambda: UpkeepBody("gone")) as drawn:
        await drawn.until(lambda: drawn.sees(desk.t("upkeep.gone")))


async def test_a_drawing_is_enlarged_by_buttons_and_names_its_version(site: PlantSite) -> None:
    desk = desk_of(await site.device(), "U003")
    async with rendered(desk, lambda: DocumentsBody("TK-101", "")) as drawn:
        await drawn.until(lambda: drawn.has("zoom-in"))
        assert drawn.sees("v2 · 2026-06-18")
        assert drawn.sees(desk.t("documents.zoom", n=100))
        for _ in range(5):
            await drawn.tap("zoom-in")
        await drawn.until(lambda: drawn.sees(desk.t("documents.zoom", n=300)))
        await drawn.tap("zoom-out")
        await drawn.until(lambda: drawn.sees(desk.t("documents.zoom", n=200)))
        assert drawn.has("note-1")
