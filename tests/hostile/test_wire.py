"""The same on a real socket: what no HTTP client would send, to a server process of its own."""

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.helpers.processes import World, world

pytestmark = pytest.mark.slow
_PATIENCE_S = 15.0
_POST = b"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("wire")) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: World) -> bytes:
    asked = {"code": server.code, "device_name": "x", "public_key": "0" * 64}
    request = urllib.request.Request(
        f"{server.server_url}/v1/enrol", json.dumps(asked).encode(), {"Content-Type": "text/plain"}
    )
    with urllib.request.urlopen(request, timeout=_PATIENCE_S) as reply:
        return str(json.load(reply)["token"]).encode()


def _open(server: World) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), _PATIENCE_S)


def _said(server: World, *parts: bytes) -> bytes:
    """Send these parts and return all that comes back until the server closes or falls silent."""
    back = b""
    with _open(server) as wire:
        with suppress(OSError):  # it may have hung up already
            for part in parts:
                wire.sendall(part)
        wire.settimeout(2)
        with suppress(OSError):
            while part := wire.recv(65536):
                back += part
    return back


def _still_there(server: World) -> None:
    begun = time.monotonic()
    with urllib.request.urlopen(f"{server.server_url}/health/ready", timeout=5) as reply:
        assert reply.status == 200
    assert time.monotonic() - begun < 3


def test_a_promised_gigabyte_is_refused_before_it_comes(server: World, token: bytes) -> None:
    for path in (b"/v1/push", b"/v1/enrol", b"/v1/blobs"):
        back = _said(server, _POST % (path, token) + b"Content-Length: 1073741824\r\n\r\n")
        assert b" 413 " in back.split(b"\r\n")[0]
        assert b'"request.size"' in back
    _still_there(server)


def test_a_chunked_body_without_end_is_cut_at_the_limit(server: World, token: bytes) -> None:
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    for path in (b"/v1/push", b"/v1/enrol", b"/v1/blobs"):
        head = _POST % (path, token) + b"Transfer-Encoding: chunked\r\n\r\n"
        assert b'"request.size"' in _said(server, head, *[chunk] * 160)
    _still_there(server)


def test_a_body_that_breaks_off_is_no_incident(server: World, token: bytes) -> None:
    for path in (b"/v1/push", b"/v1/enrol", b"/v1/blobs"):
        with _open(server) as wire:
            wire.sendall(_POST % (path, token) + b"Content-Length: 1000\r\n\r\n" + b"x" * 10)
    _still_there(server)
    log = (server.folder / "server" / "logs" / "server.jsonl").read_text("utf-8")
    assert '"event": "incident"' not in log


def test_what_is_no_http_or_has_no_end_of_headers_is_let_go(server: World) -> None:
    rubbish = (
        b"\x16\x03\x01\x02\x00" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    )
    for data in rubbish:
        back = _said(server, data)
        assert back == b"" or b" 400 " in back.split(b"\r\n")[0] or b" 404 " in back
    line = b"X-%d: " + b"y" * 60_000 + b"\r\n"
    lines = [line % number for number in range(50)]
    back = _said(server, b"GET /health/live HTTP/1.1\r\nHost: x\r\n", *lines, b"\r\n")
    assert back == b"" or b" 400 " in back.split(b"\r\n")[0]
    _still_there(server)


def test_a_hundred_half_open_connections_keep_nobody_waiting(server: World, token: bytes) -> None:
    wires = [_open(server) for _ in range(100)]
    try:
        for number, wire in enumerate(wires):
            path = (b"/v1/push", b"/v1/blobs")[number % 2]
            wire.sendall(_POST % (path, token) + b"Content-Length: 900\r\n\r\nx")
        _still_there(server)
    finally:
        for wire in wires:
            wire.close()


def test_the_folder_of_the_server_holds_nothing_of_it(server: World) -> None:
    assert not list((server.folder / "server").glob("uploads/*"))
    assert not list((server.folder / "server").glob("quarantine/*"))
