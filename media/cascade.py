"""Try one way of reading a code after the other, until one gives a text that is worth having."""

from collections.abc import Callable, Iterable

Accept = Callable[[str], bool]
Pass = Callable[[], list[str]]


def first_accepted(passes: Iterable[Pass], accept: Accept | None) -> list[str]:
    """Return the texts of the first pass with one that `accept` takes (None: takes any).

    With a check of the signature, a wrong reading of one pass does not hide the right one of the
    next. Texts that no check took come back in the order found, without doubles, when all passes
    are through: the caller can still say what is wrong with them.
    """
    rejected: dict[str, None] = {}
    for attempt in passes:
        texts = attempt()
        if any(accept is None or accept(text) for text in texts):
            return texts
        rejected.update(dict.fromkeys(texts))
    return list(rejected)
