"""Keep one bad handler or one bad redraw from killing a person's whole session (Flet 1.0.5).

Four things that Flet does and a field app cannot live with:

* an exception in an event handler replaces the entire screen by an error page for good;
* an exception while a component is drawn again ends the task that sends updates: the screen looks
  alive and never changes again;
* the answer to a control's method that arrives after the control left the screen raises in the
  loop that reads the socket, which drops the connection;
* every message is worded with all its controls for a line of the log that nobody asked for: a list
  of fifty rows costs seconds.

Private names of Flet are used: the version is pinned, and tests prove each of the four.
"""

import asyncio
import logging
import traceback
import uuid
from collections.abc import Callable
from typing import Any, cast

import flet as ft
from flet.messaging.protocol import Message  # pyright: ignore[reportMissingTypeStubs]

log = logging.getLogger(__name__)

Report = Callable[[str], None]
Heard = Callable[[str, object], None]
TASK = "_Session__updates_task"
STARTING_S = 0.05
GONE = "'NoneType' object has no attribute 'put_nowait'"  # Flet's queue to a closed socket


def install(page: ft.Page, report: Report, heard: Heard) -> asyncio.Task[None]:
    """Guard a page; call before it is drawn.

    `report` gets the incident number that the log line has too; `heard` is told name and data of
    every event of the client. The returned task ends with the session; the caller keeps it.
    """
    session = cast("Any", page.session)

    def failed(trace: str) -> None:
        if GONE in trace:  # the reconnect draws everything anew
            log.info("the client went away during a redraw")
            return
        incident = uuid.uuid4().hex[:6].upper()
        log.error("incident %s: %s", incident, trace)
        report(incident)

    word_messages_briefly()
    session.error = failed  # an attribute of the instance wins over the method
    _forgive_late_answers(session)
    _listen(session, heard)
    return asyncio.get_running_loop().create_task(_revive_updates(session, failed))


def word_messages_briefly() -> None:
    """Name only the action of a message where it is worded; for the whole process."""

    def briefly(message: Message) -> str:
        return message.action.name

    cast("Any", Message).__str__ = briefly


def _forgive_late_answers(session: Any) -> None:  # noqa: ANN401 - Flet's session has private names
    answer = session.handle_invoke_method_results

    def answer_if_there(control_id: int, call_id: str, result: object, error: str | None) -> None:
        try:
            answer(control_id, call_id, result, error)
        except RuntimeError:
            log.debug("late answer for control %s dropped", control_id)

    session.handle_invoke_method_results = answer_if_there


def _listen(session: Any, heard: Heard) -> None:  # noqa: ANN401 - as above
    dispatch = session.dispatch_event

    async def dispatch_heard(control_id: int, name: str, data: object) -> None:
        heard(name, data)
        await dispatch(control_id, name, data)

    session.dispatch_event = dispatch_heard


async def _revive_updates(session: Any, failed: Report) -> None:  # noqa: ANN401 - as above
    while True:
        task: asyncio.Task[None] | None = getattr(session, TASK, None)
        if task is None:
            await asyncio.sleep(STARTING_S)
            continue
        await asyncio.wait({task})
        error = None if task.cancelled() else task.exception()
        if error is None:
            return  # the session was closed
        failed("".join(traceback.format_exception(error)))
        session.start_updates_scheduler()
