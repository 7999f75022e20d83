"""Reading whom to tell when: `levels`, `sla`, `reminders`, `tasks`, `copies` of `hazards.yaml`."""

from dataclasses import replace
from decimal import Decimal

from domain.levels import (
    ANCHORS,
    NEXT_LEVEL,
    OF,
    REMINDED,
    TASK_KINDS,
    UNTIL,
    WITHOUT_ASSET,
    Copy,
    Level,
    Mark,
    Nagging,
    RecheckRules,
    Reminder,
    holders,
)
from domain.plant import Plant
from domain.reading.source import Part

_AFTER = ("after_min", "after_share", "every_min")
_LONGEST_MIN = 366 * 24 * 60
_LONGEST_SHARE = 100
_LONGEST_RECHECK_H = 31 * 24
_RECHECKED_OF = ("reporter_unit", "area", "plant")  # for whom a delegate stands


def read_nagging(part: Part) -> Nagging:
    """Return the rules; every mark names a level that there is and one time."""
    levels = tuple(
        Level(row.ref("role", "role"), row.choice("of", OF)) for row in part.parts("levels")
    )
    if not levels:
        part.problem("levels", "key.missing")
    known = tuple(level.role for level in levels)
    unaccepted: dict[str, tuple[Mark, ...]] = {}
    opened: dict[str, tuple[Mark, ...]] = {}
    for row in part.parts("sla"):
        grade = row.text("grade")
        timed = row.has("rectify_d")
        unaccepted[grade] = _marks(row, "escalate_unaccepted", known, shares=True)
        opened[grade] = _marks(row, "escalate_open", known, shares=timed, repeats=True)
    tasks: dict[str, tuple[Mark, ...]] = {}
    for row in part.parts("tasks"):
        kind = row.choice("kind", TASK_KINDS)
        row.reading.declare("tasks", kind, row.path, row.line)
        tasks[kind] = _marks(row, "escalate", known, shares=True)
    return Nagging(
        levels=levels,
        unaccepted=unaccepted,
        open=opened,
        reminders=tuple(map(_reminder, part.parts("reminders"))),
        tasks=tasks,
        copies=tuple(_copy(row, known) for row in part.parts("copies")),
    )


def read_recheck(part: Part) -> RecheckRules:
    """Return the rules of the recheck after closing (`recheck`)."""
    row = part.part("recheck")
    if row is None:
        part.problem("recheck", "key.missing")
        return RecheckRules()
    row.choice("by", ("reporter",))
    row.choice("needs", ("asset_label",))
    delegate, due_h = row.part("delegate"), row.whole("due_h")
    if row.has("due_h") and not 1 <= due_h <= _LONGEST_RECHECK_H:
        row.problem("due_h", "value.between", low="1", high=str(_LONGEST_RECHECK_H))
    rules = RecheckRules(
        due_h,
        row.whole("remind_before_h"),
        without_asset=row.choice("without_asset", WITHOUT_ASSET)
        if row.has("without_asset")
        else WITHOUT_ASSET[0],
    )
    if delegate is None:
        return rules
    delegate.words()
    return replace(
        rules,
        when=delegate.expression("when"),
        to=tuple(_candidate(one) for one in delegate.parts("to")),
        but=tuple(delegate.texts("not")),
    )


def _candidate(row: Part) -> Level:
    of = row.choice("of", _RECHECKED_OF)
    return Level(row.ref("role", "role"), "unit" if of == _RECHECKED_OF[0] else of)


def check_levels(part: Part, rules: Nagging, plant: Plant) -> None:
    """See that there is always somebody to tell: a level of the whole plant that somebody holds."""
    if not any(level.of == "plant" and holders(plant, level, "", "") for level in rules.levels):
        part.problem("levels", "levels.nobody")


def _marks(
    row: Part, key: str, levels: tuple[str, ...], *, shares: bool, repeats: bool = False
) -> tuple[Mark, ...]:
    if not row.has(key):
        row.skip(key)
        return ()
    return tuple(_mark(part, levels, shares=shares, repeats=repeats) for part in row.parts(key))


def _mark(part: Part, levels: tuple[str, ...], *, shares: bool, repeats: bool) -> Mark:
    given = [key for key in _AFTER if part.has(key)]
    allowed = [key for key in _AFTER if key != "after_share" or shares]
    if not repeats:
        allowed.remove("every_min")
    if len(given) != 1 or given[0] not in allowed:
        part.problem(given[-1] if given else "to", "mark.times", allowed=", ".join(allowed))
    repeated = part.has("every_min")
    to = part.choice("to", (NEXT_LEVEL,) if repeated else levels)
    until = part.choice("until", UNTIL) if repeated else ""
    if not repeated:
        part.skip("until")
    share = part.number_or_none("after_share")
    if share is not None and not 0 < share <= _LONGEST_SHARE:
        part.problem("after_share", "value.between", low="0", high=str(_LONGEST_SHARE))
    return Mark(
        to=to,
        after_min=_minutes(part, "after_min", 0),
        after_share=None if share is None else _plain(share),
        every_min=_minutes(part, "every_min", 1),
        until=until,
    )


def _plain(share: Decimal) -> Decimal:
    """0.50 and 0.5 are one share: it stands in the ids of notices."""
    return Decimal(format(share.normalize(), "f"))


def _minutes(part: Part, key: str, low: int) -> int | None:
    value = part.whole_or_none(key)
    if value is not None and not low <= value <= _LONGEST_MIN:
        part.problem(key, "value.between", low=str(low), high=str(_LONGEST_MIN))
    return value


def _reminder(row: Part) -> Reminder:
    at = row.choice("at", ANCHORS)
    before = _minutes(row, "before_min", 1) or 0
    if before and at != "due":
        row.problem("before_min", "mark.times", allowed="at: due")
    return Reminder(row.choice("of", REMINDED), at, before)


def _copy(row: Part, levels: tuple[str, ...]) -> Copy:
    return Copy(
        grade=row.ref("grade", "grade"),
        state=row.ref("state", "state of hazard"),
        to=row.choice("to", levels),
    )
