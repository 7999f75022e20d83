"""An S3 server for tests: moto's, as a process of its own on the loopback."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.helpers.processes import free_port

BUCKET = "plant"
KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "top-secret-word",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}


@contextmanager
def s3_server(folder: Path, port: int = 0) -> Iterator[str]:
    """Start an empty S3 server with one bucket; gives its address."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "s3.out").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        try:
            _wait(process, url)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            httpx.put(f"{url}/{BUCKET}", timeout=5).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.2)
        else:
            return
