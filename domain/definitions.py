"""Definitions: all data that says what is checked, who may do what, and how things go on.

`read` turns the texts of the YAML files into values and names every problem with its file and
line. Files (paths below assets/definitions): plants/NAME.yaml (one), access.yaml, forms/NAME.yaml
(one per version of a checklist), workflows/NAME.yaml, documents/NAME.yaml (drawings, if any),
merge.yaml, scopes.yaml and privacy.yaml (if any), hazards.yaml, lexicon.yaml, chemicals.yaml,
defaults.yaml, evidence.yaml, demo/hazards.yaml, the files of later issues
(`domain.reading.defaults.LATER`), and, where people have administered something, registers.yaml
(`domain.registers`).
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from domain.access import Access
from domain.capture_trust import USUAL, TrustRules
from domain.defaults import Defaults
from domain.demo import DemoData, DemoHazard
from domain.drawings import Document, Documents
from domain.errors import DefinitionError
from domain.forms import Form
from domain.hazards import HazardVocabulary
from domain.plant import Plant
from domain.policies import POLICIES, TypePolicies
from domain.privacy import PrivacyRules
from domain.reading.access import AccessExample, read_access
from domain.reading.defaults import LATER, check_later, read_defaults
from domain.reading.documents import read_document
from domain.reading.forms import FormExample, read_form
from domain.reading.hazards import (
    HazardExample,
    read_demo_hazards,
    read_hazards,
    read_lexicon,
)
from domain.reading.merge import read_merge
from domain.reading.nagging import check_levels
from domain.reading.plant import read_chemicals, read_plant
from domain.reading.privacy import PrivacyExample, read_privacy
from domain.reading.registers import lay_over
from domain.reading.scopes import ScopeExample, read_scopes
from domain.reading.source import Part, Problem, Reading, named
from domain.reading.trust import read_trust
from domain.reading.walk import compose
from domain.reading.workflow import WorkflowExample, read_workflow
from domain.registers import FILE as REGISTERS
from domain.scopes import RULES, Ground, Rules, ground, with_works
from domain.words import Words
from domain.workflow import Workflow, under_control

__all__ = [
    "Definitions", "DemoHazard", "Examples", "Problem", "load", "parted", "put_together", "read",
]  # fmt: skip

FILES_MAX = 500
_SINGLE = ("access.yaml", "hazards.yaml", "lexicon.yaml", "chemicals.yaml", "defaults.yaml",
           "evidence.yaml", "demo/hazards.yaml", *LATER)  # fmt: skip
_MERGE = "merge.yaml"  # a device may still hold definitions from before there was one
_SCOPES = "scopes.yaml"  # likewise
_PRIVACY = "privacy.yaml"  # likewise
# what the version before refuses with all the rest: a pack brings it beside the files
_NEWER = frozenset({_MERGE, _SCOPES, _PRIVACY})
_FOLDERS = ("plants", "forms", "workflows")
_OPTIONAL = "documents"  # drawings and safety notes: a plant may have none yet


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples that stand in the files; `domain.examples.failures` plays them."""

    forms: tuple[FormExample, ...]
    workflows: tuple[WorkflowExample, ...]
    hazards: tuple[HazardExample, ...]
    access: tuple[AccessExample, ...]
    privacy: tuple[PrivacyExample, ...] = ()
    scopes: tuple[ScopeExample, ...] = ()


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything read from one set of files; `version` changes when any of them changes."""

    plant: Plant
    forms: Mapping[str, Form]  # the newest version of each
    versions: Mapping[tuple[str, int], Form]
    hazards: HazardVocabulary
    access: Access
    workflows: Mapping[str, Workflow]
    defaults: Defaults
    excuses: Mapping[str, Words]  # why a demanded photo could not be taken
    demo: DemoData
    documents: Documents
    policies: TypePolicies
    privacy: PrivacyRules
    examples: Examples
    day0: date
    version: str
    scopes: Rules = RULES  # what a device takes along
    trust: TrustRules = USUAL  # what signs of a replaced camera and challenges change

    @property
    def ground(self) -> Ground:
        """Return what the scopes of records and people are worked out from."""
        return ground(self.scopes, self.access, self.plant)

    def form(self, code: str, version: int) -> Form | None:
        """Return that version of a checklist: an old record needs its old version."""
        return self.versions.get((code, version))

    def codes(self, kind: str) -> Collection[str]:
        """Return the codes of a kind that a cell may hold, in the order of the data."""
        match kind:
            case "category":
                return self.hazards.categories
            case "element":
                return self.hazards.elements
            case "grade":  # worst first
                return self.hazards.grades
            case "asset":
                return self.plant.assets
            case "area":
                return self.plant.areas
            case "unit":  # contractors own equipment, too
                return {**self.plant.units, **self.plant.contractors}
            case _:
                return self.plant.people


def load(files: Mapping[str, str], day0: date) -> Definitions:
    """Return the definitions; raises DefinitionError(problems=...) if anything is wrong."""
    definitions, problems = read(files, day0)
    if definitions is None:
        raise DefinitionError(problems=problems)
    return definitions


def read(files: Mapping[str, str], day0: date) -> tuple[Definitions | None, tuple[Problem, ...]]:
    """Read all files, `day0` being the demo day; with any problem there are no definitions.

    The caller keeps the last good ones: half-read data must never decide anything.
    """
    return _read(tuple(sorted(files.items())), day0)


@lru_cache(maxsize=4)  # the same files are read by a server and its devices, and at every start
def _read(
    texts: tuple[tuple[str, str], ...], day0: date
) -> tuple[Definitions | None, tuple[Problem, ...]]:
    files = dict(texts)
    reading = Reading(day0)
    parts = _parts(reading, files)
    if len(parts) < len(files):  # what a file that cannot be read defines is not missing
        return None, reading.so_far()
    missing = [path for path in _SINGLE if path not in parts]
    missing += [f"{folder}/" for folder in _FOLDERS if not _folder(parts, folder)]
    for path in missing:
        reading.problem(path, 1, "file.missing")
    if len(_folder(parts, "plants")) > 1:
        reading.problem(_folder(parts, "plants")[1].path, 1, "file.unknown")
    if missing:
        return None, reading.so_far()
    definitions = _definitions(parts, day0, version_of(files, day0))
    problems = reading.finish()
    return (None if problems else definitions), problems


def parted(files: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the files that every reader in use knows, and those it would refuse the rest for."""
    newer = {path: text for path, text in files.items() if path in _NEWER}
    return {path: text for path, text in files.items() if path not in newer}, newer


def put_together(files: Mapping[str, str], newer: Mapping[str, str]) -> dict[str, str]:
    """Undo `parted`; what a still later version put into `newer` is left out."""
    return {**files, **{path: text for path, text in newer.items() if path in _NEWER}}


def version_of(files: Mapping[str, str], day0: date) -> str:
    """Return the version of a set of files: twelve hex digits over names, texts and day."""
    digest = hashlib.sha256(day0.isoformat().encode())
    for path in sorted(files):
        data = files[path].encode()
        digest.update(f"\0{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:12]


def _parts(reading: Reading, files: Mapping[str, str]) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    if len(files) > FILES_MAX:
        reading.problem("", 1, "file.size")
        return parts
    for path in sorted(files):
        folder, slash, name = path.rpartition("/")
        in_folder = slash and folder in (*_FOLDERS, _OPTIONAL) and name.endswith(".yaml")
        if path not in (*_SINGLE, *_NEWER, REGISTERS) and not in_folder:
            reading.problem(path, 1, "file.unknown")
            continue
        node = compose(reading, path, files[path])
        if node is not None:
            parts[path] = reading.part(path, node)
    return parts


def _folder(parts: Mapping[str, Part], folder: str) -> list[Part]:
    return [part for path, part in parts.items() if path.startswith(f"{folder}/")]


def _definitions(parts: Mapping[str, Part], day0: date, version: str) -> Definitions:
    file = _folder(parts, "plants")[0]
    tables = lay_over(file, parts.get(REGISTERS))
    plant = replace(read_plant(file, read_chemicals(parts["chemicals.yaml"])), tables=tables)
    access, access_examples = read_access(parts["access.yaml"])
    misheard = read_lexicon(parts["lexicon.yaml"])
    hazards, hazard_examples = read_hazards(parts["hazards.yaml"], misheard)
    check_levels(parts["hazards.yaml"], hazards.nagging, plant)
    shots = hazards.shots_before_dispatch
    asks = parts["hazards.yaml"]
    flows = [read_workflow(part, shots, asks) for part in _folder(parts, "workflows")]
    policies = _policies(parts, [flow for flow, _ in flows])
    works = [flow.code for flow, _ in flows if under_control(flow, policies)]
    forms = [read_form(part) for part in _folder(parts, "forms")]
    demo = read_demo_hazards(parts["demo/hazards.yaml"], plant.timezone)
    documents: list[Document] = [read_document(part) for part in _folder(parts, _OPTIONAL)]
    taken = parts.get(_SCOPES)
    scopes, scope_examples = read_scopes(taken) if taken else (RULES, ())
    for path in LATER:
        check_later(parts[path])
    no_rules = (PrivacyRules(), tuple[PrivacyExample, ...]())
    privacy, privacy_examples = read_privacy(parts[_PRIVACY]) if _PRIVACY in parts else no_rules
    by_age = sorted((form for form, _ in forms), key=lambda form: (form.code, form.version))
    return Definitions(
        plant=plant,
        forms={form.code: form for form in by_age},
        versions={(form.code, form.version): form for form in by_age},
        hazards=hazards,
        access=access,
        workflows={flow.code: flow for flow, _ in flows},
        defaults=read_defaults(parts["defaults.yaml"]),
        excuses=named(parts["evidence.yaml"], "photo_excuses", "photo_excuse"),
        demo=DemoData(demo),
        policies=policies,
        privacy=privacy,
        documents={(one.code, one.version): one for one in documents},
        examples=Examples(
            forms=tuple(example for _, examples in forms for example in examples),
            workflows=tuple(example for _, examples in flows for example in examples),
            hazards=hazard_examples,
            access=access_examples,
            privacy=privacy_examples,
            scopes=scope_examples,
        ),
        day0=day0,
        version=version,
        scopes=with_works(scopes, works),
        trust=read_trust(parts["evidence.yaml"]),
    )


def _policies(parts: Mapping[str, Part], flows: Iterable[Workflow]) -> TypePolicies:
    part = parts.get(_MERGE)
    return read_merge(part, parts["permits.yaml"], flows) if part else POLICIES
