"""Six bugs that sync programs have had, planted at the seams: the simulation must find them.

Nothing in the product knows of them. Each replaces a function of the product while a plant runs;
what is found is judged afterwards by the product's own merge, without the bug.
"""

import http
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest import mock

from benchmarks.simulation.plant_server import Answer, Asked, PlantServer
from benchmarks.simulation.world import Bug
from domain import holds, joins, merge
from domain.changes import decode
from domain.errors import OfflineError
from domain.holds import Effect, Step
from domain.joins import Joined, Policy, Sides
from domain.merge import TypePolicies
from offline_store import keep, outbox
from offline_store.database import Store
from server import own_entries
from server.own_entries import OwnStep
from sync import engine, packing, protocol, pushes, taking
from sync.protocol import PullReply, PushReply

_MADE_UP_FEED = 1_000_000


class _Hasty(pushes.Pusher):
    """Takes a push for confirmed once it went out, whether an answer came or not."""

    async def send(self, outgoing: outbox.Outgoing) -> tuple[PushReply, bytes]:
        try:
            return await super().send(outgoing)
        except OfflineError:
            last = outgoing.batch.last
            made_up = PushReply(
                feed=_MADE_UP_FEED + last, accepted_to=last, server_ms=0, receipt=""
            )
            return made_up, made_up.model_dump_json().encode()


def _swapped(policy: Policy, sides: Sides) -> Joined:
    return joins.join(policy, sides._replace(first=sides.second, second=sides.first))


def _dropped(_fold: object, _conflict: object, *, follows: bool = False) -> None:
    del follows


def _cursor_first(store: Store, reply: PullReply, policies: TypePolicies, **more: Any) -> bool:  # noqa: ANN401
    with store.session() as session:
        keep.set_cursor(session, keep.Cursor(reply.next, reply.epoch))
    return _take(store, reply, policies, **more)


def _lifts_all(step: Step) -> Effect:
    effect = _lift(step)
    if effect.verdict == "refused" or effect.code == "duplicate":
        return effect
    gone = {
        one.hold_id: replace(one, lifted_by=step.entry.writer, lifted_ms=step.stamp.wall_ms)
        for one in effect.standing.open
    }
    standing = replace(effect.standing, holds={**effect.standing.holds, **gone})
    return effect._replace(standing=standing)


class _Twice(PlantServer):
    """Applies a push again when it comes again."""

    async def routed(self, asked: Asked) -> Answer:
        answer = await super().routed(asked)
        body = b"".join(asked.body)
        if asked.path == "/v1/push" and answer.status == http.HTTPStatus.OK:
            seen: set[bytes] = self.__dict__.setdefault("seen", set())
            if body in seen:
                own_entries.write_own(self.site, _again(body))
            seen.add(body)
        return answer


def _again(body: bytes) -> Sequence[OwnStep]:
    pushed = protocol.unpack_push(packing.inflate(body, protocol.PUSH_MAX_BYTES))
    read = [decode(one, pushed.head.dev) for one in pushed.bodies]
    return [
        OwnStep(
            one.person_id, one.record_id, one.type, one.set, one.kind, one.wall_ms, base=one.base
        )
        for one in read
    ]


_take, _lift = taking.take, vars(holds)["_lift"]


def _patch(place: Any, name: str, value: object) -> Callable[[], AbstractContextManager[object]]:  # noqa: ANN401
    return lambda: mock.patch.object(place, name, value)


PLANTED = (
    Bug("ack lost", _patch(engine, "Pusher", _Hasty)),
    Bug("merge arguments swapped", _patch(merge, "join", _swapped)),
    Bug("conflict dropped", _patch(vars(merge)["_Fold"], "_disagree", _dropped)),
    Bug("cursor saved before its page is applied", _patch(taking, "take", _cursor_first)),
    Bug("lift clears all holds", _patch(holds, "_lift", _lifts_all)),
    Bug("duplicate push applied twice", server=_Twice),
)
