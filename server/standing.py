"""What a command at the server's machine needs before it begins: a server, a file, a record.

A command that works on a server makes none. In a folder where no server has run it ends, and says
which folder that was.
"""

from domain.errors import FieldError, RecordMissingError
from offline_store.database import FILE_NAME
from server import keys
from server.settings import ServerSettings


class ServerMissingError(FieldError):
    """No server has run in this `folder` yet."""

    code = "server.missing"


class FileMissingError(FieldError):
    """There is no such `file` at the machine."""

    code = "file.missing"


class RecordUnknownError(RecordMissingError):
    """Nothing bears the number or id `record` in this `folder`."""

    code = "record.unknown"


def stands(settings: ServerSettings) -> bool:
    """Whether a server has run here, or was prepared: it has a key, and its store."""
    store = bool(settings.database_url) or (settings.home / FILE_NAME).exists()
    return store and (settings.home / "keys" / keys.SERVER_FILE).exists()


def require(settings: ServerSettings) -> None:
    """Raise ServerMissingError where no server stands; makes nothing."""
    if not stands(settings):
        raise ServerMissingError(folder=str(settings.home))
