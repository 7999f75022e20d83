"""Answers, readings and limits in words."""

from decimal import Decimal

from domain.questions import Item, Limits
from media.papers.wording import Wording


def answer_words(t: Wording, item: Item, value: str) -> str:
    """Return an answer as it was given: a reading with its unit, the name of an option."""
    if not value:
        return ""
    if value == "na":
        return t("answer.ok.na")
    if item.kind == "ok":
        return t(f"answer.ok.{value}") if f"answer.ok.{value}" in t.texts else value
    if item.kind == "num":
        return f"{value} {item.unit}".strip()
    if item.kind == "choice":
        chosen = next((one for one in item.options if one.value == value), None)
        return t.of(chosen.name) if chosen else value
    if item.kind in ("photo", "signature"):
        return t(f"report.answer.{item.kind}")
    return value


def limit_words(t: Wording, found: Limits | None) -> str:
    """Return what is normal and what is a warning, in one line; empty where nothing is limited."""
    if found is None:
        return ""
    low, high, warn = found.minimum, found.maximum, found.warn
    normal_high = warn if warn is not None and high is not None else high
    normal_low = warn if warn is not None and high is None else low
    said = _span(t, "normal", normal_low, normal_high)
    if warn is not None and (low is not None or high is not None):
        said += _span(t, "warn", *((warn, high) if high is not None else (low, warn)))
    return " · ".join(said)


def _span(t: Wording, what: str, low: Decimal | None, high: Decimal | None) -> list[str]:
    if low is not None and high is not None:
        return [t(f"question.{what}.between", low=low, high=high)]
    if high is not None:
        return [t(f"question.{what}.below", high=high)]
    return [t(f"question.{what}.above", low=low)] if low is not None else []
