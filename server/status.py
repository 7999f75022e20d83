"""Is the server alive, is it ready; and does a client speak a protocol that we understand."""

import logging
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from offline_store import safety
from server import clock_check, duties, duty_log
from server.problems import RefusalError, problem
from server.site import Site, site
from sync.protocol import PROTOCOL, PROTOCOL_HEADER

router = APIRouter(tags=["status"])
_log = logging.getLogger(__name__)
_PUSH_PATH = "/v1/push"


class Live(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """The server can take entries: store, definitions and disk are fine."""

    status: str
    definitions: str
    disk_free_bytes: int
    damaged: str | None = None  # where a damaged store was set aside; entries may be missing
    lost: int = 0
    blobs: Literal["ok", "away"] = "ok"  # away: photos and clips wait, records go on
    duties: dict[str, int]  # seconds since each last went well


@router.get("/docs", include_in_schema=False)
def docs(here: Annotated[Site, Depends(site)]) -> HTMLResponse:
    """Show the API; the page of ours needs no file from the internet, the framework's does."""
    return HTMLResponse((here.settings.assets / "docs.html").read_text("utf-8"))


def speaks_our_protocol(request: Request) -> None:
    """Refuse other versions, but never a push: evidence is not turned away for its age."""
    said = request.headers.get(PROTOCOL_HEADER)
    if said is not None and said != str(PROTOCOL) and request.url.path != _PUSH_PATH:
        raise RefusalError(426, "protocol.version", wanted=PROTOCOL)


@router.get("/health/live")
async def live() -> Live:
    """Say that the process answers."""
    return Live(status="live")


@router.get("/health/ready", response_model=Ready)
def ready(here: Annotated[Site, Depends(site)]) -> Ready | JSONResponse:
    """Say whether the server can work, or what is wrong."""
    wrong: list[str] = []
    saved: safety.SalvageReport | None = None
    try:
        with here.store.reading() as session:
            saved = safety.report(session)
            if clock_check.behind(session, here.now_ms()):
                wrong.append("clock")
    except SQLAlchemyError:
        _log.exception("store")
        wrong.append("store")
    free = here.disk_free()
    if free < here.settings.disk_free_min_bytes:
        wrong.append("disk")
    ages_s = here.duty_log.ages_s(duties.name(duty) for duty in duties.DUTIES)
    if max(ages_s.values(), default=0) > duty_log.limit_s(here.settings.duties_s):
        wrong.append("duties")
    if wrong:
        return problem(503, "server.not_ready", {"wrong": wrong})
    return Ready(
        status="ready",
        definitions=here.pack.definitions.version,
        disk_free_bytes=free,
        damaged=saved.file if saved else None,
        lost=saved.changes[1] if saved else 0,
        blobs="ok" if here.blob_store.reachable() else "away",
        duties=ages_s,
    )
