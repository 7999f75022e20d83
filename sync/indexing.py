"""Let what came be found by its words, and settle in its file, when nothing is more urgent."""

import asyncio
from collections.abc import Callable

from offline_store import records, search, write_log
from offline_store.database import Store


async def index(store: Store, called: Callable[[], bool]) -> None:
    """Index in small parts, so that a save comes in between; ends when somebody calls."""

    def some() -> bool:
        with store.reading() as session:
            if not search.due(session, 1):
                return False
        with store.session() as session:
            return records.index_due(session)

    came = False
    while not called() and await asyncio.to_thread(some):
        came = True
    if came:
        await asyncio.to_thread(write_log.settle, store)
