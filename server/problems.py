"""Refusals as problem details (RFC 9457): code and params, no sentence; the client words them."""

import logging
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from domain.errors import EntryInvalidError, FieldError, NotAllowedError, RecordMissingError

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

_STATUS: Final[Mapping[type[FieldError], int]] = {
    EntryInvalidError: 422,
    NotAllowedError: 403,
    RecordMissingError: 404,
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

    app.add_exception_handler(RefusalError, refusal)
    app.add_exception_handler(FieldError, field_error)
    app.add_exception_handler(RequestValidationError, shape)
    app.add_exception_handler(HTTPException, http)
