"""A relay message: signed entries that pass from device to device without a server.

It holds runs: entries of one device that follow each other, the chain hash before the first of
them, and what proves them. A decision is proved by its own signature, the others by the signature
of the last entry of their run, which covers all before it. Nothing is signed for a relay, so what
a device passes on is as good as what its writer would send.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

from domain.changes import BODY_MAX_BYTES, DECISIONS, Entry, canonical, decode, link, signed_bytes
from domain.errors import EntryInvalidError, FieldError
from domain.peer_time import ASK_DIGITS, Vouched
from domain.records import Value
from domain.signatures import verifies

FORMAT: Final = "anshao-relay"
VERSION: Final = 1
ENTRIES_MAX: Final = 500  # of one message, as of one push
RUNS_MAX: Final = 200
MESSAGE_MAX_BYTES: Final = 4 * 1024 * 1024
NEVER_BY_RELAY: Final = frozenset({"register", "device", "quarantine"})  # rights: by the server
_HASH_DIGITS, _SIGNATURE_DIGITS = 64, 128
_ID_MAX = 64
_NUMBER_MAX = 2**53 - 1


class RelayError(FieldError):
    """Something handed over by a picture or a file cannot be taken in."""

    code = "relay"


class RelayDamagedError(RelayError):
    """What was read is no whole message (`reason`: why)."""

    code = "relay.damaged"


class RelayNewerError(RelayError):
    """The message was made by a newer version of this product."""

    code = "relay.newer"


class RelayPartialError(RelayError):
    """Only `have` of `total` pictures were read."""

    code = "relay.partial"


class RelayElsewhereError(RelayError):
    """The message belongs to another plant (`plant`)."""

    code = "relay.elsewhere"


class RelayUnknownError(RelayError):
    """This device does not know the key of the device that wrote the entries (`device`)."""

    code = "relay.unknown"


class RelayRevokedError(RelayError):
    """The device that wrote the entries (`device`) was taken out of the plant."""

    code = "relay.revoked"


class RelayForgedError(RelayError):
    """Entry `number` of `device` is not what that device signed."""

    code = "relay.forged"


class RelayForkError(RelayError):
    """`device` has written two different entries under `number`: it was copied or set back."""

    code = "relay.fork"


class RelayOwnLostError(RelayError):
    """An entry of this very device that it no longer has: its store was set back."""

    code = "relay.own_lost"


class RelayUnsignedError(RelayError):
    """What was to be passed on is not signed: this device writes without its key."""

    code = "relay.unsigned"


class RelayLargeError(RelayError):
    """Too much for pictures or for a message: `size` of at most `limit` KiB."""

    code = "relay.large"


class RelayNothingError(RelayError):
    """There is nothing here that could be passed on."""

    code = "relay.nothing"


class RelayFullError(RelayError):
    """Too much waits already for its turn (`limit` entries)."""

    code = "relay.full"


class Piece(NamedTuple):
    """An entry with its place in its chain; `signature` where one is known."""

    entry: Entry
    body: bytes
    previous: bytes
    hash: bytes
    signature: bytes | None

    @property
    def place(self) -> tuple[str, int, bytes]:
        """What names exactly this entry, also where a copied device wrote another one."""
        return self.entry.device_id, self.entry.number, self.hash

    @property
    def before(self) -> tuple[str, int, bytes]:
        """The place of the entry that this one goes on from."""
        return self.entry.device_id, self.entry.number - 1, self.previous


@dataclass(frozen=True, slots=True)
class Run:
    """Entries `first` and on of one device; `previous` is the chain hash before them."""

    device_id: str
    public_key: bytes
    first: int
    previous: bytes
    bodies: tuple[bytes, ...]
    signatures: Mapping[int, bytes] = field(default_factory=dict[int, bytes])

    @property
    def last(self) -> int:
        """Number of its last entry."""
        return self.first + len(self.bodies) - 1


@dataclass(frozen=True, slots=True)
class Message:
    """What one device hands to another: which plant, who made it, when (its own clock, ms).

    `ask` wants to know the time, `vouched` says it (`domain.peer_time`); such a one needs no runs.
    """

    plant: str
    sender: str
    made_ms: int
    runs: tuple[Run, ...]
    ask: str = ""
    vouched: Vouched | None = None

    @property
    def count(self) -> int:
        """How many entries it holds."""
        return sum(len(run.bodies) for run in self.runs)


def runs_of(pieces: Iterable[Piece], keys: Mapping[str, bytes]) -> tuple[Run, ...]:
    """Return these entries as runs, each ending where a signature proves it.

    What no signature stands behind is left out. Signatures that prove nothing more are, too.
    """
    ordered = sorted(pieces, key=lambda one: one.place)
    runs: list[list[Piece]] = []
    for one in ordered:
        before = runs[-1][-1] if runs else None
        goes_on = (
            before is not None
            and before.entry.device_id == one.entry.device_id
            and before.entry.number + 1 == one.entry.number
            and before.hash == one.previous
        )
        if goes_on:
            runs[-1].append(one)
        else:
            runs.append([one])
    found = [_proved_part(run) for run in runs]
    return tuple(_run(run, keys[run[0].entry.device_id]) for run in found if run)


def _proved_part(run: list[Piece]) -> list[Piece]:
    while run and run[-1].signature is None:
        run = run[:-1]
    for at, one in enumerate(run):
        if one.entry.kind in DECISIONS and one.signature is None:
            return _proved_part(run[:at])
    return run


def _run(run: Sequence[Piece], key: bytes) -> Run:
    last = run[-1]
    signatures = {
        one.entry.number: one.signature
        for one in run
        if one.signature and (one.entry.kind in DECISIONS or one is last)
    }
    first = run[0]
    bodies = tuple(one.body for one in run)
    return Run(first.entry.device_id, key, first.entry.number, first.previous, bodies, signatures)


def encode(message: Message) -> bytes:
    """Return the bytes of a message; raises RelayLargeError beyond the limits."""
    runs: list[Value] = [
        {
            "dev": run.device_id,
            "key": run.public_key.hex(),
            "first": run.first,
            "prev": run.previous.hex(),
            "bodies": [body.decode() for body in run.bodies],
            "sigs": {str(number): sig.hex() for number, sig in run.signatures.items()},
        }
        for run in message.runs
    ]
    row: dict[str, Value] = {
        "format": FORMAT, "v": VERSION, "plant": message.plant, "from": message.sender,
        "at_ms": message.made_ms, "runs": runs,
    }  # fmt: skip
    if message.ask:
        row["ask"] = message.ask
    if message.vouched:
        said = message.vouched
        row["time"] = {
            "unc": said.unc_ms, "answers": said.answers, "sig": said.signature.hex(),
        }  # fmt: skip
    data = canonical(row)
    if len(data) > MESSAGE_MAX_BYTES or message.count > ENTRIES_MAX:
        raise RelayLargeError(size=-(-len(data) // 1024), limit=MESSAGE_MAX_BYTES // 1024)
    return data


def read(data: bytes) -> Message:
    """Read a message; raises RelayDamagedError, RelayNewerError, RelayLargeError.

    Only its form is looked at here; `prove` says what it is worth.
    """
    if len(data) > MESSAGE_MAX_BYTES:
        raise RelayLargeError(size=-(-len(data) // 1024), limit=MESSAGE_MAX_BYTES // 1024)
    try:
        found = cast("object", json.loads(data))
    except (ValueError, RecursionError) as error:
        raise RelayDamagedError(reason="json") from error
    if not isinstance(found, dict):
        raise RelayDamagedError(reason="format")
    head = cast("dict[str, object]", found)
    if head.get("format") != FORMAT:
        raise RelayDamagedError(reason="format")
    version, runs = head.get("v"), head.get("runs")
    if not _whole(version):
        raise RelayDamagedError(reason="format")
    if version != VERSION:
        raise RelayNewerError
    if not isinstance(runs, list) or not _whole(head.get("at_ms")):
        raise RelayDamagedError(reason="format")
    parts = cast("list[object]", runs)
    ask = _hex(head["ask"], ASK_DIGITS).hex() if "ask" in head else ""
    vouched = _read_time(head["time"]) if "time" in head else None
    if not (parts or ask or vouched) or len(parts) > RUNS_MAX:
        raise RelayDamagedError(reason="count")
    message = Message(
        _text(head.get("plant")),
        _text(head.get("from")),
        cast("int", head["at_ms"]),
        tuple(_read_run(one) for one in parts),
        ask,
        vouched,
    )
    if message.count > ENTRIES_MAX:
        raise RelayDamagedError(reason="count")
    return message


def _read_time(found: object) -> Vouched:
    if not isinstance(found, dict):
        raise RelayDamagedError(reason="time")
    row = cast("dict[str, object]", found)
    unc, answers = row.get("unc"), _hex(row.get("answers"), ASK_DIGITS).hex()
    if not _whole(unc):
        raise RelayDamagedError(reason="time")
    return Vouched(cast("int", unc), answers, _hex(row.get("sig"), _SIGNATURE_DIGITS))


def _read_run(found: object) -> Run:
    if not isinstance(found, dict):
        raise RelayDamagedError(reason="run")
    row = cast("dict[str, object]", found)
    bodies, sigs, first = row.get("bodies"), row.get("sigs"), row.get("first")
    if (
        not isinstance(bodies, list)
        or not isinstance(sigs, dict)
        or not _whole(first)
        or not bodies
    ):
        raise RelayDamagedError(reason="run")
    texts = cast("list[object]", bodies)
    if not all(isinstance(text, str) and len(text) <= BODY_MAX_BYTES for text in texts):
        raise RelayDamagedError(reason="run")
    signatures: dict[int, bytes] = {}
    start = cast("int", first)
    last = start + len(texts) - 1
    for number, sig in cast("dict[str, object]", sigs).items():
        if not (number.isascii() and number.isdigit() and len(number) <= len(str(_NUMBER_MAX))):
            raise RelayDamagedError(reason="signatures")
        if not start <= int(number) <= last:
            raise RelayDamagedError(reason="signatures")
        signatures[int(number)] = _hex(sig, _SIGNATURE_DIGITS)
    try:
        encoded = tuple(str(text).encode() for text in texts)
    except UnicodeEncodeError as error:  # a lone surrogate
        raise RelayDamagedError(reason="text") from error
    return Run(
        _text(row.get("dev")),
        _hex(row.get("key"), _HASH_DIGITS),
        start,
        _hex(row.get("prev"), _HASH_DIGITS),
        encoded,
        signatures,
    )


def prove(run: Run, key: bytes) -> list[Piece]:
    """Return the entries of a run, each proved by `key`, the key known of its device.

    Raises RelayForgedError with the first entry that is not proved, RelayDamagedError.
    """
    if run.public_key != key:
        raise RelayForgedError(device=run.device_id, number=run.first)
    found: list[Piece] = []
    previous = run.previous
    for number, body in enumerate(run.bodies, run.first):
        entry = read_entry(body, run.device_id)
        if entry.number != number:
            raise RelayDamagedError(reason="number")
        digest, signature = link(previous, body), run.signatures.get(number)
        needs = entry.kind in DECISIONS or number == run.last
        good = signature and verifies(key, signed_bytes(entry.kind, digest), signature)
        if (signature and not good) or (needs and not good):
            raise RelayForgedError(device=run.device_id, number=number)
        found.append(Piece(entry, body, previous, digest, signature))
        previous = digest
    return found


def read_entry(body: bytes, device_id: str) -> Entry:
    """Read one entry of a run; raises RelayDamagedError for what is none."""
    try:
        return decode(body, device_id)
    except EntryInvalidError as error:
        raise RelayDamagedError(reason=str(error.params.get("reason", "entry"))) from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _ID_MAX or min(value) < " ":
        raise RelayDamagedError(reason="format")
    return value


def _hex(value: object, digits: int) -> bytes:
    if not isinstance(value, str) or len(value) != digits or set(value) - set("0123456789abcdef"):
        raise RelayDamagedError(reason="hex")
    return bytes.fromhex(value)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _NUMBER_MAX
