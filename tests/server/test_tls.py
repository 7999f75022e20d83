"""The plant's CA: who trusts it trusts the host; made again only when needed."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from server import clock, main, tls
from server.settings import ServerSettings

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOSTS = ("plant.local", "127.0.0.1")


def _handshake(files: tls.TlsFiles, host: str) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=files.ca)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=host)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for side in (asking, answering):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("host", HOSTS)
def test_a_client_that_trusts_the_ca_trusts_the_host(tmp_path: Path, host: str) -> None:
    _handshake(tls.ensure(tmp_path, HOSTS, "DEMO", clock.moment(clock.now_ms())), host)


def test_another_name_is_not_trusted(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, HOSTS, "DEMO", clock.moment(clock.now_ms()))
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(files, "elsewhere.local")


def test_the_ca_stays_while_the_host_certificate_follows_its_names_and_age(tmp_path: Path) -> None:
    first = tls.ensure(tmp_path, HOSTS, "DEMO", NOW)
    ca, host = first.ca.read_bytes(), first.certificate.read_bytes()
    assert tls.ensure(tmp_path, HOSTS, "DEMO", NOW).certificate.read_bytes() == host
    moved = tls.ensure(tmp_path, (*HOSTS, "10.0.0.7"), "DEMO", NOW).certificate.read_bytes()
    assert moved != host
    later = tls.ensure(tmp_path, HOSTS, "DEMO", NOW + timedelta(days=380))
    assert later.certificate.read_bytes() != moved
    assert later.ca.read_bytes() == ca
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "host.key").stat().st_mode) == 0o600


async def test_the_trust_page_is_there_only_with_https(
    settings: ServerSettings, tmp_path: Path
) -> None:
    files = tls.ensure(tmp_path / "tls", HOSTS, "DEMO", NOW)
    with_tls = settings.model_copy(
        update={
            "tls_certificate": files.certificate,
            "tls_key": files.key,
            "tls_ca": files.ca,
        }
    )
    for chosen, status in ((settings, 404), (with_tls, 200)):
        app = main.create_app(chosen)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://server") as client:
            page, ca = await client.get("/trust"), await client.get("/v1/ca.pem")
        app.state.site.store.close()
        assert (page.status_code, ca.status_code) == (status, status)
    assert files.fingerprint in page.text
    assert ca.content == files.ca.read_bytes()
    assert b"PRIVATE" not in ca.content
