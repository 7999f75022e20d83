"""What the check of a repair found: the verdict in words, what decides, what is information."""

from collections.abc import Sequence
from typing import Final

import flet as ft

from app.translate import Translator
from app.use_cases.repair_checks import CheckView
from domain.repair_checks import RepairCheck, shown_percent
from screens import parts, theme
from screens.parts import words
from screens.parts_grounds import used_note
from screens.theme import Tokens

KIND: Final[dict[str, parts.Kind]] = {"passed": "good", "refused": "stop", "needs_person": "mind"}
ICON: Final = {
    "passed": ft.Icons.VERIFIED,
    "refused": ft.Icons.ERROR,
    "needs_person": ft.Icons.PERSON_SEARCH,
}


def check_card(
    tokens: Tokens,
    t: Translator,
    view: CheckView,
    *,
    running: bool,
    buttons: Sequence[ft.Control] = (),
) -> list[ft.Control]:
    """Return the verdict, the three numbers that decide with those beside, and a photo alike."""
    found: list[ft.Control] = []
    check = view.shown
    if running and check is None:
        found.append(_running(tokens, t))
    elif check is None:
        key = "check.waiting" if view.region else "check.unmarked"
        found.append(parts.note(tokens, "plain", t(key), key="check-none"))
    else:
        found.append(_verdict(tokens, t, check))
    if view.stale:
        found.append(parts.note(tokens, "mind", t("check.stale"), key="check-stale"))
    if view.differs and view.check and view.server:
        said = t(
            "check.differs",
            device=t(f"check.outcome.{view.check.outcome}"),
            server=t(f"check.outcome.{view.server.outcome}"),
        )
        found.append(parts.note(tokens, "mind", said, key="check-differs"))
    if view.used is not None:
        found.append(used_note(tokens, t, view.used))
    if check is not None:
        found.append(_figures(tokens, t, check, by_server=view.server is not None))
    return [*found, *buttons]


def _verdict(tokens: Tokens, t: Translator, check: RepairCheck) -> ft.Control:
    # of a later version: the outcome says enough
    said = " ".join(filter(None, (t.known(one.key, "", one.params) for one in check.reasons)))
    return parts.note(
        tokens,
        KIND[check.outcome],
        t(f"check.outcome.{check.outcome}"),
        detail=said,
        icon=ICON[check.outcome],
        key="check-verdict",
    )


def _figures(tokens: Tokens, t: Translator, check: RepairCheck, *, by_server: bool) -> ft.Control:
    rows = [
        ("rectify.figure.probability", _percent(t, check.probability)),
        ("rectify.figure.scene", _percent(t, check.scene)),
        ("rectify.figure.reuse", t(f"check.reuse.{check.reuse}")),
        ("rectify.figure.region", _percent(t, check.changed)),
        ("rectify.figure.full_frame", _percent(t, check.full_frame)),
    ]
    lines: list[ft.Control] = [
        ft.Row(
            spacing=theme.GAP_WIDE,
            controls=[
                words(t(name), tokens, color=tokens.ink2, expand=True),
                words(value, tokens, strong=number < 3),
            ],
        )
        for number, (name, value) in enumerate(rows)
    ]
    where = [t("check.server" if by_server else "check.device")]
    if check.basis == "copy":
        where.append(t("check.copy"))
    lines.append(words(" · ".join(where), tokens, size=tokens.small, color=tokens.ink2))
    return parts.card(tokens, ft.Column(spacing=theme.GAP, controls=lines), key="check-figures")


def _percent(t: Translator, share: str) -> str:
    percent = shown_percent(share)
    return t("check.none") if percent is None else t("check.percent", percent=percent)


def _running(tokens: Tokens, t: Translator) -> ft.Control:
    bar = ft.ProgressBar(semantics_label=t("check.running"))
    column = ft.Column(spacing=theme.GAP, controls=[words(t("check.running"), tokens), bar])
    return parts.card(tokens, column, key="check-running")
