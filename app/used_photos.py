"""The index of all evidence that one device knows, to find a photo again; filled as it comes."""

import threading
from dataclasses import dataclass, field

from media.reuse.index import Index


@dataclass
class UsedPhotos:
    """The index of one device, filled as evidence comes; safe to use from several threads."""

    index: Index | None = None
    known: set[str] = field(default_factory=set[str])
    row: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
