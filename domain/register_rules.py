"""What holds for changes of people, whoever makes them: on the screen and on the server.

Nobody changes the own rights. Who administers accounts decides nothing else. Somebody is always
left to administer. What widens rights takes a second administrator.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from domain.access import Access
from domain.errors import RegisterLastError, RegisterOwnError, RegisterSeparateError
from domain.plant import Person, Plant
from domain.records import Value
from domain.registers import Row
from domain.words import Words

ACCOUNTS = "admin.accounts"


def check_person(
    access: Access, actor: str, key: str, before: Person | None, row: Row, admins: Collection[str]
) -> None:
    """Check a change of a person; raises a RegisterError. `admins` administer accounts now."""
    if changes_rights(before, row) and key == actor:
        raise RegisterOwnError(key=key)
    after = person_after(key, before, row)
    admin = holds(access, after.roles, ACCOUNTS)
    others = [role for role in after.roles if not holds(access, [role], ACCOUNTS)]
    if admin and wide(access, others):
        raise RegisterSeparateError(key=key)
    if not (admin and after.retired_ms is None) and set(admins) == {key}:
        raise RegisterLastError(key=key)


def person_after(key: str, before: Person | None, row: Row) -> Person:
    """Return a person with a row laid over."""
    was = before or Person(key, Words({"zh": key, "en": key}), (), "", frozenset())
    roles, areas = _texts(row.get("roles")), _texts(row.get("areas"))
    retired = row.get("retired_ms")
    return replace(
        was,
        roles=was.roles if roles is None else tuple(roles),
        areas=was.areas if areas is None else frozenset(areas),
        unit=str(row.get("unit", was.unit)),
        retired_ms=retired if isinstance(retired, int) else None,
    )


def wide(access: Access, roles: Iterable[str]) -> set[str]:
    """Return the roles that reach beyond a person's own work: records of others, or the plant.

    Reading the records of the own team does not count.
    """
    found: set[str] = set()
    for role in roles:
        for permission in access.permissions.get(role, ()):
            scope = access.scopes[permission.scope]
            beyond = scope.subject is None or (
                scope.person in ("unit", "areas") and permission.actions - {"read"}
            )
            if beyond:
                found.add(role)
    return found


def holds(access: Access, roles: Iterable[str], action: str) -> bool:
    """Return whether one of the roles has an action, whatever its scope."""
    return any(
        action in permission.actions
        for role in roles
        for permission in access.permissions.get(role, ())
    )


def administrators(access: Access, plant: Plant) -> set[str]:
    """Return who administers accounts now."""
    return {
        person.person_id
        for person in plant.people.values()
        if person.retired_ms is None and holds(access, person.roles, ACCOUNTS)
    }


def needs_second(access: Access, before: Person | None, row: Row) -> bool:
    """Return whether a change of a person takes a second administrator: it may widen rights.

    Every change of somebody's roles does; of areas or unit where a role reaches that far; and a new
    person with such a role. Retiring somebody, and nothing else, does not: it has to work at once.
    """
    roles = _texts(row.get("roles"))
    if before is None:
        return bool(wide(access, roles or ()))
    back = before.retired_ms is not None and row.get("retired_ms") is None
    if back and wide(access, roles or before.roles):
        return True
    if roles is not None and set(roles) != set(before.roles):
        return True
    areas, unit = _texts(row.get("areas")), row.get("unit")
    reach = (areas is not None and set(areas) - before.areas) or (
        isinstance(unit, str) and unit != before.unit
    )
    return bool(reach and wide(access, roles or before.roles))


def changes_rights(before: Person | None, row: Row) -> bool:
    """Return whether a row touches what a person may do, and not only how they are called."""
    if before is None:
        return True
    roles, areas = _texts(row.get("roles")), _texts(row.get("areas"))
    return (
        (roles is not None and set(roles) != set(before.roles))
        or (areas is not None and frozenset(areas) != before.areas)
        or row.get("unit", before.unit) != before.unit
        or (row.get("retired_ms") is None) is not (before.retired_ms is None)
    )


def _texts(value: Value | None) -> list[str] | None:
    return [str(one) for one in value] if isinstance(value, list) else None
