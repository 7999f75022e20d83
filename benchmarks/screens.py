"""How long from a tap to the repainted screen, in Chromium, against a page with one button.

Four kinds of taps, each many times: the home screen, an answer in a checklist, the hazard list of
a plant with a thousand hazards, another filter of it. The clock runs in the browser: it starts with
the pointer event and ends with the frame after the words that the tap leads to stand in the tree
for screen readers, which Flutter writes together with the picture. The bare page is measured in the
same browser, before and after, so that a busy machine slows both. Taps are touches: a mouse that
moves between buttons makes them glow, which no finger does.
"""

import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from benchmarks.runner import Options, Result
from server.duties import run_duties
from server.main import prepare
from server.own_entries import OwnStep, write_own
from server.settings import ServerSettings
from tests.helpers.browser import PHONE, Look, Person, browser
from tests.helpers.processes import ROOT, World, free_port

HAZARDS = 1000
TAPS = 45  # of each kind
WORDS = ("护罩缺失", "阀门渗漏", "通道堵塞", "接地线松动", "压力表过期", "灭火器欠压")
INSPECTOR, PIN = "U003", "3316"
BARE = ROOT / "benchmarks" / "baselines" / "bare_page.py"
LOST_S = 15.0  # a tap without an answer for so long was lost: the run fails
SETTLE_MS = 450  # between two taps: nothing of the last one is still moving
# Start the clock at the finger, stop it in the frame after the screen says `want` (or no more).
_ARM = """([want, gone]) => {
  const host = () => document.querySelector('flt-semantics-host');
  const says = () => host() && [...host().querySelectorAll('flt-semantics, span')].some(
      n => (n.getAttribute('aria-label') ?? n.textContent).includes(want));
  if (says() !== gone) throw new Error(`${want} tells nothing: it is so before the tap`);
  window.__took = null; window.__began = null;
  const look = new MutationObserver(() => check());
  const check = () => {
    if (window.__began === null || says() === gone) return;
    look.disconnect();
    requestAnimationFrame(() => { window.__took = performance.now() - window.__began; });
  };
  look.observe(document.body, {subtree: true, childList: true, attributes: true,
                               characterData: true});
  window.addEventListener('pointerdown', () => { window.__began = performance.now(); },
                          {capture: true, once: true});
}"""


def run(options: Options) -> Result:
    """Measure; the ratio is p95 of our taps over p95 of the bare page's."""
    with tempfile.TemporaryDirectory(prefix="anshao-bench-") as scratch:
        folder = Path(scratch)
        _seed(folder / "server")
        here = World(folder)
        try:
            here.start_server()
            url = here.start_client("bench", here.server_url)
            with _bare() as bare_url, browser(Look(PHONE, touch=True)) as who:
                bare = _bare_taps(who, bare_url)
                first_s = _first_load(who, url)
                taps, first = _our_taps(who, options)
                bare += _bare_taps(who, bare_url)
        finally:
            here.stop()
    ours = [took for rows in taps.values() for took in rows]
    ratio = _p95(ours) / _p95(bare)
    figures = {f"{name}_p95_ms": _p95(rows) for name, rows in taps.items()}
    figures |= first | {
        "tap_p95_ms": _p95(ours),
        "tap_median_ms": statistics.median(ours),
        "bare_p95_ms": _p95(bare),
        "bare_median_ms": statistics.median(bare),
        "first_load_s": first_s,
    }
    return {"tap_p95_over_bare": ratio}, figures


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, round(0.95 * len(values)))]


def _seed(home: Path) -> None:
    """Give the demo plant a thousand hazards more, all open to the inspector's reading."""
    site = prepare(ServerSettings(home=home, demo=True))
    plant = site.pack.definitions.plant
    asset = plant.assets["TK-101"]
    now = site.now_ms()
    steps = [
        OwnStep(
            person="U012",
            record_id=f"0196-bench-{number:06}",
            type="hazard",
            kind="decide",
            at_ms=now - (HAZARDS - number) * 60_000,
            set={
                "state": "reported", "action": "hazard.report", "code": f"HZ-BNCH-{number:04}",
                "words": f"{WORDS[number % len(WORDS)]} {number}", "language": "zh",
                "reporter": "U012", "reported_ms": now - (HAZARDS - number) * 60_000,
                "asset": None, "area": asset.area, "category": None, "grade": "C",
                "unit": asset.owner,
            },
        )
        for number in range(HAZARDS)
    ]  # fmt: skip
    done = write_own(site, steps)
    run_duties(site, now)  # a plant whose people were told long ago, not one told in mid-tap
    refused = [one.code for one in done if one.verdict != "accepted"]
    site.store.close()
    assert not refused, f"the seed breaks a rule: {refused[:3]}"


@contextmanager
def _bare() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, str(BARE), str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}/"
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(url, timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _timed(who: Person, tap: Callable[[], None], want: str, *, gone: bool = False) -> float:
    """Return the ms from the pointer event of `tap` to the frame that shows (or lacks) `want`."""
    who.page.evaluate(_ARM, [want, gone])
    tap()
    took = who.wait(lambda: who.page.evaluate("window.__took"), f"{want!r} after a tap", LOST_S)
    who.page.wait_for_timeout(SETTLE_MS)
    return float(took)


def _tap(who: Person, name: str) -> Callable[[], None]:
    """Find the place first, so that only the tap itself is inside the measured time."""
    node = who.find(name)

    def tap() -> None:
        who.page.touchscreen.tap(*node.middle)

    return tap


def _bare_taps(who: Person, url: str) -> list[float]:
    who.open(url)
    who.sees("count ")
    said = next(word for word in who.words() if word.startswith("count "))
    first = int(said.split()[1]) + 1  # a tab that comes back finds its session
    found = [
        _timed(who, _tap(who, "tap"), f"count {number}") for number in range(first, first + TAPS)
    ]
    return found[2:]  # the first taps warm the browser up


def _first_load(who: Person, url: str) -> float:
    """Return the seconds from opening the page to a list of people to choose from."""
    began = time.monotonic()
    who.open(url)
    who.sees("巡检员")
    return time.monotonic() - began


def _our_taps(who: Person, options: Options) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return the taps by kind, and what a screen costs that was never drawn before."""
    people = yaml.safe_load((ROOT / "assets/definitions/plants/demo.yaml").read_text("utf-8"))
    name = next(row["zh"] for row in people["people"] if row["id"] == INSPECTOR)
    who.tap(name, part=True)
    who.enter_pin(PIN)
    who.sees("扫码巡检")
    taps: dict[str, list[float]] = {
        "home": [], "list": [], "filter": [], "page": [], "answer": [],
    }  # fmt: skip
    first = {"first_list_ms": _timed(who, _tap(who, "隐患"), "我报的")}
    who.tap("全部")
    who.sees("HZ-BNCH-0999")  # everything has come from the server
    who.tap("今日")
    who.sees("TK-101")
    for number in range(TAPS):
        options.progress(number, 2 * TAPS)
        taps["list"].append(_timed(who, _tap(who, "隐患"), "HZ-BNCH-0999"))
        taps["filter"].append(_timed(who, _tap(who, "已关闭"), "HZ-BNCH-0999", gone=True))
        taps["page"].append(_timed(who, _tap(who, "全部"), "HZ-BNCH-0999"))
        taps["home"].append(_timed(who, _tap(who, "今日"), "扫码巡检"))
    _answers(who, taps["answer"], options)
    return {name: rows[1:] for name, rows in taps.items()}, first


def _answers(who: Person, taken: list[float], options: Options) -> None:
    """Tick and tick again: each changes the answer of one question."""
    who.tap("TK-101", part=True)
    who.sees("合格")
    for number in range(TAPS):
        options.progress(TAPS + number, 2 * TAPS)
        name, want = (("合格", "1 /"), ("不合格", "报隐患"))[number % 2]
        taken.append(_timed(who, _tap(who, name), want))
