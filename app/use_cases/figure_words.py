"""What figures are called and how they are counted, in words: for the screen and for exports."""

from app.translate import Translator
from app.use_cases.statistics import StatisticsView
from domain.breakpoints import Thresholds
from domain.figures import Figure, Share

_GROUPS = frozenset({"state", "grade", "category", "element", "area", "unit"})
_TEAMS = frozenset({"team", "department"})


def title_of(t: Translator, shown: StatisticsView, key: str) -> str:
    """Return what the records behind a figure are called."""
    kind, _, value = key.partition("=")
    name, _, part = kind.partition(".")
    if name in _GROUPS:
        return f"{t(f'statistics.part.{name}')}: {name_of(t, shown, name, value)}"
    if name in _TEAMS:
        unit = name_of(t, shown, "unit", value)
        return f"{unit} · {t(f'statistics.{part}')}" if part else unit
    if name == "hotspot":
        asset, _, category = value.partition(",")
        kinds = name_of(t, shown, "category", category)
        return f"{asset} {name_of(t, shown, 'asset', asset)} · {kinds}"
    if name == "week":
        weeks = shown.numbers.weeks
        number = int(value) if value.isascii() and value.isdigit() else len(weeks)
        day = t.day(weeks[number].begin_ms) if number < len(weeks) else value
        closed = f" · {t('statistics.closed')}" if part else ""
        return f"{t('statistics.week', day=day)}{closed}"
    if name in ("late", "closure", "who"):
        return t(f"statistics.break.{name}.{value}" if value else f"statistics.break.{name}")
    return t(f"statistics.{name}.{value}" if value else f"statistics.{name}")


def shares(shown: StatisticsView) -> tuple[tuple[str, Share], ...]:
    """Return the shares of a question by the key of their words."""
    numbers = shown.numbers
    return (
        ("closure_rate", numbers.closed),
        ("accepted_in_time", numbers.accepted_in_time),
        ("repaired_in_time", numbers.repaired_in_time),
    )


def rule_key(rule: Figure) -> str:
    """Return the key of the words of a rule of a break point."""
    return f"break.{rule.key.replace('=', '.')}"


def about(t: Translator, limits: Thresholds, key: str) -> str:
    """Return how a figure is counted, in words, with the thresholds in force."""
    return t(
        f"statistics.about.{key}",
        missed_days=limits.missed_days,
        passed_h=limits.passed_h,
        unassigned_h=limits.unassigned_h,
        returned_n=limits.returned_n,
        reopened_n=limits.reopened_n,
        hotspot_n=limits.hotspot_n,
        hotspot_days=limits.hotspot_days,
        rank_min=limits.rank_min,
    )


def name_of(t: Translator, shown: StatisticsView, kind: str, code: str) -> str:
    """Return the name of a value of a group; what is not known says so."""
    if not code:
        return t(f"statistics.unknown.{kind}")
    if kind == "grade":
        return t("hazards.grade", grade=code)
    found = shown.names[kind].get(code)
    return t.of(found) if found else code
