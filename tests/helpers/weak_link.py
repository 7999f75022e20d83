"""A bad radio link on the loopback: so many bytes a second each way, and cut every few seconds."""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

_STEP = 512


@dataclass
class WeakLink:
    """A TCP wire to a port of this machine; every cut resets all that is open, without warning."""

    target: int
    bytes_s: float
    cut_every_s: float
    cuts: int = 0
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    _open: list[socket.socket] = field(default_factory=list[socket.socket])
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Listen, and cut, in threads of their own."""
        self._free_at = {"up": 0.0, "down": 0.0}
        self._lock = threading.Lock()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        for work in (self._accept, self._cut):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._ended.set()
        self._listener.close()
        self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            ends, self._open = self._open, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> None:
        while not self._ended.wait(self.cut_every_s):
            self.cuts += 1
            self._hang_up()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target), 5)
                far.settimeout(None)
                with self._lock:
                    self._open += [near, far]
                threading.Thread(target=self._join, args=(near, far), daemon=True).start()

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        back = threading.Thread(target=self._carry, args=(far, near, "down"), daemon=True)
        back.start()
        self._carry(near, far, "up")
        back.join()
        with self._lock:
            self._open = [end for end in self._open if end not in (near, far)]
        near.close()
        far.close()

    def _carry(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        with suppress(OSError):
            while data := source.recv(_STEP):
                with self._lock:
                    now = time.monotonic()
                    due = self._free_at[way] = (
                        max(now, self._free_at[way]) + len(data) / self.bytes_s
                    )
                time.sleep(max(0.0, due - now))
                sink.sendall(data)
                self.passed[way] += len(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
