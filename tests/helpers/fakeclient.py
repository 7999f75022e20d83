"""The other end of Flet's wire, in process: draws, taps and types without a browser.

Everything between is Flet's own: every message is packed as for a real client (packing also stores
what the next comparison needs), so hooks, effects, routes and keys behave as they do in the app.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import flet as ft
import msgpack  # pyright: ignore[reportMissingTypeStubs]
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.messaging.connection import (  # pyright: ignore[reportMissingTypeStubs]
    Connection,
)
from flet.messaging.protocol import (  # pyright: ignore[reportMissingTypeStubs]
    InvokeMethodRequestBody,
    SessionCrashedBody,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session  # pyright: ignore[reportMissingTypeStubs]
from flet.pubsub.pubsub_hub import PubSubHub

from screens.reconnect import controls_in

C = TypeVar("C", bound=BaseControl)
Main = Callable[[ft.Page], Awaitable[object] | object]
ENCODE = configure_encode_object_for_msgpack(BaseControl)
TURNS = 40  # turns of the event loop in which a redraw is surely done
WAIT_S = 20.0


class FakeClient(Connection):
    """A client that keeps what it is sent and does what a person would do."""

    def __init__(self, loop: asyncio.AbstractEventLoop, executor: ThreadPoolExecutor) -> None:
        super().__init__()
        self.loop, self.executor = loop, executor
        self.pubsubhub = PubSubHub(loop=loop, executor=executor)
        self.page_url = "http://test"
        self.crashes: list[str] = []
        self.answers: dict[tuple[str, str], object] = {}  # (control type, method) -> value
        self.calls: list[tuple[str, str, Any]] = []
        self.session = Session(self)

    @property
    def page(self) -> ft.Page:
        """The page of the session."""
        return self.session.page

    @property
    def route(self) -> str:
        """Where the client is."""
        return self.page.route or "/"

    # What Flet calls.

    def send_message(self, message: Any) -> None:  # noqa: ANN401 - Flet types it in newer versions
        """Pack a message as for the wire; answer calls of control methods."""
        msgpack.packb([message.action, message.body], default=ENCODE)
        if isinstance(message.body, SessionCrashedBody):
            self.crashes.append(message.body.message)
        elif isinstance(message.body, InvokeMethodRequestBody):
            self.loop.call_soon(self._answer, message.body)

    def get_upload_url(self, file_name: str, expires: int) -> str:
        """Return an address nobody serves."""
        return f"/upload?file={file_name}&expires={expires}"

    def _answer(self, call: InvokeMethodRequestBody) -> None:
        control = self.session.index.get(call.control_id)
        kind = str(getattr(control, "_c", "?"))
        self.calls.append((kind, call.name, call.args))
        value: object = None
        if (kind, call.name) == ("Page", "push_route"):
            self.go(cast("dict[str, str]", call.args)["route"])
        else:
            value = self.answers.get((kind, call.name))
        self.session.handle_invoke_method_results(call.control_id, call.call_id, value, None)

    # What a person does.

    async def start(self, main: Main, **page: object) -> None:
        """Run `main` as for a new client with these properties of the page."""
        cast("Any", _context_page).set(self.page)
        first = {"route": "/", "width": 412, "height": 915, "web": True, "platform": "android"}
        self.session.apply_page_patch({**first, **page})
        msgpack.packb(self.session.get_page_patch(), default=ENCODE)
        context.reset_auto_update()
        result = main(self.page)
        if isinstance(result, Awaitable):
            await result
        await self.session.after_event(self.page)
        await self.settle()

    async def settle(self) -> None:
        """Let everything that is ready run."""
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds: use cases run in threads and take their time."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not holds():
                    await asyncio.sleep(0.01)
                    await self.settle()
        except TimeoutError:
            message = f"waited in vain; on screen: {self.texts()}"
            raise AssertionError(message) from None
        assert not (grey := self.grey_boxes()), f"Flutter draws grey boxes for {grey}"

    def go(self, route: str) -> None:
        """Navigate, as the client does once it was asked to."""
        self.session.apply_patch(self.page._i, {"route": route})
        event = self.session.dispatch_event(self.page._i, "route_change", {"route": route})
        self.session.__dict__.setdefault("going", []).append(self.loop.create_task(event))

    async def fire(
        self, control: BaseControl, event: str, data: object = None, **changed: object
    ) -> None:
        """Change properties at the client's end, then fire an event."""
        if changed:
            self.session.apply_patch(control._i, changed)
        await self.session.dispatch_event(control._i, event, data)
        await self.settle()
        assert not self.crashes, self.crashes[-1]

    async def tap(self, key: str) -> None:
        """Tap what has this key; it must be there once and not be greyed out."""
        control = self.one(key)
        assert not control.disabled, f"{key} is disabled"
        await self.fire(control, "click")

    async def write(self, key: str, text: str) -> None:
        """Type into the field with this key."""
        await self.fire(self.one(key), "change", text, value=text)

    async def press(self, key: str) -> None:
        """Press a key of the keyboard."""
        flags = {"shift": False, "ctrl": False, "alt": False, "meta": False}
        await self.fire(self.page, "keyboard_event", {"key": key, **flags})

    async def resize(self, width: float, height: float) -> None:
        """Turn or resize the screen."""
        size = {"width": width, "height": height}
        self.session.apply_patch(self.page._i, size)
        await self.fire(self.page, "resize", size)

    # What a person sees.

    def controls(self) -> Iterator[BaseControl]:
        """Yield what is drawn, top down."""
        return controls_in(self.page, shown=True)

    def kind(self, kind: type[C]) -> list[C]:
        """Return all controls of a type."""
        return [control for control in self.controls() if isinstance(control, kind)]

    def has(self, key: str) -> bool:
        """Tell whether something with this key is drawn."""
        return any(_key(control) == key for control in self.controls())

    def one(self, key: str) -> Any:  # noqa: ANN401 - tests look at whatever property they check
        """Return the one control with this key."""
        found = [control for control in self.controls() if _key(control) == key]
        assert len(found) == 1, f"{len(found)} controls have the key {key}: {self.texts()}"
        return found[0]

    def grey_boxes(self) -> list[BaseControl]:
        """Return what Flutter cannot lay out: a child of a wrapping row that wants to expand."""
        wrapping = (row for row in self.controls() if getattr(row, "wrap", False))
        children = (child for row in wrapping for child in getattr(row, "controls", ()))
        return [child for child in children if getattr(child, "expand", None) is not None]

    def texts(self) -> list[str]:
        """Return all texts: of labels, buttons and fields."""
        found: list[str] = []
        for control in self.controls():
            for name in ("value", "content", "label"):
                text = getattr(control, name, None)
                if isinstance(text, str) and text:
                    found.append(text)
            spans = getattr(control, "spans", None)
            if spans:
                found.append("".join(span.text or "" for span in spans))
        return found

    def sees(self, text: str) -> bool:
        """Tell whether a text is on the screen, also as a part."""
        return any(text in shown for shown in self.texts())


def _key(control: BaseControl) -> str:
    key = control.key
    return str(getattr(key, "value", key) or "")


@contextlib.asynccontextmanager
async def client_of(main: Main, **page: object) -> AsyncIterator[FakeClient]:
    """Run an app for the length of a test."""
    token = _context_page.set(None)
    with ThreadPoolExecutor(max_workers=2) as executor:
        client = FakeClient(asyncio.get_running_loop(), executor)
        try:
            await client.start(main, **page)
            yield client
        finally:
            client.session.close()
            await client.settle()
            _context_page.reset(token)
