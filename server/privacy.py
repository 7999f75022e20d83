"""The duty that removes personal media: by rule, by request, after consent was withdrawn.

The decision is written and the rows are marked in one transaction, then the bytes go, wherever the
server keeps them; those that an object store could not lose yet are lost in a later round. Devices
do the same when the decision comes to them with the feed.

A file belongs to the evidence that named it first: whoever names somebody else's photo in evidence
of their own cannot have it removed that way.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from sqlmodel import Session

from domain import privacy
from domain.changes import canonical
from domain.privacy import MediaKind
from domain.records import Record, Value
from offline_store import entries, keep, records, removals
from server.blob_store import BlobStoreAwayError
from server.own_entries import KNOWN, OwnStep, write_within
from server.rights import RULE
from server.site import Site

_log = logging.getLogger(__name__)
LOOKED: Final = "server.privacy"  # time of the last look at all evidence
OWED: Final = "server.privacy.owed"  # hashes of files whose bytes are still to be lost
EVERY_MS: Final = 6 * 3600 * 1000
STEPS_MAX: Final = 500  # removals in one round


def run(here: Site, now_ms: int) -> int:
    """Remove what is due; returns how many decisions that took."""
    wrote, gone = here.store.run(lambda session: _within(here, session, now_ms))
    _lose(here)
    for sha in gone:
        here.uploads.close(sha)
    if wrote:
        removals.sweep(here.store)
        here.hints.announce()
        _log.info("personal media removed", extra={"decisions": wrote, "files": len(gone)})
    return wrote


def _lose(here: Site) -> None:
    """Lose the bytes of all files that are owed; what cannot be reached stays owed."""
    with here.store.reading() as session:
        owed = _owed(session)
    lost = set[str]()
    for sha in owed:
        try:
            here.blob_store.lose(sha)
        except BlobStoreAwayError:
            _log.warning("removed files still in the store", extra={"files": len(owed) - len(lost)})
            break
        lost.add(sha)
    if lost:
        here.store.run(
            lambda session: keep.put(
                session, OWED, [sha for sha in _owed(session) if sha not in lost] or None
            )
        )


def lose(here: Site, sha256: str) -> None:
    """Lose the bytes of a removed file that came all the same, now or in a later round."""
    here.store.run(
        lambda session: keep.put(session, OWED, list(dict.fromkeys([*_owed(session), sha256])))
    )
    _lose(here)


def _owed(session: Session) -> list[str]:
    owed = keep.get(session, OWED)
    return [str(sha) for sha in owed] if isinstance(owed, list) else []


def _within(here: Site, session: Session, now_ms: int) -> tuple[int, list[str]]:
    wrote, gone = 0, list[str]()
    for step, only_new in _due(here, session, now_ms):
        done = write_within(here, session, [step], only_new=only_new)[0]
        if done.verdict in ("refused", KNOWN):
            continue
        files = step.set.get("files")
        named = [str(one) for one in files] if isinstance(files, list) else []
        removals.mark(session, named)
        gone += named
        wrote += 1
        if wrote == STEPS_MAX:
            break
    if gone:
        keep.put(session, OWED, list(dict.fromkeys([*_owed(session), *gone])))
    return wrote, gone


def _due(here: Site, session: Session, now_ms: int) -> Iterator[tuple[OwnStep, bool]]:
    approved = [
        (asked, evidence)
        for asked in records.find(
            session, privacy.REMOVAL, state=privacy.APPROVED, limit=records.ALL
        )
        if (evidence := records.lookup(session, asked.text("evidence")))  # else it is still to come
    ]
    owners = _owners(session) if approved else {}
    for asked, evidence in approved:
        yield _carried_out(here, session, asked, evidence, owners, now_ms), False
    last = keep.get(session, LOOKED)
    if isinstance(last, int) and 0 <= now_ms - last < EVERY_MS and not _withdrawn(session, last):
        return
    yield from _by_rule(here, session, now_ms)
    keep.put(session, LOOKED, now_ms)


def _withdrawn(session: Session, since_ms: int) -> bool:
    """Whether somebody declared anything since the last look (by the clock of who declared)."""
    margin = 86_400_000
    return bool(records.find(session, privacy.CONSENT, changed_from_ms=since_ms - margin, limit=1))


def _carried_out(
    here: Site,
    session: Session,
    asked: Record,
    evidence: Record,
    owners: Mapping[str, Record],
    now_ms: int,
) -> OwnStep:
    """Return what is written of an approved request: done, or declined where nothing is theirs.

    What it names is looked at here, too: it may have come before its evidence.
    """
    rules = here.pack.definitions.privacy
    kind = rules.kind_of(evidence) if evidence.type == "evidence" else None

    def person(one: Record) -> str | None:
        of = rules.kind_of(one)
        if of is None:
            return None
        return privacy.person_of(of, one, records.lookup(session, one.text("of")))

    def is_theirs(sha: str) -> bool:
        owner = owners.get(sha)
        if owner is None or owner.record_id == evidence.record_id:
            return True
        return person(owner) is not None and person(owner) == person(evidence)

    cells: dict[str, Value] = {
        "state": privacy.DECLINED, "decided_by": RULE, "decided_ms": now_ms, "note": "",
    }  # fmt: skip
    if kind is not None:
        files = asked.get("files")
        named = [str(one) for one in files] if isinstance(files, list) else []
        own = privacy.files_of(kind, evidence)
        theirs = [sha for sha in named if sha in own and is_theirs(sha)]
        if theirs:
            cells = privacy.done_cells(evidence, kind.code, theirs, privacy.BY_REQUEST, now_ms)
    return OwnStep(RULE, asked.record_id, privacy.REMOVAL, cells, kind="decide", at_ms=now_ms)


def _by_rule(here: Site, session: Session, now_ms: int) -> Iterator[tuple[OwnStep, bool]]:
    rules = here.pack.definitions.privacy
    if not rules.kinds:
        return
    declared = privacy.consents(records.find(session, privacy.CONSENT, limit=records.ALL))
    due: dict[str, tuple[MediaKind, Record, str]] = {}
    for evidence in records.find(session, "evidence", limit=records.ALL):
        kind = rules.kind_of(evidence)
        if kind is None:
            continue
        parent = records.lookup(session, evidence.text("of"))
        if why := _why(kind, evidence, parent, declared, now_ms):
            due[evidence.record_id] = kind, evidence, why
    owners = _owners(session) if due else {}
    for kind, evidence, why in due.values():
        files = [
            sha
            for sha in privacy.files_of(kind, evidence)
            if not removals.is_removed(session, sha)
            and (sha not in owners or owners[sha].record_id in due)
        ]
        if not files:
            continue
        cells = privacy.done_cells(evidence, kind.code, files, why, now_ms)
        record_id = _id(here, evidence.record_id, why)
        yield OwnStep(RULE, record_id, privacy.REMOVAL, cells, kind="decide", at_ms=now_ms), True


def _owners(session: Session) -> dict[str, Record]:
    """Return, of files that several pieces of evidence name, the one that was here first."""
    named: dict[str, list[Record]] = defaultdict(list)
    for evidence in records.find(session, "evidence", limit=records.ALL):
        if evidence.get("withdrawn") is True:
            continue
        texts = {cell.value for cell in evidence.cells.values() if isinstance(cell.value, str)}
        for sha in filter(privacy.is_hash, texts):
            named[sha].append(evidence)

    def came(one: Record) -> tuple[int, str, int]:
        first = entries.of_record(session, one.record_id)[0]
        return first.feed or 0, first.entry.device_id, first.entry.number

    return {sha: min(some, key=came) for sha, some in named.items() if len(some) > 1}


def _why(
    kind: MediaKind,
    evidence: Record,
    parent: Record | None,
    declared: Mapping[tuple[str, str], Record],
    now_ms: int,
) -> str | None:
    person = privacy.person_of(kind, evidence, parent)
    if privacy.withdrawn_since(declared.get((person, kind.purpose)), evidence):
        return privacy.BY_WITHDRAWAL
    due = privacy.due_ms(kind, evidence, parent)
    return privacy.BY_RULE if due is not None and due <= now_ms else None


def _id(here: Site, evidence_id: str, why: str) -> str:
    """Return an id that follows from what is said and the server's key: said once, not guessed."""
    facts = canonical([evidence_id, why])
    digest = hashlib.sha256(here.receipt(b"anshao-removal-v1\0" + facts).encode()).hexdigest()
    return f"removal-{digest[:40]}"
