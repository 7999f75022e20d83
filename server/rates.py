"""How often one sender may ask: a bucket of requests each, filled again at a steady pace."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

_KNOWN_MAX: Final = 4096  # senders remembered; who made up as many keys pushes out made-up ones
_STRANGER: Final = 10  # who has shown no good token gets a tenth


@dataclass(slots=True)
class _Bucket:
    left: float
    at_ms: int
    good: bool = False


class Rates:
    """Counts requests by key (a token's hash) and, where the key has proved nothing, by address.

    In the memory of one process: several serve as many times more, which is why they are several.
    """

    def __init__(self, per_s: float, burst: int) -> None:
        """Allow `burst` requests at once and `per_s` in the long run."""
        self._per_s, self._burst = per_s, burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, key: str, address: str, now_ms: int) -> float:
        """Count one request; returns 0, or for how many seconds its sender has to wait."""
        known = self._buckets.get(key)
        if known is not None and known.good:
            return self._take(key, self._per_s, self._burst, now_ms)
        who = "token" if key else "nobody"  # who shows none keeps nobody out who shows one
        return self._take(f"{who} from {address}", self._per_s / _STRANGER, self._burst, now_ms)

    def proved(self, key: str, now_ms: int) -> None:
        """Note that the server knew the token behind this key."""
        if key not in self._buckets:
            self._put(key, _Bucket(self._burst, now_ms))
        self._buckets[key].good = True

    def _take(self, key: str, per_s: float, burst: int, now_ms: int) -> float:
        bucket = self._buckets.get(key) or self._put(key, _Bucket(burst, now_ms))
        self._buckets.move_to_end(key)
        passed_s = max(0, now_ms - bucket.at_ms) / 1000
        bucket.left, bucket.at_ms = min(burst, bucket.left + passed_s * per_s), now_ms
        if bucket.left < 1:
            return (1 - bucket.left) / per_s
        bucket.left -= 1
        return 0.0

    def _put(self, key: str, bucket: _Bucket) -> _Bucket:
        while len(self._buckets) >= _KNOWN_MAX:
            self._buckets.popitem(last=False)
        self._buckets[key] = bucket
        return bucket
