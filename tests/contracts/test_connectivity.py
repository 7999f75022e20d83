"""The port Connectivity: who watches is told at once, and again when the link changes."""

import flet as ft
import pytest

from domain.links import LinkKind
from media.adapters.flet_connectivity import kind_of
from media.adapters.simulated import SimulatedConnectivity

Kind = ft.ConnectivityType


async def test_the_simulated_link_tells_its_kind_now_and_after_each_change() -> None:
    told: list[LinkKind] = []
    link = SimulatedConnectivity("mobile")
    await link.watch(told.append)
    link.become("fixed")
    assert told == ["mobile", "fixed"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ([Kind.WIFI], "fixed"),
        ([Kind.ETHERNET, Kind.VPN], "fixed"),
        ([Kind.MOBILE, Kind.WIFI], "fixed"),
        ([Kind.MOBILE, Kind.VPN], "mobile"),
        ([Kind.NONE], "unknown"),
        ([Kind.VPN], "unknown"),
        ([], "unknown"),
    ],
)
def test_what_flet_says_of_the_link(said: list[Kind], kind: LinkKind) -> None:
    assert kind_of(said) == kind
