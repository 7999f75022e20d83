"""The page that tells how to trust the plant's CA, and the CA itself; only with https."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, HTMLResponse

from server import tls
from server.site import Site, site

router = APIRouter(tags=["trust"])
_PAGE = "trust.html"
_FINGERPRINT = "{fingerprint}"


@router.get("/v1/ca.pem")
def ca(here: Annotated[Site, Depends(site)]) -> FileResponse:
    """Give the CA certificate of this plant; it is public."""
    assert here.settings.tls_ca
    return FileResponse(
        here.settings.tls_ca, media_type="application/x-x509-ca-cert", filename="anshao-ca.crt"
    )


@router.get("/trust")
def page(here: Annotated[Site, Depends(site)]) -> HTMLResponse:
    """Show how to trust the CA on Android, iOS and Windows, in Chinese and English."""
    assert here.settings.tls_ca
    text = (here.settings.assets / _PAGE).read_text("utf-8")
    return HTMLResponse(text.replace(_FINGERPRINT, tls.fingerprint(here.settings.tls_ca)))
