"""A proof file checked and told in words, for somebody with neither server nor account nor store.

Everything printed from the file is somebody's text: what could move the cursor or begin a line of
its own is shown as a replacement character.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfoNotFoundError

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from app.translate import Translator, translator
from domain.changes import Entry
from domain.proof_checks import Finding, Mark, Worth, check, worth
from domain.proof_names import FIELDS, PEOPLE, STATES, THINGS
from domain.proof_reading import (
    FILE_MAX_BYTES,
    KeyFileError,
    KeyIsProofError,
    KeyNoneError,
    ProofError,
    ProofFileError,
    begins_so,
    read,
)
from domain.proofs import EVIDENCE, Proof
from domain.records import Value

VALUE_LONGEST = 120  # letters of one value on a line
KEY_FILE_MAX_BYTES = 4096
EXIT_CODES: Final[Mapping[Worth, int]] = {"holds": 0, "broken": 1, "untied": 3, "open": 4}
_MARKS: Final[Mapping[Mark, str]] = {"holds": "✓", "broken": "✗", "open": "?", "note": "·"}
_SHORT_HASH = 12
_FIRST = ("action", "state", "words")  # of what an entry changed
_CODES: Final = {"shot": "shot", "source": "proof.source", "language": "proof.language"}
_HASH = re.compile(r"[0-9a-f]{64}")
_KEY_HEX = re.compile(rb"\s*([0-9a-fA-F]{64})\s*")
Names = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a proof file is worth, and the lines that say what and why."""

    worth: Worth
    lines: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether everything holds, and by the plant's own key."""
        return self.worth == "holds"

    @property
    def exit_code(self) -> int:
        """Return what the command ends with; 2 is no proof file, or a wrong flag."""
        return EXIT_CODES[self.worth]


def verify(
    file: Path, key_file: Path | None, catalogs: Mapping[str, Mapping[str, str]], language: str
) -> Verified:
    """Check a proof file with the plant's key, or without one for its consistency alone.

    Raises ProofError when the file is no proof file, or the key no key.
    """
    key = read_key(key_file) if key_file else None
    proof = read(_bytes(file, FILE_MAX_BYTES, ProofFileError))
    found = check(proof, key)
    try:
        t = translator(catalogs, language, proof.timezone)
    except (ValueError, OSError, ZoneInfoNotFoundError):  # the file's word: any zone will do
        t = translator(catalogs, language, "UTC")
    return Verified(worth(found, key), tuple(_lines(t, proof, found)))


def read_key(file: Path) -> bytes:
    """Return the public key (32 bytes) of a PEM file, or of one with 64 hex digits.

    Raises KeyFileError, KeyIsProofError, KeyNoneError.
    """
    data = _bytes(file, KEY_FILE_MAX_BYTES, KeyFileError)
    if begins_so(data):
        raise KeyIsProofError(file=file.name)
    digits = _KEY_HEX.fullmatch(data)
    if digits:
        return bytes.fromhex(digits.group(1).decode())
    if len(data) > KEY_FILE_MAX_BYTES:
        raise KeyNoneError(file=file.name)
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyNoneError(file=file.name) from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyNoneError(file=file.name)
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _bytes(file: Path, most: int, unread: type[ProofError]) -> bytes:
    """Return a file's bytes, of a larger one `most` and one; raises `unread`."""
    try:
        with file.open("rb") as handle:
            return handle.read(most + 1)
    except OSError as error:
        raise unread(file=str(file), detail=error.strerror) from error


def _lines(t: Translator, proof: Proof, found: list[Finding]) -> Iterator[str]:
    names: Names = {
        (one.table, one.code): one.zh if t.language == "zh" else one.en for one in proof.names
    }
    number = _number(proof, found)
    for one in found:
        text = _deed(t, names, one.entry) if one.entry else _sentence(t, names, one, number)
        indent = "    " if one.code.startswith("entry.") else ""
        yield f"{indent}{_MARKS[one.mark]} {clean(text)}"


def _number(proof: Proof, found: list[Finding]) -> str | None:
    """Return the number of the record that people know it by, as its entries say."""
    entries = [one.entry for one in found if one.entry]
    said = [one.set.get("code") for one in entries if one.record_id == proof.record_id]
    return next((one[:VALUE_LONGEST] for one in said if isinstance(one, str)), None)


def _sentence(t: Translator, names: Names, one: Finding, number: str | None) -> str:
    params: dict[str, object] = {name: _param(t, name, value) for name, value in one.params.items()}
    if one.code == "record":
        params["type"] = _worded(t, "type", str(one.params["type"]))
        params["zone"] = str(t.zone)
        if number:
            params["record"] = f"{number} ({params['record']})"
    if one.code == "entry.verdict":
        params["why"] = _worded(t, "verdict", str(one.params["verdict"]))
        if one.params["code"] is None:
            return t("proof.entry.judged", **params)
        code = str(one.params["code"])[:VALUE_LONGEST]
        params["code"] = t.known(f"outbox.reason.{code}", code)
    if one.code == "file.removed":
        params["why"] = _worded(t, "removed", str(one.params["why"]))
    if one.code == "entry.quarantined":
        params["why"] = _worded(t, "held", str(one.params["code"]))
    if "sha256" in params:
        params["sha256"] = str(params["sha256"])[:_SHORT_HASH]
    return t(f"proof.{one.code}", **params)


def _param(t: Translator, name: str, value: Value) -> object:
    if name.endswith("_ms"):
        return _stamp(t, value)
    return "-" if value is None else value


def _deed(t: Translator, names: Names, entry: Entry) -> str:
    """Say who did what, when, on which device."""
    unsure = entry.time.uncertainty_ms
    return t(
        "proof.entry",
        time=_stamp(t, entry.wall_ms),
        sure=t("proof.unsure") if unsure is None else t("proof.sure", s=max(1, -(-unsure // 1000))),
        person=_person(t, names, entry.person_id),
        device=entry.device_id,
        number=entry.number,
        kind=_worded(t, "kind", entry.kind),
        what="; ".join(_changes(t, names, entry)) or "-",
    )


def _changes(t: Translator, names: Names, entry: Entry) -> Iterator[str]:
    for field, value in sorted(entry.set.items(), key=lambda one: (one[0] not in _FIRST, one[0])):
        if value is None:
            continue
        if field == "answers" and isinstance(value, dict):
            for item, answer in value.items():
                asked = names.get((FIELDS, item))
                label = f"{asked} ({item})" if asked else item
                yield f"{label} = {_value(t, names, entry, '', answer)}"
            continue
        shown = _value(t, names, entry, field, value)
        yield f"{_worded(t, 'field', field)} = {shown}"


def _value(t: Translator, names: Names, entry: Entry, field: str, value: Value) -> str:
    if field.endswith("_ms"):
        return _stamp(t, value)
    if isinstance(value, str):
        return _text(t, names, entry, field, value)
    if isinstance(value, dict) and (place := _place(t, value)):
        return place
    if isinstance(value, dict):
        some = {name: one for name, one in value.items() if one not in (None, [])}
        parts = (
            f"{_worded(t, 'field', n)} {_value(t, names, entry, n, v)}" for n, v in some.items()
        )
        text = t.listed(parts) or "-"
    elif isinstance(value, list):
        text = t.listed(_value(t, names, entry, field, one) for one in value) or "-"
    else:
        text = json.dumps(value)
    return text if len(text) <= VALUE_LONGEST else f"{text[:VALUE_LONGEST]}…"


def _text(t: Translator, names: Names, entry: Entry, field: str, value: str) -> str:
    if _HASH.fullmatch(value):
        return value[:_SHORT_HASH]
    if field in _CODES:
        return t.texts.get(f"{_CODES[field]}.{value}", value[:VALUE_LONGEST])
    state = names.get((STATES, f"{entry.type}:{value}")) if field == "state" else None
    if entry.type == EVIDENCE and field == "grade":  # of the evidence, not of a hazard
        return value[:VALUE_LONGEST]
    name = state or names.get((PEOPLE, value)) or names.get((THINGS, value))
    return f"{name} ({value})" if name else value[:VALUE_LONGEST]


def _place(t: Translator, value: Mapping[str, Value]) -> str | None:
    """Return a position in degrees, with how far it may be off in metres."""
    lat, lon, off = (value.get(name) for name in ("lat", "lon", "acc_cm"))
    if not (isinstance(lat, int) and isinstance(lon, int) and isinstance(off, int)):
        return None
    place = t("proof.place", lat=f"{lat / 1e7:.6f}", lon=f"{lon / 1e7:.6f}", m=-(-off // 100))
    return f"{place} {t('proof.mocked')}" if value.get("mocked") else place


def _person(t: Translator, names: Names, code: str) -> str:
    name = names.get((PEOPLE, code))
    return f"{name} ({code})" if name else _worded(t, "person", code)


def _worded(t: Translator, part: str, code: str) -> str:
    """Return our words for a code where the catalogs have any, else the code itself."""
    return t.texts.get(f"proof.{part}.{code}", code[:VALUE_LONGEST])


def _stamp(t: Translator, at_ms: Value) -> str:
    if not isinstance(at_ms, int):
        return "-"
    try:
        return t.stamp(at_ms)
    except (ValueError, OverflowError, OSError):  # a year that no calendar has
        return str(at_ms)


def clean(text: str) -> str:
    """Return a text that stays on its line and moves nothing on the screen."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one)[0] == "C" or one in "\u2028\u2029"
        else one
        for one in text
    )  # fmt: skip
