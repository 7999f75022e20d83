"""The first contact of a device, and every new one: which server, and the code that lets it in."""

import re

from app import joining
from app.field import FieldApp
from domain.errors import ServerAddressError
from domain.invitations import EnrolPlantError, Invitation, InvitationError, read
from offline_store import outbox

ADDRESS_MAX = 200
CODE_MAX = 80
_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?P<port>:[0-9]{1,5})?/?"
)


def address_of(typed: str) -> str:
    """Return the address of a server as typed; "host:8000" without a scheme means https.

    Raises ServerAddressError for what is none.
    """
    found = _ADDRESS.fullmatch(typed.strip()[: ADDRESS_MAX + 1])
    if found is None or len(typed.strip()) > ADDRESS_MAX:
        raise ServerAddressError(address=typed[:ADDRESS_MAX])
    return f"{found['scheme'] or 'https'}://{found['host']}{found['port'] or ''}"


def read_code(field: FieldApp, texts: list[str]) -> Invitation:
    """Return the first enrolment code among the texts of a picture.

    Raises InvitationError where there is none, EnrolPlantError for another plant than that of the
    records on this device.
    """
    for text in texts:
        try:
            found = read(text)
        except InvitationError:
            continue
        if field.identity is not None and field.identity.plant != found.plant:
            raise EnrolPlantError(plant=field.identity.plant)
        return found
    raise InvitationError


def set_server(field: FieldApp, address: str, code: str, scanned: Invitation | None = None) -> None:
    """Name the server to go to, and the code to show there; the link tries it at once.

    `scanned` is what a QR said: it holds as long as neither was changed by hand since, and then
    the server has to be the one it names. Kept for good once the server has taken the device;
    until then it holds for this run. A device that has joined before joins anew. Raises
    ServerAddressError for what is no address.
    """
    server, said = address_of(address), code.strip()[:CODE_MAX]
    changed = {"server_url": server, "enrol_code": said}
    field.settings = field.settings.model_copy(update=changed)
    field.trouble = None
    key = scanned.key if scanned and scanned.code == said else ""
    field.invitation = Invitation(server, scanned.plant if scanned else "", said, key)
    if field.identity is not None and field.engine is not None:
        field.engine.stop()  # the link joins anew as soon as it has ended
    else:
        field.nudge()


def unsent(field: FieldApp) -> int:
    """Return how many records of this device the server does not have yet."""
    with field.store.reading() as session:
        return outbox.count(session, field.device.device_id).entries


def left_behind(field: FieldApp) -> int:
    """Return how many records of the time before it joined anew this device has not sent yet."""
    return joining.left_behind(field)
