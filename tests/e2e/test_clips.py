"""A clip from end to end in Chromium: recorded, kept, sent, fetched on another device, played."""

from pathlib import Path

import pytest

from tests.e2e.test_loop import DB_03, sign_in
from tests.helpers.browser import PHONE, Look, Person, browsers
from tests.helpers.processes import World, world

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
WORDS = "三号柜里在冒烟"


def test_a_clip_is_recorded_sent_and_played(tmp_path: Path) -> None:
    # Chromium's own fake camera: a film, so that there is something to record
    look = Look(PHONE, None, DB_03)
    with world(tmp_path) as here, browsers(look, look) as (first, second):
        record(first, here)
        play(second, here)
        assert first.outside == second.outside == [], "nothing leaves this machine"


def record(who: Person, here: World) -> None:
    """操作工12 records what is smoking, adds the words, and reports."""
    who.open(here.start_client("phone-1", here.server_url))
    sign_in(who, "操作工12", "1205")
    who.tap("报隐患")
    who.tap("录像（最长 60 秒）", seconds=40)
    who.sees("正在录像，还剩 0:5", seconds=40)
    who.page.wait_for_timeout(1500)
    who.tap("停止并保存录像")
    who.sees("0:0", seconds=40)  # length and size below the tile
    who.sees("近照（含比例尺）", seconds=40)  # the photo of the shot is still asked for
    who.type("看到了什么？", WORDS)
    who.tap("上报", seconds=40)
    who.sees("已保存，有网就送")
    who.sees("待发 0", seconds=90)


def play(who: Person, here: World) -> None:
    """操作工12 opens the report on another device, fetches the clip and plays it."""
    who.open(here.start_client("phone-2", here.server_url))
    sign_in(who, "操作工12", "1205")
    who.tap("隐患")
    who.sees(WORDS, seconds=60)
    who.tap(WORDS, part=True)
    who.sees("0:0", seconds=60)  # the tile is here
    who.tap("视频 · ", part=True, seconds=60)
    who.tap("取回视频", part=True, seconds=40)
    player = who.wait(lambda: who.page.query_selector("video"), "the player", 40)
    length = who.wait(lambda: player.evaluate("video => video.duration || 0"), "its length", 40)
    assert 1 <= length <= 20
    frame = who.wait(player.bounding_box, "its place")
    who.page.mouse.click(frame["x"] + 38, frame["y"] + frame["height"] - 28)  # its play button
    who.wait(lambda: player.evaluate("video => video.currentTime > 0"), "it to play", 40)
