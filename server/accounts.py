"""Devices: enrolment, certificates, and the token that says which device is calling.

The server keeps only the SHA-256 of a token (256 random bits, so a plain hash is enough); the
device keeps the token beside its keys.
"""

import hashlib
import logging
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from domain.invitations import BLOCKED
from domain.records import Record
from offline_store import devices, keep, records
from offline_store.database import lock_tries
from server import bodies, certificates, enrolment, revocation
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
_NUMBER_MAX = 2**53 - 1
_SERIAL_MAX = 2**52  # the next one is above it, and has to be a whole number of the wire, too
_TRIES = "server.enrol_tries"  # in the store: several processes count together


@router.post("/enrol", openapi_extra=bodies.described(EnrolRequest))
async def enrol(request: Request, here: Annotated[Site, Depends(site)]) -> EnrolReply:
    """Take a device into the plant: it shows the code, proves its key, gets a name and a token."""
    asked = await bodies.message(request, EnrolRequest, _ASKED_MAX_BYTES)
    await run_in_threadpool(_count_try, here)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    taken = await run_in_threadpool(enrolment.take, here, asked, token_hash(token))
    here.hints.announce()
    _log.info("enrolled", extra={"device": taken.device_id})
    return EnrolReply(
        device_id=taken.device_id,
        token=token,
        plant=here.pack.definitions.plant.code,
        server_public_key=here.public_key,
        label_keys=label_keys(here.signers),
        certificate=taken.certificate,
    )


@router.get("/certificate", response_model=None)
def certificate(
    request: Request,
    here: Annotated[Site, Depends(site)],
    *,
    have: Annotated[int, Query(ge=0, le=_SERIAL_MAX)] = 0,
    newest: Annotated[int, Query(ge=0, le=_NUMBER_MAX)] = 0,
) -> Response:
    """Say who may work on the device that asks; 304 while its certificate `have` says it well.

    `newest` is the number of the last entry that the device wrote: what the server lacks.
    """
    certificates.note(here, sender(request, here), newest)  # of a lost device most of all
    reply = certificates.renewed(here, device(request, here), have)
    if reply is None:
        return Response(status_code=304)
    headers = {"Cache-Control": "no-store"}
    return Response(reply.model_dump_json(), headers=headers, media_type="application/json")


def device(request: Request, here: Annotated[Site, Depends(site)]) -> devices.Device:
    """Return the device whose token came with the request; 401 and 403 for any other caller."""
    found, record = _known(request, here)
    revoked_ms = revocation.since(record)
    if revoked_ms is not None:
        # the device locks itself on this word and keeps what it has not sent
        why = record.text("reason") if record else ""
        raise RefusalError(403, "device.revoked", why=why, revoked_ms=revoked_ms)
    request.state.device = found.device_id
    return found


def sender(request: Request, here: Annotated[Site, Depends(site)]) -> devices.Device:
    """Return the device as `device` does, a revoked one too: what it sends is quarantined."""
    found, record = _known(request, here)
    request.state.device = found.device_id
    request.state.lost = revocation.since(record) is not None
    return found


def _known(request: Request, here: Site) -> tuple[devices.Device, Record | None]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= _TOKEN_MAX:
        raise _unknown()
    with here.store.reading() as session:
        found = devices.by_token(session, token_hash(token))
        record = records.lookup(session, found.device_id) if found else None
    if found is None:
        raise _unknown()
    if record and record.text("state") == BLOCKED and revocation.since(record) is None:
        # by an administrator, who may lift it again
        raise RefusalError(403, "device.blocked", why=record.text("reason"))
    return found, record


def token_hash(token: str) -> str:
    """Return what the server keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _unknown() -> RefusalError:
    return RefusalError(401, "device.unknown", {"WWW-Authenticate": "Bearer"})


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
