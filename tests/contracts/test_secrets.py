"""What every key store of a system promises: it gives back what it took, until it forgets."""

import pytest

pytestmark = pytest.mark.desktop


def test_the_system_gives_back_what_it_took_until_it_forgets() -> None:
    from keyring.backend import KeyringBackend

    from media.adapters.keyring_secrets import KeyringSecrets

    class InMemory(KeyringBackend):
        priority = 1  # pyright: ignore[reportAssignmentType]

        def __init__(self) -> None:
            super().__init__()
            self.kept: dict[tuple[str, str], str] = {}

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

    secrets = KeyringSecrets(InMemory())
    assert secrets.get("one") is None
    assert secrets.put("one", b"\0" * 32)
    assert secrets.get("one") == b"\0" * 32
    secrets.forget("one")  # this one cannot: no trouble


def test_a_backend_that_keeps_nothing_is_no_key_store(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends import fail, null

    from media.adapters import keyring_secrets

    for backend in (fail.Keyring(), null.Keyring()):
        monkeypatch.setattr(keyring, "get_keyring", lambda backend=backend: backend)
        assert keyring_secrets.of_system() is None
