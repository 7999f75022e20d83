"""Pages of the feed and of a snapshot as they travel since version 1.2: a head, then the bodies.

The first line is a `PageHead`; each further line is the exact body of one entry. What neighbours
have in common (device, push, verdict) stands once for a run of them.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Annotated

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
    runs = [
        Run(dev=key[0], feed=key[1], verdict=key[2], code=key[3], received_ms=key[4], count=count)
        for key, count in _runs(rows)
    ]
    head = PageHead(
        reply=reply.model_copy(update={"entries": [], "enter": []}),
        runs=runs,
        sigs={str(at): one.sig for at, one in enumerate(rows) if one.sig},
        prevs={str(at): one.prev for at, one in enumerate(rows) if one.prev},
        enter=len(reply.enter),
    )
    line = head.model_dump_json(exclude_defaults=True)
    return "\n".join([line, *(one.body for one in rows)]).encode()


def unpack_page(data: bytes) -> PullReply:
    """Read a page; raises EntryInvalidError("page") for bytes that are none."""
    line, *bodies = data.split(b"\n")
    try:
        head = PageHead.model_validate_json(line)
        rows = list(_rows(head, bodies))
    except (ValidationError, UnicodeDecodeError) as error:
        raise EntryInvalidError(reason="page") from error
    if len(rows) != len(bodies) or head.enter > len(rows):
        raise EntryInvalidError(reason="page")
    at = len(rows) - head.enter
    return head.reply.model_copy(update={"entries": rows[:at], "enter": rows[at:]})


def _runs(
    rows: Sequence[PulledEntry],
) -> Iterator[tuple[tuple[str, int, Verdict, str | None, int], int]]:
    for key, some in groupby(
        rows, lambda one: (one.dev, one.feed, one.verdict, one.code, one.received_ms)
    ):
        yield key, sum(1 for _ in some)


def _rows(head: PageHead, bodies: Sequence[bytes]) -> Iterator[PulledEntry]:
    at = 0
    for run in head.runs:
        for body in bodies[at : at + run.count]:
            yield PulledEntry(
                dev=run.dev,
                feed=run.feed,
                verdict=run.verdict,
                code=run.code,
                received_ms=run.received_ms,
                body=body.decode(),
                sig=head.sigs.get(str(at)),
                prev=head.prevs.get(str(at)),
            )
            at += 1
