"""A PostgreSQL of the test run's own: Debian's programs, a folder and a socket of its own.

One cluster serves a pytest process; each test gets a database, copied from a template that is
filled once from the SQLite file of a folder. Nothing is forced to the disk: what the tests kill is
our own processes, never the database's machine.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import create_engine, delete, insert, select
from sqlmodel import SQLModel

from offline_store import database, keep

USER = "anshao"
READY_S = 60.0
_QUIET = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
_MEMORY = Path("/dev/shm")


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; `dev.py test` installs the package."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    named = shutil.which("initdb")
    path = found[-1] if found else Path(named) if named else None
    assert path is not None, (
        "no PostgreSQL: run `python3 dev.py test`, or apt-get install postgresql"
    )
    return path.resolve().parent


def _owner() -> dict[str, int | list[int]]:
    """Say as whom PostgreSQL runs: it refuses root, so there an account without rights."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@dataclass
class Cluster:
    """A running PostgreSQL; databases are made and dropped by name."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    password: str = field(default_factory=lambda: secrets.token_hex(8))
    _templates: dict[Path, str] = field(default_factory=dict[Path, str])
    _made: int = 0

    def url(self, name: str) -> str:
        """Return the address of a database as an administrator would write it."""
        return f"postgresql://{USER}:{self.password}@/{name}?host={self.folder}"

    def empty(self) -> str:
        """Make an empty database; returns its name."""
        return self._create("template0")

    def like(self, home: Path) -> str:
        """Make a database with what the SQLite file of a server's folder holds."""
        if home not in self._templates:
            name = self._create("template0")
            copy_rows(home, self.url(name))
            self._templates[home] = name
        return self._create(self._templates[home])

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._run(statement.format(sql.Identifier(name)))

    def _create(self, template: str) -> str:
        self._made += 1
        name = f"plant_{self._made}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.folder), user=USER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


def copy_rows(home: Path, url: str) -> None:
    """Fill an empty database with all rows of a folder's SQLite file, through our own tables."""
    source = create_engine(f"sqlite:///{home / database.FILE_NAME}")
    store = database.open_store(home, url)
    try:
        with source.connect() as old, store.session() as new:
            for table in SQLModel.metadata.sorted_tables:
                columns = [column for column in table.columns if column.name != "row"]
                query = select(*columns)
                if "row" in table.columns:
                    query = query.order_by(table.columns["row"])
                rows = [dict(row) for row in old.execute(query).mappings()]
                new.connection().execute(delete(table))
                if rows:
                    new.connection().execute(insert(table), rows)
            keep.put(new, "search.version", None)  # the index is filled when the store is opened
    finally:
        store.close()
        source.dispose()
    database.open_store(home, url).close()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a PostgreSQL until the block ends; its folder goes with it."""
    bin_folder, owner = programs(), _owner()
    memory = _MEMORY if _MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="anshao-pg-", dir=memory))
    try:
        if owner:
            shutil.chown(folder, "nobody", pwd.getpwnam("nobody").pw_gid)
        made = subprocess.run(
            [bin_folder / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust",
             "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"],
            cwd=folder, capture_output=True, text=True, check=False, **owner,  # pyright: ignore[reportArgumentType, reportCallIssue]
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        options = [part for option in _QUIET for part in ("-c", option)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [bin_folder / "postgres", "-D", folder / "data", "-k", folder,
                 "-c", "listen_addresses=", *options],
                cwd=folder, stdout=log, stderr=log, **owner,  # pyright: ignore[reportArgumentType, reportCallIssue]
            )  # fmt: skip
        try:
            _wait(folder, process)
            yield Cluster(folder, process)
        finally:
            process.send_signal(signal.SIGINT)  # "fast": ends what is open, then itself
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            psycopg.connect(host=str(folder), user=USER, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    msg = "PostgreSQL did not start:\n" + (folder / "log").read_text("utf-8", "replace")[-2000:]
    raise AssertionError(msg)
