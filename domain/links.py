"""Over what a device is online, as far as its platform can tell."""

from typing import Literal

LinkKind = Literal["fixed", "mobile", "unknown"]  # Wi-Fi or cable; paid by the byte; nobody knows
