"""What a device does for itself when nothing is more urgent.

What came is made to be found by its words, and a log that has grown long, by what came or by what
was written here, settles in its file. Sync goes on whether that works or not: nothing is lost by
it, and the next round at rest tries again.
"""

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from domain.errors import StoreError
from offline_store import records, search, write_log
from offline_store.database import Store

_LOG_BYTES = 4 * 1024 * 1024  # of a log that is left as it is
_log = logging.getLogger(__name__)


async def index(store: Store, called: Callable[[], bool]) -> None:
    """Index in small parts, so that a save comes in between; ends when somebody calls."""

    def some() -> bool:
        with store.reading() as session:
            if not search.due(session, 1):
                return False
        with store.session() as session:
            return records.index_due(session)

    try:
        while not called() and await asyncio.to_thread(some):
            pass
        if not called():
            await asyncio.to_thread(write_log.settle, store, beyond_bytes=_LOG_BYTES)
    except (StoreError, SQLAlchemyError) as error:  # no room, damage, a lock: others will tell
        _log.warning("not indexed or settled", extra={"code": error.code})
