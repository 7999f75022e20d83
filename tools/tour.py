"""One walk through the screens: its size and language, the running plant, and a person in it."""

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
from tests.helpers.processes import Cut, World
from tests.helpers.views import camera_file, printed_label
from tools.drawn import Plant, read_plant

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SIZES = {"phone": PHONE, "tablet": TABLET}
INSPECTOR, OPERATOR, LEADER, ELECTRICIAN, VERIFIER = "U003", "U012", "U019", "U009", "U034"
COLOURS = 256  # keeps a picture below 100 kB
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
    views: tuple[Path, Path, Path]  # what a camera sees before, after the repair, at the recheck
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
        if small := who.too_small():
            print(f"{self.size}-{self.language} {screen}: small targets {small}", file=sys.stderr)
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
        self,
        label: Image.Image | None,
        at: str,
        *,
        view: int = 0,
        aside: bool = False,
        url: str = "",
    ) -> Iterator[Person]:
        """Open the client in a browser whose camera shows a label, standing at an equipment.

        `view`: which of the tour's views lies behind the label.
        """
        tour = self.tour
        folder = Path(tempfile.mkdtemp(dir=self.here.folder))
        asset = tour.plant.assets[at]
        look = Look(
            SIZES[tour.size],
            camera_file(folder, tour.views[view], label, aside=aside),
            (asset["lat"], asset["lon"], 6.0),
            dark=tour.themes[0] == "dark",
            locale="zh-CN" if tour.language == "zh" else "en-US",
        )
        with browser(look) as who:
            who.page.add_init_script(
                f"localStorage.setItem('flutter.anshao.language', '\"{tour.language}\"');"
                f"localStorage.setItem('flutter.anshao.scale', '{tour.scale}');"
            )
            who.open(url or self.url)
            yield who

    def label(self, asset_id: str) -> Image.Image:
        """Print the label of an equipment."""
        return printed_label(self.here.folder, self.here.folder / "server", asset_id)


def offered(who: Person, label_id: str) -> None:
    """Take the label that lies aside, outside of the frame: it is offered by name."""
    who.find(f"code-{label_id}", seconds=LATE_S)
    who.tap(f"code-{label_id}")


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
    while t("me.sign_out") not in who.words():  # a tap while the page is redrawn goes nowhere
        who.tap(t("place.me"))
        who.page.wait_for_timeout(2 * EVER_MS)
    who.tap(t("me.sign_out"))
    who.page.wait_for_timeout(SHELL_MS)


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


def photo_of(who: Person) -> str:
    """Return the identifier of the first photo on the page; empty where there is none."""
    return next((node.id for node in who.nodes() if node.id.startswith("photo-")), "")


def act(who: Person, site: Site, action: str) -> None:
    """Tap the button of a step."""
    rows = yaml.safe_load((ASSETS / "definitions/access.yaml").read_text("utf-8"))["actions"]
    found = next(row for row in rows if row["code"] == action)
    said = site.tour.t.texts.get(f"hazard.do.{action}")
    who.tap(said or str(found[site.tour.language]))
    who.page.wait_for_timeout(SHELL_MS)
