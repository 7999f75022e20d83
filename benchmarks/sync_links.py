"""The wire of bench `sync`: a proxy on the loopback that is slow, and counts what passes."""

import queue
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

_PIECE = 4096


@dataclass
class Lane:
    """One direction: all connections share its rate; every byte comes `delay_s` later."""

    delay_s: float
    bytes_s: float | None
    passed: int = 0
    _free_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, size: int) -> float:
        """Count some bytes; returns when the last of them is at the far end."""
        with self._lock:
            self.passed += size
            now = time.monotonic()
            if self.bytes_s:
                self._free_at = max(now, self._free_at) + size / self.bytes_s
                now = self._free_at
            return now + self.delay_s


class Wire:
    """A TCP wire to a port of this machine: `turn_s` is a round trip, half of it each way.

    Connecting takes no turn: a device that syncs has its connection already.
    """

    def __init__(self, target: int, turn_s: float = 0.0, bytes_s: float | None = None) -> None:
        """Listen on a free port."""
        self.up, self.down = Lane(turn_s / 2, bytes_s), Lane(turn_s / 2, bytes_s)
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target), 5)
                far.settimeout(None)
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _carry(near, far, self.up)
                _carry(far, near, self.down)


def _carry(source: socket.socket, sink: socket.socket, lane: Lane) -> None:
    under_way: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def read() -> None:
        data = b"-"
        while data:
            data = b""
            with suppress(OSError):
                data = source.recv(_PIECE)
            under_way.put((lane.due(len(data)), data))

    def write() -> None:
        with suppress(OSError):
            while True:
                due, data = under_way.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)

    for work in (read, write):
        threading.Thread(target=work, daemon=True).start()
