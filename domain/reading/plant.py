"""Reading `plants/*.yaml` and `chemicals.yaml`."""

from collections.abc import Mapping

from domain.expressions import Facts
from domain.plant import (
    Area,
    Asset,
    Checkpoint,
    Contractor,
    OtherPlant,
    Person,
    Plant,
    Shift,
    Unit,
)
from domain.reading.plans import (
    read_inspection_plans,
    read_maintenance,
    read_roster,
    read_routes,
)
from domain.reading.source import Part, named
from domain.words import Words

# What expressions may read of a substance as `asset.medium.*`
_SUBSTANCE = (
    "flammable", "toxic", "corrosive", "lel_vol", "uel_vol", "mac", "twa", "stel", "molar_mass",
    "may_contain",
)  # fmt: skip
# What expressions may read of equipment beside its id, area, kind, owner and place
_ASSET = ("volume_m3", "dike", "wet", "narrow_metal", "rotating")


def read_chemicals(part: Part) -> dict[str, Facts]:
    """Return the facts of every substance by code."""
    basis = part.part("basis")
    if basis:
        basis.skip("lel", "oel", "ppm_factor")
    facts: dict[str, Facts] = {}
    for row in part.parts("chemicals"):
        row.words()
        row.skip("formula", "conf", "zh_also", "en_also")
        facts[row.code("code", "medium", "substance")] = _substance(row)
    return facts


def read_plant(part: Part, substances: Mapping[str, Facts]) -> Plant:
    """Return the plant; `substances` are the chemicals, its own mixtures come first."""
    part.skip("risk_colours", "industries", "group")
    media = dict(substances)
    for row in part.parts("media"):
        row.words()
        facts = _substance(row)
        row.refs("may_contain", "substance")
        media[row.code("code", "medium")] = facts
    code, name, timezone = _company(part)
    _read_rest(part)
    contractors = _contractors(part)
    assets = {row.asset_id: row for row in (_asset(p, media) for p in part.parts("equipment"))}
    routes = read_routes(part, assets)
    return Plant(
        code=code,
        name=name,
        timezone=timezone,
        areas={row.code: row for row in map(_area, part.parts("areas"))},
        units={row.code: row for row in map(_unit, part.parts("units"))},
        assets=assets,
        checkpoints={row.checkpoint_id: row for row in map(_checkpoint, part.parts("checkpoints"))},
        people={row.person_id: row for row in map(_person, part.parts("people"))},
        others={row.code: row for row in map(_other_plant, part.parts("other_plants"))},
        plans=read_inspection_plans(part, routes),
        shifts=tuple(map(_shift, part.parts("shifts"))),
        kinds=named(part, "equipment_kinds", "equipment_kind"),
        contractors=contractors,
        routes=routes,
        maintenance=read_maintenance(part),
        works=named(part, "maintenance_kinds", "maintenance_kind"),
        supply_units=named(part, "supply_units", "supply_unit"),
        roster=read_roster(part),
    )


def _company(part: Part) -> tuple[str, Words, str]:
    row = part.part("company")
    if row is None:
        part.problem("company", "key.missing")
        return "", Words({"zh": "", "en": ""}), "UTC"
    row.skip("industry", "key_label", "group")
    return row.code("code", "plant"), row.words(), row.text("timezone")


def _substance(row: Part) -> Facts:
    facts: dict[str, object] = {key: row.fact(key) for key in _SUBSTANCE}
    return {**facts, "code": row.text("code")}


def _area(row: Part) -> Area:
    row.ref("muster", "muster_point")
    return Area(
        code=row.code("code", "area"),
        name=row.words(),
        risk=row.choice("risk", ("red", "orange", "yellow", "blue")),
        fire_explosion=row.flag("fire_explosion"),
        toxic=row.flag("toxic"),
        major_hazard=row.whole_or_none("major_hazard"),
        place=row.place(),
        radius_m=row.whole("radius_m"),
        unit=row.ref("unit", "unit"),
    )


def _unit(row: Part) -> Unit:
    parent = row.ref_or_none("parent", "unit")
    return Unit(row.code("code", "unit", "owner"), row.words(), parent)


def _asset(row: Part, media: Mapping[str, Facts]) -> Asset:
    row.skip("say", "say_en")
    asset_id, area, kind = (
        row.code("id", "label"),
        row.ref("area", "area"),
        row.ref("kind", "equipment_kind"),
    )
    owner, place = row.ref("owner", "owner"), row.place()
    medium = row.ref_or_none("medium", "medium")
    facts: dict[str, object] = {key: row.fact(key) for key in _ASSET}
    facts |= {
        "id": asset_id,
        "area": area,
        "kind": kind,
        "owner": owner,
        "medium": media.get(medium) if medium else None,
        "lat_e7": place.lat_e7,
        "lon_e7": place.lon_e7,
        "floor": place.floor,
    }
    row.reading.declare("asset", asset_id, row.path, row.line)
    return Asset(
        asset_id=asset_id,
        name=row.words(),
        area=area,
        kind=kind,
        template=row.ref("template", "template"),
        owner=owner,
        place=place,
        label_version=row.whole("label_version"),
        facts=facts,
    )


def _checkpoint(row: Part) -> Checkpoint:
    row.choice("type", ("fixed",))
    area = row.ref("area", "area")
    version = row.whole_or_none("label_version") or 1
    return Checkpoint(row.code("id", "label"), row.words(), area, row.place(), version)


def _person(row: Part) -> Person:
    row.skip("lang", "id_no")
    row.ref_or_none("contractor", "contractor")
    row.moment_or_none("insurance_to")
    for paper in row.parts("certs"):
        paper.ref("type", "cert_type")
        paper.skip("cert_no")
        for key in ("issued", "reviewed", "expires", "next_review"):
            paper.moment_or_none(key)
    trained = row.part("trained")
    for procedure in trained.names() if trained else ():
        row.reading.use("sop", procedure, row.path, row.line_at("trained"))
    return Person(
        person_id=row.code("id", "person"),
        name=row.words(),
        roles=row.refs("roles", "role"),
        unit=row.ref("unit", "owner"),
        areas=frozenset(row.refs("areas", "area")),
        pin=row.text_or_none("pin"),
        retired_ms=row.whole_or_none("retired_ms"),
    )


def _other_plant(row: Part) -> OtherPlant:
    row.skip("timezone", "key_label", "areas")
    assets: dict[str, Words] = {}
    for asset in row.parts("equipment"):
        asset.skip("area", "kind", "template", "lat", "lon", "floor", "label_version")
        assets[asset.code("id", "label")] = asset.words()
    return OtherPlant(row.code("code", "plant"), row.words(), assets)


def _shift(row: Part) -> Shift:
    return Shift(row.code("code", "shift"), row.words(), row.clock("from"), row.clock("to"))


def _contractors(part: Part) -> dict[str, Contractor]:
    named(part, "contractor_states", "contractor_state")
    named(part, "contractor_papers", "contractor_paper")
    found: dict[str, Contractor] = {}
    for row in part.parts("contractors"):
        status = row.ref("status", "contractor_state")
        row.refs("papers_missing", "contractor_paper")
        for key in ("licence_expires", "insurance_from", "insurance_to", "blacklist_since"):
            row.moment_or_none(key)
        row.skip(
            "qualification", "hse_agreement", "seam_seal", "leader_briefed", "commitment_signed",
            "reason",
        )  # fmt: skip
        code, barred = row.code("id", "contractor", "owner"), row.flag("blacklist")
        found[code] = Contractor(code, row.words(), status, barred)
    return found


def _read_rest(part: Part) -> None:
    """Check what later issues use: codes, dates and references hold already."""
    for row in part.parts("muster_points"):
        row.code("code", "muster_point")
        row.place()
        row.words()
    for row in part.parts("sops"):
        row.code("code", "sop")
        row.words()
        row.whole("version")
        row.moment("in_force")
    named(part, "emergency_plans", "emergency_plan")
    for row in part.parts("cert_types"):
        row.code("code", "cert_type")
        row.words()
        row.whole_or_none("valid_years")
        row.whole_or_none("review_years")
    for row in part.parts("device_accounts"):
        row.code("id", "device")
        row.words()
        row.ref("role", "role")
    for row in part.parts("gate_whitelist"):
        row.ref("person", "person")
        row.text("id_no")
        row.moment("from")
        row.moment("to")
        row.refs("areas", "area")
