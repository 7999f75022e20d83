"""The way between one device and the server, with everything that can go wrong on it.

A request that was sent arrives by itself, whatever becomes of its sender: it may be cut before it
arrives, its answer may be lost, both may be late or come twice, and the line may be half open, so
that nothing comes back until the sender gives up.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from benchmarks.simulation.plant_server import Answer, Asked, LineLost, PlantServer

_CUT = "cut"


@dataclass
class Weather:
    """How bad the network is; all chances between 0 and 1, times in seconds."""

    cut_before: float = 0.05
    cut_after: float = 0.05
    half_open: float = 0.01
    twice: float = 0.05
    late: float = 0.03
    broken: float = 0.04  # a request stops in its middle, said or not
    delay_s: float = 0.15
    late_s: float = 20.0


CALM = Weather(0, 0, 0, 0, 0, 0, 0.01, 0)


class Link(httpx.AsyncBaseTransport):
    """The transport of one device, in the place of httpx's own."""

    def __init__(
        self, server: PlantServer, chance: random.Random, step: Callable[[str], None]
    ) -> None:
        """`step` is told of everything that happens on the line."""
        self._server, self._chance, self._step = server, chance, step
        self.weather = Weather()
        self.down = False
        self._flying: set[asyncio.Task[Answer]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and wait for its answer."""
        weather, chance = self.weather, self._chance
        self._step("send")
        fate, patience_s = chance.random(), request.extensions["timeout"]["read"]
        if self.down or fate < weather.cut_before:
            self._step("cut")
            await asyncio.sleep(self._delay_s())
            raise httpx.ConnectError(_CUT, request=request)
        asked = self._on_its_way(request, await request.aread())
        flying = self._fly(asked, self._delay_s())
        if chance.random() < weather.twice:  # comes again, perhaps after what is sent next
            self._step("twice")
            self._fly(asked, self._delay_s() + weather.late_s * chance.random())
        fate -= weather.cut_before
        try:
            if fate < weather.half_open:
                self._step("half open")
                await asyncio.sleep(patience_s)
                raise httpx.ReadTimeout(_CUT, request=request)
            answer = await asyncio.wait_for(asyncio.shield(flying), patience_s)
        except TimeoutError as error:
            raise httpx.ReadTimeout(_CUT, request=request) from error
        except LineLost as error:
            raise httpx.ReadError(_CUT, request=request) from error
        if fate - weather.half_open < weather.cut_after or self.down:
            self._step("answer lost")
            raise httpx.ReadError(_CUT, request=request)
        await asyncio.sleep(self._delay_s())
        self._step("answer")
        return httpx.Response(
            answer.status, headers=answer.headers, content=answer.body, request=request
        )

    def _on_its_way(self, request: httpx.Request, body: bytes) -> Asked:
        """Cut a request into pieces; some never arrive whole."""
        chance = self._chance
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        cut = chance.randrange(len(body)) if len(body) > 1 else 0
        ends = "whole"
        if cut and chance.random() < self.weather.broken:
            ends = chance.choice(("cut", "silent"))
            self._step(f"request {ends}")
        pieces = [body[:cut], body[cut:]] if ends == "whole" else [body[:cut]]
        url = request.url
        return Asked(request.method, url.path, url.query, headers, pieces, ends)

    def _fly(self, asked: Asked, delay_s: float) -> "asyncio.Task[Answer]":
        task = asyncio.get_running_loop().create_task(self._arrive(asked, delay_s))
        self._flying.add(task)
        task.add_done_callback(self._landed)
        return task

    def _landed(self, task: "asyncio.Task[Answer]") -> None:
        self._flying.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits is told; nobody else minds

    async def _arrive(self, asked: Asked, delay_s: float) -> Answer:
        await asyncio.sleep(delay_s)
        self._step("arrive")
        return await self._server.answer(asked)

    def _delay_s(self) -> float:
        weather, chance = self.weather, self._chance
        if chance.random() < weather.late:
            self._step("late")
            return weather.late_s * chance.random()
        return chance.expovariate(1 / weather.delay_s)
