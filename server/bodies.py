"""Request bodies, read and inflated within limits, so that none can fill the memory."""

from fastapi import Request

from domain.errors import EntryInvalidError
from server.problems import RefusalError
from sync import protocol


async def read(request: Request, limit: int) -> bytes:
    """Return the body as sent; 413 once it is longer than `limit`, whatever its head promised."""
    promised = request.headers.get("content-length", "")
    if promised.isdigit() and int(promised) > limit:
        raise RefusalError(413, "request.size", limit=limit)
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > limit:
            raise RefusalError(413, "request.size", limit=limit)
        parts.append(part)
    return b"".join(parts)


def inflate(data: bytes, encoding: str, limit: int) -> bytes:
    """Return the body without its gzip coat; 413 once more than `limit` bytes came out of it."""
    if encoding in {"", "identity"}:
        return data
    if encoding != "gzip":
        raise RefusalError(415, "request.encoding")
    try:
        return protocol.inflate(data, limit)
    except EntryInvalidError as error:
        if error.params["reason"] == "size":
            raise RefusalError(413, "request.size", limit=limit) from error
        raise RefusalError(400, "request.gzip") from error
