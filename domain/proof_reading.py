"""Reading a proof file that may come from anybody: within limits, to the byte, or not at all.

Only the one form that `domain.proofs.encode` writes is taken. So no two readings of one file exist:
no key twice, no white space, no fraction, nothing that is read over.
"""

import base64
import binascii
import json
import re
from typing import NoReturn, TypeVar, cast

from domain.changes import KINDS, WHOLE_MAX, canonical
from domain.errors import EntryInvalidError, FieldError
from domain.proofs import (
    DIGEST_BYTES,
    FILES_MAX_BYTES,
    FORMAT,
    VERSION,
    WITH_HOLES,
    Chain,
    Head,
    Hole,
    Kept,
    Name,
    Others,
    Proof,
    ProofFile,
    Receipt,
)
from domain.records import Value

FILE_MAX_BYTES = FILES_MAX_BYTES * 3 // 2  # base64 takes four thirds, the rest is entries
ROWS_MAX = 20_000  # entries, signatures and receipts of all devices; names
CHAINS_MAX, FILES_MAX = 500, 2_000
TEXT_MAX = 500
ITEMS_MAX = 4_000_000  # commas: a hundred million empty lists would fill the memory
TIME_MAX_MS = 4_102_444_800_000  # the year 2100
_KEY_HEX, _SIGNATURE_HEX = 64, 128
_ID = re.compile(r"[A-Za-z0-9._:-]{1,80}")
_ZONE = re.compile(r"[A-Za-z_]{1,30}(/[A-Za-z_]{1,30}){0,2}")
_HEX = re.compile(r"[0-9a-f]+")
_BEGINNING = b'{"devices":['  # canonical: the keys are sorted
_PROOF = frozenset(
    ("format", "v", "record", "type", "plant", "timezone", "made_ms", "made_by", "key", "devices",
     "files", "names", "seal")
)  # fmt: skip
_CHAIN = frozenset(("id", "key", "name", "enrolled_ms", "statement", "chain", "heads", "receipts"))
_KEPT = frozenset(("n", "body", "hash", "sig", "received_ms", "verdict", "code"))
_RECEIPT = frozenset(("first", "last", "head", "feed", "at_ms", "sig"))
_FILE = frozenset(("sha256", "data", "receipt", "received_ms"))
T = TypeVar("T")
Row = dict[str, Value]


class ProofError(FieldError):
    """A file that is no proof file, or a proof that cannot be made; `reason` and `detail` why."""

    code = "proof.refused"


class ProofNoneError(ProofError):
    """Something else than a proof file."""

    code = "proof.none"


class ProofDamagedError(ProofError):
    """A proof file that was cut off or changed, so that it cannot be read; `reason`."""

    code = "proof.damaged"


class ProofNewerError(ProofError):
    """A proof file of a later `version` than this program reads."""

    code = "proof.newer"


class ProofFileError(ProofError):
    """The proof `file` is not there or cannot be opened; `detail`."""

    code = "proof.file"


class KeyFileError(ProofError):
    """The `file` with the plant's public key is not there or cannot be opened; `detail`."""

    code = "proof.key_file"


class KeyNoneError(ProofError):
    """The `file` given as key holds none."""

    code = "proof.key_none"


class KeyIsProofError(ProofError):
    """The `file` given as key is a proof file."""

    code = "proof.key_is_proof"


def begins_so(data: bytes) -> bool:
    """Say whether bytes look like a proof file, or like its beginning."""
    return data.startswith(_BEGINNING) or b'"anshao-proof"' in data


def read(data: bytes) -> Proof:
    """Read a proof file; raises ProofNoneError, ProofDamagedError, ProofNewerError, ProofError."""
    if len(data) > FILE_MAX_BYTES:
        _refuse("proof_size", f"{len(data)} > {FILE_MAX_BYTES}")
    try:
        return _read(data)
    except ProofNewerError:
        raise
    except ProofError as error:
        kind = ProofDamagedError if begins_so(data) else ProofNoneError
        raise kind(**error.params) from error


def _read(data: bytes) -> Proof:
    value = _parse(data)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        _refuse("proof_format", "format")
    version = value.get("v")
    if isinstance(version, int) and version > WITH_HOLES:
        raise ProofNewerError(version=version)
    if version not in (VERSION, WITH_HOLES):
        _refuse("proof_version", str(version)[:20])
    found = _proof(_row(value, _PROOF))
    if (value.get("v") == WITH_HOLES) != any(one.holes for one in found.chains):
        _refuse("proof_version", str(value.get("v"))[:20])
    return found


def _parse(data: bytes) -> Value:
    if data.count(b",") > ITEMS_MAX:
        _refuse("proof_size", "items")
    try:
        value = cast(
            "Value",
            json.loads(
                data,
                object_pairs_hook=_pairs,
                parse_float=_no_number,
                parse_constant=_no_number,
            ),
        )
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, too deep
        raise ProofError(reason="proof_json", detail=type(error).__name__) from error
    try:
        same = canonical(value) == data
    except EntryInvalidError as error:
        raise ProofError(reason="proof_json", detail=error.params["reason"]) from error
    if not same:
        _refuse("proof_canonical", "bytes")
    return value


def _pairs(pairs: list[tuple[str, Value]]) -> Row:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        _refuse("proof_twice", twice[:TEXT_MAX])
    return found


def _no_number(text: str) -> NoReturn:
    _refuse("proof_json", text[:20])


def _proof(row: Row) -> Proof:
    files = _rows(row["files"], FILES_MAX, "files")
    chains = tuple(_chain(one) for one in _rows(row["devices"], CHAINS_MAX, "devices"))
    if sum(len(one.links) + len(one.heads) + len(one.receipts) for one in chains) > ROWS_MAX:
        _refuse("proof_fields", "devices")
    return Proof(
        record_id=_identity(row["record"], "record"),
        type=_identity(row["type"], "type"),
        plant=_identity(row["plant"], "plant"),
        timezone=_zone(row["timezone"]),
        made_ms=_time(row["made_ms"], "made_ms"),
        made_by=_identity(row["made_by"], "made_by"),
        key=_maybe_hex(row["key"], _KEY_HEX, "key"),
        chains=chains,
        files=tuple(_file(_row(one, _FILE)) for one in files),
        names=tuple(_name(one) for one in _rows(row["names"], ROWS_MAX, "names")),
        seal=_maybe_hex(row["seal"], _SIGNATURE_HEX, "seal"),
    )


def _chain(value: Value) -> Chain:
    row = _row(value, _CHAIN)
    return Chain(
        device_id=_identity(row["id"], "id"),
        public_key=_hex(row["key"], _KEY_HEX, "key"),
        name=_text(row["name"], "name"),
        enrolled_ms=_maybe_time(row["enrolled_ms"], "enrolled_ms"),
        statement=_maybe_hex(row["statement"], _SIGNATURE_HEX, "statement"),
        links=tuple(_link(one) for one in _rows(row["chain"], ROWS_MAX, "chain")),
        heads=tuple(_head(one) for one in _rows(row["heads"], ROWS_MAX, "heads")),
        receipts=tuple(_receipt(one) for one in _rows(row["receipts"], ROWS_MAX, "receipts")),
    )


def _link(value: Value) -> Others | Kept | Hole:
    if isinstance(value, dict) and value.keys() == {"n", "to", "head"}:
        first, last = _number(value["n"]), _number(value["to"])
        if last < first:
            _refuse("proof_fields", "to")
        return Hole(first, last, _hex(value["head"], _KEY_HEX, "head"))
    if isinstance(value, dict) and value.keys() == {"n", "others"}:
        digests = _base64(value["others"], "others")
        if not digests or len(digests) % DIGEST_BYTES:
            _refuse("proof_fields", "others")
        return Others(_number(value["n"]), digests)
    row = _row(value, _KEPT)
    return Kept(
        number=_number(row["n"]),
        body=_long(row["body"]).encode(),
        hash=_hex(row["hash"], _KEY_HEX, "hash"),
        signature=_maybe_hex(row["sig"], _SIGNATURE_HEX, "sig"),
        received_ms=_maybe_time(row["received_ms"], "received_ms"),
        verdict=_maybe_text(row["verdict"], "verdict"),
        code=_maybe_text(row["code"], "code"),
    )


def _head(value: Value) -> Head:
    row = _row(value, frozenset(("n", "kind", "sig")))
    kind = _text(row["kind"], "kind")
    if kind not in KINDS:
        _refuse("proof_fields", "kind")
    return Head(_number(row["n"]), kind, _hex(row["sig"], _SIGNATURE_HEX, "sig"))


def _receipt(value: Value) -> Receipt:
    row = _row(value, _RECEIPT)
    return Receipt(
        first=_number(row["first"]),
        last=_number(row["last"]),
        head=_hex(row["head"], _KEY_HEX, "head"),
        feed=_number(row["feed"]),
        at_ms=_time(row["at_ms"], "at_ms"),
        signature=_hex(row["sig"], _SIGNATURE_HEX, "sig"),
    )


def _file(row: Row) -> ProofFile:
    return ProofFile(
        sha256=_hex(row["sha256"], _KEY_HEX, "sha256"),
        data=_base64(row["data"], "data"),
        receipt=_maybe_hex(row["receipt"], _SIGNATURE_HEX, "receipt"),
        received_ms=_maybe_time(row["received_ms"], "received_ms"),
    )


def _name(value: Value) -> Name:
    parts = _rows(value, 4, "names")
    if len(parts) != 4:
        _refuse("proof_fields", "names")
    return Name(*(_text(part, "names") for part in parts))


def _row(value: Value, keys: frozenset[str]) -> Row:
    if not isinstance(value, dict) or value.keys() != keys:
        _refuse("proof_fields", ",".join(sorted(keys))[:TEXT_MAX])
    return value


def _rows(value: Value, most: int, name: str) -> list[Value]:
    if not isinstance(value, list) or len(value) > most:
        _refuse("proof_fields", name)
    return value


def _long(value: Value) -> str:
    if not isinstance(value, str):
        _refuse("proof_fields", "body")
    return value


def _text(value: Value, name: str) -> str:
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        _refuse("proof_fields", name)
    return value


def _identity(value: Value, name: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        _refuse("proof_fields", name)
    return value


def _zone(value: Value) -> str:
    if not isinstance(value, str) or not _ZONE.fullmatch(value):
        _refuse("proof_fields", "timezone")
    return value


def _number(value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= WHOLE_MAX:
        _refuse("proof_fields", "number")
    return value


def _time(value: Value, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= TIME_MAX_MS:
        _refuse("proof_fields", name)
    return value


def _hex(value: Value, length: int, name: str) -> bytes:
    if not isinstance(value, str) or len(value) != length or not _HEX.fullmatch(value):
        _refuse("proof_fields", name)
    return bytes.fromhex(value)


def _maybe_hex(value: Value, length: int, name: str) -> bytes | None:
    return None if value is None else _hex(value, length, name)


def _maybe_time(value: Value, name: str) -> int | None:
    return None if value is None else _time(value, name)


def _maybe_text(value: Value, name: str) -> str | None:
    return None if value is None else _text(value, name)


def _base64(value: Value, name: str) -> bytes:
    try:
        data = base64.b64decode(_long(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofError(reason="proof_fields", detail=name) from error
    if base64.b64encode(data).decode("ascii") != value:  # left-over bits: a second form
        _refuse("proof_fields", name)
    return data


def _refuse(reason: str, detail: str) -> NoReturn:
    raise ProofError(reason=reason, detail=detail)
