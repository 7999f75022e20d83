"""What upkeep uses up: quantities as people type them, and how much of it a record may hold."""

import re
from typing import Final

from domain.errors import AnswerInvalidError

PARTS_MAX: Final = 20
NAME_MAX: Final = 60
NOTE_MAX: Final = 2000
# decimal text above 0: what was not used is left out
QUANTITY: Final = r"(?=.*[1-9])(?:0|[1-9]\d{0,5})(?:\.\d{1,3})?"
_FULL_WIDTH: Final = str.maketrans("０１２３４５６７８９．，", "0123456789..")


def parse_quantity(text: str, part: str) -> str:
    """Return a quantity as decimal text; raises AnswerInvalidError for what is none.

    Full-width digits, a comma as decimal point and spaces are taken.
    """
    plain = text[: NAME_MAX + 1].translate(_FULL_WIDTH).replace(",", ".").replace(" ", "")
    if not re.fullmatch(QUANTITY, plain):
        raise AnswerInvalidError(item=part, reason="number")
    return plain
