"""Reading `access.yaml`: roles, scopes, actions and who may do what."""

from dataclasses import dataclass

from domain.access import (
    OF_PERSON,
    OF_SUBJECT,
    Access,
    Incompatible,
    Permission,
    Scope,
    Subject,
    TwoPerson,
)
from domain.reading.source import Part, named


@dataclass(frozen=True, slots=True)
class AccessExample:
    """A person, an action and a subject, and whether it is allowed."""

    path: str
    line: int
    person: str
    action: str
    subject: Subject
    allowed: bool


def read_access(part: Part) -> tuple[Access, tuple[AccessExample, ...]]:
    """Return the permission matrix with its examples."""
    roles = named(part, "roles", "role")
    scopes = {row.code: row for row in map(_scope, part.parts("scopes"))}
    actions = named(part, "actions", "action")
    permissions: dict[str, tuple[Permission, ...]] = {}
    table = part.part("permissions")
    for role in table.names() if table else ():
        assert table
        part.reading.use("role", role, part.path, table.line_at(role))
        permissions[role] = tuple(
            Permission(row.ref("scope", "scope"), frozenset(row.refs("can", "action")))
            for row in table.parts(role)
        )
    incompatible = tuple(map(_incompatible, part.parts("incompatible")))
    two = tuple(
        TwoPerson(
            row.code("id", "rule"), row.ref("action", "action"), row.text("what"), row.words()
        )
        for row in part.parts("two_person")
    )
    examples = tuple(map(_example, part.parts("examples")))
    if not examples:
        part.problem("examples", "key.missing")
    return Access(roles, scopes, actions, permissions, incompatible, two), examples


def _scope(row: Part) -> Scope:
    subject = row.choice("subject", OF_SUBJECT) if row.has("subject") else None
    person = row.choice("person", OF_PERSON) if row.has("person") else None
    if person and not subject:
        row.problem("subject", "key.missing")
    return Scope(row.code("code", "scope"), row.words(), subject, person)


def _incompatible(row: Part) -> Incompatible:
    """`b` is an action, or `worker`: somebody the permit names as worker."""
    second = row.text("b")
    if second != "worker":
        row.ref("b", "action")
    return Incompatible(
        rule_id=row.code("id", "rule"),
        record=row.choice("record", ("hazard", "permit", "inspection")),
        first=row.ref("a", "action"),
        second=second,
        name=row.words(),
    )


def _example(row: Part) -> AccessExample:
    return AccessExample(
        path=row.path,
        line=row.line,
        person=row.ref("person", "person"),
        action=row.ref("action", "action"),
        subject=Subject(
            area=row.ref_or_none("area", "area"),
            unit=row.ref_or_none("unit", "owner"),
            owner=row.ref_or_none("owner", "person"),
            assignee=row.ref_or_none("assignee", "person"),
            on_site=row.flag("on_site"),
        ),
        allowed=row.flag("allowed"),
    )
