"""Photos of a backup, wherever the server keeps them: none is left out in silence."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import obstore
import pytest
from sqlmodel import col, select

from anshao import main
from domain.passphrases import PassphraseWeakError
from offline_store.database import open_store
from offline_store.tables import BlobRow
from server import backup, backup_photos, sealed
from server.backup import BackupBrokenError, BackupStoreAwayError, BackupTargetError
from server.blob_store import ObjectBlobs, Objects
from server.settings import ServerSettings
from tests.helpers.processes import free_port
from tests.helpers.s3 import BUCKET, KEYS, s3_server

PHRASE = "correct horse battery staple"
OLD = (
    "616e7368616f2d7365616c65642d310a359a9a2c37f04185ce90418be17ec3ed18c5f7e64006cbee"
    "934db6835a4562179f92670075cad1bd26dfdc81e8d67b0a"
)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def settings(
    seeded_home: Path, tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> ServerSettings:
    """A server whose photos rest in S3, all but one: that is from before."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": s3}.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "server"
    shutil.copytree(seeded_home, home)
    where = f"s3://{BUCKET}/{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]}"
    found = ServerSettings(home=home, blob_store=where)
    place = backup_photos.place_of(found)
    assert isinstance(place, ObjectBlobs)
    for file in sorted(one for one in (home / "blobs").glob("*/*") if not one.suffix)[1:]:
        part = file.rename(file.with_suffix(".part"))
        assert place.keep(file.name, part)
    assert len(list((home / "blobs").glob("*/*"))) == 1
    return found


def bucket(settings: ServerSettings) -> Objects:
    """Give the bucket itself, as its administrator has it."""
    place = backup_photos.place_of(settings)
    assert isinstance(place, ObjectBlobs)
    return place._objects


def objects(settings: ServerSettings) -> list[str]:
    """Say which photos the bucket has under this server's prefix."""
    return sorted(one["path"] for page in obstore.list(bucket(settings)) for one in page)


def to(settings: ServerSettings, home: Path, blob_store: str = "folder") -> ServerSettings:
    return settings.model_copy(update={"home": home, "blob_store": blob_store})


def rests(settings: ServerSettings) -> dict[str, bytes]:
    """Read every photo that the rows of a server name, from wherever it rests."""
    place = backup_photos.place_of(settings)
    with closing(open_store(settings.home)) as store, store.reading() as session:
        wanted = session.exec(select(BlobRow.sha256).where(col(BlobRow.have).is_(True))).all()
    found = {sha: b"".join(place.read(sha, 0, 2**62)) for sha in wanted}
    assert all(hashlib.sha256(data).hexdigest() == sha for sha, data in found.items())
    return found


def test_photos_of_an_object_store_come_back_even_without_it(
    settings: ServerSettings, tmp_path: Path
) -> None:
    before = rests(settings)
    made = backup.make(settings, tmp_path / "out", PHRASE)
    assert made.photos.copied == len(made.photos.named) == len(before) > 2
    assert not made.photos.left
    assert not made.photos.lacking
    obstore.delete(bucket(settings), objects(settings))  # the bucket is lost with the server
    home = tmp_path / "new"

    backup.restore(to(settings, home), tmp_path / "out", PHRASE)

    assert rests(to(settings, home)) == before
    assert backup.make(settings, tmp_path / "again", PHRASE).photos.lacking  # and that is said


def test_a_restore_puts_photos_into_the_object_store_of_its_settings(
    settings: ServerSettings, tmp_path: Path
) -> None:
    before = rests(settings)
    backup.make(settings, tmp_path / "out", PHRASE)
    new = to(settings, tmp_path / "new", f"{settings.blob_store}-new")

    backup.restore(new, tmp_path / "out", PHRASE)

    assert rests(new) == before
    assert not list((new.home / "blobs").glob("*/*"))
    assert len(objects(new)) == len(before)


def test_photos_may_stay_in_the_object_store_and_are_proved_to_be_there(
    settings: ServerSettings, tmp_path: Path
) -> None:
    out, before = tmp_path / "out", rests(settings)
    made = backup.make(settings, out, PHRASE, leave=True)
    assert len(made.photos.left) == len(before) - 1
    assert made.photos.copied == 1  # what lies in the server's own folder would be lost with it
    assert len((made.folder / "left.txt").read_text().splitlines()) == len(before) - 1
    backup.check(out, settings)
    kept = to(settings, tmp_path / "new", settings.blob_store)
    backup.restore(kept, out, PHRASE)
    assert rests(kept) == before

    victim = next(one for one in objects(settings) if one[-64:] in made.photos.left)
    for damage in (b"another photo", None):
        if damage:
            obstore.put(bucket(settings), victim, damage)
        else:
            obstore.delete(bucket(settings), victim)
        with pytest.raises(BackupBrokenError) as said:
            backup.check(out, settings)
        assert said.value.params["what"] == victim.rpartition("/")[2]
        with pytest.raises(BackupBrokenError):
            backup.restore(to(settings, tmp_path / "third", settings.blob_store), out, PHRASE)
        assert not (tmp_path / "third" / "anshao.db").exists()


def test_a_store_that_is_away_ends_nothing_for_good(
    settings: ServerSettings, tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup and the restore that were cut go on with the photos that were still to come."""
    out, before = tmp_path / "out", rests(settings)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(BackupStoreAwayError):
        backup.make(settings, out, PHRASE)
    assert not list(out.glob("*/manifest.json"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    backup.make(settings, out, PHRASE)

    new = to(settings, tmp_path / "new", f"{settings.blob_store}-new")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(BackupStoreAwayError):
        backup.restore(new, out, PHRASE)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    backup.restore(new, out, PHRASE)
    assert rests(new) == before
    with pytest.raises(BackupTargetError):  # done once, it is a server like any other
        backup.restore(new, out, PHRASE)


def test_a_photo_that_the_server_has_lost_keeps_nobody_from_a_backup(
    settings: ServerSettings, tmp_path: Path
) -> None:
    lost = objects(settings)[0]
    obstore.delete(bucket(settings), lost)

    made = backup.make(settings, tmp_path / "out", PHRASE)

    assert made.photos.lacking == {lost.rpartition("/")[2]}
    assert json.loads((made.folder / "manifest.json").read_text())["photos_lacking"] == 1
    new = to(settings, tmp_path / "new")
    found = backup.restore(new, tmp_path / "out", PHRASE)  # devices that have it send it again
    assert found.photos.lacking == made.photos.lacking


@pytest.mark.parametrize(("flags", "code"), [([], 0), (["--leave-photos"], 0)])
def test_the_command_says_where_photos_are(
    settings: ServerSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    code: int,
) -> None:
    monkeypatch.setenv("ANSHAO_SERVER_HOME", str(settings.home))
    monkeypatch.setenv("ANSHAO_SERVER_BLOB_STORE", settings.blob_store)
    monkeypatch.setenv("ANSHAO_BACKUP_PASSPHRASE", PHRASE)
    out = str(tmp_path / "out")

    assert main(["backup", "--out", out, *flags]) == code
    assert main(["backup", "--check", out]) == 0

    assert ("in the object store" in capsys.readouterr().out) == bool(flags)


@pytest.mark.parametrize("phrase", ["", "short", "123456789012", "aaaaaaaaaaaaaaaa"])
def test_a_passphrase_that_would_be_guessed_is_refused_as_on_a_device(
    settings: ServerSettings, tmp_path: Path, phrase: str
) -> None:
    with pytest.raises(PassphraseWeakError):
        backup.make(settings, tmp_path / "out", phrase)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("change", ["salt", "cost", "bytes", "none"])
def test_sealed_keys_open_with_their_passphrase_alone(change: str) -> None:
    data = sealed.seal(b"the keys", PHRASE)
    changes: dict[str, Callable[[bytes], bytes]] = {
        "salt": lambda data: data.replace(b'"salt": "', b'"salt": "00', 1),
        "cost": lambda data: data.replace(b'"t": 3', b'"t": 1', 1),
        "bytes": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "none": lambda data: b"",
    }
    assert sealed.unseal(data, PHRASE) == b"the keys"
    for wrong, phrase in ((changes[change](data), PHRASE), (data, "another phrase of mine")):
        with pytest.raises(sealed.WrongPhraseError):
            sealed.unseal(wrong, phrase)


def test_keys_that_the_version_before_sealed_still_open() -> None:
    """Made by the code of that version: `seal(b"keys", "five random words of yours")`."""
    made = bytes.fromhex(OLD)
    assert sealed.unseal(made, "five random words of yours") == b"keys"
