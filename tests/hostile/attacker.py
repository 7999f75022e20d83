"""A client that means harm: its own good key and token, and whatever bytes it likes."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.changes import canonical, genesis, link_digest, signed_bytes
from server import clock
from server.keys import public_bytes
from server.problems import CODES, MEDIA_TYPE
from sync.protocol import PushReply
from tests.server.phone import CODE, Bench, report
from tools.reference import error_classes

SQL = "x'); DROP TABLE entry; DROP TABLE record; --"
KNOWN = frozenset(CODES) | {error.code for error in error_classes()}
FAULTS = frozenset({503, 507})  # declared: the server says what it lacks


def body(number: int, record_id: str = "", **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever harms
    """The body of an honest hazard report by U012, with whatever is changed in it."""
    now = clock.now_ms()
    return {
        "v": 1,
        "n": number,
        "id": clock.new_id(now),
        "kind": "decide",
        "by": "U012",
        "rec": record_id or clock.new_id(now),
        "type": "hazard",
        "def": "hazard@1",
        "base": {},
        "set": report(code=f"HZ-{number}"),
        "hlc": [now, number],
        "time": {"dev": now, "mono": 1, "boot": "b", "unc": 5},
        **changed,
    }


def raw(made: Mapping[str, Any]) -> bytes:
    """The bytes of a body as Python writes them, canonical or not."""
    return json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


@dataclass
class Attacker:
    """One enrolled device without a store: it remembers its chain and nothing else."""

    client: httpx.AsyncClient
    device_id: str
    token: str
    key: Ed25519PrivateKey
    sent: int = 0
    head: bytes = b""
    auth: dict[str, str] = field(default_factory=dict[str, str])

    def pack(self, bodies: Sequence[bytes], *, signed: bool = True, **said: Any) -> bytes:  # noqa: ANN401
        """Return a push of these bodies behind what was sent, its head changed as `said`."""
        hashes = [self.head]
        for one in bodies:
            hashes.append(link_digest(hashes[-1], sha256(one).digest()))
        first, last = self.sent + 1, self.sent + len(bodies)
        words = {"first": first, "last": last, "prev": self.head.hex(), "head": hashes[-1].hex()}
        made: dict[str, Any] = {"v": 1, "dev": self.device_id, **words}
        lines = list(bodies)
        if signed:
            sigs = {
                str(number): self.sign(one, digest)
                for number, (one, digest) in enumerate(zip(bodies, hashes[1:], strict=True), first)
            }
            made |= {"sig": sigs[str(last)], "each": True}
            lines.insert(0, json.dumps({"sigs": sigs}).encode())
        return gzip.compress(b"\n".join([json.dumps(made | said).encode(), *lines]))

    def sign(self, one: bytes, digest: bytes) -> str:
        """Return the signature of one body under the words of its kind."""
        try:
            kind = str(json.loads(one)["kind"])
        except (ValueError, KeyError, TypeError, RecursionError):
            kind = "edit"
        return self.key.sign(signed_bytes(kind, digest)).hex()

    async def send(self, data: bytes, **headers: str) -> httpx.Response:
        """Send bytes to /v1/push."""
        packed = {"Content-Encoding": "gzip", **self.auth, **headers}
        return await self.client.post("/v1/push", content=data, headers=packed)

    async def push(self, bodies: Sequence[bytes], **said: Any) -> httpx.Response:  # noqa: ANN401
        """Send bodies; go on behind them if the server took them all."""
        response = await self.send(self.pack(bodies, **said))
        if response.status_code == 200:
            assert response.json()["accepted_to"] == self.sent + len(bodies)
            for one in bodies:
                self.head = link_digest(self.head, sha256(one).digest())
            self.sent += len(bodies)
        return response

    async def honest(self) -> None:
        """Show that the server goes on: an honest report of this very device is accepted."""
        response = await self.push([canonical(body(self.sent + 1))])
        assert response.status_code == 200, response.text
        assert PushReply.model_validate_json(response.content).exceptions == []


async def attacker(bench: Bench) -> Attacker:
    """Enrol a device of an attacker."""
    key = Ed25519PrivateKey.generate()
    public = public_bytes(key)
    asked = {"code": CODE, "device_name": "tablet", "public_key": public.hex()}
    response = await bench.client.post("/v1/enrol", json=asked)
    assert response.status_code == 200, response.text
    reply = response.json()
    auth = {"Authorization": f"Bearer {reply['token']}", "Anshao-Protocol": "1"}
    start = genesis(reply["device_id"], public)
    return Attacker(bench.client, reply["device_id"], reply["token"], key, 0, start, auth)


def refused(response: httpx.Response, *codes: str) -> None:
    """Check that an answer is a problem of a known code, and of one of `codes` if there are any."""
    what = f"{response.request.method} {response.request.url}: {response.status_code}"
    assert response.status_code >= 400, what
    typed(response)
    if codes:
        assert response.json()["code"] in codes, f"{what} {response.text}"


def typed(response: httpx.Response) -> None:
    """Check that an answer is either a success or a problem that the product declares."""
    what = f"{response.request.method} {response.request.url}: {response.status_code}"
    if response.status_code < 400:
        assert response.status_code < 300 or response.status_code == 304, what
        return
    assert response.status_code < 500 or response.status_code in FAULTS, f"{what} {response.text}"
    assert response.headers["content-type"] == MEDIA_TYPE, what
    if response.request.method == "HEAD" and not response.content:
        return
    said = response.json()
    assert said["status"] == response.status_code, what
    assert said["code"] in KNOWN, f"{what} {said['code']}"
    assert isinstance(said["params"], dict), what
