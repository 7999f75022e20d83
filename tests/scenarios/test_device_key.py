"""The key file of a device is lost, cut short or another device's: it says so and stays in step.

The app of the device and the plant's server are the real ones.
"""

import io
import zipfile
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.use_cases import outbox, reports
from app.wiring import KEY_FILE
from offline_store import entries, records
from screens.outbox import Outbox
from tests.helpers.field import desk_of
from tests.helpers.plant import Device, PlantSite
from tests.helpers.render import rendered

OPERATOR = "U012"


def reported(device: Device, words: str) -> str:
    person = device.person(OPERATOR)
    draft = reports.open_draft(device.app, person, asset_id="DB-03")
    reports.change_draft(device.app, person, draft.draft_id, words=words)
    return reports.report(device.app, person, draft.draft_id, None)


def lose(device: Device) -> None:
    (device.settings.store / KEY_FILE).unlink()


def cut_short(device: Device) -> None:
    (device.settings.store / KEY_FILE).write_bytes(b"\x01" * 7)


def swap(device: Device) -> None:
    key = Ed25519PrivateKey.generate()
    (device.settings.store / KEY_FILE).write_bytes(key.private_bytes_raw())


HARMS = [(lose, "key.missing"), (cut_short, "key.missing"), (swap, "key.other")]


@pytest.mark.parametrize(("harm", "code"), HARMS)
async def test_without_its_enrolled_key_a_device_signs_nothing_says_so_and_goes_on(
    site: PlantSite, harm: Callable[[Device], None], code: str
) -> None:
    device, office = await site.device(), await site.device("office")
    honest = reported(device, "柜门没锁")
    await device.sync()
    file = device.settings.store / KEY_FILE
    harm(device)
    left = file.read_bytes() if file.exists() else None
    device = site.restart(device)
    assert (file.read_bytes() if file.exists() else None) == left, "no key is made in its place"
    assert device.app.key_trouble is not None
    assert device.app.key_trouble.code == code
    why, remedy = device.app.translator().error(device.app.key_trouble)
    assert "没有签名" in why
    assert "管理员" in remedy
    assert "导出" in remedy

    unsigned = reported(device, "漏电")
    news = reported(office, "阀门漏")
    await office.sync()
    await device.sync()  # no `sync.forged`
    with device.app.store.reading() as session:
        last = entries.last_of_device(session, device.app.device.device_id)
        assert records.lookup(session, news), "it goes on pulling"
    assert last is not None
    assert last.signature is None
    view = outbox.view(device.app)
    assert view.status.error is None
    assert {item.reason for item in view.items if item.state == "refused"} == {"entry.unsigned"}
    with site.server.state.site.store.reading() as session:
        assert records.lookup(session, honest)
        assert records.lookup(session, unsigned) is None, "kept, told, and of no effect"
        kept = entries.of_device(session, device.app.device.device_id, last.number, 1)
    assert [row.verdict for row in kept] == ["quarantined"]
    saved = zipfile.ZipFile(io.BytesIO(outbox.export(device.app)))
    assert "漏电" in saved.read("entries.jsonl").decode()


async def test_the_enrolled_key_put_back_signs_again_and_counts(site: PlantSite) -> None:
    device = await site.device()
    file = device.settings.store / KEY_FILE
    key = file.read_bytes()
    reported(device, "柜门没锁")
    await device.sync()
    lose(device)
    device = site.restart(device)
    reported(device, "漏电")
    await device.sync()
    file.write_bytes(key)
    device = site.restart(device)
    assert device.app.key_trouble is None
    counts = reported(device, "插座烧了")
    await device.sync()
    with site.server.state.site.store.reading() as session:
        assert records.lookup(session, counts)


async def test_the_outbox_says_it_and_offers_the_file(site: PlantSite) -> None:
    device = await site.device()
    swap(device)
    device = site.restart(device)
    desk = desk_of(device.app)
    async with rendered(desk, Outbox) as drawn:
        await drawn.until(lambda: drawn.has("key-trouble"))
        assert drawn.sees("本机的密钥不是登记时的那一把：从现在起，本机的记录没有签名。")
