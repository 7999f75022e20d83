"""All that the use cases of one device need, built once by `app.wiring`.

A use case takes the `FieldApp`, opens one session, loads, asks `domain`, and writes entries with
`FieldApp.write`. Nothing here knows of widgets.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session

from app.clip_links import ClipLinks
from app.clock import Clock
from app.settings import ClientSettings
from app.translate import Translator, translator
from app.unlock import SecretStore
from app.used_photos import UsedPhotos
from domain import certificates
from domain.certificates import Certificate
from domain.changes import Entry, Sign
from domain.definitions import Definitions
from domain.errors import FieldError, RecordMissingError
from domain.invitations import Invitation
from domain.links import LinkKind
from domain.places import Fix, still_valid
from domain.records import Value
from domain.workflow import RULE
from media import checks
from media.checks import Checks
from media.connectivity import Connectivity
from media.labels import PlantKey
from media.ports import Camera, CodeReader, Locator
from offline_store import journal, keep, records
from offline_store.database import Store
from sync.engine import SyncEngine
from sync.pacing import MediaRules

DEFAULT_SERVER_URL = "http://127.0.0.1:8000"
# the language of the screen for which a use case runs: two tabs of one device may differ
SPOKEN: ContextVar[str] = ContextVar("spoken", default="")
CLOCK_KINDS = frozenset({"anchor", "clock_jump"})  # entries about the clock itself
_SHORT = 4  # hex digits of the device in a record's code: HZ-3F2A-0007


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this device is for the server: its name in the chain, and the token that proves it."""

    device_id: str
    public_key: bytes
    token: str
    plant: str
    server_url: str = ""
    name: str = ""
    server_key: str = ""  # hex; "" where the server never told one

    @property
    def short(self) -> str:
        """Return the part of the device's id that record codes show."""
        return self.device_id.replace("-", "")[-_SHORT:].upper()


@dataclass(frozen=True, slots=True)
class Pack:
    """What the device took along: definitions, PIN hashes, keys of the plants' labels."""

    definitions: Definitions
    pins: Mapping[str, str]
    pin_digits: Mapping[str, int]
    label_keys: Mapping[int, PlantKey]
    received_ms: int
    temporary: frozenset[str] = frozenset()  # people who have to choose a PIN of their own
    pin_since_ms: Mapping[str, int] = field(default_factory=dict[str, int])
    unlock_key: bytes = b""  # of the server: what makes unlock codes for this device


@dataclass(slots=True)
class PeerTime:
    """Who asks whom for the time: own questions and the monotonic ms when each was made.

    `heard` is the last question that another device showed here, and when.
    """

    asked: dict[str, int] = field(default_factory=dict[str, int])
    heard: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Devices:
    """Camera, position, code reader and kind of link of this machine."""

    camera: Callable[[], Camera]
    locator: Callable[[], Locator]
    reader: CodeReader
    connectivity: Callable[[], Connectivity] | None = None  # None: nobody knows the kind of link


@dataclass
class FieldApp:
    """One device. `identity` and `pack` are None until the server has taken the device."""

    settings: ClientSettings
    store: Store
    clock: Clock
    catalogs: Mapping[str, Mapping[str, str]]
    devices: Devices
    font: Path
    language: str
    sign: Sign | None  # with the key of this device; None where its enrolled key is not here
    identity: Identity | None = None
    pack: Pack | None = None
    engine: SyncEngine | None = None
    trouble: FieldError | None = None  # why there was no first contact yet
    key: Ed25519PrivateKey | None = None
    key_trouble: FieldError | None = None  # why nothing is signed, if so
    certificate: Certificate | None = None  # who may work here; None: the server makes none
    revoked: str | None = None  # why somebody said that this device is lost, if so
    invitation: Invitation | None = None  # to join with, once more or for the first time
    link_kind: LinkKind = "unknown"
    media: MediaRules = field(default_factory=MediaRules)  # what files may take of the link
    nudge: Callable[[], None] = field(default=lambda: None)
    want_pack: Callable[[], None] = field(default=lambda: None)  # somebody administered something
    secrets: SecretStore | None = None  # the key store of this system
    shut: Callable[[], None] = field(default=lambda: None)  # the key was forgotten: nothing goes on
    peer: PeerTime = field(default_factory=PeerTime)
    links: ClipLinks = field(default_factory=ClipLinks)
    used: UsedPhotos = field(default_factory=UsedPhotos)
    copies_at: int = -1  # feed up to which copies for repairs were asked for
    before_write: Callable[[Session], None] = field(default=lambda _session: None)

    @property
    def server_url(self) -> str:
        """Return where the server is: as set now, else where this device was taken."""
        known = self.identity.server_url if self.identity else ""
        return self.settings.server_url or known or DEFAULT_SERVER_URL

    @property
    def checks(self) -> Checks:
        """Return what the checks of photos go by, with the plant's gates; raises ModelFileError."""
        defaults = self.definitions.defaults
        return checks.load(
            float(defaults.number("rectify.min_probability")),
            float(defaults.number("rectify.max_unchanged")),
        )

    def link_is(self, kind: LinkKind) -> None:
        """Take note of the kind of link, and let sync go by it."""
        self.link_kind = kind
        if self.engine:
            self.engine.link_changed(kind)

    @property
    def spoken(self) -> str:
        """Return the language of the screen that asks; where none does, the device's own."""
        return SPOKEN.get() or self.language

    @property
    def name(self) -> str:
        """Return what people call this device, as far as somebody said so."""
        return self.settings.device_name or (self.identity.name if self.identity else "")

    @property
    def definitions(self) -> Definitions:
        """Return the definitions; raises RecordMissingError before the first contact."""
        if self.pack is None:
            raise RecordMissingError(record="pack")
        return self.pack.definitions

    @property
    def device(self) -> Identity:
        """Return who this device is; raises RecordMissingError before the first contact."""
        if self.identity is None:
            raise RecordMissingError(record="identity")
        return self.identity

    def translator(self) -> Translator:
        """Return the words of the language now chosen, with times in the plant's zone."""
        zone = self.pack.definitions.plant.timezone if self.pack else "Asia/Shanghai"
        return translator(self.catalogs, self.spoken, zone)

    def here(self, fix: Fix | None) -> Fix | None:
        """Return a position while it is young enough to prove anything."""
        max_age_ms = self.definitions.defaults.whole("evidence.max_fix_age_s") * 1000
        return still_valid(fix, self.clock.now_ms(), max_age_ms)

    def write(
        self,
        session: Session,
        person_id: str,
        *,
        kind: str,
        record_id: str,
        type: str,
        definition: str,
        set: Mapping[str, Value],
        base: Mapping[str, str] | None = None,
    ) -> Entry:
        """Append one entry of this device to the journal, signed; the caller commits.

        Its stamp is later than everything the person can have seen on the record. `base` as in
        `journal.write`. Raises CertificateExpiredError, CertificatePersonError for what the
        certificate does not cover; what the product writes by itself needs none.
        """
        if not CLOCK_KINDS & {kind}:
            self.before_write(session)
        seen = records.lookup(session, record_id)
        if self.certificate and person_id != RULE:
            certificates.may_write(
                self.certificate, self.clock.now_ms(), person_id, type, set,
                self.definitions.policies, new=seen is None,
            )  # fmt: skip
        if seen and seen.cells:  # a stop may come before anything else of its record
            self.clock.observe(max(cell.wall_ms for cell in seen.cells.values()))
        return journal.write(
            session,
            journal.Author(self.device.device_id, person_id, self.sign),
            self.clock.stamp(),
            kind=kind,
            record_id=record_id,
            type=type,
            definition=definition,
            set=set,
            policies=self.definitions.policies,
            base=base,
        )

    def next_code(self, session: Session, prefix: str) -> str:
        """Return the next short code of this device: "HZ-3F2A-0007"."""
        name = f"code.{prefix}"
        last = keep.get(session, name)
        number = (last if isinstance(last, int) else 0) + 1
        keep.put(session, name, number)
        return f"{prefix}-{self.device.short}-{number:04d}"
