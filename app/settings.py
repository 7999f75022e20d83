"""Settings of a field client, typed; `anshao.py` fills them."""

import os
from pathlib import Path
from typing import Literal

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
        default="auto",
        description="auto, desktop (OpenCV's), none, or simulated:FOLDER with pictures (tests).",
    )
    certificate: Path | None = Field(default=None, description="TLS certificate of the web client.")
    private_key: Path | None = Field(default=None, description="TLS key of the web client.")
    store_key_file: Path | None = Field(
        default=None,
        description="File with the secret that opens this device's data, made when it is missing;"
        " for machines without a key store on which nobody can type. Whoever has it and the folder"
        " reads everything: keep it elsewhere.",
    )
    ask_passphrase: bool = Field(
        default=False,
        description="Ask for a passphrase at each start even where the system has a key store.",
    )
    passphrase_min: int = Field(
        default=12, ge=8, le=64, description="Shortest passphrase, in letters (Han count twice)."
    )
    forget_key: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="After ten wrong PINs forget the key of the data, until whoever runs the server"
        " gives an unlock code. auto: where the key lies in the system's key store.",
    )


def from_environment(camera: str = "auto") -> ClientSettings:
    """Return the settings of a packaged client: ANSHAO_CLIENT_* and the folder Flet gives.

    Flet names a durable folder of the app; without Flet's launcher it is ANSHAO_CLIENT_STORE, else
    `.anshao/client` in the user's home. Raises ValidationError naming what does not fit.
    """
    given = {
        name: os.environ[f"ANSHAO_CLIENT_{name.upper()}"]
        for name in ClientSettings.model_fields
        if f"ANSHAO_CLIENT_{name.upper()}" in os.environ
    }
    folder = os.environ.get("FLET_APP_STORAGE_DATA")
    store = Path(folder) / "anshao" if folder else Path.home() / ".anshao" / "client"
    return ClientSettings.model_validate({"store": store, "camera": camera, **given})
