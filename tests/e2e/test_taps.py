"""The tap budgets of UX.md, counted at the real screens in Chromium at phone size."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.test_loop import sign_in
from tests.helpers.browser import PHONE, Look, Person, browsers
from tests.helpers.processes import Cut, world
from tests.helpers.views import camera_file, printed_label

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
ROOT = Path(__file__).resolve().parents[2]
C_401 = (30.004554, 122.504717, 6.0)
TICKS = 11
TEMPLATE = """\
code: TAP-12
version: 1
zh: 计数检查表
en: Counting checklist
applies: compressor
items:
{ticks}
  - {{id: Q12, t: num, zh: 排气压力, en: Pressure, unit: MPa, min: 0.5, max: 0.8,
     ev: none, g: B, cat: SE}}
examples:
  - asset: C-401
    answers: {{Q01: ok, Q12: 0.6}}
    expect: {{Q01: good, Q12: good}}
"""
TICK = "  - {{id: Q{n:02}, t: ok, zh: 第{n}项完好, en: Point {n} sound, ev: ng, g: B, cat: ME}}"


@dataclass
class Site:
    """A client with the test template on C-401, its link, and a camera that shows its label."""

    url: str
    wire: Cut
    look: Look


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server whose compressor is checked by eleven ticks and one reading."""
    folder = tmp_path_factory.mktemp("taps")
    definitions = folder / "definitions"
    shutil.copytree(ROOT / "assets" / "definitions", definitions)
    rows = "\n".join(TICK.format(n=n) for n in range(1, TICKS + 1))
    (definitions / "forms" / "TAP-12.yaml").write_text(TEMPLATE.format(ticks=rows), "utf-8")
    plant = definitions / "plants" / "demo.yaml"
    plant.write_text(
        plant.read_text("utf-8").replace("template: COMP-D", "template: TAP-12"), "utf-8"
    )
    with world(folder, definitions) as here:
        wire = Cut(here.server_port)
        label = printed_label(folder, folder / "server", "C-401", definitions)
        view = camera_file(folder, None, label)
        url = here.start_client("phone-1", wire.url)
        yield Site(url, wire, Look(PHONE, view, C_401))
        wire.close()


@pytest.fixture
def inspector(site: Site) -> Iterator[Person]:
    """巡检员03 on the home screen, nothing tapped yet."""
    with browsers(site.look) as (who,):
        who.open(site.url)
        sign_in(who, "巡检员03", "3316")
        who.taps = 0
        yield who


def test_twelve_items_all_good_take_fourteen_taps(inspector: Person) -> None:
    who = inspector
    who.tap("扫码巡检")
    who.sees("计数检查表 v1", seconds=40)
    assert who.taps == 1, "opening the right checklist is one tap and the scan"
    for number in range(1, TICKS + 1):
        who.tap_below(f"{number} 第{number}项", "合格")  # the next one comes by itself
        who.sees(f"{number} / {TICKS + 1}")
    who.type("读数（MPa）", "0.62")
    who.tap("交检查表")
    who.sees("检查表已交")
    assert who.taps <= 14


def test_a_hazard_from_a_failed_item_with_a_photo_takes_four_taps(
    inspector: Person, site: Site
) -> None:
    who = inspector
    who.tap("扫码巡检")
    who.sees("计数检查表 v1", seconds=40)
    who.taps = 0
    who.tap_below("1 第1项", "不合格")
    who.tap("报隐患（建议 B 级 · 机械防护）")
    who.sees("收起相机", seconds=40)  # the camera is open already
    who.tap("拍照", seconds=40)
    who.tap("上报", seconds=40)
    who.sees("已保存，有网就送")
    assert who.taps <= 4


def test_my_report_is_one_tap_away(inspector: Person) -> None:
    who = inspector
    who.tap("隐患")
    who.sees("HZ-")
    assert who.taps == 1
    who.wait(lambda: any("已上报" in word or "整改中" in word for word in who.words()), "its state")


def test_why_it_was_not_sent_is_two_taps_away(inspector: Person, site: Site) -> None:
    who = inspector
    site.wire.cut()
    who.sees("离线")
    who.tap("报隐患")
    who.type("看到了什么？", "空压机皮带防护罩没装回去")
    who.tap("上报")
    who.sees("等 机修班")  # the hazard is on the screen, and at rest
    who.page.wait_for_timeout(1000)
    who.taps = 0
    who.tap("离线", part=True)
    who.sees("待发送")
    who.tap("HZ-", part=True)
    who.sees("连不上服务器")
    assert who.taps == 2
    site.wire.join()
