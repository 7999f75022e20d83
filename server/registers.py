"""The plant's definitions with what people administered laid over them: the pack that is in force.

The files of the server are the base. The register records are folded and laid over them as
`registers.yaml`; what would make the definitions unusable is refused before it is taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session

from domain import registers
from domain.definitions import Definitions, Problem, read
from domain.errors import RegisterFilesError
from domain.plant import Plant
from domain.records import Record
from domain.registers import FILE, Registers
from offline_store import journal, records
from server import pack
from server.keys import LabelSigner
from server.pack import Pack


@dataclass(frozen=True, slots=True)
class Base:
    """What does not change while the server runs: files, first day, PINs of the start, keys."""

    files: Mapping[str, str]
    day0: date
    pin_hashes: Mapping[str, str]
    signers: Mapping[str, LabelSigner]
    unlock_key: bytes = b""  # public half of what makes unlock codes

    def remake(self, session: Session) -> Pack:
        """Return the pack of what the store holds now; raises DefinitionError."""
        folded = fold(session)
        files = self.with_rows(folded)
        found = pack.read_definitions(files, self.day0)
        hashes, temporary = _pins(self.pin_hashes, folded, found.plant)
        return pack.make(
            found,
            files,
            hashes,
            self.signers,
            temporary=temporary,
            since_ms=folded.pins_ms,
            unlock_key=self.unlock_key,
        )

    def with_pin(self, session: Session, plant: Plant) -> set[str]:
        """Return who has a PIN now."""
        return set(_pins(self.pin_hashes, fold(session), plant)[0])

    def with_rows(self, folded: Registers) -> dict[str, str]:
        """Return the files as devices get them.

        What is too old to matter is counted from the latest change and not from the clock, so that
        every process makes the same bytes.
        """
        latest = datetime.fromtimestamp(folded.latest_ms / 1000, UTC).date()
        first_day = (latest - timedelta(days=registers.KEEP_DAYS)).isoformat()
        text = registers.to_yaml(folded.rows, first_day)
        return {**self.files, FILE: text} if text else dict(self.files)

    def wrong_rows(self, session: Session, taking: journal.Intake) -> dict[str, RegisterFilesError]:
        """Return the rows of a push that would make the definitions unusable, by record id."""
        changed = taking.records("register")
        if not changed:
            return {}
        files = self.with_rows(fold(session, changed))
        found, problems = read(files, self.day0)
        if found is not None and not problems:
            return {}
        ids = {record.record_id for record in changed}
        guilty = {
            record_id: _error(problem)
            for problem in problems
            if problem.path == FILE and FILE in files
            for where in [registers.located(files[FILE], problem.line)]
            if where and (record_id := registers.register_id(*where)) in ids
        }
        # what is wrong elsewhere came with one of these rows: which one cannot be told
        return guilty or dict.fromkeys(ids, _error(problems[0]))


def fold(session: Session, changed: list[Record] | None = None) -> Registers:
    """Return what the register records of the store say, those of a push being `changed`."""
    found = {one.record_id: one for one in records.find(session, "register", limit=records.ALL)}
    found |= {one.record_id: one for one in changed or ()}
    return registers.fold(found.values())


def definitions_of(base: Base, session: Session) -> Definitions:
    """Return the definitions in force; raises DefinitionError."""
    return pack.read_definitions(base.with_rows(fold(session)), base.day0)


def _pins(
    base: Mapping[str, str], folded: Registers, plant: Plant
) -> tuple[dict[str, str], set[str]]:
    """Return the PIN hashes of people who may sign in, and whose PIN is only for one time."""
    changed = folded.rows.get("pins", {})
    known = {one.person_id for one in plant.people.values() if one.retired_ms is None}
    hashes = {person: stored for person, stored in base.items() if person in known}
    temporary: set[str] = set()
    for person, row in changed.items():
        if person not in known or row is None:
            continue
        hashes[person] = str(row["verifier"])
        if row.get("temporary") is True:
            temporary.add(person)
    return hashes, temporary


def _error(problem: Problem) -> RegisterFilesError:
    return RegisterFilesError(
        found=problem.code,
        key=problem.params.get("key", ""),
        value=problem.params.get("code", ""),
    )
