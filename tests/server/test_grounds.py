"""What comes with a photo about itself is taken only as the app writes it."""

import pytest

from domain.errors import EntryInvalidError
from domain.records import Cell, Record, Value
from server.evidence_rights import claims


def photo(reasons: Value) -> Record:
    cells: dict[str, Value] = {"shot": "closeup", "source": "camera", "grade": "A"}
    held = {name: Cell(value, "d:1", 1, 0) for name, value in cells.items()}
    return Record("P-1", "evidence", "evidence@1", {**held, "reasons": Cell(reasons, "d:1", 1, 0)})


@pytest.mark.parametrize(
    "reasons",
    [
        "live",
        {"live": True},
        [["live"]],
        [["live", "yes", {}]],
        [["live", True, {"share": [1]}]],
        [["live", True, {str(number): number for number in range(20)}]],
        [["x" * 200, True, {}]],
        [["live", True, {}]] * 100,
    ],
)
def test_grounds_that_no_app_writes_are_refused(reasons: Value) -> None:
    with pytest.raises(EntryInvalidError):
        claims(photo(reasons))


def test_grounds_as_the_app_writes_them_are_taken() -> None:
    claims(photo([["live", True, {}], ["position_far", False, {"distance_m": 90, "limit_m": 60}]]))
    claims(photo([]))
    claims(photo(None))
