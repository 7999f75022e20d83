"""tus 1.0 by the book: its headers read and written; what a file is comes in its metadata.

Extensions: creation, creation-with-upload, checksum, expiration. There is no termination: evidence
that was begun expires, nobody deletes it. Uploads of unknown length are not taken.
"""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError

from server.problems import RefusalError
from sync.protocol import TUS_VERSION, BlobOffer, BlobReply

HEADER: Final = "Tus-Resumable"
EXTENSIONS: Final = "creation,creation-with-upload,checksum,expiration"
BODY_TYPE: Final = "application/offset+octet-stream"
MISMATCH: Final = 460  # the status of tus for a part that is not what its checksum says
_ALGORITHMS: Final = {"sha1": 20, "sha256": 32}
_METADATA_MAX: Final = 2048
_PAIRS_MAX: Final = 16
_KEY: Final = re.compile(r"[!-+\--~]{1,64}")  # ASCII, no space, no comma
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_FREE: Final = {"OPTIONS", "GET"}  # of a version: the one asks for it, the other is none of tus


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a part should be: the name of the hash and its digest."""

    algorithm: str
    digest: bytes


class TusRoute(APIRoute):
    """A route that speaks tus to whoever says so: version checked, version on every answer."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the handler with the rules of the version around it."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if not speaks(request):
                return await inner(request)
            try:
                _check_version(request)
                response = await inner(request)
            except RefusalError as error:
                error.headers.setdefault(HEADER, TUS_VERSION)
                raise
            response.headers[HEADER] = TUS_VERSION
            return response

        return handle


def speaks(request: Request) -> bool:
    """Say whether a request is of tus; the one of protocol 1.1 bears no version of it."""
    return HEADER in request.headers


def _check_version(request: Request) -> None:
    if request.method not in _FREE and request.headers[HEADER] != TUS_VERSION:
        raise RefusalError(412, "tus.version", {"Tus-Version": TUS_VERSION})


def abilities(max_bytes: int) -> dict[str, str]:
    """Return what OPTIONS tells: versions, extensions, limits."""
    return {
        HEADER: TUS_VERSION,
        "Tus-Version": TUS_VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(max_bytes),
        "Tus-Checksum-Algorithm": ",".join(_ALGORITHMS),
    }


def offered(headers: Mapping[str, str], max_bytes: int) -> BlobOffer:
    """Return what a creation offers; raises RefusalError 400 or 413."""
    said = headers.get("upload-length", "")
    if not _LENGTH.fullmatch(said):  # also without: a length that is told later is not taken
        raise RefusalError(400, "tus.length")
    if int(said) > max_bytes:
        raise RefusalError(413, "blob.size", limit=max_bytes)
    given = metadata(headers.get("upload-metadata", ""))
    try:
        return BlobOffer(
            sha256=given.get("sha256", ""),
            size=int(said),
            kind=given.get("kind", "original"),
            record=given.get("record", ""),
        )
    except ValidationError as error:
        where = [".".join(str(part) for part in row["loc"]) for row in error.errors()]
        raise RefusalError(400, "tus.metadata", where=where) from error


def metadata(text: str) -> dict[str, str]:
    """Read `Upload-Metadata`: pairs of a key and Base64, with commas; raises RefusalError 400."""
    if len(text) > _METADATA_MAX:
        raise RefusalError(400, "tus.metadata", where=["length"])
    found: dict[str, str] = {}
    pairs = [pair.strip(" ") for pair in text.split(",")] if text else []
    for pair in pairs:
        key, _, packed = pair.partition(" ")
        if not _KEY.fullmatch(key) or key in found or len(found) >= _PAIRS_MAX:
            raise RefusalError(400, "tus.metadata", where=["key"])
        try:
            value = base64.b64decode(packed, validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise RefusalError(400, "tus.metadata", where=[key]) from error
        if "\0" in value:  # PostgreSQL keeps no text that holds one
            raise RefusalError(400, "tus.metadata", where=[key])
        found[key] = value
    return found


def checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Return the checksum that comes with a part, if one does; raises RefusalError 400."""
    said = headers.get("upload-checksum")
    if said is None:
        return None
    algorithm, _, packed = said.partition(" ")
    try:
        digest = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if _ALGORITHMS.get(algorithm) != len(digest):
        raise RefusalError(400, "tus.checksum_kind", known=list(_ALGORITHMS))
    return Checksum(algorithm, digest)


def check_type(headers: Mapping[str, str]) -> None:
    """Refuse a part in another type than that of tus: 415."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != BODY_TYPE:
        raise RefusalError(415, "tus.type", wanted=BODY_TYPE)


def state_headers(state: BlobReply, expires_ms: int | None) -> dict[str, str]:
    """Return how far a file has come; a whole one bears its receipt, another when it expires."""
    headers = {
        "Upload-Offset": str(state.offset),
        "Upload-Length": str(state.size),
        "Cache-Control": "no-store",
    }
    if state.receipt:
        headers["Anshao-Receipt"] = state.receipt
        headers["Anshao-Received"] = str(state.server_ms)
    elif expires_ms is not None:
        headers["Upload-Expires"] = formatdate(expires_ms / 1000, usegmt=True)
    return headers
