"""The messages between device and server, version 1.2; `docs/reference/protocol.md` is their paper.

Both sides import these types. Everything that arrives is validated here before anything else sees
it, and every size has a limit.
"""

import gzip
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    PlainValidator,
    ValidationError,
)

from domain.changes import BODY_MAX_BYTES
from domain.errors import EntryInvalidError

PROTOCOL = 1
PROTOCOL_HEADER = "Anshao-Protocol"
TUS_VERSION = "1.0.0"
VERSION = "1.2"  # scopes; 1.1 has signatures, 1.0 has neither
LIFE = "Epoch"  # header of a push's answer: the life of the feed that took it
SERVER_TIME = "T"  # header of an answer without a body: the server's time, ms
SCOPES_MAX = 5000
SNAPSHOT_MAX = 200  # records on one page of a snapshot
ENTRIES_MAX = 500  # entries in one push or one page of a pull
PUSH_MAX_BYTES = 4 * 1024 * 1024  # of a push after inflation
PUSH_MAX_PACKED_BYTES = 2 * 1024 * 1024  # of a push on the wire
HEAD_MAX_BYTES = 4096
SIGS_MAX_BYTES = ENTRIES_MAX * 160  # a number, 128 letters, and what stands around them
BLOB_MAX_BYTES = 200 * 1024 * 1024  # a minute of video of a good phone camera
WANTED_MAX = 50  # files that somebody waits for, told at once
FILE_DIGITS = 8  # of a file's name: enough to say whether it is here
CHUNK_MAX_BYTES = 1024 * 1024  # of one PATCH
PULL_WAIT_MAX_S = 30
CERTIFICATE_MAX_BYTES = 4 * 1024 * 1024

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Signature = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
DeviceId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Code = Annotated[str, Field(min_length=1, max_length=64)]
Number = Annotated[int, Field(ge=0, le=2**53 - 1)]
Verdict = Literal["accepted", "merged", "conflict", "refused", "quarantined"]
Params = dict[str, JsonValue]


class Message(BaseModel):
    """A message: frozen; fields that a later version adds are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class PushHead(Message):
    """First line of a push: whose entries, which numbers, and the chain before and after them.

    `sig` is the device's signature of entry `last`, as it was made with that entry; with it a line
    of `PushSignatures` follows. Without: none of these entries is signed, or (`signed`) they are,
    and the device takes the server for one of the version before, which cannot read them. `each`
    says that the line has the signatures of all entries, because the server asked for them.
    """

    v: Literal[1] = 1
    dev: DeviceId
    first: Annotated[int, Field(ge=1, le=2**53 - 1)]
    last: Annotated[int, Field(ge=1, le=2**53 - 1)]
    prev: Sha256  # chain hash before `first`
    head: Sha256  # chain hash of `last`
    sig: Signature | None = None
    each: bool = False
    signed: bool = False
    certificate: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None  # newest one it has
    newest: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None  # number of its last entry


class PushSignatures(Message):
    """Second line of a signed push: signatures by number, of the decisions or of all entries."""

    sigs: Annotated[
        dict[Annotated[str, Field(pattern=r"^[1-9][0-9]{0,15}$")], Signature],
        Field(max_length=ENTRIES_MAX),
    ]


class Push(NamedTuple):
    """A push as it was read: its head, the exact bodies, and signatures by number."""

    head: PushHead
    bodies: list[bytes]
    sigs: Mapping[int, bytes]


class PushException(Message):
    """An entry that was not simply accepted; the others of the push were."""

    n: Number
    verdict: Verdict
    code: Code | None = None
    params: Params = Field(default_factory=dict)


class PushReply(Message):
    """What became of a push. The same push gets the same reply, byte for byte.

    `accepted_to` is less than the push's `last` where the chain is forged from there on.
    `server_ms` is the time of receipt that the server stored with these entries.
    """

    feed: Number
    accepted_to: Number
    exceptions: list[PushException] = Field(default_factory=list[PushException])
    server_ms: Number
    receipt: Annotated[str, Field(max_length=256)]


class PulledEntry(NamedTuple):
    """One entry of the feed; `body` are the exact bytes that the device hashed.

    Thousands come at once, so it is no `Message`: who reads a page has checked what stands here
    (`_EntryMessage`, `sync.pages`), and bodies are judged by `domain.changes.decode` in any case.
    """

    dev: str
    feed: int
    verdict: Verdict
    code: str | None
    received_ms: int
    body: bytes
    sig: str | None = None  # of a decision: its device's
    prev: str | None = None  # hash before it, where the one before is not on the same page


class _EntryMessage(Message):
    """An entry as one JSON object, the form before version 1.2."""

    dev: DeviceId
    feed: Number
    verdict: Verdict
    code: Code | None = None
    received_ms: Number
    body: Annotated[str, Field(max_length=BODY_MAX_BYTES)]
    sig: Signature | None = None


def _read_rows(rows: object) -> list[PulledEntry]:
    if not isinstance(rows, list):
        message = "entries are a list"
        raise ValueError(message)  # noqa: TRY004 -- what pydantic turns into its own
    return [_read_row(one) for one in cast("list[object]", rows)]


def _read_row(row: object) -> PulledEntry:
    if isinstance(row, PulledEntry):
        return row
    one = _EntryMessage.model_validate(row)
    return PulledEntry(
        one.dev, one.feed, one.verdict, one.code, one.received_ms, one.body.encode(), one.sig
    )


def _tell_rows(rows: Sequence[PulledEntry]) -> list[dict[str, str | int | None]]:
    return [
        {
            "dev": one.dev, "feed": one.feed, "verdict": one.verdict, "code": one.code,
            "received_ms": one.received_ms, "body": one.body.decode(), "sig": one.sig,
        }
        for one in rows
    ]  # fmt: skip


PulledEntries = Annotated[
    list[PulledEntry], PlainValidator(_read_rows), PlainSerializer(_tell_rows)
]


class Subscription(Message):
    """What a device is to hold: its scopes, what tells them from others, and that of the rules."""

    mark: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    rules: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    scopes: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=SCOPES_MAX)]


class PullReply(Message):
    """One page of the feed; it ends at a feed boundary. `next` is the cursor to ask after.

    `devices` holds the public key (hex) of every device of which an entry is on this page; `mark`
    tells the feed up to `next` from another one with the same numbers. `enter` are the entries of
    records that come whole, `leave` the ids of records that this device may hold no longer;
    `subscription` stands there where it is not the one that the device named, `own_last` (the
    number of the device's last entry here) where that is not the last that it knows to be taken.
    """

    entries: PulledEntries = Field(default_factory=list[PulledEntry])
    devices: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = Field(
        default_factory=dict
    )
    next: Number
    more: bool
    server_ms: Number
    epoch: Annotated[str, Field(max_length=64)]
    mark: Annotated[str, Field(max_length=64)] | None = None
    enter: PulledEntries = Field(default_factory=list[PulledEntry])
    leave: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list)
    subscription: Subscription | None = None
    own_last: Number | None = None
    after: Annotated[str, Field(max_length=64)] | None = (
        None  # of a snapshot: the last id looked at
    )
    ids: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list)


class EnrolRequest(Message):
    """A device asks to belong to the plant."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
    device_name: Annotated[str, Field(min_length=1, max_length=80)]
    public_key: Sha256  # 32 bytes in hex, an Ed25519 key
    plant: Code | None = None  # of which it has records already
    proof: Signature | None = None  # of `domain.invitations.proof_bytes`, by that key


class CertificateReply(Message):
    """Who may work on this device: the exact bytes as text, and the server's signature of them."""

    body: Annotated[str, Field(max_length=CERTIFICATE_MAX_BYTES)]
    sig: Signature
    key: Sha256  # the server's public key; a device that knows one believes no other


class EnrolReply(Message):
    """The device's name in the chain, and its key to the server."""

    device_id: DeviceId
    token: Annotated[str, Field(min_length=16, max_length=256)]
    plant: str
    server_public_key: Sha256
    label_keys: dict[str, "LabelKey"] = Field(default_factory=dict)
    certificate: CertificateReply | None = None


class LabelKey(Message):
    """The key that signs a plant's labels, by key id."""

    plant: str
    public_key: Sha256


class PackPerson(Message):
    """A person who may sign on at a device of the plant; `pin_hash` is "scrypt$n$r$p$salt$hash".

    A `temporary` PIN lets in once: the person chooses another one then. `since_ms` is when it was
    changed by an entry, 0 for the PINs of the start.
    """

    person_id: Code
    pin_hash: Annotated[str, Field(max_length=256)]
    temporary: bool = False
    since_ms: Number = 0


class Pack(Message):
    """Definitions, people and keys of the plant; `version` is its ETag."""

    version: Code
    day0: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    files: dict[str, str]
    people: list[PackPerson]
    plant_keys: dict[str, LabelKey]
    label_versions: dict[str, int] = Field(default_factory=dict)


class BlobOffer(Message):
    """A blob that a device wants to send."""

    sha256: Sha256
    size: Annotated[int, Field(ge=1, le=BLOB_MAX_BYTES)]
    kind: Annotated[str, Field(min_length=1, max_length=32)]
    record: Annotated[str, Field(max_length=64)]


class BlobReply(Message):
    """How much of a blob the server has stored; complete blobs come with their receipt."""

    state: Literal["partial", "received"]
    offset: Number
    size: Number
    receipt: Annotated[str, Field(max_length=256)] | None = None
    server_ms: Number


class WantedBlobs(Message):
    """Files that somebody asked for and that are not here yet; a device sends its own first."""

    wanted: Annotated[list[Sha256], Field(max_length=WANTED_MAX)]


class Problem(Message):
    """A refusal as problem details (RFC 9457) with the product's code and params."""

    code: Code
    status: int
    params: Params = Field(default_factory=dict)


def pack_push(
    head: PushHead,
    bodies: Sequence[bytes],
    sigs: Mapping[int, bytes] | None = None,
    *,
    coat: bool = True,
) -> bytes:
    """Return the bytes of a push: head, signatures if it has any, each body; one per line.

    They are packed with gzip, or without a `coat` as they are.
    """
    assert 0 < len(bodies) <= ENTRIES_MAX
    left_out = {"sig", "each"} if head.sig is None else set[str]()  # as the version before said it
    if not head.signed:
        left_out.add("signed")
    left_out |= {name for name in ("certificate", "newest") if getattr(head, name) is None}
    lines = [head.model_dump_json(exclude=left_out).encode(), *bodies]
    if head.sig is not None:
        numbered = {str(number): sig.hex() for number, sig in (sigs or {}).items()}
        lines.insert(1, PushSignatures(sigs=numbered).model_dump_json().encode())
    data = b"\n".join(lines)
    return gzip.compress(data, compresslevel=6, mtime=0) if coat else data


def unpack_push(data: bytes) -> Push:
    """Read an inflated push (see `packing.inflate`); raises EntryInvalidError with the reason.

    Only the frame is read here: bodies are checked one by one with `domain.changes.decode`.
    """
    line, _, rest = data.partition(b"\n")
    if len(line) > HEAD_MAX_BYTES:
        raise EntryInvalidError(reason="head")
    try:
        head = PushHead.model_validate_json(line)
    except ValidationError as error:
        raise EntryInvalidError(reason="head") from error
    sigs: Mapping[int, bytes] = {}
    if head.sig is not None:
        line, _, rest = rest.partition(b"\n")
        sigs = _signatures(head, line)
    bodies = rest.split(b"\n")
    if len(bodies) > ENTRIES_MAX or len(bodies) != head.last - head.first + 1:
        raise EntryInvalidError(reason="count")
    return Push(head, bodies, sigs)


def _signatures(head: PushHead, line: bytes) -> dict[int, bytes]:
    if len(line) > SIGS_MAX_BYTES:
        raise EntryInvalidError(reason="signatures")
    try:
        read = PushSignatures.model_validate_json(line)
    except ValidationError as error:
        raise EntryInvalidError(reason="signatures") from error
    sigs = {int(number): bytes.fromhex(sig) for number, sig in read.sigs.items()}
    if not all(head.first <= number <= head.last for number in sigs):
        raise EntryInvalidError(reason="signatures")
    return sigs


def read_problem(data: bytes) -> Problem | None:
    """Read a problem reply; None if these bytes are none (a proxy's page, say)."""
    try:
        return Problem.model_validate_json(data)
    except ValidationError:
        return None
