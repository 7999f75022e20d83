"""The reply to a relay message: what became of each run (`POST /v1/relay`)."""

from typing import Annotated, Literal

from pydantic import Field

from domain.relay import RUNS_MAX
from sync.protocol import Code, DeviceId, Message, Number

Outcome = Literal["taken", "known", "waiting", "refused"]


class RelayedRun(Message):
    """One run: taken into the chain, known already, waiting for what is missing, or refused."""

    dev: DeviceId
    first: Number
    last: Number
    outcome: Outcome
    code: Code | None = None
    expected: Number | None = None


class RelayReply(Message):
    """The runs of a message in its order; `epoch` is the life of the feed that took them.

    Of a run that leaves the chain which is there, the two parts have an answer each.
    """

    runs: Annotated[list[RelayedRun], Field(max_length=2 * RUNS_MAX)]
    server_ms: Number
    epoch: str
