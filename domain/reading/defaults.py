"""Reading `defaults.yaml`, and checking the files whose features come with later issues."""

from decimal import Decimal

from domain.defaults import Default, Defaults, DefaultValue
from domain.reading.source import Part

# What may stand at the top of a file of a later issue. Its rows are checked for what every file
# must keep: both languages, expressions that parse, dates, no key twice.
LATER = {
    "permits.yaml": (
        "permit_common", "rule_examples", "other_works", "conflict_severities", "conflicts",
        "permits", "demo_permits",
    ),
    "sensors.yaml": (
        "defaults", "sensor_kinds", "sensors", "conditions", "actions", "linked_rules",
        "camera_classes", "cameras", "camera_event_types", "camera_event_fields",
    ),
    "shi.yaml": ("shi", "extra_indicators", "sources", "frequencies"),
    "risk_methods.yaml": ("lec", "ls_5x5"),
}  # fmt: skip


def read_defaults(part: Part) -> Defaults:
    """Return all defaults; each names its source."""
    rows: dict[str, Default] = {}
    for row in part.parts("defaults"):
        key = row.code("key", "default")
        unit = row.text_or_none("unit") or ""
        rows[key] = Default(key, _value(row), unit, row.text("source"), row.words())
    return Defaults(rows)


def check_later(part: Part) -> None:
    """Check the top keys of a file of a later issue."""
    part.skip(*LATER[part.path])
    for key in LATER[part.path]:
        if not part.has(key):
            part.problem(key, "key.missing")


def _value(row: Part) -> DefaultValue:
    value = row.fact("value")
    if isinstance(value, Decimal):
        return value if "." in str(value) else int(value)
    if isinstance(value, bool | str | tuple):
        return row.texts("value") if isinstance(value, tuple) else value
    row.problem("value", "key.missing")
    return 0
