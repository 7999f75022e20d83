"""The kind of link through Flet's service: Android, iOS, Windows, macOS, Linux."""

from collections.abc import Callable

import flet as ft

from domain.links import LinkKind

_FIXED = {ft.ConnectivityType.WIFI, ft.ConnectivityType.ETHERNET}


class FletConnectivity:
    """Implements the port Connectivity. In a browser it tells of the browser's link: not ours."""

    def __init__(self, service: ft.Connectivity | None = None) -> None:
        """The service is made at the first use, when there is a page for it."""
        self._service = service

    async def watch(self, changed: Callable[[LinkKind], None]) -> None:
        """Tell the kind now and after each change; where the platform cannot tell, nothing."""

        def told(event: ft.ConnectivityChangeEvent) -> None:
            changed(kind_of(event.connectivity))

        service = self._service = self._service or ft.Connectivity()
        service.on_change = told
        try:
            changed(kind_of(await service.get_connectivity()))
        except (ft.FletUnsupportedPlatformException, RuntimeError, TimeoutError):
            changed("unknown")


def kind_of(said: list[ft.ConnectivityType]) -> LinkKind:
    """Return the kind of link; with several the free one carries the bytes."""
    if _FIXED & set(said):
        return "fixed"
    return "mobile" if ft.ConnectivityType.MOBILE in said else "unknown"
