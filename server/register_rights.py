"""What the server accepts about registers and devices: who may change which row, and how.

A row is changed by one entry that says everything: table, key, row, reason, by whom, when. A change
that widens rights is only proposed by it; another person with the same right confirms or rejects
it, and until then nothing is different. Who had not seen the row as it is now is refused, since
two administrators must not overwrite each other without knowing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from domain.access import Subject, may
from domain.certificates import adds_only
from domain.changes import Entry
from domain.errors import (
    EntryInvalidError,
    MoveRefusedError,
    NotAllowedError,
    RegisterChangedError,
    RegisterOpenError,
    RegisterOwnError,
    RegisterRowError,
    RegisterSecondError,
)
from domain.invitations import (
    ACTIVE,
    BLOCKED,
    INVITED,
    REVOKED,
    WITHDRAWN,
    is_invited_id,
)
from domain.pins import digits, digits_for
from domain.plant import Person
from domain.records import Record, Value
from domain.register_rules import (
    ACCOUNTS,
    administrators,
    check_person,
    holds,
    needs_second,
    person_after,
)
from domain.registers import (
    REASON_MAX,
    TABLES,
    Known,
    Row,
    Table,
    known_codes,
    register_id,
    row_problems,
)
from server import allotment_rights
from server.scene import Scene

_ALWAYS: Final = frozenset({"table", "key", "state", "reason", "by", "at_ms"})
_BLOCK: Final = frozenset({"state", "reason", "by", "at_ms"})
_INVITE: Final = frozenset({"state", "name", "until_ms", "by", "at_ms"})
_CELLS_OF: Final = {
    ACTIVE: _BLOCK, BLOCKED: _BLOCK, WITHDRAWN: _BLOCK, REVOKED: _BLOCK | {"revoked_ms"},
}  # fmt: skip
_FROM: Final = {  # from which states a device gets to one
    ACTIVE: frozenset({ACTIVE, BLOCKED}),
    BLOCKED: frozenset({ACTIVE, BLOCKED}),
    REVOKED: frozenset({ACTIVE, BLOCKED}),
    WITHDRAWN: frozenset({INVITED}),
}
_HOUR_MS: Final = 3_600_000
_AHEAD_MS: Final = 60_000  # how far the clock of an administrator may be ahead of the server's


def acting(entry: Entry, scene: Scene, person: Person) -> Person:
    """Return a person as they were when they wrote an entry.

    What a person who has left wrote before may arrive late, and must not be lost: their reports,
    sheets and pictures. They decide and change nothing any more, since the time that an entry
    tells comes from their own clock.
    """
    if person.retired_ms is None:
        return person
    if entry.wall_ms > person.retired_ms or not _is_late_work(entry, scene):
        raise EntryInvalidError(reason="person_retired")
    return replace(person, retired_ms=None)


def _is_late_work(entry: Entry, scene: Scene) -> bool:
    """Whether an entry only adds what its author saw and did, and decides about nothing."""
    return adds_only(entry.type, entry.set, new=scene.record is None)


def register(entry: Entry, scene: Scene, person: Person) -> None:
    """Check one change of a row."""
    table, key = _head(entry, person)
    record = scene.record
    if record is not None and not all(
        scene.seen(name) for name in ("state", "row", "proposal") if name in record.cells
    ):
        raise RegisterChangedError(table=table.code, key=key)
    if table.code == "pins":
        _pin(entry, scene, person, key)
        return
    before = _before(scene, table, key)
    if entry.kind == "decide":
        row = _settled(entry, scene, person, key)
        _allow(scene, person, table, before, row or {})
        if row is not None:
            _row(scene, table, key, row, before)
            _people_rules(scene, table, person, key, row, None)
        return
    if record is not None and record.text("state") == "proposed":
        raise RegisterOpenError(table=table.code, key=key)
    name = "proposal" if entry.set["state"] == "proposed" else "row"
    if entry.kind != "edit" or frozenset(entry.set) != _ALWAYS | {name}:
        raise EntryInvalidError(reason="fields")
    row = entry.set[name]
    if row is None and (name == "proposal" or table.code in ("people", "labels")):
        raise EntryInvalidError(reason="fields")
    if row is not None and not isinstance(row, dict):
        raise EntryInvalidError(reason="fields")
    earlier = record.get("row") if record else None
    if row is not None and isinstance(earlier, dict) and earlier.keys() - row.keys():
        raise EntryInvalidError(reason="fields")  # a column left out would be the file's again
    _allow(scene, person, table, before, row or {})
    _row(scene, table, key, row, before)
    _people_rules(scene, table, person, key, row or {}, name)


def _head(entry: Entry, person: Person) -> tuple[Table, str]:
    """Return table and key of an entry whose outer form is right."""
    table, key = TABLES.get(str(entry.set.get("table"))), entry.set.get("key")
    if table is None or not isinstance(key, str) or not key or not entry.set.keys() >= _ALWAYS:
        raise EntryInvalidError(reason="fields")
    if entry.record_id != register_id(table.code, key):
        raise EntryInvalidError(reason="id")
    reason, state = entry.set["reason"], entry.set["state"]
    if not isinstance(reason, str) or len(reason) > REASON_MAX:
        raise EntryInvalidError(reason="size")
    if state not in ("active", "proposed") or entry.set["by"] != person.person_id:
        raise EntryInvalidError(reason="fields")
    return table, key


def _settled(entry: Entry, scene: Scene, person: Person, key: str) -> Row | None:
    """Return the row that a confirmation lets hold; None for a rejection."""
    record = scene.record
    if record is None or record.text("state") != "proposed" or entry.set["state"] != "active":
        raise EntryInvalidError(reason="state")
    if entry.set.get("proposal", "") is not None:
        raise EntryInvalidError(reason="fields")
    if "row" not in entry.set:  # rejected, or taken back by who proposed it
        if frozenset(entry.set) != _ALWAYS | {"proposal"}:
            raise EntryInvalidError(reason="fields")
        return None
    row = entry.set["row"]
    if frozenset(entry.set) != _ALWAYS | {"proposal", "row"} or row != record.get("proposal"):
        raise EntryInvalidError(reason="fields")
    if person.person_id in (record.text("by"), key):
        raise RegisterOwnError(key=key)
    assert isinstance(row, dict), "a proposal was checked when it came"
    return row


def _before(scene: Scene, table: Table, key: str) -> Row | None:
    """Return the row that holds now, with what came earlier in this push."""
    base = scene.definitions.plant.tables.get(table.code, {}).get(key)
    record = scene.record
    if record is None or "row" not in record.cells:
        return base
    row = record.get("row")
    return {**(base or {}), **row} if isinstance(row, dict) else None


def _allow(scene: Scene, person: Person, table: Table, before: Row | None, row: Row) -> None:
    """Whoever changes a row has the right to it: for a plan at the equipment before and after."""
    found = scene.definitions
    subjects = [Subject()]
    if table.code in ("inspection_plans", "maintenance_plans"):
        assets = [_asset(one) for one in (before, {**(before or {}), **row})]
        placed = [found.plant.assets[code] for code in assets if code in found.plant.assets]
        subjects = [Subject(asset.area, asset.owner) for asset in placed] or subjects
    for subject in subjects:
        if not any(
            may(found.access, found.plant, person, action, subject) for action in table.actions
        ):
            raise NotAllowedError(action=table.actions[0], person=person.person_id)


def _asset(row: Row | None) -> str:
    asset = row.get("asset") if row else None
    return asset if isinstance(asset, str) else ""


def _row(scene: Scene, table: Table, key: str, row: Row | None, before: Row | None) -> None:
    if row is None:
        if before is None:
            raise RegisterRowError(
                table=table.code, key=key, column="", problem="missing", value=""
            )
        return
    problems = row_problems(_known(scene, row, key), table, key, row, before)
    if problems:
        first = problems[0]
        raise RegisterRowError(
            table=table.code, key=key, column=first.column, problem=first.code, value=first.value
        )
    if table.code == "labels":
        version = before.get("version") if before else 0
        if not isinstance(version, int) or int(str(row["version"])) <= version:
            raise RegisterRowError(
                table=table.code, key=key, column="version", problem="number", value=""
            )


def _known(scene: Scene, row: Row, key: str) -> Known:
    """Return the codes a row may name: those in force, and people added earlier in this push."""
    found = scene.definitions
    known = known_codes(found.plant, found.access, found.forms)
    named = [row.get("owner"), key]
    people = row.get("people")
    named += people[:200] if isinstance(people, list) else []
    fresh = {code for code in named if isinstance(code, str) and _is_coming(scene, code)}
    return Known({**known.codes, "person": {*known.codes["person"], *fresh}})


def _is_coming(scene: Scene, code: str) -> bool:
    """Whether a person was added who is not in the definitions yet."""
    if code in scene.definitions.plant.people:
        return False
    record = scene.record_of(register_id("people", code))
    return record is not None and record.type == "register"


def _people_rules(
    scene: Scene, table: Table, person: Person, key: str, row: Row, name: str | None
) -> None:
    """Check what only people have; `name` is the cell that a change is in, None to confirm one."""
    if table.code != "people":
        return
    retired = row.get("retired_ms")
    if isinstance(retired, int) and retired > scene.received_ms + _AHEAD_MS:
        raise RegisterRowError(
            table="people", key=key, column="retired_ms", problem="ahead", value=""
        )
    access = scene.definitions.access
    before = _person_now(scene, key)
    check_person(access, person.person_id, key, before, row, _administrators(scene))
    if name == "row" and needs_second(access, before, row):
        raise RegisterSecondError(key=key)


def _person_now(scene: Scene, key: str) -> Person | None:
    """Return a person as they are now, with what came earlier in this push."""
    person = scene.definitions.plant.people.get(key)
    record = scene.record_of(register_id("people", key))
    row = record.get("row") if record else None
    return person_after(key, person, row) if isinstance(row, dict) else person


def _administrators(scene: Scene) -> set[str]:
    access = scene.definitions.access
    now = (_person_now(scene, key) for key in administrators(access, scene.definitions.plant))
    return {
        one.person_id
        for one in now
        if one and one.retired_ms is None and holds(access, one.roles, ACCOUNTS)
    }


def _pin(entry: Entry, scene: Scene, person: Person, key: str) -> None:
    """A PIN: one for one time by an administrator for somebody else, one that stays by oneself."""
    row = _pin_row(entry, scene, key)
    found = scene.definitions
    own = key == person.person_id
    if not own and not may(found.access, found.plant, person, ACCOUNTS, Subject()):
        raise NotAllowedError(action=ACCOUNTS, person=person.person_id)
    if own is (row["temporary"] is True):
        raise RegisterOwnError(key=key)


def first_pin(entry: Entry, scene: Scene) -> None:
    """Check the one row that the server writes by itself: a PIN for one time, of an administrator.

    `server.first_pin` writes it, where nobody could sign in to give one.
    """
    key = str(entry.set.get("key"))
    if entry.record_id != register_id("pins", key) or entry.set.get("table") != "pins":
        raise EntryInvalidError(reason="table")
    found = scene.definitions
    row = _pin_row(entry, scene, key)
    if scene.record or row["temporary"] is not True:
        raise RegisterOwnError(key=key)
    if key not in administrators(found.access, found.plant):
        raise NotAllowedError(action=ACCOUNTS, person=key)


def _pin_row(entry: Entry, scene: Scene, key: str) -> Mapping[str, Value]:
    """Return the row of a PIN; raises for one of another shape, or that is too short for a role."""
    row = entry.set.get("row")
    if (
        entry.kind != "edit"
        or frozenset(entry.set) != _ALWAYS | {"row"}
        or not isinstance(row, dict)
    ):
        raise EntryInvalidError(reason="fields")
    problems = row_problems(_known(scene, row, key), TABLES["pins"], key, row, None)
    if problems:
        first = problems[0]
        raise RegisterRowError(
            table="pins", key=key, column=first.column, problem=first.code, value=""
        )
    subject = _person_now(scene, key)
    if subject and digits(str(row["verifier"])) < digits_for(
        scene.definitions.access, subject.roles
    ):
        raise RegisterRowError(
            table="pins", key=key, column="verifier", problem="verifier", value=""
        )
    return row


def device(entry: Entry, scene: Scene, person: Person) -> None:
    """Check that an administrator invites a device, shuts it out, lets it in or says it is lost.

    The server alone says that a device joined. A device that was said lost never comes back.
    """
    record: Record | None = scene.record
    cells: dict[str, Value] = dict(entry.set)
    if record is not None and allotment_rights.is_one(entry):
        allotment_rights.check(entry, scene, person)
        return
    state = cells.get("state")
    wanted = _CELLS_OF.get(str(state)) if record else _INVITE
    if entry.kind != "edit" or wanted is None or frozenset(cells) != wanted:
        raise EntryInvalidError(reason="fields")
    if cells["by"] != person.person_id:
        raise EntryInvalidError(reason="fields")
    said = cells["reason"] if record else cells["name"]
    if not isinstance(said, str) or not said.strip() or len(said) > REASON_MAX:
        raise EntryInvalidError(reason="size")
    if not may(scene.definitions.access, scene.definitions.plant, person, ACCOUNTS, Subject()):
        raise NotAllowedError(action=ACCOUNTS, person=person.person_id)
    if entry.device_id == entry.record_id:
        raise RegisterOwnError(key=entry.record_id)
    if record is None:
        _invitation(entry, scene)
        return
    if state == REVOKED:
        lost_ms = cells["revoked_ms"]
        if not isinstance(lost_ms, int) or lost_ms > scene.received_ms + _AHEAD_MS:
            raise EntryInvalidError(reason="time")
    if record.get("revoked_ms") is not None or record.text("state") not in _FROM[str(state)]:
        raise MoveRefusedError(reason="state", state=record.text("state"), target=str(state))


def _invitation(entry: Entry, scene: Scene) -> None:
    until_ms = entry.set["until_ms"]
    hours = scene.definitions.defaults.whole("device.code_h")
    latest = scene.received_ms + hours * _HOUR_MS + _AHEAD_MS
    if entry.set["state"] != INVITED or not is_invited_id(entry.record_id):
        raise EntryInvalidError(reason="fields")
    if not isinstance(until_ms, int) or until_ms > latest:
        raise EntryInvalidError(reason="time")
