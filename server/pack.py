"""The pack: definitions, people and keys that a device needs to work without us.

PINs stand in the demo plant's file so that a newcomer can read them; they are taken out before the
text goes anywhere, and devices get hashes instead.
"""

import gzip
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

import yaml

from domain.definitions import Definitions, parted, read
from domain.errors import DefinitionError
from server.keys import LabelSigner
from sync.protocol import LabelKey, PackPerson
from sync.protocol import Pack as FirstPack

FILES_MAX = 500
VERSIONED = ("forms/", "documents/")
FILE_MAX_BYTES = 1024 * 1024
_PIN = re.compile(r",?[ \t]*\bpin:[ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\"|([^\s,}]+))")
_PIN_LEFT = re.compile(r"\bpin['\"]?\s*:")


class PackMessage(FirstPack):
    """The pack as it goes out, with the files that a device of the version before does not know.

    One file of those among `files` and it refuses the whole pack; a field more it ignores. The
    same is read by `app.link`.
    """

    newer_files: dict[str, str]
    unlock_key: str


@dataclass(frozen=True, slots=True)
class Pack:
    """What devices get, as bytes made once, and the definitions as the server itself reads them."""

    definitions: Definitions
    etag: str
    plain: bytes
    packed: bytes


def load_files(folder: Path) -> dict[str, str]:
    """Return the text of every definition file by its path below `folder`."""
    paths = sorted(path for path in folder.rglob("*.yaml") if path.is_file())
    assert len(paths) <= FILES_MAX, "too many definition files"
    assert all(path.stat().st_size <= FILE_MAX_BYTES for path in paths), (
        "a definition file is too large"
    )
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


def with_served(home: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Return the files with every version of a checklist or drawing that was ever served from here.

    A sheet begun with an old version may arrive weeks later, and its record is read for years:
    raising `version` in a file must not make it unreadable. `home` keeps a copy of each.
    """
    found = dict(files)
    for prefix in VERSIONED:
        folder = home / prefix
        folder.mkdir(parents=True, exist_ok=True)
        now = {_version_name(text): text for path, text in files.items() if path.startswith(prefix)}
        for name, text in now.items():
            file = folder / name
            if not file.exists() or file.read_text("utf-8") != text:
                part = file.with_suffix(".tmp")
                part.write_text(text, "utf-8")
                part.replace(file)
        for file in sorted(folder.glob("*.yaml")):
            if file.name not in now:
                found[f"{prefix}{file.name}"] = file.read_text("utf-8")
    return found


def _version_name(text: str) -> str:
    """Return the name under which a version of a file is kept; the text was checked."""
    document = cast("Mapping[str, object]", yaml.safe_load(text))
    return f"{document['code']}@{document['version']}.yaml"


def without_pins(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files without PINs; raises DefinitionError for a file it cannot clean."""
    clean = {
        path: _PIN.sub("", text) if _people_file(path) else text for path, text in files.items()
    }
    for path, text in clean.items():
        code = "\n".join(line.split("#", 1)[0] for line in text.splitlines())
        if _people_file(path) and _PIN_LEFT.search(code):
            raise DefinitionError(problems=[{"path": path, "code": "pin_in_clear"}])
    return clean


def read_definitions(files: Mapping[str, str], day0: date) -> Definitions:
    """Return the definitions; a server does not start on definitions with problems."""
    definitions, problems = read(files, day0)
    if definitions is None or problems:
        rows = [f"{found.path}:{found.line} {found.code}" for found in problems]
        raise DefinitionError(problems=rows)
    return definitions


def pins_in(files: Mapping[str, str]) -> dict[str, str]:
    """Return the PINs that stand in the plant files of a demo, by person."""
    pins: dict[str, str] = {}
    for path, text in files.items():
        if _people_file(path):
            document = cast("Mapping[str, list[dict[str, object]]]", yaml.safe_load(text))
            for row in document.get("people", []):
                if "pin" in row:
                    pins[str(row["id"])] = str(row["pin"])
    return pins


def make(
    definitions: Definitions,
    files: Mapping[str, str],
    pin_hashes: Mapping[str, str],
    signers: Mapping[str, LabelSigner],
    *,
    temporary: Collection[str] = (),
    since_ms: Mapping[str, int] | None = None,
    unlock_key: bytes = b"",
) -> Pack:
    """Return the pack of these files (see `without_pins`), people and keys.

    `temporary` names the people who have to choose a PIN of their own when they sign in, `since_ms`
    says when a PIN was changed by an entry. Devices seal the way back to
    their data to `unlock_key`.
    """
    known = definitions.plant.people.keys()
    first, newer = parted(files)
    message = PackMessage(
        version=definitions.version,
        day0=definitions.day0.isoformat(),
        files=first,
        newer_files=newer,
        people=[
            PackPerson(
                person_id=person,
                pin_hash=pin_hash,
                temporary=person in temporary,
                since_ms=(since_ms or {}).get(person, 0),
            )
            for person, pin_hash in sorted(pin_hashes.items())
            if person in known
        ],
        unlock_key=unlock_key.hex(),
        plant_keys=label_keys(signers),
        label_versions={
            spot_id: spot.label_version
            for spots in (definitions.plant.assets, definitions.plant.checkpoints)
            for spot_id, spot in spots.items()
        },
    )
    plain = message.model_dump_json().encode()
    # people and keys may change while the files stay: the tag covers all bytes
    etag = f'"{definitions.version}-{hashlib.sha256(plain).hexdigest()[:12]}"'
    return Pack(definitions, etag, plain, gzip.compress(plain, mtime=0))


def label_keys(signers: Mapping[str, LabelSigner]) -> dict[str, LabelKey]:
    """Return the public label keys by key id, as messages carry them."""
    return {
        str(signer.key_id): LabelKey(plant=signer.plant, public_key=signer.public_hex)
        for signer in signers.values()
    }


def _people_file(path: str) -> bool:
    return path.startswith("plants/")
