"""Photograph the screens: `python -m tools.screens OUT [--sizes phone,tablet] [--languages zh,en]`.

Starts a real server and client in a temporary folder and walks through the loop in Chromium. A
fake camera shows a printed label in a photograph (`--photo`, or a drawn one). Pictures are named
{phone|tablet}-{language}-{light|dark}-{screen}.png. Meant for looking; tests look by themselves.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from PIL import Image

from app.translate import Translator, read_catalogs, translator
from tests.helpers.browser import PHONE, TABLET, Look, Person, browser
from tests.helpers.processes import Cut, World, world
from tests.helpers.views import camera_file, printed_label
from tools.drawn import TANK, Plant, draw_after, draw_photo, forged_label, read_plant

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SIZES = {"phone": PHONE, "tablet": TABLET}
INSPECTOR, OPERATOR, LEADER, ELECTRICIAN, VERIFIER = "U003", "U012", "U019", "U009", "U034"
BOX = "DB-03"
LEVEL_TOO_HIGH = "11.8"
SPOKEN = {
    "zh": "配电房三号柜门没锁，里头有水",
    "en": "Panel three is not locked and there is water inside",
}
COLOURS = 256  # keeps a picture below 100 kB
DEVICES = {"zh": "防爆手机 07", "en": "Ex phone 07"}
SHELL_MS = 700  # the theme fades over
EVER_MS = 1200  # a list read from the store, a photo drawn
LATE_S = 40.0  # the camera of a busy machine


@dataclass(frozen=True)
class Tour:
    """One walk: a size, a language, and the themes that each screen is photographed in."""

    out: Path
    size: str
    language: str
    themes: tuple[str, ...]
    scale: float
    photo: Path
    after: Path
    marks: tuple[tuple[float, float], tuple[float, float]]
    plant: Plant = field(default_factory=read_plant)

    @property
    def t(self) -> Translator:
        """The texts to look for."""
        catalogs = read_catalogs(ASSETS / "locale")
        return translator(catalogs, self.language, "Asia/Shanghai")

    def shoot(self, who: Person, screen: str, wait_ms: int = EVER_MS) -> None:
        """Photograph what is in view, once in each theme."""
        who.page.mouse.move(2, SIZES[self.size]["height"] / 2)  # no tooltip, nothing hovered over
        who.page.wait_for_timeout(wait_ms)
        for theme in self.themes:
            if len(self.themes) > 1 or theme == "dark":
                who.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                who.page.wait_for_timeout(SHELL_MS)
            path = self.out / f"{self.size}-{self.language}-{theme}-{screen}.png"
            who.photograph_screen(path)
            Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)


@dataclass
class Site:
    """The running plant of a tour."""

    tour: Tour
    here: World
    wire: Cut
    url: str

    @contextmanager
    def person(
        self, label: Image.Image | None, at: str, *, repaired: bool = False
    ) -> Iterator[Person]:
        """Open the client in a browser whose camera shows a label, standing at an equipment."""
        tour = self.tour
        folder = Path(tempfile.mkdtemp(dir=self.here.folder))
        asset = tour.plant.assets[at]
        look = Look(
            SIZES[tour.size],
            camera_file(folder, tour.after if repaired else tour.photo, label),
            (asset["lat"], asset["lon"], 6.0),
            dark=tour.themes[0] == "dark",
            locale="zh-CN" if tour.language == "zh" else "en-US",
        )
        with browser(look) as who:
            who.page.add_init_script(
                f"localStorage.setItem('flutter.anshao.language', '\"{tour.language}\"');"
                f"localStorage.setItem('flutter.anshao.scale', '{tour.scale}');"
            )
            who.open(self.url)
            yield who

    def label(self, asset_id: str) -> Image.Image:
        """Print the label of an equipment."""
        return printed_label(self.here.folder, self.here.folder / "server", asset_id)


def name_of(tour: Tour, person_id: str) -> str:
    """Return a person's name in the tour's language."""
    return str(tour.plant.people[person_id][tour.language])


def choose(who: Person, tour: Tour, person_id: str) -> str:
    """Choose a person of the device; returns the PIN."""
    t = tour.t
    search, change = t("sign_in.search"), t("sign_in.change")
    who.wait(lambda: any(w.startswith((search, change)) for w in who.words()), "the sign-in")
    who.page.wait_for_timeout(SHELL_MS)  # who was here last is chosen then
    if any(word.startswith(change) for word in who.words()):
        who.tap(change)
    who.type(search, name_of(tour, person_id))
    who.tap(f"person-{person_id}")
    return str(tour.plant.people[person_id]["pin"])


def enter(who: Person, tour: Tour, person_id: str) -> None:
    """Sign in."""
    who.enter_pin(choose(who, tour, person_id))
    who.sees(tour.t("today.scan"))


def leave(who: Person, tour: Tour) -> None:
    """Go back to the places, and leave the device to the next person."""
    t = tour.t
    while not any(t("place.me") in word.split("\n") for word in who.words()):
        who.tap(t("page.back"))
        who.page.wait_for_timeout(2 * EVER_MS)  # until the places are there
    who.tap(t("place.me"))
    who.tap(t("me.sign_out"))
    who.page.wait_for_timeout(SHELL_MS)


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


def checklist(site: Site) -> None:
    """The checklist with a reading above its limit, its photo, and a report from the item."""
    tour, t = site.tour, site.tour.t
    items = yaml.safe_load((ASSETS / "definitions/forms/TANK-D.yaml").read_text("utf-8"))["items"]
    with site.person(site.label(TANK), TANK) as who:
        enter(who, tour, INSPECTOR)
        who.tap(t("today.scan"))
        who.sees(t("sheet.still"), LATE_S)
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
        who.wait(lambda: _photo_of(who), "the photo kept", LATE_S)
        tour.shoot(who, "sheet-photo-kept")
        tap_shown(who, _photo_of(who))
        tour.shoot(who, "evidence", 2 * EVER_MS)
        who.tap(t("page.back"))
        who.page.wait_for_timeout(EVER_MS)
        ask = t("question.report").partition("{")[0].rstrip("（( ")
        tap_shown(who, ask, part=True)
        who.sees(t("report.words"))
        tour.shoot(who, "report-item")


def tap_shown(who: Person, name: str, *, part: bool = False) -> None:
    """Scroll something to the middle of the screen, clear of head and footer, and tap it."""
    page = who.page
    size = page.viewport_size or PHONE
    for _ in range(6):
        node = who.find(name)
        left = node.middle[1] - size["height"] / 2
        if abs(left) < size["height"] / 4:
            break
        page.mouse.move(node.middle[0], size["height"] / 2)
        page.mouse.wheel(0, left)
        page.wait_for_timeout(SHELL_MS)
    who.tap(name, part=part)


def _photo_of(who: Person) -> str:
    return next((node.id for node in who.nodes() if node.id.startswith("photo-")), "")


def hazard(site: Site) -> None:
    """The loop of a hazard, from the report without a network to the closed one."""
    tour, t = site.tour, site.tour.t
    with site.person(site.label(BOX), BOX) as who:
        enter(who, tour, OPERATOR)
        site.wire.cut()
        who.sees(t("status.offline"))
        who.tap(t("today.scan"))
        who.tap(t("capture.shoot"), seconds=LATE_S)
        who.wait(lambda: _photo_of(who), "the photo kept", LATE_S)
        who.type(t("report.words"), SPOKEN[tour.language])
        tour.shoot(who, "report", 2 * EVER_MS)
        mark(site, who)
        who.tap(t("report.send"))
        who.wait(lambda: "HZ-" in " ".join(who.words()), "the hazard", LATE_S)
        tour.shoot(who, "hazard-reported")
        code = next(w for text in who.words() for w in text.split() if w.startswith("HZ-"))
        who.tap("status")
        tour.shoot(who, "outbox")
        site.wire.join()
        who.sees(t("status.waiting", n=0), 90.0)
        tour.shoot(who, "outbox-sent")
        leave(who, tour)
        lead(site, who, code)
    with site.person(None, BOX, repaired=True) as who:
        repair(site, who, code)
        close(site, who, code)


def mark(site: Site, who: Person) -> None:
    """Mark the defect on the photo: two taps at opposite corners."""
    tour, t = site.tour, site.tour.t
    tap_shown(who, t("check.mark"))
    who.sees(t("mark.region.keep"), LATE_S)
    who.page.wait_for_timeout(EVER_MS)
    at = who.find("mark-picture")
    for across, down in tour.marks:
        who.page.mouse.click(at.x + across * at.w, at.y + down * at.h)
        who.page.wait_for_timeout(SHELL_MS)
    tour.shoot(who, "mark")
    who.tap(t("mark.region.keep"))
    who.sees(t("check.remark"), LATE_S)


def lead(site: Site, who: Person, code: str) -> None:
    """Accept, take the shot that is missing, dispatch."""
    tour, t = site.tour, site.tour.t
    enter(who, tour, LEADER)
    who.tap(code, part=True)
    tour.shoot(who, "hazard-leader")
    act(who, site, "hazard.accept")
    who.sees(t("hazard.missing").partition("{")[0])
    tour.shoot(who, "hazard-missing")
    panorama = t("capture.shoot_of", shot=t("shot.panorama"))
    who.tap(panorama)
    who.sees(t("capture.away"))
    who.tap(panorama, seconds=LATE_S)
    who.misses(t("capture.away"), LATE_S)
    act(who, site, "hazard.dispatch")
    tour.shoot(who, "dispatch")
    name = name_of(tour, ELECTRICIAN)
    who.tap(name, part=True)
    who.tap(t("dispatch.do", person=name))
    who.page.wait_for_timeout(EVER_MS)
    leave(who, tour)


def repair(site: Site, who: Person, code: str) -> None:
    """Repair and prove it with a photo."""
    tour, t = site.tour, site.tour.t
    enter(who, tour, ELECTRICIAN)
    tour.shoot(who, "today-waiting")
    who.tap(code, part=True)
    tour.shoot(who, "hazard")
    who.tap(t("hazard.shoot_after"))
    who.sees(t("capture.away"))
    tour.shoot(who, "hazard-shoot", 2 * EVER_MS)
    who.tap(t("capture.shoot_of", shot=t("shot.after")), seconds=LATE_S)
    who.sees(t("hazard.hand_in"), LATE_S)
    who.sees(t("rectify.figure.probability"), LATE_S)
    tour.shoot(who, "hazard-repaired")
    who.tap(t("hazard.hand_in"))
    who.page.wait_for_timeout(EVER_MS)
    leave(who, tour)


def close(site: Site, who: Person, code: str) -> None:
    """Compare, verify, and see the whole way."""
    tour, t = site.tour, site.tour.t
    enter(who, tour, VERIFIER)
    who.tap(code, part=True)
    tour.shoot(who, "hazard-verify")
    tap_shown(who, t("check.compare"))
    who.sees(t("compare.heat"), LATE_S)
    who.misses(t("check.running"), LATE_S)
    tour.shoot(who, "compare", 2 * EVER_MS)
    who.tap(t("compare.heat"))
    tour.shoot(who, "compare-heat")
    who.tap(t("page.back"))
    act(who, site, "hazard.verify")
    tour.shoot(who, "hazard-closed", 2 * EVER_MS)


def act(who: Person, site: Site, action: str) -> None:
    """Tap the button of a step."""
    rows = yaml.safe_load((ASSETS / "definitions/access.yaml").read_text("utf-8"))["actions"]
    found = next(row for row in rows if row["code"] == action)
    who.tap(str(found[site.tour.language]))
    who.page.wait_for_timeout(SHELL_MS)


PARTS = {"places": places, "scanner": scanner, "checklist": checklist, "hazard": hazard}


def walk(tour: Tour, parts: list[str]) -> None:
    """Run one tour on a plant of its own."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as here:
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
    with tempfile.TemporaryDirectory() as folder:
        photo = options.photo or draw_photo(Path(folder) / "drawn.jpg")
        after = options.after or draw_after(photo, Path(folder) / "after.jpg")
        sides = [float(side) for side in options.box.split(",")]
        marks = ((sides[0], sides[1]), (sides[2], sides[3]))
        for size in options.sizes.split(","):
            for language in options.languages.split(","):
                themes = tuple(options.themes.split(","))
                tour = Tour(options.out, size, language, themes, options.scale, photo, after, marks)
                walk(tour, options.parts.split(","))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
