"""Times as people of the plant type them: "2026-11-22 10:00", on the plant's clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.field import FieldApp
from domain.errors import FieldError

_FORM = "%Y-%m-%d %H:%M"


class TimeTypedError(FieldError):
    """What was typed is no time like "2026-11-22 10:00"."""

    code = "time.typed"


def text(field: FieldApp, at_ms: int) -> str:
    """Return a time as people type it."""
    return datetime.fromtimestamp(at_ms / 1000, _zone(field)).strftime(_FORM)


def read(field: FieldApp, typed: str) -> int:
    """Return the time (ms since 1970 UTC) that somebody typed; raises TimeTypedError."""
    tidy = " ".join(typed.replace("：", ":").replace("/", "-").split())
    try:
        found = datetime.strptime(tidy, _FORM).replace(tzinfo=_zone(field))
    except ValueError as error:
        raise TimeTypedError(text=typed[:40]) from error
    return round(found.astimezone(UTC).timestamp() * 1000)


def _zone(field: FieldApp) -> ZoneInfo:
    return ZoneInfo(field.definitions.plant.timezone)
