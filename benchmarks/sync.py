"""Bench `sync`: how near to what the machine can do are records pushed and pulled?

Ten thousand hazard reports of about 1 KB go from one device through a server process to another, on
the loopback, with signatures on and every commit durable at both ends; the limits and a plain push
are measured in turn with it, five rounds. Then the same over a slow link, a sync without news on a
long feed, how soon a decision is heard, and whether a crowd loses anything.
"""

import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import sync_checks
from benchmarks.runner import Options, Result
from benchmarks.sync_limits import bodies_of, limits
from benchmarks.sync_links import Wire
from benchmarks.sync_world import World, cpu_s, rss_mb, settle

PARTS = ("push", "pull", "slow", "stops", "crowd", "nochange")
_RATIOS = {"push_of_limit", "pull_of_limit", "pull_of_sealed_limit", "push_over_plain"}
_NAMES = ("sender", "other", "third", "few")
SLOW_TURN_S, SLOW_BYTES_S = 0.3, 32 * 1024


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything."""

    records: int = 10_000
    rounds: int = 5
    slow: int = 500
    long_feed: int = 1_000_000
    stops: int = 100
    devices: int = 100
    each: int = 5  # records of one of the crowd


def run(options: Options) -> Result:
    """Measure everything at full scale, or the parts asked for; returns ratios and figures."""
    whole = Scale()
    scale = replace(
        whole, records=options.records or whole.records, rounds=options.rounds or whole.rounds
    )
    return measure(options, scale)


def measure(options: Options, scale: Scale) -> Result:
    """Measure at a scale; `--data` names the folder whose disk is used.

    Raises ValueError for parts that there are not.
    """
    parts = frozenset(options.only or PARTS)
    if not parts <= frozenset(PARTS):
        raise ValueError(f"parts of sync: {', '.join(PARTS)}")  # noqa: EM102
    folder = Path(tempfile.mkdtemp(prefix="anshao-bench-", dir=options.data))
    world = World(folder)
    try:
        return _measure(world, options, scale, parts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(world: World, options: Options, scale: Scale, parts: Set[str]) -> Result:
    ratios: dict[str, float] = {}
    figures: dict[str, float] = {}
    _enrol(world, scale)
    if parts & {"push", "pull", "nochange"}:
        _rounds(world, options, scale, parts, ratios, figures)
    if "slow" in parts:
        figures |= _slow(world, scale)
    if "stops" in parts:
        figures |= _stops(world, scale)
    if "crowd" in parts:
        figures |= _crowd(world, scale)
    if "nochange" in parts:
        idle = _nochange(world, scale)
        ratios["nochange_1m_over_10k"] = idle["nochange_large_ms"] / idle["nochange_small_ms"]
        figures |= idle
    options.progress(scale.rounds, scale.rounds)
    return ratios, figures


def _rounds(
    world: World,
    options: Options,
    scale: Scale,
    parts: Set[str],
    ratios: dict[str, float],
    figures: dict[str, float],
) -> None:
    """Push, pull and the limits in turn; the middle of each is what counts."""
    bodies = bodies_of(world.folder / "sender")
    seen: dict[str, list[float]] = defaultdict(list)
    for number in range(scale.rounds):
        options.progress(number, scale.rounds)
        _round(world, f"round{number}", bodies, seen, pulls=parts != {"push"})
    figures |= {name: statistics.median(values) for name, values in seen.items()}
    ratios |= {name: figures.pop(name) for name in _RATIOS if name in figures}
    figures |= _spread(seen)
    figures["body_bytes"] = statistics.mean(map(len, bodies))


def _crowd(world: World, scale: Scale) -> dict[str, float]:
    """Sync a crowd at once."""
    home = world.copy("server", "crowd-server")
    found = sync_checks.crowd(world, home, scale.devices, scale.each)
    return {"devices100_lost": found["lost"] + found["waiting"], "devices100_s": found["s"]}


def _enrol(world: World, scale: Scale) -> None:
    """Make a server that knows two devices, one of them with reports that wait."""
    with world.server(world.folder / "server") as (port, _):
        url = f"http://127.0.0.1:{port}"
        for name in _NAMES:
            with world.device(world.folder / name, url) as device:
                device.do("enrol")
        for name in _NAMES:
            with world.device(world.folder / name, url) as device:
                device.do("sync")
    for name, count in (("sender", scale.records), ("few", scale.slow)):
        with world.device(world.folder / name, "http://127.0.0.1:1") as device:
            device.do("fill", count=count)


def _round(
    world: World, name: str, bodies: list[bytes], seen: dict[str, list[float]], *, pulls: bool
) -> None:
    """Push and pull once on copies, and measure the limits with the rows that this has made."""
    home = world.copy("server", f"{name}-server")
    sender, other = world.copy("sender", f"{name}-sender"), world.copy("other", f"{name}-other")
    count = len(bodies)
    with world.server(home) as (port, pid):
        url = f"http://127.0.0.1:{port}"
        with world.device(sender, url) as device:
            settle()
            before = (cpu_s(pid), cpu_s(device.process.pid))
            pushed = device.do("sync")
            seen["server_cpu_us"].append((cpu_s(pid) - before[0]) / count * 1e6)
            seen["device_cpu_us"].append((cpu_s(device.process.pid) - before[1]) / count * 1e6)
            assert not pushed["waiting"], "not everything was confirmed"
        push_s, pull_s = pushed["ms"][0] / 1000, 0.0
        seen["device_peak_rss_mb"].append(pushed["peak_rss_mb"])
        if pulls:
            with world.device(other, url) as device:
                settle()
                pulled = device.do("sync")
            pull_s = pulled["ms"][0] / 1000
            seen["device_peak_rss_mb"][-1] = max(pulled["peak_rss_mb"], pushed["peak_rss_mb"])
        seen["peak_rss_mb"].append(rss_mb(pid))
    bare = limits(world, world.folder / f"{name}-bare", bodies, home)
    found = {
        "push_per_s": count / push_s, "limit_push_per_s": count / bare.push,
        "plain_push_per_s": count / bare.plain, "push_of_limit": bare.push / push_s,
        "push_of_lean_limit": bare.lean / push_s, "push_over_plain": bare.plain / push_s,
    }  # fmt: skip
    if pulls:
        assert len(bodies_of(other)) >= count, "not everything was pulled"
        found |= {
            "pull_per_s": count / pull_s, "limit_pull_per_s": count / bare.pull,
            "pull_of_limit": bare.pull / pull_s, "pull_of_sealed_limit": bare.sealed / pull_s,
        }  # fmt: skip
    for key, value in found.items():
        seen[key].append(value)
    for part in ("bare", "sender"):
        shutil.rmtree(world.folder / f"{name}-{part}")
    _keep_last(world, name)


def _keep_last(world: World, name: str) -> None:
    """Keep the server and the reader of the latest round: a feed with everything read."""
    for part in ("server", "other"):
        world.rename(f"{name}-{part}", f"last-{part}")


def _spread(seen: dict[str, list[float]]) -> dict[str, float]:
    """Return the least and the most of each ratio: how much the machine's noise moves it."""
    found: dict[str, float] = {}
    for name in _RATIOS & seen.keys():
        found |= {f"{name}_min": min(seen[name]), f"{name}_max": max(seen[name])}
    return found


def _slow(world: World, scale: Scale) -> dict[str, float]:
    """Push some reports over the slow link, then pull them by another device."""
    home, few = world.copy("server", "slow-server"), world.copy("few", "slow-few")
    other = world.copy("other", "slow-other")
    with world.server(home) as (port, _):
        wire = Wire(port, SLOW_TURN_S, SLOW_BYTES_S)
        with world.device(few, wire.url) as device:
            pushed = device.do("sync")
        up = wire.up.passed
        wire.close()
        wire = Wire(port, SLOW_TURN_S, SLOW_BYTES_S)
        with world.device(other, wire.url) as device:
            pulled = device.do("sync")
        down = wire.down.passed
        wire.close()
    assert not pushed["waiting"]
    return {
        f"slow_push_{scale.slow}_s": pushed["ms"][0] / 1000,
        f"slow_pull_{scale.slow}_s": pulled["ms"][0] / 1000,
        "push_bytes_per_record": up / scale.slow,
        "pull_bytes_per_record": down / scale.slow,
    }


def _stops(world: World, scale: Scale) -> dict[str, float]:
    """Return how soon an online tablet has what another one has just decided."""
    took = sorted(
        sync_checks.heard_ms(
            world,
            world.copy("server", "stop-server"),
            world.copy("other", "stop-sender"),
            world.copy("third", "stop-listener"),
            scale.stops,
        )
    )
    p99 = took[min(len(took) - 1, round(0.99 * len(took)))]
    return {"hint_to_stop_ms": p99, "hint_to_stop_median_ms": statistics.median(took)}


def _nochange(world: World, scale: Scale) -> dict[str, float]:
    """Return what a sync without news costs on the feed of a round and on a long one."""
    large = (world.copy("server", "long-server"), world.copy("other", "long-other"))
    timed = sync_checks.long_feed(*large, scale.long_feed)
    small = (world.folder / "last-server", world.folder / "last-other")
    found = sync_checks.nochange(world, small, large)
    return found | {f"long_feed_{name}": value for name, value in timed.items()}
