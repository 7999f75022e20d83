"""The least a search can do: one pass of NumPy over packed 64-bit hashes."""

import numpy as np
from numpy.typing import NDArray


def nearest(hashes: NDArray[np.uint64], asked: int) -> tuple[int, int]:
    """Return the number of the nearest hash and how many bits differ."""
    apart = np.bitwise_count(hashes ^ np.uint64(asked))
    number = int(apart.argmin())
    return number, int(apart[number])
