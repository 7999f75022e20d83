"""What the signatures of a push prove.

The signature of its last entry vouches for the whole push and for all before it, because its hash
covers them; decisions are proved one by one. Other signatures are neither looked at nor kept,
except where the server has asked for each: it keeps what it has verified and needs, nothing else.
Unsigned pushes count only from devices that never signed, nor proved a key when they joined (of the
version before): from others they are what a salvage, a device without its key or somebody else
wrote, and wait in quarantine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from domain.changes import DECISIONS, signed_bytes
from domain.devices import shut_out
from domain.quarantine import REVOKED
from domain.records import Record
from domain.signatures import verifies
from offline_store import certificates, devices, entries
from server.offers import Offered
from server.problems import RefusalError
from sync.protocol import PushHead

UNSIGNED = "entry.unsigned"  # why entries are in quarantine
_AT_ONCE_MS = 5_000


class ForgedError(Exception):
    """The first entry already is not what its device signed."""

    def __init__(self, number: int) -> None:
        """Keep its number."""
        super().__init__(number)
        self.number = number


@dataclass(frozen=True, slots=True)
class Proof:
    """How many entries of a push are its device's own (`whole`: all), and what of them is proved.

    `signatures` are verified, by number; `unproved` are decisions without a good one of their own;
    `quarantined` is why none of them counts.
    """

    count: int
    whole: bool = True
    signatures: Mapping[int, bytes] = field(default_factory=dict[int, bytes])
    unproved: frozenset[int] = frozenset()
    quarantined: str | None = None


def prove(
    session: Session,
    push: PushHead,
    sigs: Mapping[int, bytes],
    offered: Offered,
    hashes: Sequence[bytes],
    device: devices.Device | None,
    record: Record | None,
) -> Proof:
    """Say what is proved; raises RefusalError("sync.signature") to be sent every signature.

    "sync.unsigned" asks for those that the device has and took this server for too old to read.
    With all of them (`push.each`) what stands before the first wrong one is taken: ForgedError if
    nothing does. `device` is whose it is, `record` that device's.
    """
    read = offered.entries
    if push.sig is None:
        if push.signed:
            raise RefusalError(409, "sync.unsigned")
        signs = entries.signs_since(session, push.dev) is not None or _joined_with_key(
            session, device
        )
        return Proof(len(read), quarantined=UNSIGNED if signs else None)
    assert device is not None, "it has just shown its token"
    sigs = {push.last: bytes.fromhex(push.sig)} | dict(sigs)
    count = len(read)
    good = {
        entry.number: sigs[entry.number]
        for entry, digest in zip(read, hashes, strict=True)
        if (push.each or entry.kind in DECISIONS or entry.number == push.last)
        and entry.number in sigs
        and any(
            verifies(device.public_key, signed_bytes(kind, digest), sigs[entry.number])
            for kind in ((entry.kind, "decide") if entry.number in offered.wrong else (entry.kind,))
        )
    }
    if push.each:
        count = next((at for at, one in enumerate(read) if one.number not in good), len(read))
        if count == 0:
            raise ForgedError(push.first)
    elif push.last not in good:
        raise RefusalError(409, "sync.signature", expected=push.first)
    last = read[count - 1].number
    decided = {one.number for one in read[:count] if one.kind in DECISIONS}
    kept = {number: sig for number, sig in good.items() if number in decided or number == last}
    held = REVOKED if shut_out(record) is not None else None
    return Proof(count, count == len(read), kept, frozenset(decided - good.keys()), held)


def _joined_with_key(session: Session, device: devices.Device | None) -> bool:
    """Say whether a device showed its key when it was taken in: from then on it signs."""
    first = certificates.first_ms(session, device.device_id) if device else None
    if device is None or device.enrolled_ms is None or first is None:
        return False
    return abs(first - device.enrolled_ms) <= _AT_ONCE_MS  # others ask for one only later
