"""Settings of a field client, typed; `anshao.py` fills them."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class ClientSettings(BaseModel):
    """How one device runs. Times in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Path = Field(description="Folder of this device's records, photos and keys.")
    server_url: str | None = Field(
        default=None,
        description="Address of the reference server; none: the one that took this device, "
        "else http://127.0.0.1:8000.",
    )
    server_ca: Path | None = Field(
        default=None, description="Certificate of the plant CA, where the server uses TLS."
    )
    enrol_code: str = Field(
        default="", description="One-time code with which the server takes this device."
    )
    device_name: str = Field(default="", description="Name of this device, as people call it.")
    host: str = Field(default="127.0.0.1", description="Address the web client listens on.")
    port: int = Field(
        default=8550, ge=1, le=65535, description="Port of the web client (ANSHAO_CLIENT_PORT)."
    )
    language: str = Field(default="zh", description="Language before somebody chose one.")
    lock_after_s: int = Field(
        default=300, ge=30, description="Idle time after which the PIN is asked for again."
    )
    camera: str = Field(
        default="auto", description="auto, none, or simulated:FOLDER with pictures (for tests)."
    )
    certificate: Path | None = Field(default=None, description="TLS certificate of the web client.")
    private_key: Path | None = Field(default=None, description="TLS key of the web client.")
