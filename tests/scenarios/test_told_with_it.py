"""What the server finds out and whom it tells are written together: never the one alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event

from app.use_cases import repair_checks as on_device
from domain.evidence import AFTER
from domain.repair_checks import CHECK, SERVER_CHECK
from domain.used_photos import SERVER_REUSE
from offline_store.database import Store
from server import repair_checks, used_photos
from tests.helpers.plant import Device, PlantSite
from tests.media.places import grainy, second_shot, wall
from tests.scenarios.loop import act, on_server, told_about
from tests.scenarios.repairs import FITTER, VERIFIER, given_out, met, shoot
from tests.scenarios.test_s10_nothing_fixed import repaired, still_broken


class PowerCutError(Exception):
    """The machine stops here."""


@contextmanager
def stopping_at_notices(store: Store) -> Iterator[None]:
    """Stop the server in the very moment in which it writes a notice."""

    def stop(_connection: object, _cursor: object, sql: str, values: object, *_: object) -> None:
        if sql.startswith('INSERT INTO "record"') and "'notice'" in repr(values):
            raise PowerCutError

    event.listen(store.engine, "before_cursor_execute", stop)
    try:
        yield
    finally:
        event.remove(store.engine, "before_cursor_execute", stop)


def told(site: PlantSite, hazard: str) -> list[str]:
    """Who was told about the photos of a repair."""
    return [person for _, person in told_about(site, hazard, "check")]


async def sent(device: Device) -> None:
    for _ in range(3):
        await device.sync()


async def test_a_repair_that_the_server_refuses_is_told_though_it_stopped_in_between(
    site: PlantSite,
) -> None:
    device = await site.device()
    hazard, photo = repaired(device, still_broken())
    found = on_device.run(device.app, device.person(FITTER), hazard)
    assert found is not None
    with device.app.store.session() as session:  # a device that was tampered with
        device.app.write(
            session, FITTER, kind="edit", record_id=photo, type="evidence",
            definition="evidence@1", set={CHECK: replace(found, outcome="passed").value()},
        )  # fmt: skip
    act(device, FITTER, hazard, "rectify>to_verify")
    await sent(device)
    here = site.server.state.site
    with stopping_at_notices(here.store), pytest.raises(PowerCutError):
        repair_checks.run(here, site.time())
    assert on_server(site, photo).get(SERVER_CHECK) is None, "neither"
    assert told(site, hazard) == []
    wrote = repair_checks.run(here, site.time())
    assert on_server(site, photo).get(SERVER_CHECK) is not None, "and then both"
    people = told(site, hazard)
    assert VERIFIER in people
    assert wrote == 1 + len(people)
    assert repair_checks.run(here, site.time()) == 0


async def test_a_used_photo_is_told_though_the_server_stopped_in_between(site: PlantSite) -> None:
    first, second = await site.device(), await site.device("phone-2")
    fixed = second_shot(wall(1), 3)
    second.wire.up = False
    one = given_out(first)
    act(first, FITTER, one, "rectify>rectifying")
    shoot(first, FITTER, one, AFTER, fixed)
    hazard = given_out(second, seed=2)
    act(second, FITTER, hazard, "rectify>rectifying")
    copy = shoot(second, FITTER, hazard, AFTER, grainy(fixed, 9, 1)[30:-30, 40:-40])
    second.wire.up = True
    await met(site, first)
    await sent(second)
    here = site.server.state.site
    with stopping_at_notices(here.store), pytest.raises(PowerCutError):
        used_photos.run(here, site.time())
    assert on_server(site, copy).get(SERVER_REUSE) is None, "neither"
    assert told(site, hazard) == []
    used_photos.run(here, site.time())
    assert isinstance(on_server(site, copy).get(SERVER_REUSE), dict), "and then both"
    people = told(site, hazard)
    assert VERIFIER in people
    used_photos.run(here, site.time())
    assert told(site, hazard) == people
