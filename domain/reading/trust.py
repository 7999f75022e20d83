"""Reading what `evidence.yaml` says of signs and challenges."""

from typing import Final, cast

from domain.capture_trust import KINDS, LETTERS, Kind, TrustRules
from domain.reading.source import Part, named

_LETTERS: Final = tuple(LETTERS)
_SECONDS: Final = (1, 60)


def read_trust(part: Part) -> TrustRules:
    """Return the rules; a file from before there were any never lowers a grade or asks."""
    excuses = (
        named(part, "challenge_excuses", "challenge_excuse")
        if part.has("challenge_excuses")
        else {}
    )
    rows = part.part("capture_trust") if part.has("capture_trust") else None
    if rows is None:
        return TrustRules(one_sign="A", more_signs="A", unmet="A", excuses=excuses)
    second = rows.part("challenge")
    one, more, unmet = (rows.choice(name, _LETTERS) for name in ("one_sign", "more_signs", "unmet"))
    if second is None:
        return TrustRules(one, more, unmet, excuses=excuses)
    seconds = second.whole("seconds")
    if not _SECONDS[0] <= seconds <= _SECONDS[1]:
        allowed = f"{_SECONDS[0]}-{_SECONDS[1]}"
        second.problem("seconds", "value.choice", value=str(seconds), allowed=allowed)
    return TrustRules(
        one,
        more,
        unmet,
        after=_known(second, "after", _LETTERS),
        on_signs=second.flag("signs"),
        kinds=cast("tuple[Kind, ...]", _known(second, "kinds", KINDS)),
        seconds=seconds,
        excuses=excuses,
    )


def _known(part: Part, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    found = part.texts(key)
    for one in found:
        if one not in allowed:
            part.problem(key, "value.choice", value=one, allowed=", ".join(allowed))
    return tuple(one for one in found if one in allowed)
