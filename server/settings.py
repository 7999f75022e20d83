"""Settings of the server, typed and bounded.

The `anshao` command fills them from flags, environment and file; nothing here reads those.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from sync import protocol

MIB = 1024 * 1024
_ASSETS = Path(__file__).resolve().parent.parent / "assets"


class ServerSettings(BaseModel):
    """Where the server keeps its data, where it listens, and how much it takes at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(description="Folder of the server: store, blobs, keys, logs.")
    host: str = Field(
        default="127.0.0.1", description="Address to listen on; 0.0.0.0 for the plant's network."
    )
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    database_url: str | None = Field(
        default=None,
        repr=False,  # it may hold a password
        description="PostgreSQL as postgresql://USER:PASSWORD@HOST/NAME; none is SQLite in the"
        " folder. Several processes on one database share this folder, too.",
    )
    enrol_code: str | None = Field(
        default=None,
        min_length=6,
        max_length=64,
        description="Code that the first device of an empty server shows, and any device of the"
        " demo; none: only one-time codes.",
    )
    enrol_code_devices: int = Field(
        default=1,
        ge=0,
        description="How many devices that code lets in; more than one for tests only.",
    )
    demo: bool = Field(
        default=False, description="Fill an empty store with the demo plant's tasks and hazards."
    )
    definitions: Path = Field(
        default=_ASSETS / "definitions", description="Folder of the definition files."
    )
    assets: Path = Field(default=_ASSETS, description="Folder of pages that the server shows.")

    tls_certificate: Path | None = Field(
        default=None, description="Certificate file; with it the server speaks https."
    )
    tls_key: Path | None = Field(default=None, description="Private key of the certificate.")
    tls_ca: Path | None = Field(
        default=None, description="Plant CA that devices are told to trust."
    )

    body_max_bytes: int = Field(
        default=protocol.PUSH_MAX_PACKED_BYTES, ge=1024, description="Largest request body as sent."
    )
    inflated_max_bytes: int = Field(
        default=protocol.PUSH_MAX_BYTES, ge=1024, description="Largest request body after gzip."
    )
    batch_max_entries: int = Field(
        default=protocol.ENTRIES_MAX,
        ge=1,
        le=protocol.ENTRIES_MAX,
        description="Entries in one push.",
    )
    blob_max_bytes: int = Field(
        default=protocol.BLOB_MAX_BYTES, ge=1024, description="Largest photo or clip."
    )
    blob_store: str = Field(
        default="folder",
        pattern=r"^(folder|s3://[A-Za-z0-9.-]{1,63}(/[A-Za-z0-9._/-]{1,200})?)$",
        description="Where photos and clips are kept: `folder` (of the server) or"
        " s3://BUCKET/PREFIX. Its keys come from AWS_* in the environment or in"
        " `blob_credentials`, never from here.",
    )
    blob_credentials: Path | None = Field(
        default=None,
        description="File of lines AWS_NAME=VALUE for the object store, readable by the server"
        " alone.",
    )
    chunk_max_bytes: int = Field(
        default=protocol.CHUNK_MAX_BYTES,
        ge=1024,
        description="Largest part of an upload in one request.",
    )
    uploads_max: int = Field(
        default=500, ge=1, description="Unfinished uploads at once, all devices together."
    )
    uploads_per_device: int = Field(
        default=100, ge=1, description="Unfinished uploads at once of one device."
    )
    upload_keep_h: float = Field(
        default=72.0,
        gt=0,
        le=24 * 365,
        description="Hours after its last part for which an unfinished upload is kept.",
    )
    disk_free_min_bytes: int = Field(
        default=200 * MIB, ge=0, description="Below this the server takes no photos."
    )
    silence_s: float = Field(
        default=8.0, gt=0, le=60, description="An upload silent for so long counts as cut."
    )
    wait_max_s: float = Field(
        default=float(protocol.PULL_WAIT_MAX_S),
        ge=0,
        le=60,
        description="Longest wait of a pull for news.",
    )
    duties_s: float = Field(
        default=20.0,
        gt=0,
        le=3600,
        description="Seconds between two rounds of what the server does by itself.",
    )
    enrol_per_minute: int = Field(
        default=20, ge=1, description="Enrolment tries per minute, all devices together."
    )
    requests_per_s: float = Field(
        default=100.0,
        gt=0,
        description="Requests a second of one device in the long run; of all who are unknown at"
        " one address a tenth.",
    )
    requests_burst: int = Field(
        default=2000, ge=1, description="Requests of one device at once, on top of that."
    )
    log_max_bytes: int = Field(
        default=5 * MIB, ge=1024, description="Size at which the log file is turned over."
    )

    @property
    def tls(self) -> bool:
        """Return whether the server speaks https."""
        return self.tls_certificate is not None
