"""Which policy a field is merged by, per record type: what `merge.yaml` says, and what holds there.

The product's own file says the same as `POLICIES`; a test compares them. Device and server must
fold with equal policies: a record is a pure function of its entries and these.
"""

from collections.abc import Mapping

from domain.holds import Safety
from domain.joins import Measured, Policy

__all__ = ["POLICIES", "FieldPolicy", "Policies", "TypePolicies"]

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
    },
    "maintenance": {"state": Policy.FIRST, "note": Policy.LATEST},
    "evidence": {},
    "event": {},
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
    # two administrators who change one row without knowing of each other: the server refuses the
    # second one, and until then the second one counts for nothing on its device
    "register": {"state": Policy.FIRST},
    "device": dict.fromkeys(("state", "name", "reason", "by", "at_ms"), Policy.LATEST),
}
