"""Refusals as problem details (RFC 9457): code and params, no sentence; the client words them."""

import logging
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from domain.errors import (
    EntryInvalidError,
    FieldError,
    NotAllowedError,
    RecordMissingError,
    StoreFullError,
)

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

# Every code that an answer of the server can bear and that is no error of `domain/errors.py`.
CODES: Final[Mapping[str, str]] = {
    "batch.size": "413: more entries in one push than `limit`.",
    "blob.hash": "422: all bytes are here and do not make the hash; the upload starts over.",
    "blob.offset": "409: the part does not begin where the stored bytes end, at `offset`.",
    "blob.offset_missing": "422: a part without `Upload-Offset`.",
    "blob.part_size": "413: a part longer than `limit`, or than the file that was offered.",
    "blob.range": "416: not one range of the file.",
    "blob.removed": "410: personal media whose bytes were removed for good; delete the copy.",
    "blob.size": "413: a file larger than `limit`.",
    "blob.size_other": "409: a part of this file is here, of another `size`.",
    "blob.store_away": "503: where files are kept cannot be reached; parts wait, records go on.",
    "blob.unknown": "404: no such file, or nobody has offered it.",
    "blob.unnamed": "403: a file of a revoked device that none of its held entries names.",
    "blob.uploads": "429: too many unfinished uploads of this device, or of all.",
    "device.other": "403: entries of another device than the one that sends them.",
    "device.revoked": "403: the device was lost (`revoked_ms`, `why`); pushes and files are still"
    " taken, and held.",
    "device.unknown": "401: no token, or one that the server does not know.",
    "enrol.closed": "403: the code of the settings was for the first device only.",
    "enrol.expired": "403: the hours of the one-time code are over.",
    "enrol.plant": "403: the device has records of another plant.",
    "enrol.proof": "403: the device has not signed what it asks with the key it shows.",
    "enrol.used": "403: the one-time code has let a device in already.",
    "enrol.wait": "429: too many tries to enrol; `wait_s` until the next.",
    "enrol.withdrawn": "403: an administrator has withdrawn the code.",
    "entry.unsigned": "In a push reply: not signed, though the device has signed before.",
    "http.400": "400: the request is no proper HTTP.",
    "http.404": "404: no such address.",
    "http.405": "405: the address does not take this method.",
    "http.416": "416: the range lies outside the file.",
    "protocol.version": "426: the server speaks version `wanted` of the protocol.",
    "request.cut": "400: the body broke off.",
    "request.encoding": "415: a body in another coat than gzip or zstd.",
    "request.gzip": "400: the gzip or zstd coat of a body is damaged.",
    "request.invalid": "422: not the message that the address takes; `where` it does not fit.",
    "request.rate": "429: too many requests of one sender; `wait_s` until the next.",
    "request.silent": "408: the body stood still for too long.",
    "request.size": "413: a body longer than `limit`, as sent or unpacked.",
    "scope.other": "403: a snapshot of scopes that are not this device's.",
    "server.clock": "503: the server doubts its own clock and judges nothing until it is right.",
    "server.disk_full": "507: no room for a file.",
    "server.incident": "500: a bug; the server's log has the number `incident`.",
    "server.not_ready": "503: what is `wrong` with the server's health.",
    "sync.fork": "409: other entries under numbers that are known; set aside for a manager.",
    "sync.gap": "409: the entries do not go on from what is here; `expected` is the next number.",
    "sync.unsigned": "409: the device signs and this push hides it; send it with its signatures.",
    "tus.checksum": "460: the part is not what its checksum says; it was thrown away.",
    "tus.checksum_kind": "400: a checksum of another kind than `known`.",
    "tus.length": "400: no length of the file, or none that can be read.",
    "tus.metadata": "400: the metadata of a file cannot be read, or `where` it does not fit.",
    "tus.method": "405: another method in place of POST than `wanted`.",
    "tus.type": "415: a part of another type than `wanted`.",
    "tus.version": "412: another version of tus than the one in `Tus-Version`.",
}

_STATUS: Final[Mapping[type[FieldError], int]] = {
    EntryInvalidError: 422,
    NotAllowedError: 403,
    RecordMissingError: 404,
    StoreFullError: 507,  # the server's own trouble: the device keeps everything and comes again
}


class RefusalError(Exception):
    """A request that the server does not fulfil: HTTP status, stable code, and its params."""

    def __init__(
        self, status: int, code: str, headers: Mapping[str, str] | None = None, **params: object
    ) -> None:
        """Keep what the problem document names; `headers` go with the answer."""
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.params = params


def problem(
    status: int, code: str, params: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return the problem document of a refusal."""
    body: dict[str, object] = {
        "type": f"urn:anshao:problem:{code}",
        "title": code,
        "status": status,
        "code": code,
        "params": dict(params),
    }
    return JSONResponse(body, status, dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every expected failure of a route with its problem document."""

    async def refusal(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RefusalError)
        _log.info("refused", extra={"status": error.status, "code": error.code})
        return problem(error.status, error.code, error.params, error.headers)

    async def field_error(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, FieldError)
        return problem(_STATUS.get(type(error), 409), error.code, error.params)

    async def shape(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # where, never what: the value that did not fit may be a token or a name
        where = [".".join(str(part) for part in row["loc"]) for row in error.errors()[:20]]
        return problem(422, "request.invalid", {"where": where})

    async def http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, f"http.{error.status_code}", {}, error.headers)

    # a Location is made of the Host that the sender says: nobody is sent there
    app.router.redirect_slashes = False
    app.add_exception_handler(RefusalError, refusal)
    app.add_exception_handler(FieldError, field_error)
    app.add_exception_handler(RequestValidationError, shape)
    app.add_exception_handler(HTTPException, http)
