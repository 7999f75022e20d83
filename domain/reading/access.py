"""Reading `access.yaml`: roles, scopes, actions and who may do what."""

from dataclasses import dataclass

from domain.access import SCOPES, Access, Incompatible, Permission, Subject, TwoPerson
from domain.reading.plant import named
from domain.reading.source import Part


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
    scopes = named(part, "scopes", "scope")
    for code in scopes.keys() - set(SCOPES):
        part.problem("scopes", "value.choice", value=code, allowed=", ".join(SCOPES))
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
