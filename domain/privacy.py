"""Personal media: which evidence shows or lets hear a person, how long, and how its bytes go.

Entries are never removed. What goes are the bytes of a file; its hash stays in the entry that names
it, and a signed decision says who had it removed, when, and by which rule or request. Consent is
declared by the person alone, purpose by purpose; the latest declaration counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from domain.changes import Entry
from domain.proofs import SERVER
from domain.records import Record, Value
from domain.words import Words

REMOVAL, CONSENT = "removal", "consent"  # types of records
REMOVE: Final = "media.remove"  # the right to decide about a request
ASKED, APPROVED, DECLINED, DONE = "asked", "approved", "declined", "done"
GIVEN, WITHDRAWN = "given", "withdrawn"
BY_REQUEST, BY_RULE, BY_WITHDRAWAL = "request", "rule", "withdrawn"  # why
NOTE_MAX: Final = 500
FILES_MAX: Final = 8
DAY_MS: Final = 86_400_000
# closing states of what evidence belongs to; an inspection is closed once it was handed in
CLOSED: Final[Mapping[str, frozenset[str]]] = {
    "hazard": frozenset({"closed", "merged", "void"}),
    "inspection": frozenset({"submitted"}),
    "maintenance": frozenset({"submitted", "done"}),
    "task": frozenset({"done"}),
}
ASKS: Final = frozenset({"state", "of", "evidence", "kind", "files", "why", "by", "at_ms", "note"})
DECIDES: Final = frozenset({"state", "decided_by", "decided_ms", "note"})
DECLARES: Final = frozenset({"person", "purpose", "state", "at_ms", "by"})


@dataclass(frozen=True, slots=True)
class Purpose:
    """What consent is asked for: why it is needed, and the way without it."""

    code: str
    name: Words
    need: Words
    instead: Words


@dataclass(frozen=True, slots=True)
class MediaKind:
    """One kind of personal media, as the data says."""

    code: str
    name: Words
    when: tuple[Mapping[str, str], ...]
    files: tuple[str, ...]
    keep_days: int
    since: Literal["taken", "closed"]
    whose: Literal["by", "assignee"]
    purpose: str

    def fits(self, cells: Mapping[str, Value]) -> bool:
        """Whether evidence of these cells is of this kind."""
        return any(
            all(_said(cells, name) == text for name, text in row.items()) for row in self.when
        )


@dataclass(frozen=True, slots=True)
class PrivacyRules:
    """What `privacy.yaml` says; without the file nothing counts as personal."""

    purposes: Mapping[str, Purpose] = field(default_factory=dict[str, Purpose])
    kinds: tuple[MediaKind, ...] = ()

    def kind_of(self, record: Record) -> MediaKind | None:
        """Return of which kind a piece of evidence is; None where it is not personal."""
        return self.of_cells({name: cell.value for name, cell in record.cells.items()})

    def of_cells(self, cells: Mapping[str, Value]) -> MediaKind | None:
        """The same for plain values."""
        return next((kind for kind in self.kinds if kind.fits(cells)), None)


class Removed(NamedTuple):
    """What a removal that was carried out says of its files."""

    files: tuple[str, ...]
    evidence: str
    at_ms: int
    why: str
    kind: str


def due_ms(kind: MediaKind, evidence: Record, parent: Record | None) -> int | None:
    """Return when the bytes of evidence go by rule; None while its record is not closed."""
    since = evidence.whole("taken_ms") if kind.since == "taken" else closed_ms(parent)
    return None if since is None else since + kind.keep_days * DAY_MS


def closed_ms(parent: Record | None) -> int | None:
    """Return when a record was closed; None while it is open, or not here."""
    if parent is None or parent.text("state") not in CLOSED.get(parent.type, frozenset()):
        return None
    return parent.cells["state"].wall_ms


def person_of(kind: MediaKind, evidence: Record, parent: Record | None) -> str:
    """Return the person shown or heard; empty where nobody is named."""
    if kind.whose == "by":
        return evidence.text("by")
    return parent.text("assignee") if parent else ""


def files_of(kind: MediaKind, evidence: Record) -> list[str]:
    """Return the hashes that go with this evidence."""
    return [evidence.text(cell) for cell in kind.files if evidence.text(cell)]


def removed_of(entry: Entry) -> Removed | None:
    """Read what was removed out of an entry of the server; None for any other entry."""
    files, at_ms = entry.set.get("files"), entry.set.get("done_ms")
    ours = entry.device_id == SERVER and entry.kind == "decide" and entry.type == REMOVAL
    if not ours or entry.set.get("state") != DONE:
        return None
    if not isinstance(files, list) or not isinstance(at_ms, int):
        return None
    named = tuple(one for one in files[:FILES_MAX] if isinstance(one, str) and is_hash(one))
    why, kind, evidence = (str(entry.set.get(name) or "") for name in ("why", "kind", "evidence"))
    return Removed(named, evidence, at_ms, why, kind)


def done_cells(
    evidence: Record, kind: str, files: Sequence[str], why: str, at_ms: int
) -> dict[str, Value]:
    """Return what the server writes when it removes the files of evidence.

    It goes to whoever holds the record of the evidence, and to who made it (`taken_by`), who may
    hold that alone.
    """
    named: list[Value] = [*files]
    return {
        "state": DONE, "of": evidence.text("of"), "evidence": evidence.record_id, "kind": kind,
        "files": named, "why": why, "done_ms": at_ms, "taken_by": evidence.text("by"),
    }  # fmt: skip


def removed_in(entries: Iterable[Entry]) -> dict[str, Removed]:
    """Return by file what the server's decisions among these entries removed."""
    said = [found for one in entries if (found := removed_of(one))]
    return {sha: one for one in said for sha in one.files}


def consents(declared: Iterable[Record]) -> dict[tuple[str, str], Record]:
    """Return by person and purpose the latest declaration."""
    found: dict[tuple[str, str], Record] = {}
    for record in declared:
        key = (record.text("person"), record.text("purpose"))
        if key not in found or _when(record) > _when(found[key]):
            found[key] = record
    return found


def withdrawn_since(latest: Record | None, evidence: Record) -> bool:
    """Whether the person withdrew consent after this evidence was made."""
    if latest is None or latest.text("state") != WITHDRAWN:
        return False
    return (latest.whole("at_ms") or 0) >= (evidence.whole("taken_ms") or 0)


def is_hash(text: str) -> bool:
    """Whether a text is the name of a file."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _when(record: Record) -> tuple[int, int, str]:
    cell = record.cells["state"]
    return cell.wall_ms, cell.counter, cell.writer


def _said(cells: Mapping[str, Value], name: str) -> str:
    value: Value = dict(cells)
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""
