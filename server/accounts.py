"""Devices: enrolment with a code, and the token that says which device is calling.

The server keeps only the SHA-256 of a token (256 random bits, so a plain hash is enough); the
device keeps the token beside its keys.
"""

import hashlib
import hmac
import logging
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from offline_store import devices, keep, records
from offline_store.database import lock_tries
from server import bodies, clock, device_records
from server.pack import label_keys
from server.problems import RefusalError
from server.site import Site, site
from sync.protocol import EnrolReply, EnrolRequest

router = APIRouter(prefix="/v1", tags=["accounts"])
_log = logging.getLogger(__name__)

_ASKED_MAX_BYTES = 4096
_TOKEN_BYTES = 32
_TOKEN_MAX = 256
_MINUTE_MS = 60_000
_TRIES = "server.enrol_tries"  # in the store: several processes count together


@router.post("/enrol", openapi_extra=bodies.described(EnrolRequest))
async def enrol(request: Request, here: Annotated[Site, Depends(site)]) -> EnrolReply:
    """Take a device into the plant: it shows the code and gets a name and a token."""
    asked = await bodies.message(request, EnrolRequest, _ASKED_MAX_BYTES)
    await run_in_threadpool(_count_try, here)
    wanted = here.settings.enrol_code
    if wanted is None or not hmac.compare_digest(asked.code.encode(), wanted.encode()):
        raise RefusalError(403, "enrol.refused")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    enrolled = devices.Device(
        device_id=clock.new_id(here.now_ms()),
        public_key=bytes.fromhex(asked.public_key),
        name=asked.device_name,
        token_hash=token_hash(token),
        enrolled_ms=here.now_ms(),
    )
    await run_in_threadpool(_add, here, enrolled)
    _log.info("enrolled", extra={"device": enrolled.device_id})
    return EnrolReply(
        device_id=enrolled.device_id,
        token=token,
        plant=here.pack.definitions.plant.code,
        server_public_key=here.public_key,
        label_keys=label_keys(here.signers),
    )


def device(request: Request, here: Annotated[Site, Depends(site)]) -> devices.Device:
    """Return the device whose token came with the request; 401 for any other caller."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= _TOKEN_MAX:
        raise _unknown()
    with here.store.reading() as session:
        found = devices.by_token(session, token_hash(token))
        record = records.lookup(session, found.device_id) if found else None
    if found is None:
        raise _unknown()
    if found.state != "active":
        raise RefusalError(403, "device.revoked")
    if record and record.text("state") == "blocked":  # by an administrator, who may lift it again
        raise RefusalError(403, "device.blocked", why=record.text("reason"))
    request.state.device = found.device_id
    return found


def token_hash(token: str) -> str:
    """Return what the server keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _unknown() -> RefusalError:
    return RefusalError(401, "device.unknown", {"WWW-Authenticate": "Bearer"})


def _add(here: Site, enrolled: devices.Device) -> None:
    here.store.run(lambda session: device_records.add(here, session, enrolled))
    here.hints.announce()


def _count_try(here: Site) -> None:
    """Slow down guessing: all tries of the last minute count, whoever and wherever made them."""
    now = here.now_ms()
    with here.store.session() as session:
        lock_tries(session)
        kept = keep.get(session, _TRIES)
        tries = [at for at in kept if isinstance(at, int)] if isinstance(kept, list) else []
        tries = [at for at in tries if abs(now - at) < _MINUTE_MS]  # a clock set back bars nobody
        if len(tries) < here.settings.enrol_per_minute:
            keep.put(session, _TRIES, [*tries, now])
            return
    raise RefusalError(429, "enrol.wait", {"Retry-After": "60"}, wait_s=60)
