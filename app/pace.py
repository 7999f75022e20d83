"""Keep the screen quick while threads sync, read and save in the same process (CPython 3.11).

Measured with `anshao bench screens`: a thread that computes kept the event loop waiting up to 5 ms
each time, and a full collection over modules and definitions stopped it for 150 ms.
"""

import gc
import sys

SWITCH_S = 0.0001  # CPython's default is 0.005; at 0.0005 a page of the feed takes a tenth more
_GARBAGE_AT = 5_000  # objects; at CPython's 700 a page of the feed spends a twentieth on looking


def favour_the_screen() -> None:
    """Call once, when everything that lives as long as the process has been loaded."""
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_AT, 10, 10)
