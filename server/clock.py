"""The server's clock, the only reader of time in this package, and ids made from it."""

import os
import time
import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

_BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")
_FALLBACK_BOOT = uuid.uuid4().hex


def now_ms() -> int:
    """Return milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def mono_ms() -> int:
    """Return milliseconds of a clock that never jumps back within one boot."""
    return time.monotonic_ns() // 1_000_000


def boot_id() -> str:
    """Name the boot that `mono_ms` belongs to; without a name from the platform, this process."""
    if _BOOT_FILE.exists():
        return _BOOT_FILE.read_text("ascii").strip()
    return _FALLBACK_BOOT


def moment(ms: int) -> datetime:
    """Return an instant in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def local(ms: int, timezone: str) -> datetime:
    """Return an instant in the plant's time zone."""
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(timezone))


def day(ms: int, timezone: str) -> date:
    """Return the calendar day of an instant in the plant's time zone."""
    return local(ms, timezone).date()


def new_id(at_ms: int) -> str:
    """Return a UUIDv7 (RFC 9562): 48 bits of time, then random bits, so that ids sort by time."""
    number = (at_ms & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=number))
