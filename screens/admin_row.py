"""One row: its fields, what waits for a second person, a new PIN, and who changed what when."""

from collections.abc import Callable
from typing import Any, cast

import flet as ft

from screens import admin_words, parts, parts_work, theme
from screens.admin_row_model import ENDING, FIELDS, RowModel
from screens.context import Desk, use_desk, use_value
from screens.parts import Action
from screens.theme import Tokens

CHOICES_MAX = 24  # shown at once; the search finds the others
SEARCH_FROM = 14


@ft.component
def AdminRow() -> ft.Control:
    """The row of the route `/admin/row/:table/:key`."""
    params = ft.use_route_params()
    table, key = params.get("table", ""), params.get("key", "").replace("~", "|")
    return cast("Any", RowBody)(table, key, key=f"row-{table}-{key}")


@ft.component
def AdminNew() -> ft.Control:
    """A new person."""
    return cast("Any", RowBody)("people", "", key="row-new")


@ft.component
def RowBody(table: str, key: str) -> ft.Control:
    """Fields at the left; what can be done and the history at the right of a tablet, else below."""
    desk = use_desk()
    tokens, t = desk.tokens, desk.t
    model, _ = use_value(lambda: RowModel(desk, table, key, fresh=not key))
    ft.use_effect(model.load, [table, key, desk.version], cleanup=lambda: None)
    card = model.card
    title = t("admin.add.people") if model.fresh else key
    if card is not None and not model.fresh:
        title = admin_words.title(desk, card)
    head = parts_work.page_head(
        tokens, title, "" if title == key else key, on_back=desk.back, back_label=t("page.back")
    )
    if model.refused is not None or table not in FIELDS:
        body = [parts.refusal(tokens, t, model.refused)] if model.refused else []
        return parts_work.page(tokens, head, body)
    if card is None:
        wait = parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("list.loading"))
        return parts_work.page(tokens, head, [wait])
    fields = [*_standing(model, desk), *_fields(model, desk)]
    past = [] if model.fresh else [*_actions(model, desk), *_history(model, desk)]
    if desk.wide and past:
        left = parts_work.page(tokens, head, fields, _footer(model, desk))
        right = parts_work.page(tokens, None, [ft.Container(height=8), *past], key="history")
        return parts_work.two_columns(desk, left, right)
    whole = parts_work.page(tokens, head, [*fields, *past], _footer(model, desk))
    return parts_work.one_column(desk, whole)


def _standing(model: RowModel, desk: Desk) -> list[ft.Control]:
    """Say what the row waits for, and what was wrong in the last try."""
    tokens, t, card = desk.tokens, desk.t, model.card
    assert card is not None, "the page is drawn with a row"
    said: list[ft.Control] = []
    if model.wrong is not None:
        wanted = {name: str(value) for name, value in model.wrong.params.items()}
        what, mend = admin_words.problem(desk, wanted["problem"], wanted["value"])
        column = admin_words.column_name(desk, wanted["column"])
        said.append(
            parts.note(tokens, "stop", t("admin.wrong", column=column, what=what), detail=mend,
                       key="wrong")
        )  # fmt: skip
    if card.status == "proposed" and card.proposal is not None:
        before = desk.field.definitions.plant.tables.get(model.table, {}).get(model.key, {})
        by = t.of(card.proposed_by) if card.proposed_by else ""
        said.append(
            parts.note(
                tokens, "mind", t("admin.proposed", person=by),
                detail=admin_words.row_changes(desk, before, card.proposal),
                icon=ft.Icons.GROUP, key="proposal",
            )
        )  # fmt: skip
        said.append(_settling(model, desk, may=card.may_settle))
    elif card.status != "held":
        said.append(
            parts.note(
                tokens, "plain", t(f"admin.status.{card.status}"),
                detail=t(f"admin.status.{card.status}.detail"), key="standing",
            )
        )  # fmt: skip
    return said


def _settling(model: RowModel, desk: Desk, *, may: bool) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    if not may:
        return parts.note(tokens, "plain", t("admin.proposed.other"), key="needs-other")
    return ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            parts.quiet_button(
                tokens, t("admin.reject"), key="reject", icon=ft.Icons.CLOSE, kind="stop",
                on_click=lambda: model.settle(agree=False), expand=True,
            ),
            parts.primary_button(
                tokens, t("admin.agree"), key="agree", icon=ft.Icons.CHECK,
                on_click=lambda: model.settle(agree=True), expand=True,
            ),
        ],
    )  # fmt: skip


def _fields(model: RowModel, desk: Desk) -> list[ft.Control]:
    card = model.card
    assert card is not None, "the page is drawn with a row"
    tokens, t = desk.tokens, desk.t
    shown: list[ft.Control] = [ft.Container(height=2)]
    if card.status in ("proposed", "ended"):
        return [parts.facts_card(tokens, _facts(desk, model))]
    if model.fresh:
        shown.append(_text(model, desk, "id", "text"))
    if model.table not in ("people",):
        shown.append(parts.facts_card(tokens, _facts(desk, model)))
    for column, kind in FIELDS[model.table]:
        if kind in ("one", "many"):
            if column == "owner" and card.row.get("owner") is None:
                continue  # a role of a unit walks it: nobody to choose
            shown.append(_chooser(model, desk, column, many=kind == "many"))
        elif kind == "flag":
            shown.append(_flag(model, desk, column))
        else:
            shown.append(_text(model, desk, column, kind))
    shown.append(
        parts.text_field(
            tokens, desk, t("admin.reason"), model.reason,
            lambda text: setattr(model, "reason", text), key="reason", limit=300,
        )
    )  # fmt: skip
    return shown


def _facts(desk: Desk, model: RowModel) -> list[tuple[str, str]]:
    card = model.card
    assert card is not None, "the page is drawn with a row"
    edited = set() if card.status in ("proposed", "ended") else {c for c, _ in FIELDS[model.table]}
    return [
        (admin_words.column_name(desk, name), admin_words.cell(desk, card, name))
        for name, _ in admin_words.COLUMNS[model.table]
        if name not in edited and name != "status" and admin_words.cell(desk, card, name)
    ]


def _text(model: RowModel, desk: Desk, column: str, kind: str) -> ft.Control:
    now = model.now(column)
    text = ", ".join(str(one) for one in now) if isinstance(now, list) else admin_words.text(now)
    text = model.raw.get(column, text)
    label = admin_words.column_name(desk, column)
    hint = f"admin.hint.{column}"
    if hint in desk.t.texts:
        label = f"{label} ({desk.t(hint)})"
    return parts.text_field(
        desk.tokens,
        desk,
        label,
        text,
        lambda typed: model.typed(column, kind, typed),
        key=f"field-{column}",
        number=kind == "number",
        limit=120,
    )


def _flag(model: RowModel, desk: Desk, column: str) -> ft.Control:
    t = desk.t
    on = model.now(column) is True
    chips: list[ft.Control] = [
        parts.choice_chip(
            desk.tokens, t(f"admin.{column}.{word}"), key=f"{column}-{word}", selected=on is state,
            on_click=_putting(model, column, state),
        )
        for word, state in (("no", False), ("yes", True))
    ]  # fmt: skip
    row = ft.Row(spacing=theme.GAP, run_spacing=theme.GAP, wrap=True, controls=chips)
    return parts.section(desk.tokens, admin_words.column_name(desk, column), [row])


def _putting(model: RowModel, column: str, value: bool) -> Callable[[], None]:
    return lambda: model.put(column, value)


def _chooser(model: RowModel, desk: Desk, column: str, *, many: bool) -> ft.Control:
    """A field whose value is chosen: a row with what is chosen, and its choices below when open."""
    tokens, t = desk.tokens, desk.t
    now = model.now(column)
    shown = admin_words.value(desk, column, now) or t("admin.none")
    rows: list[ft.Control] = [
        _chosen_card(
            tokens,
            admin_words.column_name(desk, column),
            shown,
            key=f"choose-{column}",
            on_click=lambda: model.open(column),
            opened=model.opened == column,
        )
    ]
    if model.opened == column:
        rows += _choices(model, desk, column, many=many)
    return ft.Column(
        spacing=theme.GAP, horizontal_alignment=ft.CrossAxisAlignment.STRETCH, controls=rows
    )


def _chosen_card(
    tokens: Tokens,
    name: str,
    value: str,
    *,
    key: str,
    on_click: Callable[[], None],
    opened: bool,
) -> ft.Control:
    """The name of a field over what is chosen in it, as in the fields that are typed."""
    arrow = ft.Icons.EXPAND_LESS if opened else ft.Icons.EXPAND_MORE
    lines: list[ft.Control] = [
        parts.words(name, tokens, size=tokens.small, color=tokens.ink2),
        parts.words(value, tokens),
    ]
    row = ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            ft.Column(spacing=4, expand=True, controls=lines),
            ft.Icon(arrow, size=26, color=tokens.ink),
        ],
    )
    return parts.card(tokens, row, key=key, on_click=on_click)


def _choices(model: RowModel, desk: Desk, column: str, *, many: bool) -> list[ft.Control]:
    tokens, t, now = desk.tokens, desk.t, model.now(column)
    chosen = {str(one) for one in now} if isinstance(now, list) else {str(now)}
    options = _options(desk, column)
    wanted = model.query.strip().casefold()
    found = [(code, name) for code, name in options if wanted in f"{code} {name}".casefold()]
    found.sort(key=lambda pair: pair[0] not in chosen)
    chips: list[ft.Control] = [
        parts.choice_chip(
            tokens, name, key=f"pick-{column}-{code}", selected=code in chosen,
            on_click=_toggling(model, column, code, many),
        )
        for code, name in found[:CHOICES_MAX]
    ]  # fmt: skip
    body: list[ft.Control] = []
    if len(options) > SEARCH_FROM:
        body.append(
            parts.search_field(
                tokens, desk, t("admin.search"), model.query,
                lambda text: setattr(model, "query", text), key=f"search-{column}",
            )
        )  # fmt: skip
    body.append(ft.Row(spacing=theme.GAP, run_spacing=theme.GAP, wrap=True, controls=chips))
    if len(found) > CHOICES_MAX:
        left = t("admin.more_choices", n=len(found) - CHOICES_MAX)
        body.append(parts.words(left, tokens, size=tokens.small, color=tokens.ink2))
    return body


def _toggling(model: RowModel, column: str, code: str, many: bool) -> Callable[[], None]:
    return lambda: model.toggle(column, code, many=many)


def _options(desk: Desk, column: str) -> list[tuple[str, str]]:
    found, t = desk.field.definitions, desk.t
    plant = found.plant
    match column:
        case "roles":
            hidden = ("everyone", "device")
            return [(code, t.of(w)) for code, w in found.access.roles.items() if code not in hidden]
        case "areas":
            return [(code, f"{code} {t.of(area.name)}") for code, area in plant.areas.items()]
        case "unit":
            codes = (*plant.units, *plant.contractors)
            return [(code, t.of(plant.unit_name(code))) for code in codes]
        case _:
            people = (one for one in plant.people.values() if one.retired_ms is None)
            return [(one.person_id, t.of(one.name)) for one in people]


def _actions(model: RowModel, desk: Desk) -> list[ft.Control]:
    """What can be done with a row beside changing its fields; each is asked about first.

    A PIN that was just made is shown here, once.
    """
    card, tokens, t = model.card, desk.tokens, desk.t
    if model.fresh or card is None or card.status == "proposed":
        return []
    offered: list[tuple[str, ft.IconData]] = []
    if model.table == "people":
        if card.row.get("retired_ms") is None:
            own = model.key == desk.signed_in.person_id
            offered = [] if own else [("pin", ft.Icons.LOCK_RESET), ("retire", ft.Icons.PERSON_OFF)]
        else:
            offered = [("back", ft.Icons.PERSON_ADD)]
    elif model.table == "labels":
        offered = [("raise", ft.Icons.QR_CODE_2)]
    elif model.table in ENDING and card.status != "ended":
        offered = [("end", ft.Icons.DELETE_OUTLINE)]
    body = _pin_note(model, desk)
    for what, icon in offered:
        first = what == "pin" and not model.has_pin
        said = f"admin.do.{what}.first" if first else f"admin.do.{what}"
        if model.asking == what:
            yes = Action(t(f"admin.do.{what}.yes"), model.confirm, f"{what}-yes")
            close = Action(t("do.close"), _asking(model, what), f"{what}-no")
            body.append(
                parts.note(
                    tokens, "mind", t(f"admin.do.{what}.ask"), detail=t(f"{said}.detail"),
                    action=yes, on_close=close, key=f"{what}-ask",
                )
            )  # fmt: skip
        else:
            body.append(
                parts.quiet_button(
                    tokens, t(said), key=what, icon=icon,
                    on_click=_asking(model, what), height=theme.TARGET,
                )
            )  # fmt: skip
    return body


def _pin_note(model: RowModel, desk: Desk) -> list[ft.Control]:
    """The PIN that was just made, or that somebody has none yet."""
    tokens, t, card = desk.tokens, desk.t, model.card
    if model.pin:
        kind, said, how, key = "good", t("admin.pin.is", pin=model.pin), "once", "pin-once"
    elif not model.has_pin and card is not None and card.status != "ended":
        kind, said, how, key = "mind", t("admin.pin.none"), "none.how", "no-pin"
    else:
        return []
    detail = t(f"admin.pin.{how}")
    icon = ft.Icons.PASSWORD
    return [parts.note(tokens, cast("parts.Kind", kind), said, detail=detail, icon=icon, key=key)]


def _asking(model: RowModel, what: str) -> Callable[[], None]:
    return lambda: model.ask(what)


def _footer(model: RowModel, desk: Desk) -> list[ft.Control]:
    card = model.card
    if card is None or card.status in ("proposed", "ended") or model.table == "labels":
        return []
    return [
        parts.primary_button(
            desk.tokens,
            desk.t("admin.save"),
            key="save",
            icon=ft.Icons.SAVE,
            on_click=model.save,
            disabled=model.busy or not model.changed,
            expand=True,
        )
    ]


def _history(model: RowModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    now = desk.field.clock.now_ms()
    rows: list[ft.Control] = []
    for index, step in enumerate(model.history):
        lines = [admin_words.changes(desk, step), step.reason]
        if step.state == "refused":
            why = admin_words.refusal(desk, step)
            lines += list(why)
        said = t(f"admin.history.{step.kind}", person=step.by)
        state = t(f"admin.history.state.{step.state}")
        rows.append(
            parts.row_card(
                tokens,
                said,
                "\n".join([f"{t.moment(step.at_ms, now)} · {state}", *filter(None, lines)]),
                key=f"step-{index}",
                kind="stop" if step.state == "refused" else None,
                lines=2,
            )
        )
    if not rows:
        rows = [parts.words(t("admin.history.none"), tokens, size=tokens.small, color=tokens.ink2)]
    return [parts.section(tokens, t("admin.history"), rows)]
