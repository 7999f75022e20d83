"""Request bodies, read and inflated within limits, so that none can fill the memory."""

import asyncio
import json
import re
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from domain.errors import EntryInvalidError
from server.problems import RefusalError
from sync import packing

SILENCE_S = 20.0  # a body that stands still for so long has lost its sender
_LENGTH = re.compile(r"[0-9]{1,15}")  # `isdigit` takes "²", and a number may have 5000 digits
_Model = TypeVar("_Model", bound=BaseModel)


async def read(request: Request, limit: int) -> bytes:
    """Return the body as sent; 413 once it is longer than `limit`, whatever its head promised."""
    promised = request.headers.get("content-length", "0")
    if not _LENGTH.fullmatch(promised) or int(promised) > limit:
        raise RefusalError(413, "request.size", limit=limit)
    parts: list[bytes] = []
    length = 0
    stream = request.stream()
    while True:
        try:
            part = await asyncio.wait_for(anext(stream, None), SILENCE_S)
        except TimeoutError as error:
            raise RefusalError(408, "request.silent") from error
        if part is None:
            return b"".join(parts)
        length += len(part)
        if length > limit:
            raise RefusalError(413, "request.size", limit=limit)
        parts.append(part)


async def message(request: Request, kind: type[_Model], limit: int) -> _Model:
    """Return the message in a body; one that can be read in two ways is refused, too."""
    data = await read(request, limit)
    try:
        found = kind.model_validate_json(data)
        json.loads(data, object_pairs_hook=_once)
    except ValidationError as error:
        # where, never what: the value that did not fit may be a token or a name
        where = [".".join(str(part) for part in row["loc"]) for row in error.errors()[:20]]
        raise RefusalError(422, "request.invalid", where=where) from error
    except (ValueError, RecursionError) as error:
        raise RefusalError(422, "request.invalid", where=["body"]) from error
    return found


def described(kind: type[BaseModel]) -> dict[str, object]:
    """Return what the API's description says of a body that a route reads by itself."""
    content = {"application/json": {"schema": kind.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def described_bytes(*headers: str) -> dict[str, object]:
    """Return the same of a body of plain bytes, and of headers that the route reads by itself."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    named = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in headers
    ]
    content = {"application/octet-stream": schema}
    return {"requestBody": {"required": True, "content": content}, "parameters": named}


def inflate(data: bytes, encoding: str, limit: int) -> bytes:
    """Return the body without its coat; 413 once more than `limit` bytes came out of it."""
    if encoding in {"", "identity"}:
        return data
    if encoding not in packing.accepted().split(", "):
        raise RefusalError(415, "request.encoding")
    try:
        return packing.inflate(data, limit, encoding)
    except EntryInvalidError as error:
        if error.params["reason"] == "size":
            raise RefusalError(413, "request.size", limit=limit) from error
        raise RefusalError(400, "request.gzip") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    no_text = any(isinstance(value, str) and "\0" in value for value in found.values())
    if len(found) < len(pairs) or no_text:  # PostgreSQL keeps no text that holds a NUL
        raise ValueError
    return found
