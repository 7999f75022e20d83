"""S03 Forged QR: forged, copied, retired and foreign labels; grade by position and album."""

import io
from dataclasses import replace

import pytest
import segno
from PIL import Image, ImageFilter

from app.use_cases import aiming, evidence, inspections
from app.use_cases import scan as scanning
from app.use_cases.aiming import Aim
from domain.errors import LabelRetiredError
from media.capture import Source
from offline_store import records
from tests.helpers.plant import PlantSite
from tests.helpers.screen import scan, screen_of
from tests.media.pictures import encoded, opened

INSPECTOR, PIN = "U003", "3316"


async def test_a_forged_label_is_refused_and_leaves_a_security_event(site: PlantSite) -> None:
    device = await site.device()
    device.wire.up = False
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, site.label("TK-101", forged=True))
        await client.until(lambda: client.sees("标签验签不通过"))
        assert client.route == "/scan", "no checklist was opened"
        assert client.has("scan-list"), "a way on"
    with device.app.store.reading() as session:
        events = records.find(session, "event")
    assert [event.get("what") for event in events] == ["label.forged"]
    assert events[0].get("by") == INSPECTOR


async def test_a_copied_label_opens_its_own_asset_with_a_warning(site: PlantSite) -> None:
    """A photographed valid label of TK-102, pasted on TK-101."""
    device = await site.device()
    plant = device.app.definitions.plant
    device.here.stand_at(plant.assets["TK-101"])
    async with screen_of(device, INSPECTOR, PIN) as client:
        await client.until(lambda: device.here.asked > 0)
        await scan(client, device, site.label("TK-102"))
        await client.until(lambda: client.sees("TK-102 液碱储罐"))
        assert client.sees("标签与位置不符")


async def test_a_label_copied_from_the_machine_next_door_is_noticed(site: PlantSite) -> None:
    """47 m lie between the two: not far, but one stands at the pump and not at the tank."""
    device = await site.device()
    device.here.stand_at(device.app.definitions.plant.assets["P-201A"])
    async with screen_of(device, INSPECTOR, PIN) as client:
        await client.until(lambda: device.here.asked > 0)
        await scan(client, device, site.label("TK-101"))
        await client.until(lambda: client.sees("TK-101 甲醇储罐"))
        assert client.sees("标签与位置不符")


async def test_without_a_position_the_checkpoint_scanned_before_gives_a_copy_away(
    site: PlantSite,
) -> None:
    device = await site.device()
    person = device.person(INSPECTOR)

    def scanned(label_id: str) -> str:
        text = scanning.decode(device.app, site.label(label_id), live=False)[0]
        return scanning.resolve(device.app, person, text, None).label_state

    assert scanned("R-301") == "verified", "nothing is known of where one was"
    assert scanned("CP-A01-E") == "verified"
    assert scanned("TK-101") == "verified", "the tank beside the gate"
    assert scanned("R-301") == "mismatch", "250 m further a moment later"


async def test_a_copied_label_of_a_checkpoint_can_be_retired(site: PlantSite) -> None:
    device = await site.device()
    pack = device.app.pack
    assert pack is not None
    plant = pack.definitions.plant
    spot = replace(plant.checkpoints["CP-A01-E"], label_version=2)
    plant = replace(plant, checkpoints={**plant.checkpoints, "CP-A01-E": spot})
    device.app.pack = replace(pack, definitions=replace(pack.definitions, plant=plant))
    for version in (1, 2):
        picture = site.label("CP-A01-E", version=version)
        text = scanning.decode(device.app, picture, live=False)[0]
        if version == 1:
            with pytest.raises(LabelRetiredError):
                scanning.resolve(device.app, device.person(INSPECTOR), text, None)
        else:
            found = scanning.resolve(device.app, device.person(INSPECTOR), text, None)
            assert found.label_state == "verified"


async def test_evidence_at_a_copied_label_gets_a_lower_grade(site: PlantSite) -> None:
    device = await site.device()
    person = device.person(INSPECTOR)
    fix = device.here.stand_at(device.app.definitions.plant.assets["TK-101"])
    picture = site.label("TK-102")  # what stands in the picture does not matter here
    grades: dict[str, str] = {}
    shots: tuple[tuple[str, Source], ...] = (
        ("TK-101", "camera"),
        ("TK-101", "file"),
        ("TK-102", "camera"),
    )
    for asset_id, source in shots:
        text = scanning.decode(device.app, site.label(asset_id), live=False)[0]
        found = scanning.resolve(device.app, person, text, fix)
        sheet = inspections.open_sheet(device.app, person, found, fix)
        target = evidence.Target(
            sheet.draft_id, sheet.code, asset_id, "item", "T03", found.label_state
        )
        card = evidence.keep(device.app, person, target, picture, source=source, fix=fix)
        grades[f"{asset_id} {source}"] = card.grade
    assert grades == {"TK-101 camera": "A", "TK-101 file": "C", "TK-102 camera": "D"}


def side_by_side(*plates: bytes, around: int = 80) -> bytes:
    """Labels next to each other in one picture, and free ground around them."""
    pictures = [opened(plate).convert("L") for plate in plates]
    width = sum(picture.width for picture in pictures)
    scene = Image.new("L", (width + 2 * around, pictures[0].height + 2 * around), 200)
    left = around
    for picture in pictures:
        scene.paste(picture, (left, around))
        left += picture.width
    return encoded(scene, "PNG")


async def test_of_two_labels_in_view_a_person_chooses(site: PlantSite) -> None:
    device = await site.device()
    device.wire.up = False
    both = side_by_side(site.label("TK-101"), site.label("P-201A"))
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, both)
        await client.until(lambda: client.has("code-TK-101") and client.has("code-P-201A"))
        assert client.sees("看到几个标签")
        assert client.route == "/scan", "nothing was opened by itself"
        await client.tap("code-P-201A")
        await client.until(lambda: client.sees("P-201A 甲醇输送泵"))
        assert client.sees("标签验签通过")


async def test_the_label_in_the_middle_is_taken_and_its_neighbour_is_not(site: PlantSite) -> None:
    device = await site.device()
    device.wire.up = False
    near, far = site.label("TK-101"), site.label("P-201A")
    ground = encoded(Image.new("L", opened(near).size, 200), "PNG")
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, side_by_side(far, near, ground))
        await client.until(lambda: client.sees("TK-101 甲醇储罐"))


def at_the_edge(edge: bytes, middle: bytes | None = None, *, worn: bool = False) -> bytes:
    """A label at the left edge of a wide view; another one in its middle, worn beyond reading."""
    label = opened(edge).convert("L")
    high = 3 * label.height
    scene = Image.new("L", (high * 4 // 3, high), 200)
    scene.paste(label, (20, high // 3))
    if middle is not None:
        aimed = opened(middle).convert("L")
        if worn:
            side = aimed.width // 4
            aimed.paste(20, (side, side, 3 * side, 3 * side))
        scene.paste(aimed, ((scene.width - aimed.width) // 2, (high - aimed.height) // 2))
    return encoded(scene, "PNG")


async def test_a_label_that_nobody_aims_at_is_offered_by_name(site: PlantSite) -> None:
    device = await site.device()
    device.wire.up = False
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, at_the_edge(site.label("P-201A")))
        await client.until(lambda: client.sees("标签不在框里"))
        await client.until(lambda: client.has("code-P-201A"))
        assert client.sees("是这台设备吗")
        assert client.route == "/scan", "nothing was opened by itself"
        await client.tap("code-P-201A")
        await client.until(lambda: client.sees("P-201A 甲醇输送泵"))
        assert client.sees("标签验签通过")


async def test_the_label_in_the_frame_is_taken_whatever_lies_at_the_edge(site: PlantSite) -> None:
    """Without a further tap."""
    device = await site.device()
    device.wire.up = False
    view = at_the_edge(site.label("P-201A"), site.label("TK-101"))
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, view)
        await client.until(lambda: client.sees("TK-101 甲醇储罐"))


async def test_a_picture_from_a_file_has_no_frame_but_a_middle(site: PlantSite) -> None:
    """A lone label counts wherever it lies; beside one that is worn it may be the neighbour's."""
    device = await site.device()
    edge, middle = site.label("P-201A"), site.label("TK-101")
    lone, beside = at_the_edge(edge), at_the_edge(edge, middle, worn=True)

    def aim(picture: bytes) -> Aim:
        return aiming.aim(device.app, scanning.look(device.app, picture), picture)

    assert aim(lone).text is not None
    doubtful = aim(beside)
    assert doubtful.text is None
    assert doubtful.why == "unread"
    assert [one.spot_id for one in doubtful.asked] == ["P-201A"]


async def test_a_code_of_others_that_is_easy_to_read_does_not_hide_the_worn_label(
    site: PlantSite,
) -> None:
    device = await site.device()
    device.wire.up = False
    label = opened(site.label("TK-101")).convert("L")
    blurred = label.filter(ImageFilter.GaussianBlur(label.width / 120))
    out = io.BytesIO()
    segno.make("https://example.org/pay", micro=False).save(out, kind="png", scale=6, border=4)
    other = opened(out.getvalue()).convert("L")
    scene = Image.new("L", (3 * label.width, 2 * label.height), 200)
    scene.paste(other, (10, 10))
    scene.paste(blurred, (label.width, label.height // 2))
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, encoded(scene, "PNG"))
        await client.until(lambda: client.sees("TK-101 甲醇储罐"))
        assert client.sees("标签验签通过")


async def test_an_aimed_forgery_is_refused_though_a_good_label_is_beside_it(
    site: PlantSite,
) -> None:
    device = await site.device()
    device.wire.up = False
    bad, good = site.label("TK-101", forged=True), site.label("P-201A")
    ground = encoded(Image.new("L", opened(bad).size, 200), "PNG")
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, side_by_side(good, bad, ground))
        await client.until(lambda: client.sees("标签验签不通过"))
        assert client.route == "/scan"


async def test_an_id_in_a_plain_code_is_shown_before_it_is_taken_and_counts_as_typed(
    site: PlantSite,
) -> None:
    device = await site.device()
    device.wire.up = False
    out = io.BytesIO()
    segno.make("tk-101", micro=False).save(out, kind="png", scale=8, border=4)
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, out.getvalue())
        await client.until(lambda: client.has("code-TK-101"))
        assert client.sees("是这台设备吗")
        assert client.sees("未签名")
        await client.tap("code-TK-101")
        await client.until(lambda: client.sees("储罐日检 v7"))
        assert not client.sees("标签验签通过")


@pytest.mark.parametrize(
    ("label_id", "version", "plant", "says"),
    [
        ("TK-101", 1, "DEMO", "标签已换发"),
        ("TK-901", 1, "DEMO2", "这是示例化工二厂的标签"),
    ],
)
async def test_retired_and_foreign_labels_are_refused_with_their_reason(
    site: PlantSite, label_id: str, version: int, plant: str, says: str
) -> None:
    device = await site.device()
    device.wire.up = False
    async with screen_of(device, INSPECTOR, PIN) as client:
        await scan(client, device, site.label(label_id, version=version, plant=plant))
        await client.until(lambda: client.sees(says))
        assert client.route == "/scan", "no checklist was opened"
        assert client.has("scan-again"), "a way on"
