"""Pages of the feed and of a snapshot as they travel since version 1.2: a head, then the bodies.

The first line is a `PageHead`; each further line is the exact body of one entry. What neighbours
have in common (device, push, verdict) stands once for a run of them.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Final

from pydantic import Field, ValidationError

from domain.errors import EntryInvalidError
from sync.protocol import (
    Code,
    DeviceId,
    Message,
    Number,
    PulledEntry,
    PullReply,
    Sha256,
    Signature,
    Verdict,
)

PAGE_TYPE = "application/jsonl"
Place = Annotated[str, Field(pattern=r"^[0-9]{1,6}$")]  # of an entry on the page, from 0

_SHARED: Final = attrgetter("dev", "feed", "verdict", "code", "received_ms")


class Run(Message):
    """Entries that stand together and share all this."""

    dev: DeviceId
    feed: Number
    verdict: Verdict
    code: Code | None = None
    received_ms: Number
    count: Annotated[int, Field(ge=1)]


class PageHead(Message):
    """First line of a page: its reply without the entries, and what is said of them.

    `enter` says how many of the last entries are of records that come whole.
    """

    reply: PullReply
    runs: list[Run]
    sigs: dict[Place, Signature] = Field(default_factory=dict)
    prevs: dict[Place, Sha256] = Field(default_factory=dict)
    enter: Number = 0


def pack_page(reply: PullReply) -> bytes:
    """Return the bytes of a page, without a coat."""
    rows = [*reply.entries, *reply.enter]
    head = PageHead(
        reply=reply.model_copy(update={"entries": [], "enter": []}),
        runs=list(_runs(rows)),
        sigs={str(at): one.sig for at, one in enumerate(rows) if one.sig},
        prevs={str(at): one.prev for at, one in enumerate(rows) if one.prev},
        enter=len(reply.enter),
    )
    line = head.model_dump_json(exclude_defaults=True).encode()
    return b"\n".join([line, *(one.body for one in rows)])


def unpack_page(data: bytes) -> PullReply:
    """Read a page; raises EntryInvalidError("page") for bytes that are none.

    Only the frame is read here: bodies are checked one by one with `domain.changes.decode`.
    """
    line, *bodies = data.split(b"\n")
    try:
        head = PageHead.model_validate_json(line)
        data.decode()
    except (ValidationError, UnicodeDecodeError) as error:
        raise EntryInvalidError(reason="page") from error
    if len(bodies) != sum(run.count for run in head.runs) or head.enter > len(bodies):
        raise EntryInvalidError(reason="page")
    rows = list(_rows(head, bodies))
    at = len(rows) - head.enter
    return head.reply.model_copy(update={"entries": rows[:at], "enter": rows[at:]})


def _runs(rows: Sequence[PulledEntry]) -> Iterator[Run]:
    for key, some in groupby(rows, _SHARED):
        dev, feed, verdict, code, received_ms = key
        count = sum(1 for _ in some)
        yield Run(
            dev=dev, feed=feed, verdict=verdict, code=code, received_ms=received_ms, count=count
        )


def _rows(head: PageHead, bodies: Sequence[bytes]) -> Iterator[PulledEntry]:
    sigs = {int(at): sig for at, sig in head.sigs.items()}
    prevs = {int(at): prev for at, prev in head.prevs.items()}
    at = 0
    for run in head.runs:
        dev, feed, verdict, code, received_ms = _SHARED(run)
        for body in bodies[at : at + run.count]:
            yield PulledEntry(
                dev, feed, verdict, code, received_ms, body, sigs.get(at), prevs.get(at)
            )
            at += 1
