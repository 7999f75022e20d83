"""The first contact of a device: which server it belongs to, and the code that lets it in."""

import re

from app.field import FieldApp
from domain.errors import ServerAddressError

ADDRESS_MAX = 200
CODE_MAX = 80
_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?P<port>:[0-9]{1,5})?/?"
)


def set_server(field: FieldApp, address: str, code: str) -> None:
    """Name the server to go to, and the code to show there; the link tries it within seconds.

    "host:8000" without a scheme means https. Kept for good once the server has taken the device;
    until then it holds for this run. Raises ServerAddressError for what is no address.
    """
    found = _ADDRESS.fullmatch(address.strip()[: ADDRESS_MAX + 1])
    if found is None or len(address.strip()) > ADDRESS_MAX:
        raise ServerAddressError(address=address[:ADDRESS_MAX])
    text = f"{found['scheme'] or 'https'}://{found['host']}{found['port'] or ''}"
    changed = {"server_url": text, "enrol_code": code.strip()[:CODE_MAX]}
    field.settings = field.settings.model_copy(update=changed)
    field.trouble = None
