"""Work that is handed over: one device makes a relay file, another takes it in and carries it on.

Both ends are the product's own use cases; the file goes through the folder of whoever takes it.
"""

from pathlib import Path

from app.use_cases import relay, relaying
from benchmarks.simulation.tablet import Tablet
from benchmarks.simulation.work import MANAGER
from domain.errors import FieldError, StoreFullError
from domain.relay import RelayError

_FILE = "handed.anshao-relay"


def hand_over(giver: Tablet, taker: Tablet) -> str:
    """Pass all that waits on a device to another; returns what came of it.

    Raises StoreFullError, PowerLost where it meets the taker.
    """
    person = giver.field.definitions.plant.people[MANAGER]
    try:
        data = relaying.file_of(giver.field, person, None)
    except RelayError:  # nothing waits, or nothing that is signed
        return "nothing to hand over"
    file: Path = taker.disk.folder / _FILE
    file.write_bytes(data)
    try:
        taken = relay.take_file(taker.field, person, file)
    except StoreFullError:
        raise
    except FieldError as error:
        return f"not taken {error.code}"
    finally:
        file.unlink()
    return "handed over" if taken.lines else "handed over again"
