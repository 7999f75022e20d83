"""Content credentials (C2PA) on copies of photos that leave the server: who, when, where, of what.

An option: it needs requirements/c2pa.txt. Only copies are signed, in memory; what is stored stays
as it is, and the plant's own chain stays the proof. No network is asked, so nobody else vouches for
the time of signing.
"""

import importlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session

from domain.capture_trust import grounds, standing_grade
from domain.changes import Entry
from domain.papers import CredentialsError
from domain.records import Record, Value
from media import images
from media.papers.facts import Shot, Told
from offline_store import blobs, journal, times
from offline_store.database import Store
from server.credential_keys import Signing

EVIDENCE: Final = "org.anshao.evidence"  # label of our own assertion
ROOT_NAME: Final = "plant-root.crt"  # the file to trust, written beside the photos
_CAPTURE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
_DRAWN: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"
_SOURCES: Final = {"camera": _CAPTURE, "drawn": _DRAWN}
_SETTINGS: Final = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
}


@dataclass(frozen=True, slots=True)
class Signed:
    """A copy to write: its file name and bytes; `reason` says why there is none, else empty."""

    name: str
    data: bytes = b""
    reason: str = ""


def require() -> Any:  # noqa: ANN401 - the package brings no types, and may not be there
    """Return the package c2pa; raises CredentialsError where it is not installed."""
    try:
        return importlib.import_module("c2pa")
    except ImportError as error:
        raise CredentialsError(reason="missing") from error


def sign_all(store: Store, session: Session, told: Told, signing: Signing) -> Iterator[Signed]:
    """Yield the signed copy of each photo of a record, one in memory at a time.

    Clips, photos that were removed and copies that have not arrived come without bytes. Raises
    CredentialsError.
    """
    c2pa = require()
    for number, shot in enumerate(told.shots, start=1):
        code = told.record.text("code") or told.record.record_id
        name = _file_name(f"{code}-{number:02d}-{shot.record.text('shot')}")
        data = _copy(store, shot)
        original = blobs.read(store, shot.record.text("original")) if shot.where == "here" else None
        if data is None:
            yield Signed(name, reason=_why(shot))
            continue
        entry = _written(session, shot.record)
        resized = _is_smaller(data, shot.record)
        manifest = _manifest(shot, told, signing, entry, name, resized=resized)
        if shot.record.text("source") in _SOURCES:
            original = None  # how it came to be is known: no file was opened
        elif original is None:
            yield Signed(name, reason="elsewhere")  # an album's picture is told by its original
            continue
        yield Signed(name, _signed(c2pa, manifest, data, original, signing))


def read(data: bytes, root: bytes | None = None) -> Mapping[str, Any]:
    """Return what a signed picture says and whether it holds, as the package tells it (JSON).

    With `root` (PEM) its state is "Trusted" where that root stands behind it. Raises
    CredentialsError.
    """
    c2pa = require()
    wanted: dict[str, Any] = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    if root:
        wanted["trust"] = {"trust_anchors": root.decode("ascii")}
        wanted["verify"]["verify_trust"] = True
    try:
        with (
            c2pa.Settings.from_dict(wanted) as settings,
            c2pa.Context(settings=settings) as context,
            c2pa.Reader("image/jpeg", io.BytesIO(data), context=context) as reader,
        ):
            return json.loads(reader.json())
    except c2pa.C2paError as error:
        raise CredentialsError(reason="failed", detail=str(error)) from error


def _signed(
    c2pa: Any,  # noqa: ANN401 - the package brings no types
    manifest: Mapping[str, Any],
    data: bytes,
    original: bytes | None,
    signing: Signing,
) -> bytes:
    out = io.BytesIO()
    info = c2pa.C2paSignerInfo(b"es256", signing.chain, signing.key, None)
    try:
        with (
            c2pa.Settings.from_dict(_SETTINGS) as settings,
            c2pa.Context(settings=settings) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(dict(manifest), context) as builder,
        ):
            if original is not None:
                parent = {"title": "original", "relationship": "parentOf", "label": "original"}
                builder.add_ingredient(parent, _mime(original), io.BytesIO(original))
            builder.sign(signer, "image/jpeg", io.BytesIO(data), out)
    except c2pa.C2paError as error:
        raise CredentialsError(reason="failed", detail=str(error)) from error
    return out.getvalue()


def _manifest(
    shot: Shot,
    told: Told,
    signing: Signing,
    entry: tuple[Entry, bool] | None,
    name: str,
    *,
    resized: bool,
) -> dict[str, Any]:
    record = shot.record
    source = record.text("source")
    taken = _iso(record.whole("taken_ms"))
    first: dict[str, Any] = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["original"]}}
    if source in _SOURCES:
        first = {"action": "c2pa.created", "digitalSourceType": _SOURCES[source]}
        if taken:
            first["when"] = taken
    actions = [first]
    if resized:
        actions.append({"action": "c2pa.resized"})
    if source != "drawn":  # a signature carries no stamp
        said = {"description": "time, place and person stamped"}
        actions.append({"action": "c2pa.edited", "parameters": said})
    return {
        "claim_generator_info": [{"name": "Anshao", "version": "0.1.0"}],
        "title": f"{name}.jpg",
        "format": "image/jpeg",
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": EVIDENCE, "data": _evidence(shot, told, signing, entry, taken)},
        ],
    }


def _evidence(
    shot: Shot, told: Told, signing: Signing, entry: tuple[Entry, bool] | None, taken: str
) -> dict[str, Any]:
    """Return our own assertion: what the plant's chain says of this photo."""
    record = shot.record
    rules = told.definitions.trust
    found: dict[str, Any] = {
        "plant": told.definitions.plant.code,
        "record": told.record.record_id,
        "code": told.record.text("code"),
        "evidence": record.record_id,
        "shot": record.text("shot"),
        "source": record.text("source"),
        "original_sha256": record.text("original"),
        "copy_sha256": record.text("stamped"),
        "captured_by": signing.pseudonym(record.text("by")),
        "taken": taken,
        "grade": standing_grade(record, rules),
        "reasons": [code for code, _, _ in grounds(record, rules)],
    }
    if entry is not None:
        wrote, corrected = entry
        found |= {
            "device": wrote.device_id,
            "entry": wrote.number,
            "time": _trust(wrote, corrected),
        }
    place = _position(record.get("fix"))
    if place:
        found["position"] = place
    return found


def _trust(entry: Entry, corrected: bool) -> dict[str, Any]:
    """Return how far the time can be trusted, and what the device's own clock showed."""
    unsure = entry.time.uncertainty_ms
    state = "corrected" if corrected else "unknown" if unsure is None else "calibrated"
    told: dict[str, Any] = {"state": state, "device_clock": _iso(entry.time.device_ms)}
    if unsure is not None and not corrected:
        told["uncertainty_ms"] = unsure
    if corrected:
        told["true"] = _iso(entry.wall_ms)
    return told


def _position(fix: Value) -> dict[str, Any]:
    if not isinstance(fix, dict):
        return {}
    lat, lon, acc = (fix.get(name) for name in ("lat", "lon", "acc_cm"))
    if not (isinstance(lat, int) and isinstance(lon, int) and isinstance(acc, int)):
        return {}
    return {
        "datum": "WGS-84",
        "latitude": f"{lat / 1e7:.7f}",
        "longitude": f"{lon / 1e7:.7f}",
        "accuracy_m": f"{acc / 100:.2f}",
    }


def _written(session: Session, record: Record) -> tuple[Entry, bool] | None:
    """Return the entry that brought a photo, in true time, and whether that was corrected."""
    rows = journal.of_record(session, record.record_id)
    if not rows:
        return None
    true = times.of_records(session, [record.record_id])
    return times.read(rows[0].entry, true), rows[0].entry.writer in true


def _copy(store: Store, shot: Shot) -> bytes | None:
    """Return the marked copy, which is always a JPEG."""
    if shot.is_clip or shot.where == "removed":
        return None
    return blobs.read(store, shot.record.text("stamped"))


def _is_smaller(copy: bytes, record: Record) -> bool:
    """Whether a copy has fewer pixels across than its original, as the record tells it."""
    facts = record.get("exif")
    width = facts.get("width") if isinstance(facts, dict) else None
    return isinstance(width, int) and images.inspect(copy).width < width


def _why(shot: Shot) -> str:
    return "clip" if shot.is_clip else "removed" if shot.where == "removed" else "elsewhere"


def _iso(at_ms: int | None) -> str:
    if at_ms is None:
        return ""
    try:
        moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    except (ValueError, OverflowError, OSError):  # a clock may have told any number
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _file_name(text: str) -> str:
    """Return a name for a file that no text of a record can lead elsewhere."""
    return "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in text)[:80]


def _mime(data: bytes) -> str:
    if data.startswith(b"\x89PNG"):
        return "image/png"
    if data[8:12] == b"WEBP":
        return "image/webp"
    return "image/heic" if data[4:8] == b"ftyp" else "image/jpeg"
