"""Shared small parts, in one place for the screens, which set no colour and no size of their own.

A part is a plain function of tokens and ready texts (the screen translates), so that it can be
called in loops and needs no hook. What can be tapped has a `key` for tests and a spoken name.
Parts of the work itself (answers, limits, photos, steps, page layout) are in `parts_work`.
"""

from screens.parts_buttons import (
    PAD_BUTTON,
    Action,
    Colours,
    Handler,
    Kind,
    Screen,
    Tap,
    big_action,
    choice_chip,
    colours,
    handler,
    icon_button,
    primary_button,
    quiet_button,
    tappable,
    text_button,
    words,
)
from screens.parts_cards import (
    card,
    chip,
    empty_state,
    facts_card,
    note,
    progress_line,
    refusal,
    row_card,
    section,
)
from screens.parts_fields import search_field, text_field

__all__ = [
    "PAD_BUTTON",
    "Action",
    "Colours",
    "Handler",
    "Kind",
    "Screen",
    "Tap",
    "big_action",
    "card",
    "chip",
    "choice_chip",
    "colours",
    "empty_state",
    "facts_card",
    "handler",
    "icon_button",
    "note",
    "primary_button",
    "progress_line",
    "quiet_button",
    "refusal",
    "row_card",
    "search_field",
    "section",
    "tappable",
    "text_button",
    "text_field",
    "words",
]
