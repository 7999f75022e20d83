"""A report of one of the server's records, for whoever runs the machine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlmodel import Session

from domain.proof_reading import ProofError
from media.papers import facts, report
from media.papers.facts import Told
from media.papers.report import Making
from media.papers.wording import Wording
from offline_store import proofs
from offline_store.database import Store, open_store
from offline_store.proofs import Maker
from server import clock, credential_keys, credentials, pack, standing
from server.credentials import Signed
from server.labels import FONT
from server.proofs import sealed_proof
from server.registers import Base, definitions_of
from server.settings import ServerSettings
from server.site import SERVER_DEVICE

WordsOf = Callable[[str], Wording]  # of the plant's time zone


def make(
    settings: ServerSettings, wanted: str, words_of: WordsOf, made_ms: int | None = None
) -> bytes:
    """Return the report of a record, named by id or short code, as PDF.

    `made_ms` is the date it bears, now where it is left out. Raises ServerMissingError,
    RecordMissingError, ReportKindError.
    """
    with _opened(settings) as store:
        with store.reading() as session:
            told = _told(settings, store, session, wanted)
        zone = told.definitions.plant.timezone
        at = clock.now_ms() if made_ms is None else made_ms
        making = Making(words_of(zone), settings.assets / FONT, at)
        return report.make(store, told, making)


def signed_photos(settings: ServerSettings, wanted: str) -> Iterator[Signed]:
    """Yield the copies of a record's photos with content credentials, then the root to trust.

    Raises ServerMissingError, RecordMissingError, ReportKindError, CredentialsError.
    """
    credentials.require()
    now = clock.moment(clock.now_ms())
    with _opened(settings) as store, store.reading() as session:
        told = _told(settings, store, session, wanted)
        plant = told.definitions.plant
        signing = credential_keys.signing(settings.home / "keys", plant.code, now)
        yield from credentials.sign_all(store, session, told, signing)
    yield Signed(credentials.ROOT_NAME, signing.root)


@contextmanager
def _opened(settings: ServerSettings) -> Iterator[Store]:
    standing.require(settings)
    store = open_store(settings.home, settings.database_url)
    try:
        yield store
    finally:
        store.close()


def _told(settings: ServerSettings, store: Store, session: Session, wanted: str) -> Told:
    files = pack.without_pins(pack.load_files(settings.definitions))
    files = pack.with_served(settings.home, files)
    now = clock.now_ms()
    base = Base(files, clock.moment(now).date(), {}, {})
    maker = Maker(SERVER_DEVICE, now, definitions_of(base, session))
    record = proofs.find(session, wanted)
    report.check_kind(record.type)
    try:
        proof = sealed_proof(settings, store, session, record, maker, small=True)
    except ProofError:  # a chain is not whole: the report says so, and stands for the rest
        told = facts.gather(store, session, record, maker)
        return replace(told, findings=None)
    return facts.gather(store, session, record, maker, proof)
