"""The words of the watermark on a photo's copy."""

from app.field import FieldApp
from domain.places import Fix, Place
from domain.plant import Person


def mark_lines(
    field: FieldApp, person: Person, asset_id: str | None, code: str, fix: Fix | None, taken_ms: int
) -> list[str]:
    """Return time, person, asset, position with accuracy, record code."""
    t = field.translator()
    unsure = field.clock.uncertainty_ms()
    time = (
        t("mark.time_unknown", time=t.stamp(taken_ms))
        if unsure is None
        else t("mark.time", time=t.stamp(taken_ms), s=max(1, -(-unsure // 1000)))
    )
    asset = field.definitions.plant.assets.get(asset_id or "")
    what = f"{asset.asset_id} {t.of(asset.name)}" if asset else t("mark.no_asset")
    where = t("mark.no_position") if fix is None else _where(fix)
    return [f"{time}   {t.of(person.name)}", what, where, t("mark.record", code=code)]


def _where(fix: Fix) -> str:
    place: Place = fix.place
    north = f"{abs(place.lat_e7) / 1e7:.5f} {'N' if place.lat_e7 >= 0 else 'S'}"
    east = f"{abs(place.lon_e7) / 1e7:.5f} {'E' if place.lon_e7 >= 0 else 'W'}"
    return f"{north} {east} ±{max(1, round(fix.accuracy_cm / 100))} m"
