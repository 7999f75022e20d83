"""What a reply says: the message in it, or the typed failure that it stands for."""

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from domain.errors import (
    DeviceBlockedError,
    EntryInvalidError,
    FieldError,
    ServerRefusedError,
    ServerTroubleError,
    StrangeReplyError,
)
from domain.invitations import DeviceRevokedError
from sync import packing
from sync.protocol import PROTOCOL_HEADER, SERVER_TIME, BlobReply, PullReply, read_problem

RETRY_MAX_S = 900  # no server makes us wait longer, whatever it says
_SERVER_FAULT = 500
_TIME_DIGITS = 16
_NUMBER = re.compile(r"[0-9]{1,15}")
_M = TypeVar("_M", bound=BaseModel)


class Reply(NamedTuple):
    """A reply, read to its end."""

    status_code: int
    headers: httpx.Headers
    content: bytes


def refusal(method: str, reply: Reply) -> FieldError:
    """Return the failure that a reply without success stands for."""
    later = _retry_s(reply.headers)
    if method == "HEAD" and reply.headers.get(PROTOCOL_HEADER):  # has no body that says more
        status = reply.status_code
        kind = ServerTroubleError if status >= _SERVER_FAULT else ServerRefusedError
        return kind(reason=f"http.{status}", status=status, detail=None, **later)
    problem = read_problem(reply.content)
    if problem is None:  # not our server: a captive portal, a proxy without its backend
        return StrangeReplyError(reason=str(reply.status_code), **later)
    if problem.code in (DeviceBlockedError.code, DeviceRevokedError.code):
        revoked = problem.code == DeviceRevokedError.code
        shut = DeviceRevokedError if revoked else DeviceBlockedError
        return shut(why=str(problem.params.get("why", "")))
    params_of = {key: value for key, value in problem.params.items() if key != "reason"}
    params_of["detail"] = problem.params.get("reason")
    kind = ServerTroubleError if reply.status_code >= _SERVER_FAULT else ServerRefusedError
    params_of |= {"reason": problem.code, "status": reply.status_code} | later
    return kind(**params_of)


def parsed(kind: type[_M], reply: Reply) -> _M:
    """Read a message; raises StrangeReplyError for anything else."""
    try:
        return kind.model_validate_json(reply.content)
    except ValidationError as error:  # a captive portal answers 200 with its own page
        raise StrangeReplyError(reason="reply") from error


def uncovered(data: bytes, coat: str, max_bytes: int) -> bytes:
    """Return a reply without its coat; the library would unpack gigabytes in one go."""
    if coat in ("", "identity") or not data:
        return data
    if coat not in packing.accepted().split(", "):
        raise StrangeReplyError(reason="reply")
    try:
        return packing.inflate(data, max_bytes, coat)
    except EntryInvalidError as error:
        reason = "size" if error.params["reason"] == "size" else "reply"
        raise StrangeReplyError(reason=reason) from error


def unchanged(after: int, known: Mapping[str, str], reply: Reply) -> PullReply:
    """Return the page that says nothing: the server leaves out what the device knows."""
    said = reply.headers.get(SERVER_TIME, "")
    if not (said.isascii() and said.isdigit() and len(said) < _TIME_DIGITS):
        raise StrangeReplyError(reason="reply")
    return PullReply(
        next=after,
        more=False,
        server_ms=int(said),
        epoch=known.get("epoch", ""),
        mark=known.get("seen"),
    )


def blob_reply(reply: Reply) -> BlobReply:
    """Read how far a file has come out of the headers of an answer."""
    given = [reply.headers.get(name, "") for name in ("Upload-Offset", "Upload-Length")]
    if not all(_NUMBER.fullmatch(one) for one in given):
        raise StrangeReplyError(reason="reply")
    receipt, at = reply.headers.get("Anshao-Receipt"), reply.headers.get("Anshao-Received", "")
    return BlobReply(
        state="received" if receipt else "partial",
        offset=int(given[0]),
        size=int(given[1]),
        receipt=receipt[:256] if receipt else None,
        server_ms=int(at) if _NUMBER.fullmatch(at) else 0,
    )


def _retry_s(headers: httpx.Headers) -> dict[str, int]:
    """Return for how long the server wants to be left alone, as far as it says so in seconds."""
    said = headers.get("Retry-After", "").strip()
    return {"retry_s": min(int(said), RETRY_MAX_S)} if _NUMBER.fullmatch(said) else {}
