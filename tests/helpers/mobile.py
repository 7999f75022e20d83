"""A phone's Python on this machine: what has no wheel there cannot be imported.

The option `--profile mobile` of pytest asks for it; the names stand in `build/recipes/stage.toml`.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from tools.package import recipe


class WithoutThem(importlib.abc.MetaPathFinder):
    """Find what Python's own finder finds, but for some names: they are simply not there."""

    def __init__(self, names: Sequence[str]) -> None:
        """Take the top-level import names that are not there."""
        self.names = frozenset(names)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Return nothing for what is missing."""
        if fullname.partition(".")[0] in self.names:
            return None
        return importlib.machinery.PathFinder.find_spec(fullname, path, target)


def block() -> None:
    """Make the missing wheels missing for the rest of this process."""
    names: list[str] = recipe()["mobile"]["missing"]
    loaded = {name.partition(".")[0] for name in sys.modules} & set(names)
    assert not loaded, f"imported before the profile was known: {sorted(loaded)}"
    place = sys.meta_path.index(importlib.machinery.PathFinder)
    sys.meta_path[place] = WithoutThem(names)
