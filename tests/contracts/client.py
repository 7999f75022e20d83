"""A client on the other end of Flet's wire that answers the calls of device controls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flet as ft
import msgpack  # pyright: ignore[reportMissingTypeStubs]
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page
from flet.messaging.connection import (  # pyright: ignore[reportMissingTypeStubs]
    Connection,
)
from flet.messaging.protocol import (  # pyright: ignore[reportMissingTypeStubs]
    InvokeMethodRequestBody,
    Message,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session  # pyright: ignore[reportMissingTypeStubs]
from flet.pubsub.pubsub_hub import PubSubHub

ENCODE = configure_encode_object_for_msgpack(BaseControl)


class Client(Connection):
    """Answers every method from `answers`: a value, an exception, or NotImplemented (silence)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, executor: ThreadPoolExecutor) -> None:
        super().__init__()
        self.loop, self.executor = loop, executor
        self.pubsubhub = PubSubHub(loop=loop, executor=executor)
        self.page_url = "http://test"
        self.answers: dict[str, Any] = {}
        self.calls: list[tuple[str, Any]] = []
        self.session = Session(self)

    @property
    def page(self) -> ft.Page:
        return self.session.page

    def send_message(self, message: Message) -> None:
        sent = msgpack.unpackb(msgpack.packb(message.body, default=ENCODE), strict_map_key=False)
        if isinstance(message.body, InvokeMethodRequestBody):
            self.calls.append((message.body.name, sent.get("args")))
            self.loop.call_soon(self._answer, message.body)

    def _answer(self, asked: InvokeMethodRequestBody) -> None:
        answer = self.answers.get(asked.name)
        if answer is NotImplemented:
            return
        error = str(answer) if isinstance(answer, Exception) else None
        result = None if error else answer
        self.session.handle_invoke_method_results(asked.control_id, asked.call_id, result, error)


@contextlib.asynccontextmanager
async def client(platform: str = "linux", *, web: bool = True) -> AsyncIterator[Client]:
    """Start a session; its page is the page of this task."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        fake = Client(asyncio.get_running_loop(), executor)
        token = _context_page.set(fake.page)  # pyright: ignore[reportArgumentType] - typed as None
        size = {"width": 400, "height": 800, "route": "/", "platform": platform, "web": web}
        fake.session.apply_page_patch(size)
        msgpack.packb(fake.session.get_page_patch(), default=ENCODE)
        try:
            yield fake
        finally:
            _context_page.reset(token)
            fake.session.close()
