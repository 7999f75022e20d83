"""A person at a real browser: finds things by the words on them and taps where a finger would.

Flutter draws on a canvas; beside it stands a tree of nodes for screen readers, and that is
what the tests read. Taps are real mouse events at the middle of a node, and they are counted.
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

T = TypeVar("T")
WAIT_S = 40.0  # a busy machine of two cores draws slowly
STEP_MS = 50
STANDS_S = 3.0
TARGET = 56.0  # px, what a gloved finger needs (UX.md)
PHONE = {"width": 412, "height": 915}
TABLET = {"width": 1280, "height": 800}
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
# Every semantics node with a name, a role or an identifier: what it says and where it is.
_READ = """() => {
  const host = document.querySelector('flt-semantics-host');
  if (!host) return [];
  const own = n => [...n.childNodes].filter(
    c => c.nodeType === 3 || /^(SPAN|H[1-6])$/.test(c.tagName)).map(c => c.textContent).join('');
  return [...host.querySelectorAll('flt-semantics, input, textarea')].map(n => {
    const box = n.getBoundingClientRect();
    const field = n.matches('input, textarea');
    return {
      text: (n.getAttribute('aria-label') ?? own(n)).trim(),
      role: n.getAttribute('role') ?? (field ? 'textbox' : ''),
      id: n.getAttribute('flt-semantics-identifier') ?? '',
      disabled: n.getAttribute('aria-disabled') === 'true',
      tappable: field || n.hasAttribute('flt-tappable'),
      value: n.value ?? '',
      x: box.x, y: box.y, w: box.width, h: box.height,
    };
  }).filter(n => n.w >= 1 && n.h >= 1 && (n.text || n.id || n.role));
}"""


@dataclass(frozen=True)
class Node:
    """One thing on the screen."""

    text: str
    role: str
    id: str
    disabled: bool
    tappable: bool
    value: str
    x: float
    y: float
    w: float
    h: float

    @property
    def middle(self) -> tuple[float, float]:
        """Return where a finger hits it."""
        return self.x + self.w / 2, self.y + self.h / 2


@dataclass
class Person:
    """One browser tab with somebody in front of it."""

    page: Page
    taps: int = 0
    outside: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        """Note every request that would leave this machine."""
        self.page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if url.startswith("http") and "//127.0.0.1" not in url and "//localhost" not in url:
            self.outside.append(url)

    def open(self, url: str) -> None:
        """Open the client and switch its semantics on, as a screen reader does."""
        self.page.goto(url)
        self.page.wait_for_selector("flt-semantics-placeholder", state="attached", timeout=60_000)
        self.page.evaluate("document.querySelector('flt-semantics-placeholder').click()")
        self.page.wait_for_selector("flt-semantics-host flt-semantics", state="attached")

    def nodes(self) -> list[Node]:
        """Return everything on the screen."""
        found: list[dict[str, Any]] = self.page.evaluate(_READ)
        return [Node(**row) for row in found]

    def words(self) -> list[str]:
        """Return every text on the screen."""
        return [node.text or node.value for node in self.nodes() if node.text or node.value]

    def wait(self, ask: Callable[[], T | None], what: str, seconds: float = WAIT_S) -> T:
        """Ask again until there is an answer; fails with what stood on the screen instead."""
        end = time.monotonic() + seconds
        while not (answer := ask()):
            if time.monotonic() > end:
                msg = f"waited for {what}; on the screen: {self.words()}"
                raise AssertionError(msg)
            self.page.wait_for_timeout(STEP_MS)
        return answer

    def sees(self, text: str, seconds: float = WAIT_S) -> None:
        """Wait until a text is on the screen."""
        self.wait(lambda: any(text in word for word in self.words()), f"{text!r}", seconds)

    def misses(self, text: str, seconds: float = WAIT_S) -> None:
        """Wait until a text is gone."""
        self.wait(lambda: not any(text in word for word in self.words()), f"no {text!r}", seconds)

    def find(self, name: str, *, role: str = "", seconds: float = WAIT_S) -> Node:
        """Return the node of that name or identifier: exact before part, small before large."""
        return self.wait(lambda: self._best(name, role), f"{role or 'node'} {name!r}", seconds)

    def _best(self, name: str, role: str, *, part: bool = True) -> Node | None:
        ranked: list[tuple[int, bool, float, Node]] = []
        for node in self.nodes():
            first = node.text.split("\n", 1)[0].strip()
            rank = (
                0
                if name in (node.text, node.id)
                else 1
                if first == name
                else 2
                if part and name and name in node.text
                else 3
            )
            if rank < 3 and (not role or node.role == role):
                ranked.append((rank, not node.tappable, node.w * node.h, node))
        return min(ranked, key=lambda row: row[:3])[3] if ranked else None

    def too_small(self, least: float = TARGET) -> list[str]:
        """Return what can be tapped and is lower or narrower than a gloved finger needs.

        What the edge of the page cuts off is not judged, nor the status line: 40 px by design.
        """
        size = self.page.viewport_size or PHONE
        slack = least - 0.5  # pixels are rounded
        found = [
            node
            for node in self.nodes()
            if node.tappable and node.id != "status" and 0 <= node.y < size["height"] - node.h
        ]
        return [
            f"{node.text or node.id!r} {node.w:.0f} x {node.h:.0f}"
            for node in found
            if node.w < slack or node.h < slack
        ]

    def tap(
        self, name: str, *, role: str = "", part: bool = False, seconds: float = WAIT_S
    ) -> None:
        """Tap something once it is there, enabled and at rest. `part`: of its name."""
        node = self.wait(lambda: self._steady(name, role, part), f"{name!r} to tap", seconds)
        self.page.mouse.click(*node.middle)
        self.taps += 1

    def tap_below(self, heading: str, name: str, *, seconds: float = WAIT_S) -> None:
        """Tap the nearest thing of that name below a heading (the answers below a question)."""
        node = self.wait(
            lambda: self._below(heading, name), f"{name!r} in view below {heading!r}", seconds
        )
        self.page.mouse.click(*node.middle)
        self.taps += 1

    def _below(self, heading: str, name: str) -> Node | None:
        """Return it once it is at rest and wholly on the screen: nobody scrolls here."""
        seen: list[Node | None] = []
        for _ in range(2):
            nodes = self.nodes()
            tops = [node.y for node in nodes if node.text.startswith(heading)]
            size = self.page.viewport_size or PHONE
            below = [
                node
                for node in nodes
                if tops
                and node.text == name
                and node.y > tops[0]
                and node.y + node.h <= size["height"]
                and not node.disabled
            ]
            seen.append(min(below, key=lambda node: (node.y, node.x), default=None))
            self.page.wait_for_timeout(250)  # longer than the list takes to start moving
        return seen[0] if seen[0] == seen[1] else None

    def _steady(self, name: str, role: str, part: bool) -> Node | None:
        before = self._best(name, role, part=part)
        if before is None or before.disabled:
            return None
        self.page.wait_for_timeout(80)
        after = self._best(name, role, part=part)
        size = self.page.viewport_size or PHONE
        if after is None or (after.x, after.y) != (before.x, before.y):
            return None
        return after if 0 <= after.middle[1] <= size["height"] else self._scroll(after)

    def _scroll(self, node: Node) -> None:
        """Bring something below or above the fold into view; the next look finds it there."""
        size = self.page.viewport_size or PHONE
        self.page.mouse.move(size["width"] / 2, size["height"] / 2)
        self.page.mouse.wheel(0, node.middle[1] - size["height"] / 2)

    def scroll_to(self, name: str, *, step: int = 400, tries: int = 30) -> None:
        """Scroll down until something is built: lists build their rows late."""
        size = self.page.viewport_size or PHONE
        for _ in range(tries):
            if self._best(name, ""):
                return
            self.page.mouse.move(size["width"] / 2, size["height"] / 2)
            self.page.mouse.wheel(0, step)
            self.page.wait_for_timeout(150)
        msg = f"{name!r} not found by scrolling; on the screen: {self.words()}"
        raise AssertionError(msg)

    def type(self, name: str, text: str) -> None:
        """Tap a text field and type; the tap is counted, the keys are not."""
        self.tap(name, role="textbox")
        self.keys(text)
        if not self._stands(name, text):  # seen once in sixty runs, as the camera opened above it
            print(f"typed again: {text!r} did not stand in {name!r}")
            self.tap(name, role="textbox")
            self.keys(text)

    def _stands(self, name: str, text: str) -> bool:
        """Look whether a field has the text by now, as a person does after typing."""
        end = time.monotonic() + STANDS_S
        while time.monotonic() < end:
            fields = [node for node in self.nodes() if node.role == "textbox" or node.value]
            if any(text in node.value or text in node.text for node in fields):
                return True
            self.page.wait_for_timeout(STEP_MS)
        return False

    def keys(self, text: str) -> None:
        """Type into the field that has the focus, in place of what is in it."""
        asks = "['INPUT', 'TEXTAREA'].includes(document.activeElement?.tagName)"
        self.wait(lambda: self.page.evaluate(asks), "a text field in focus")
        self.page.wait_for_timeout(150)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(text)
        self.page.wait_for_timeout(150)

    def enter_pin(self, pin: str) -> None:
        """Tap a PIN on the pad, looking up at the dots after each digit as people do."""
        self.wait(lambda: self._typed() == 0, "the PIN pad")
        for count, digit in enumerate(pin, start=1):
            self.tap(digit, role="button")
            if count < len(pin):
                self.wait(lambda typed=count: self._typed() == typed, f"{count} digits typed")

    def _typed(self) -> int | None:
        """Return how many digits of the PIN are in, as the pad says to a screen reader."""
        said = next((word for word in self.words() if "PIN" in word and word[-1:] != "?"), "")
        figures = re.findall(r"[0-9]+", said)
        return int(figures[0]) if figures else None

    def photograph_screen(self, path: Path) -> None:
        """Take a screenshot."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(400)
        self.page.screenshot(path=path)


@dataclass(frozen=True)
class Look:
    """A browser: its screen, what its camera shows, where it is (lat, lon, accuracy)."""

    size: dict[str, int] = field(default_factory=lambda: dict(PHONE))
    camera: Path | None = None
    position: tuple[float, float, float] | None = None
    flags: tuple[str, ...] = ()
    dark: bool = False
    locale: str = "zh-CN"
    touch: bool = False  # taps by `page.touchscreen`; the tests' own are the mouse's


@contextmanager
def browsers(*looks: Look) -> Iterator[list[Person]]:
    """Start one Chromium of the system for each look, with one empty tab."""
    with sync_playwright() as playwright:
        contexts = [_context(playwright, look) for look in looks]
        try:
            yield [Person(context.new_page()) for context in contexts]
        finally:
            for context in contexts:
                assert context.browser
                context.browser.close()


@contextmanager
def browser(look: Look) -> Iterator[Person]:
    """Start one Chromium."""
    with browsers(look) as (person,):
        yield person


def _context(playwright: Playwright, look: Look) -> BrowserContext:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "chromium is not installed: python3 dev.py test installs it on Debian"
    flags = [*FLAGS, *look.flags]
    if look.camera:
        flags.append(f"--use-file-for-fake-video-capture={look.camera}")
    started = playwright.chromium.launch(executable_path=program, args=flags)
    context = started.new_context(
        viewport={"width": look.size["width"], "height": look.size["height"]},
        permissions=["geolocation", "camera"],
        has_touch=look.touch,
        color_scheme="dark" if look.dark else "light",
        locale=look.locale,
    )
    if look.position:
        lat, lon, accuracy = look.position
        context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": accuracy})
    return context
