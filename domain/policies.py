"""Which policy a field is merged by, per record type: what `merge.yaml` says, and what holds there.

The product's own file says the same as `POLICIES`; a test compares them. A type that the file does
not name keeps these. Device and server must fold with equal policies: a record is a pure function
of its entries and these.
"""

from collections.abc import Mapping

from domain.holds import Safety
from domain.joins import Measured, Policy

__all__ = ["CELLS", "POLICIES", "FieldPolicy", "Policies", "TypePolicies"]

FieldPolicy = Policy | Measured | Safety
Policies = Mapping[str, FieldPolicy]  # by field; a field without a policy is asked about
TypePolicies = Mapping[str, Policies]  # by record type

POLICIES: TypePolicies = {
    "task": {"state": Policy.FIRST, "done_by": Policy.ASK},
    "inspection": {"state": Policy.FIRST, "note": Policy.LATEST},
    "hazard": {
        "state": Policy.FIRST,
        "action": Policy.FIRST,
        "place_note": Policy.LATEST,
        "note": Policy.LATEST,
        "fix": Policy.LATEST,
    }
    | dict.fromkeys(
        ("photos_reason", "asked_of", "asked_shots", "asked_by", "asked_ms"), Policy.LATEST
    ),
    "maintenance": {"state": Policy.FIRST, "note": Policy.LATEST},
    "evidence": {"role": Policy.LATEST},
    "event": {},
    "clock": {},
    # one notice may be written twice, by the server and by the device it concerns: the first stands
    "notice": dict.fromkeys(
        (
            "state",
            "to",
            "rule",
            "step",
            "about",
            "about_type",
            "params",
            "told_ms",
            "captured_ms",
            "counted_ms",
            "level",
        ),
        Policy.FIRST,
    )
    | {"seen_ms": Policy.LATEST},
    "gap": {"state": Policy.FIRST, "note": Policy.LATEST},
    "quarantine": {"state": Policy.FIRST, "note": Policy.LATEST},
    "removal": {"state": Policy.FIRST, "note": Policy.LATEST},
    "consent": {"state": Policy.FIRST},
    # two administrators who change one row without knowing of each other: the server refuses the
    # second one, and until then the second one counts for nothing on its device
    "register": {"state": Policy.FIRST},
    # when a device was lost is said once: no later word about its state takes it back
    "device": dict.fromkeys(
        (
            "state",
            "name",
            "reason",
            "by",
            "at_ms",
            "people",
            "areas",
            "units",
            "have",
            "heard_ms",
            "lacks",
        ),
        Policy.LATEST,
    )
    | {"revoked_ms": Policy.FIRST},
}

# what records without a workflow are made of: what the product writes is no data, so its names
# stand here, where the reader of `merge.yaml` looks for slips
_ABOUT = ("asset", "area", "unit")
_SHEET = ("state", "code", "task", "via", "label_state", "opened_ms", "submitted_ms", "note",
          "drawing_version", "fix", *_ABOUT)  # fmt: skip
CELLS: Mapping[str, frozenset[str]] = {
    "task": frozenset(
        ("state", "kind", "template", "plan", "owner", "start_ms", "due_ms", "route", "stop",
         "stops", "work", "title", "parts", "evidence", "done_by", "done_ms", "hazard", "code",
         "reporter", "by", "result", "note", "site", "looks", *_ABOUT)
    ),
    "inspection": frozenset(
        ("inspector", "answers", "judged", "photos", "excused", "excuse_words", "hazards", *_SHEET)
    ),
    "maintenance": frozenset(("by", "plan", "work", "next_due_ms", "parts", *_SHEET)),
    "evidence": frozenset(
        ("of", "item", "shot", "code", "taken_ms", "fix", "grade", "reasons", "by", "original",
         "stamped", "thumb", "size", "mime", "exif", "source", "media", "seconds", "withdrawn",
         "role", "consent", "mark", "reuse", "check", "server_mark", "server_reuse", "server_check",
         "challenge", "server_challenge")
    ),
    "event": frozenset(
        ("what", "by", "at_ms", "text", "code", "device", "number", "figure", "days", "area",
         "unit", "grade", "format", "rows")
    ),
    "clock": frozenset(
        ("what", "by", "at_ms", "device", "source", "boot", "mono", "unc", "jump")
    ),
    "notice": frozenset(POLICIES["notice"]),
    "gap": frozenset(
        ("state", "rule", "form", "item", "sheets", "owner", "raised_ms", "settled_by",
         "settled_ms", "note", *_ABOUT)
    ),
    "quarantine": frozenset(
        ("state", "device", "name", "why", "first", "last", "items", "outcome", "by", "at_ms",
         "settled_by", "settled_ms", "note", "before_ms")
    ),
    "register": frozenset(
        ("table", "key", "state", "reason", "by", "at_ms", "row", "proposal")
    ),
    "device": frozenset(
        ("name", "state", "reason", "enrolled_ms", "by", "at_ms", "people", "areas", "units",
         "until_ms", "revoked_ms", "have", "heard_ms", "lacks")
    ),
    "removal": frozenset(
        ("state", "of", "evidence", "kind", "files", "why", "by", "at_ms", "note", "decided_by",
         "decided_ms", "done_ms", "taken_by")
    ),
    "consent": frozenset(("person", "purpose", "state", "at_ms", "by")),
}  # fmt: skip
