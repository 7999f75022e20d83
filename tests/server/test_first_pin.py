"""The first PIN promises: an administrator of a new plant gets in, and then this way is shut."""

import json
from pathlib import Path

import pytest

import anshao
from domain.pins import fits
from domain.register_rules import administrators
from domain.registers import register_id
from offline_store import entries
from server.first_pin import FirstPinError, give
from server.main import prepare
from server.settings import ServerSettings
from server.standing import ServerMissingError


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    """A server of a plant of its own that has started once: nobody has a PIN."""
    settings = ServerSettings(home=tmp_path / "server")
    prepare(settings).store.close()
    return settings


def people(settings: ServerSettings) -> tuple[dict[str, dict[str, object]], set[str]]:
    """What devices get of people with a PIN, and who administers."""
    here = prepare(settings)
    here.store.close()
    found = here.pack.definitions
    given = json.loads(here.pack.plain)["people"]
    return {row["person_id"]: row for row in given}, administrators(found.access, found.plant)


def test_an_administrator_gets_a_pin_for_one_time_and_the_way_is_shut(
    settings: ServerSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, admins = people(settings)
    assert not before
    first, *others = sorted(admins)
    monkeypatch.setenv("ANSHAO_HOME", str(settings.home.parent))
    assert anshao.main(["first-pin", first, "--language", "en"]) == 0
    pin = capsys.readouterr().out.splitlines()[0].rpartition(" ")[2]
    given, _ = people(settings)
    assert list(given) == [first]
    assert fits(pin, str(given[first]["pin_hash"]))
    assert given[first]["temporary"] is True, "an own one is to be chosen"
    for person in (first, *others):
        assert anshao.main(["first-pin", person, "--language", "en"]) == 2
        assert "has a PIN already" in capsys.readouterr().err
    here = prepare(settings)
    with here.store.reading() as session:
        (written,) = entries.of_record(session, register_id("pins", first))
    here.store.close()
    assert written.entry.person_id == "rule"
    assert pin not in str(written.entry.set)


def test_nobody_else_gets_one(settings: ServerSettings) -> None:
    _, admins = people(settings)
    assert "U003" not in admins
    for person, reason in (("U003", "first_pin_role"), ("U999", "first_pin_unknown")):
        with pytest.raises(FirstPinError) as refused:
            give(settings, person)
        assert refused.value.params["reason"] == reason
    assert people(settings)[0] == {}


def test_it_makes_no_server(tmp_path: Path) -> None:
    with pytest.raises(ServerMissingError):
        give(ServerSettings(home=tmp_path / "none"), "U001")
    assert not (tmp_path / "none").exists()
