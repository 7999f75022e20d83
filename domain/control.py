"""Work under control: the safety rules that device and server ask alike, read from the definitions.

Which types it is, what stops it, who is there, who may check in. A state that puts safety first is
data (`merge.yaml`), the part `work:` is data (a workflow file), and so is how long a scan proves
presence (`scan.on_site_min`).
"""

from collections.abc import Iterator, Mapping

from domain.access import may, subject_of
from domain.definitions import Definitions
from domain.holds import ACTION, STATE, Safety
from domain.plant import Person
from domain.policies import TypePolicies
from domain.records import Record, Value
from domain.work import CHECK_INS, Work
from domain.workflow import Workflow, under_control

SITE = "site"  # cell of a stop: the label scanned there, {asset, scanned_ms}
_MINUTE_MS = 60_000


def flow_of(found: Definitions, type: str) -> Workflow | None:
    """Return the workflow of a type of work under control; None for any other type."""
    flow = found.workflows.get(type)
    return flow if flow and under_control(flow, found.policies) else None


def flows(found: Definitions) -> Iterator[tuple[Workflow, Work]]:
    """Yield the workflows of work under control; a plant may have none."""
    for _, flow in sorted(found.workflows.items()):
        if flow.work and under_control(flow, found.policies):
            yield flow, flow.work


def safety_of(policies: TypePolicies, type: str) -> Safety | None:
    """Return how the state of a type puts safety first; None where it does not."""
    safety = policies.get(type, {}).get(STATE)
    return safety if isinstance(safety, Safety) else None


def stops(policies: TypePolicies, type: str, set: Mapping[str, Value]) -> bool:
    """Say whether what an entry sets makes work stop: nobody may be kept from that."""
    safety = safety_of(policies, type)
    state, action = set.get(STATE), set.get(ACTION)
    if safety is None or not isinstance(state, str):
        return False
    return safety.stops(action if isinstance(action, str) else "", state)


def was_there(
    found: Definitions, record: Record, asset_id: Value, scanned_ms: Value, at_ms: int
) -> bool:
    """Say whether the scan of a label proves that somebody was at the work's area at a time."""
    if not isinstance(asset_id, str) or not isinstance(scanned_ms, int):
        return False
    asset = found.plant.assets.get(asset_id)
    young = 0 <= at_ms - scanned_ms <= found.defaults.whole("scan.on_site_min") * _MINUTE_MS
    return young and asset is not None and asset.area == record.text("area")


def may_check_in(found: Definitions, flow: Workflow, record: Record, person: Person) -> bool:
    """Say whether somebody may check in: named on the work, or by a right of their role."""
    subject, rule = subject_of(record), flow.cells.get(CHECK_INS)
    return rule is not None and (
        person.person_id in subject.named
        or any(may(found.access, found.plant, person, one, subject) for one in rule.editors)
    )
