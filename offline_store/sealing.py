"""What keeps a device's store unreadable without its key.

One data key, two ways to use it (docs/adr/0010): `cipher` is SQLCipher, which seals every page;
`bodies` is Python's own SQLite with a cursor that seals binary values, for phones, where SQLCipher
has no wheel. Neither knows where the key comes from: that is `vault`.
"""

import hashlib
import importlib
import importlib.util
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import StoreDamagedError, StoreError

Way = Literal["cipher", "bodies"]
KEY_BYTES: Final = 32
# of a new store: a report takes two rows of 1 to 2 KB, of which a page of SQLite's usual 4096
# bytes holds two and loses the rest; large ones make each single answer write more
PAGE_BYTES: Final = 8192
MAGIC: Final = b"\0an1"  # no text begins so
OVERHEAD: Final = len(MAGIC) + 12 + 16
_NONCE = 12
_PLAIN_SIZES = frozenset({32, 64})  # hashes, public keys, signatures: they tell nothing
_DRIVER = "sqlcipher3"
_TERM_BYTES = 8


class KeyOtherError(StoreError):
    """The key that was opened is not the one with which this database (`file`) was sealed."""

    code = "store.key_other"


class WayMissingError(StoreError):
    """This store was sealed in a `way` that the program here cannot read."""

    code = "store.way_missing"


@dataclass(frozen=True)
class Seal:
    """A data key at work. Values sealed with it are opened by it alone."""

    key: bytes = field(repr=False)
    way: Way
    page_bytes: int = PAGE_BYTES  # of SQLCipher's file, which does not tell it

    def part(self, name: str) -> bytes:
        """Return the key for one purpose; nothing about another one follows from it."""
        return HKDF(SHA256(), KEY_BYTES, None, b"anshao/1/" + name.encode()).derive(self.key)

    @cached_property
    def files(self) -> bytes:
        """The key from which those of the photo files are made."""
        return self.part("files")

    @cached_property
    def database(self) -> bytes:
        """SQLCipher's raw key."""
        return self.part("database")

    @cached_property
    def salt(self) -> bytes:
        """SQLCipher's salt: not from the file, whose head may be damaged."""
        return self.part("salt")[:16]

    @property
    def raw_key(self) -> str:
        """Both, as SQLCipher reads them."""
        return f"x'{self.database.hex()}{self.salt.hex()}'"

    def seal(self, data: bytes, about: bytes = b"") -> bytes:
        """Return `data` unreadable and unchangeable; it opens only with the same `about`."""
        nonce = os.urandom(_NONCE)
        return MAGIC + nonce + self._values.encrypt(nonce, data, about)

    def open(self, data: bytes, about: bytes = b"") -> bytes:
        """Return what was sealed; raises ValueError for anything else."""
        if not data.startswith(MAGIC) or len(data) < OVERHEAD:
            message = "not sealed"
            raise ValueError(message)
        try:
            return self._values.decrypt(data[4 : 4 + _NONCE], data[4 + _NONCE :], about)
        except InvalidTag as error:
            message = "sealed with another key, or changed"
            raise ValueError(message) from error

    def blind(self, terms: str) -> str:
        """Return terms of the search index, parted by spaces, as they stand in a file of values.

        Equal terms stay equal, and nothing else can be told.
        """
        made = [
            hashlib.blake2b(
                term.encode("utf-8", "surrogatepass"), key=self._terms, digest_size=_TERM_BYTES
            )
            for term in terms.split(" ")
        ]
        return " ".join(sorted("x" + one.hexdigest() for one in made))

    @cached_property
    def _values(self) -> AESGCM:
        return AESGCM(self.part("values"))

    @cached_property
    def _terms(self) -> bytes:
        return self.part("terms")


def way_here() -> Way:
    """Return the way in which a new store is sealed on this machine."""
    return "cipher" if importlib.util.find_spec(_DRIVER) else "bodies"


def cipher() -> Any:  # noqa: ANN401 - a DB-API module without types
    """Return SQLCipher's driver; raises WayMissingError where it has no wheel."""
    try:
        return importlib.import_module(f"{_DRIVER}.dbapi2")
    except ImportError as error:
        raise WayMissingError(way="cipher") from error


def errors() -> tuple[type[Exception], ...]:
    """Return what the drivers raise when a database is wrong."""
    if importlib.util.find_spec(_DRIVER) is None:
        return (sqlite3.DatabaseError,)
    return (sqlite3.DatabaseError, cipher().DatabaseError)


def connect(file: object, seal: Seal | None) -> sqlite3.Connection:
    """Open a database file with whatever it needs; it behaves like `sqlite3.connect`."""
    if seal is None:
        return sqlite3.connect(cast("str", file))
    if seal.way == "bodies":
        return sqlite3.connect(cast("str", file), factory=factory(seal))
    connection = cipher().connect(str(file))
    unlock(connection, seal)
    return connection


def unlock(connection: Any, seal: Seal) -> None:  # noqa: ANN401 - a DB-API connection
    """Give SQLCipher its key: the first thing that a connection must hear."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA cipher_log_level = NONE")  # it writes to stderr; we raise errors
    cursor.execute(f'PRAGMA key = "{seal.raw_key}"')
    cursor.execute(f"PRAGMA cipher_page_size = {seal.page_bytes}")
    cursor.close()


def listener(seal: Seal) -> Callable[[Any, object], None]:
    """Return what SQLAlchemy calls for each new connection of SQLCipher's."""
    return lambda connection, _entry: unlock(connection, seal)


def engine_arguments(seal: Seal | None) -> dict[str, object]:
    """Return what SQLAlchemy's `create_engine` needs for a file sealed so."""
    if seal is None:
        return {}
    if seal.way == "bodies":
        return {"connect_args": {"factory": factory(seal)}}
    return {"module": cipher()}


def of(connection: object) -> Seal | None:
    """Return with what a driver's connection seals its values; None where it does not."""
    return connection.seal if isinstance(connection, _Connection) else None


def factory(seal: Seal) -> type[sqlite3.Connection]:
    """Return a kind of connection that seals values on the way in and opens them on the way out."""
    return cast("type[sqlite3.Connection]", type("Sealed", (_Connection,), {"seal": seal}))


def wants_seal(value: object) -> bool:
    """Say whether a value must not stand in the file as it is: bytes that are no hash or key."""
    if not isinstance(value, bytes | bytearray | memoryview):
        return False
    data = bytes(cast("bytes", value))
    return len(data) not in _PLAIN_SIZES or _is_text(data)


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


Values = Sequence[Any] | Mapping[str, Any]


class _Cursor(sqlite3.Cursor):
    """Seals what goes in and opens what comes out; raw SQL passes here like any other."""

    def __init__(self, connection: "_Connection") -> None:
        super().__init__(connection)
        self._seal = connection.seal

    def execute(self, sql: str, parameters: Any = (), /) -> "_Cursor":  # noqa: ANN401
        super().execute(sql, _in(self._seal, parameters))
        return self

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> "_Cursor":
        super().executemany(sql, (_in(self._seal, one) for one in parameters))
        return self

    def fetchone(self) -> Any:  # noqa: ANN401 - as the driver has it
        row = super().fetchone()
        return row if row is None else _out(self._seal, row)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        rows = super().fetchmany(self.arraysize if size is None else size)
        return [_out(self._seal, row) for row in rows]

    def fetchall(self) -> list[Any]:
        return [_out(self._seal, row) for row in super().fetchall()]

    def __next__(self) -> Any:  # noqa: ANN401 - as the driver has it
        return _out(self._seal, super().__next__())


class _Connection(sqlite3.Connection):
    seal: Seal

    def cursor(self, factory: Callable[..., Any] | None = None) -> Any:  # noqa: ANN401
        return super().cursor(factory or _Cursor)

    def execute(self, sql: str, parameters: Any = (), /) -> Any:  # noqa: ANN401
        return self.cursor().execute(sql, parameters)  # sqlite3's own would pass us by

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:  # noqa: ANN401
        return self.cursor().executemany(sql, parameters)


def _in(seal: Seal, values: Values) -> Values:
    if isinstance(values, Mapping):
        return {name: _sealed(seal, value) for name, value in values.items()}
    return [_sealed(seal, value) for value in values]


def _sealed(seal: Seal, value: object) -> object:
    return seal.seal(bytes(cast("bytes", value))) if wants_seal(value) else value


def _out(seal: Seal, row: Any) -> Any:  # noqa: ANN401 - a tuple, or a driver's row
    if not any(isinstance(value, bytes) for value in row):
        return row
    return tuple(opened(seal, value) for value in row)


def opened(seal: Seal, value: Any) -> Any:  # noqa: ANN401 - any value of a row
    """Return a value as it was before it was sealed; raises StoreDamagedError for a changed one."""
    if not isinstance(value, bytes):
        return value
    if value.startswith(MAGIC):
        try:
            return seal.open(value)
        except ValueError as error:
            raise StoreDamagedError(file="anshao.db") from error
    if wants_seal(value):  # somebody wrote past us: we never leave such a value in clear
        raise StoreDamagedError(file="anshao.db")
    return value
