"""A device promises to believe only the plant's server: the one of the QR, or the one it knows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from app import joining, link
from app.settings import ClientSettings
from app.wiring import build_field
from domain.certificates import CertificateError
from domain.errors import FieldError
from domain.invitations import EnrolServerError, Invitation, fingerprint
from server.keys import public_bytes
from tests.helpers.plant import ENROL_CODE, Here, PlantSite, Wire, simulated

KEY = public_bytes(Ed25519PrivateKey.generate())  # the plant's; everybody may know it
Change = Callable[[dict[str, Any]], None]


class Between(Wire):
    """Somebody in the network who answers instead of the plant's server."""

    def __init__(self, app: FastAPI, change: Change) -> None:
        super().__init__(app)
        self.change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if request.url.path != "/v1/enrol":
            return response
        said = json.loads(await response.aread())
        self.change(said)
        return httpx.Response(response.status_code, json=said)


def claims_the_key(said: dict[str, Any]) -> None:
    said["server_public_key"] = KEY.hex()


def without_proof(said: dict[str, Any]) -> None:
    claims_the_key(said)
    said["certificate"] = None


def by_its_own_key(said: dict[str, Any]) -> None:
    del said  # an honest answer, of another server


@pytest.mark.parametrize("change", [claims_the_key, without_proof, by_its_own_key])
async def test_a_server_that_only_claims_to_be_the_one_of_the_qr_gets_no_device(
    site: PlantSite, tmp_path: Path, change: Change
) -> None:
    settings = ClientSettings(store=tmp_path / "new", store_key_file=tmp_path / "secret")
    app = build_field(settings, devices=simulated(Here(), []))
    try:
        app.invitation = Invitation("http://plant.test", "DEMO", ENROL_CODE, fingerprint(KEY))
        assert app.key is not None
        with pytest.raises((EnrolServerError, CertificateError)):
            await link.enrol(app, app.key, site.transport(Between(site.server, change)))
        assert app.identity is None
    finally:
        app.store.close()


async def test_a_device_joins_again_at_the_server_it_knows_and_at_no_other(
    site: PlantSite,
) -> None:
    device = await site.device()
    before = device.app.device
    await joining.join_again(device.app, site.transport(Between(site.server, without_proof)))
    assert isinstance(device.app.trouble, EnrolServerError)
    assert device.app.device == before, "the old identity goes on"
    await joining.join_again(device.app, site.transport(device.wire))
    trouble: FieldError | None = device.app.trouble
    assert trouble is None
    assert device.app.device.device_id != before.device_id
