"""Photograph the screens: `python -m tools.screens OUT [--sizes phone,tablet] [--languages zh,en]`.

Starts a real server and client in a temporary folder and walks through the loop in Chromium. A
fake camera shows a printed label in a photograph (`--photo`, or a drawn one). Pictures are named
{phone|tablet}-{language}-{light|dark}-{screen}.png. Meant for looking; tests look by themselves.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

from tests.helpers.browser import Person
from tests.helpers.processes import Cut, world
from tools.drawn import TANK, draw_after, draw_again, draw_photo, forged_label
from tools.screens_hazard import hazard
from tools.screens_more import choice, sending, unlock
from tools.tour import (
    ASSETS,
    EVER_MS,
    INSPECTOR,
    LATE_S,
    SHELL_MS,
    SIZES,
    Site,
    Tour,
    choose,
    enter,
    photo_of,
    tap_shown,
)

LEVEL_TOO_HIGH = "11.8"
COMPRESSOR = "C-401"
READINGS = {"A01": "0.62", "A02": "103", "A03": "198"}
WRONG = "A08"
DEVICES = {"zh": "防爆手机 07", "en": "Ex phone 07"}


def places(site: Site) -> None:
    """Sign-in, the four places, and what the scanner says to a forged label."""
    tour, t = site.tour, site.tour.t
    with site.person(forged_label(), TANK) as who:
        who.sees(t("sign_in.search"))
        tour.shoot(who, "sign-in")
        pin = choose(who, tour, INSPECTOR)
        for digit in pin[:2]:
            who.tap(digit, role="button")
        tour.shoot(who, "pin")
        for digit in pin[2:]:
            who.tap(digit, role="button")
        who.sees(t("today.scan"))
        tour.shoot(who, "today")
        for screen in ("hazards", "permits", "me"):
            who.tap(t(f"place.{screen}"))
            tour.shoot(who, screen)
        who.tap(t("place.today"))
        who.tap(t("today.scan"))
        who.sees(t("scan.refused"), LATE_S)
        tour.shoot(who, "scan-refused")


def scanner(site: Site) -> None:
    """The scanner that sees no label, and its list."""
    tour, t = site.tour, site.tour.t
    with site.person(None, TANK) as who:
        enter(who, tour, INSPECTOR)
        who.tap(t("today.scan"))
        who.sees(t("scan.aim"), LATE_S)
        tour.shoot(who, "scan", 2 * EVER_MS)
        who.tap(t("scan.list"))
        tour.shoot(who, "list")
        who.tap(t("page.back"))
        who.tap(t("scan.type"))
        tour.shoot(who, "type")


def begin(tour: Tour, who: Person) -> None:
    """Scan the label in view and have its checklist."""
    enter(who, tour, INSPECTOR)
    who.tap(tour.t("today.scan"))
    who.sees(tour.t("sheet.still"), LATE_S)


def checklist(site: Site) -> None:
    """The checklist with a reading above its limit, its photo, and a report from the item."""
    tour, t = site.tour, site.tour.t
    items = yaml.safe_load((ASSETS / "definitions/forms/TANK-D.yaml").read_text("utf-8"))["items"]
    with site.person(site.label(TANK), TANK) as who:
        begin(tour, who)
        for number, item in enumerate(items[:2], start=1):
            who.tap_below(f"{number} {item[tour.language]}", t("question.ok"))
            who.page.wait_for_timeout(SHELL_MS)
        who.keys(LEVEL_TOO_HIGH)
        who.page.wait_for_timeout(EVER_MS)
        tour.shoot(who, "sheet")
        who.page.mouse.move(SIZES[tour.size]["width"] / 3, SIZES[tour.size]["height"] / 2)
        who.page.mouse.wheel(0, -SIZES[tour.size]["height"])
        tour.shoot(who, "sheet-top")
        who.tap(t("question.shoot_gauge"))
        who.sees(t("capture.away"), LATE_S)
        tour.shoot(who, "sheet-photo", 2 * EVER_MS)
        who.tap(t("capture.shoot"))
        who.wait(lambda: photo_of(who), "the photo kept", LATE_S)
        tour.shoot(who, "sheet-photo-kept")
        tap_shown(who, photo_of(who))
        tour.shoot(who, "evidence", 2 * EVER_MS)
        who.tap(t("page.back"))
        who.page.wait_for_timeout(EVER_MS)
        ask = t("question.report").partition("{")[0].rstrip("（( ")
        tap_shown(who, ask, part=True)
        who.sees(t("report.words"))
        tour.shoot(who, "report-item")


def inspection(site: Site) -> None:
    """A checklist filled in to its end with one answer wrong, and its page afterwards."""
    tour, t = site.tour, site.tour.t
    items = yaml.safe_load((ASSETS / "definitions/forms/COMP-D.yaml").read_text("utf-8"))["items"]
    with site.person(site.label(COMPRESSOR), COMPRESSOR) as who:
        begin(tour, who)
        for number, item in enumerate(items, start=1):
            heading, reading = f"{number} {item[tour.language]}", item["t"] == "num"
            wrong = item["id"] == WRONG
            if reading:
                who.tap_below(heading, t("question.number", unit=item["unit"]))
                who.keys(READINGS[item["id"]])
                who.page.wait_for_timeout(SHELL_MS)
            else:
                who.tap_below(heading, t("question.ng" if wrong else "question.ok"))
            if wrong or item["ev"] == "always":
                who.tap_below(heading, t("question.shoot_gauge" if reading else "question.shoot"))
                who.sees(t("capture.away"), LATE_S)
                who.page.wait_for_timeout(SHELL_MS)
                who.tap(t("capture.shoot"), seconds=LATE_S)
                who.misses(t("capture.away"), LATE_S)
            who.page.wait_for_timeout(SHELL_MS)
        who.tap(t("sheet.hand_in"))
        who.sees(t("sheet.handed_in"), LATE_S)
        tour.shoot(who, "handed-in")
        who.tap("status")
        tour.shoot(who, "outbox-inspection", 2 * EVER_MS)
        who.tap(t("outbox.kind.inspection") + " IN-", part=True)
        who.tap(t("outbox.open"))
        who.sees(items[0][tour.language], LATE_S)
        tour.shoot(who, "inspection", 2 * EVER_MS)
        who.page.mouse.move(SIZES[tour.size]["width"] / 2, SIZES[tour.size]["height"] / 2)
        who.page.mouse.wheel(0, 10 * SIZES[tour.size]["height"])
        tour.shoot(who, "inspection-end", 2 * EVER_MS)


PARTS = {
    "places": places, "scanner": scanner, "checklist": checklist, "hazard": hazard,
    "inspection": inspection,
    "choice": choice, "sending": sending, "unlock": unlock,
}  # fmt: skip


def impatient(folder: Path) -> Path:
    """Return definitions by which originals wait for a better link after a minute.

    So the outbox is seen with what waits.
    """
    shutil.copytree(ASSETS / "definitions", folder)
    defaults = folder / "defaults.yaml"
    known, soon = "sync.originals_wait_min, value: 30", "sync.originals_wait_min, value: 1"
    text = defaults.read_text("utf-8")
    assert known in text, "the row of defaults.yaml reads otherwise"
    defaults.write_text(text.replace(known, soon), "utf-8")
    return folder


def walk(tour: Tour, parts: list[str]) -> None:
    """Run one tour on a plant of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        world(Path(folder), impatient(Path(folder) / "definitions")) as here,
    ):
        wire = Cut(here.server_port)
        site = Site(tour, here, wire, here.start_client(DEVICES[tour.language], wire.url))
        for part in parts:
            try:
                PARTS[part](site)
            except AssertionError as error:
                print(f"{tour.size}-{tour.language} {part}: {error}", file=sys.stderr)
        wire.close()


def main() -> int:
    """Walk every size and language asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--sizes", default="phone,tablet")
    parser.add_argument("--languages", default="zh,en")
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--parts", default=",".join(PARTS), help="which parts of the walk")
    parser.add_argument("--scale", type=float, default=1.0, help="text size, 1.0 to 1.5")
    parser.add_argument("--photo", type=Path, help="what the camera sees behind the label")
    parser.add_argument("--after", type=Path, help="what the camera sees after the repair")
    parser.add_argument("--box", default="0.3,0.3,0.7,0.7", help="the defect: shares of the photo")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    os.environ["ANSHAO_SERVER_DUTIES_S"] = "2"  # what the server does by itself comes soon
    with tempfile.TemporaryDirectory() as folder:
        photo = options.photo or draw_photo(Path(folder) / "drawn.jpg")
        after = options.after or draw_after(photo, Path(folder) / "after.jpg")
        again = draw_again(after, Path(folder) / "again.jpg")
        sides = [float(side) for side in options.box.split(",")]
        marks = ((sides[0], sides[1]), (sides[2], sides[3]))
        for size in options.sizes.split(","):
            for language in options.languages.split(","):
                themes = tuple(options.themes.split(","))
                views = (photo, after, again)
                tour = Tour(options.out, size, language, themes, options.scale, views, marks)
                walk(tour, options.parts.split(","))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
