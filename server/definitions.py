"""Handing out the pack (see `server.pack`)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from offline_store.devices import Device
from server.accounts import device
from server.site import Site, site

router = APIRouter(prefix="/v1", tags=["definitions"])


@router.get("/pack")
def get_pack(
    request: Request,
    here: Annotated[Site, Depends(site)],
    _device: Annotated[Device, Depends(device)],
) -> Response:
    """Give the pack, or 304 where the device has this very one."""
    with here.store.reading() as session:
        here.refresh(session)
    pack = here.pack
    headers = {"ETag": pack.etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == pack.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(pack.packed, headers=headers, media_type="application/json")
    return Response(pack.plain, headers=headers, media_type="application/json")
