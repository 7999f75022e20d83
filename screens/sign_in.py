"""Who works with this device: pick a name, type the PIN. Works without a network."""

from collections.abc import Callable
from typing import Any, cast

import flet as ft

from app.translate import Translator
from app.use_cases.people import PersonCard
from domain.certificates import CertificateExpiredError
from domain.errors import OfflineError
from domain.invitations import DeviceRevokedError
from screens import parts, parts_work, theme
from screens.context import Desk, use_desk, use_keys, use_link, use_value
from screens.enrol import Enrol, EnrolPage
from screens.parts import Action
from screens.sign_in_model import ERASE, SignInModel
from screens.theme import Tokens

PAD_ROWS = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"), ("", "0", ERASE))
KEY_MIN, KEY_MAX = 64.0, 88.0
OTHERS_HEIGHT = 440.0  # px that stand above and below the pad on a phone
LOW = 600.0  # px of height under which only the pad stands beside the list
COLUMN = 480.0  # widest useful pad


@ft.component
def SignIn() -> ft.Control:
    """Sign-in: the pad under the person on a phone, beside the list on a tablet."""
    desk = use_desk()
    model, _ = use_value(lambda: SignInModel(desk))
    use_keys(escape=lambda: None, digit=model.press)
    ft.use_effect(model.load, [desk.version, desk.field.pack is None], cleanup=lambda: None)
    tokens, t = desk.tokens, desk.t
    if desk.field.identity is None and (desk.field.trouble or not desk.field.settings.enrol_code):
        return cast("Any", Enrol)()
    if desk.field.revoked is not None:
        return cast("Any", Locked)(desk.field.revoked)
    if model.people is None:
        return parts.empty_state(tokens, ft.Icons.HOURGLASS_EMPTY, t("sign_in.loading"))
    if not model.people:
        return _nobody(desk)
    ft_list = _list(model, desk)
    pad = _pad_pane(model, desk)
    if desk.wide:
        left = parts_work.page(tokens, _head(desk), [*_expired(desk), *ft_list])
        right = parts_work.page(tokens, None, [ft.Container(height=8), *pad], key="pad-pane")
        return parts_work.two_columns(desk, left, right)
    body = ft_list if model.picking else [_chosen(model, desk), *pad]
    return parts_work.page(tokens, _head(desk), [*_expired(desk), *body])


@ft.component
def Locked(why: str) -> ft.Control:
    """A device that was reported lost: what became of it, and the one way on."""
    desk, link = use_desk(), use_link()
    tokens, t = desk.tokens, desk.t
    joining, set_joining = use_value(False)
    if joining:
        return cast("Any", EnrolPage)(lambda: set_joining(False))
    rows = [parts.refusal(tokens, t, DeviceRevokedError(why=why), key="revoked")]
    if link.waiting:
        rows.append(parts.note(tokens, "plain", t("sign_in.revoked.left", n=link.waiting)))
    again = parts.primary_button(
        tokens, t("enrol.again"), key="enrol-again", icon=ft.Icons.QR_CODE_SCANNER,
        on_click=lambda: set_joining(True), expand=True,
    )  # fmt: skip
    return parts_work.one_column(desk, parts_work.page(tokens, _head(desk), rows, [again]))


def _expired(desk: Desk) -> list[ft.Control]:
    """Say what is still possible on a device that was offline for longer than its certificate."""
    certificate = desk.field.certificate
    if certificate is None or certificate.runs(desk.field.clock.now_ms()):
        return []
    error = CertificateExpiredError(until_ms=certificate.until_ms)
    why, remedy = desk.t.error(error)
    return [parts.note(desk.tokens, "mind", why, detail=remedy, key="certificate-expired")]


def _nobody(desk: Desk) -> ft.Control:
    """Say how the device gets its people, what is in the way, and that it goes on trying."""
    tokens, t, trouble = desk.tokens, desk.t, desk.field.trouble
    refused = trouble is not None and type(trouble) is not OfflineError  # a sign-in page is said
    return parts_work.page(
        tokens,
        _head(desk),
        [
            *([parts.refusal(tokens, t, trouble)] if trouble and refused else []),
            parts.empty_state(
                tokens,
                ft.Icons.CLOUD_DOWNLOAD,
                t("sign_in.no_people"),
                detail=t("sign_in.no_people.detail", server=desk.field.server_url),
            ),
            ft.ProgressBar(color=tokens.primary, bgcolor=tokens.surface2, height=6),
        ],
    )


def _head(desk: Desk) -> ft.Control:
    t, pack = desk.t, desk.field.pack
    facts = [desk.field.name]
    if pack:
        facts.insert(0, t.of(pack.definitions.plant.name))
    language = parts.text_button(
        desk.tokens,
        desk.language_name(desk.next_language),
        key="language",
        icon=ft.Icons.LANGUAGE,
        on_click=desk.other_language,
    )
    detail = " · ".join(fact for fact in facts if fact)
    return parts_work.page_head(desk.tokens, t("app.name"), detail, action=language)


def _avatar(tokens: Tokens, name: str) -> ft.Control:
    return ft.Container(
        width=tokens.tall(56),
        height=tokens.tall(56),
        border_radius=tokens.tall(28),
        bgcolor=tokens.primary_container,
        alignment=ft.Alignment.CENTER,
        content=parts.words(
            name[:1],
            tokens,
            size=24 * tokens.scale,
            color=tokens.on_primary_container,
            strong=True,
        ),
    )


def _person_detail(t: Translator, card: PersonCard) -> str:
    last = t.of(card.role)
    if not card.pin_length:
        last = t("sign_in.no_pin")
    elif card.last_ms is not None:
        last = t("sign_in.last", time=t.moment(card.last_ms))
    return " · ".join([t.of(card.unit), last])


def _chosen(model: SignInModel, desk: Desk) -> ft.Control:
    tokens, t, card = desk.tokens, desk.t, model.chosen
    assert card is not None, "the pad is drawn only for a chosen person"
    name = t.of(card.name)
    detail = _person_detail(t, card)
    row = ft.Row(
        spacing=theme.GAP_WIDE,
        controls=[
            _avatar(tokens, name),
            ft.Column(
                spacing=2,
                expand=True,
                controls=[
                    parts.words(name, tokens, size=tokens.strong, strong=True),
                    parts.words(detail, tokens, size=tokens.small, color=tokens.ink2),
                ],
            ),
            ft.Icon(ft.Icons.EXPAND_MORE, size=28, color=tokens.ink),
        ],
    )
    return parts.card(
        tokens,
        row,
        key="person",
        name=t("sign_in.change"),
        on_click=model.pick,
        kind="primary",
        edge=True,
    )


def _list(model: SignInModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    rows: list[ft.Control] = [
        ft.Container(height=2),  # room for the label that floats on the field's edge
        parts.search_field(
            tokens, desk, t("sign_in.search"), model.query, model.search, key="search"
        ),
    ]
    found = model.matches()
    for card in found:
        name = t.of(card.name)
        here = model.chosen is not None and model.chosen.person_id == card.person_id
        rows.append(
            parts.row_card(
                tokens,
                name,
                _person_detail(t, card),
                key=f"person-{card.person_id}",
                leading=_avatar(tokens, name),
                on_click=_choosing(model, card),
                kind="primary" if here else None,
            )
        )
    if not found:
        rows.append(
            parts.empty_state(
                tokens,
                ft.Icons.PERSON_SEARCH,
                t("sign_in.none"),
                detail=t("sign_in.none.detail"),
            )
        )
    return rows


def _choosing(model: SignInModel, card: PersonCard) -> Callable[[], None]:
    return lambda: model.choose(card)


def _pad_pane(model: SignInModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    if model.chosen is None:
        return [parts.empty_state(tokens, ft.Icons.TOUCH_APP, t("sign_in.pick"))]
    # What there is to say stands below the pad: keys must not move under the fingers.
    # On a phone held across the list beside the pad shows who is chosen; the height is the pad's.
    roomy = desk.wide and desk.height >= LOW
    above: list[ft.Control] = [_chosen(model, desk)] if roomy else []
    if not model.length:  # no digit would help: say what does
        return [*above, _no_pin(desk)]
    said = _said(model, desk)
    asked = [_ask_new(model, desk)] if model.coming else []
    return [*above, *asked, _dots(tokens, t, model), _pad(model, desk), *said, _foot(desk, model)]


def _no_pin(desk: Desk) -> ft.Control:
    """Say who gives somebody new their first PIN, and when it works here."""
    return parts.note(
        desk.tokens,
        "mind",
        desk.t("sign_in.no_pin.why"),
        detail=desk.t("sign_in.no_pin.how"),
        icon=ft.Icons.PASSWORD,
        key="no-pin",
    )


def _ask_new(model: SignInModel, desk: Desk) -> ft.Control:
    """Say that the PIN was for one time, and which time the new one is being typed."""
    t = desk.t
    step = "again" if model.first else "first"
    return parts.note(
        desk.tokens,
        "mind" if model.differs else "primary",
        t("sign_in.new.differs") if model.differs else t(f"sign_in.new.{step}"),
        detail=t("sign_in.new.detail", n=model.new_length),
        icon=ft.Icons.PASSWORD,
        key="new-pin",
    )


def _said(model: SignInModel, desk: Desk) -> list[ft.Control]:
    tokens, t = desk.tokens, desk.t
    said: list[ft.Control] = []
    if model.wait_s:
        said.append(
            parts.note(
                tokens,
                "mind",
                t("sign_in.wait", n=model.wait_s),
                detail=t("sign_in.wait.detail"),
                icon=ft.Icons.TIMER,
                key="wait",
            )
        )
    elif model.error:
        said.append(parts.refusal(tokens, t, model.error, key="pin-refused"))
    if model.forgot:
        close = Action(t("do.understood"), model.explain, "forgot-close")
        said.append(
            parts.note(
                tokens,
                "plain",
                t("sign_in.forgot.why"),
                detail=t("sign_in.forgot.how"),
                action=close,
                key="forgot-note",
            )
        )
    return said


def _dots(tokens: Tokens, t: Translator, model: SignInModel) -> ft.Control:
    length = model.length
    typed = len(model.digits)
    dots: list[ft.Control] = [
        ft.Container(
            width=20,
            height=20,
            border_radius=10,
            bgcolor=tokens.primary if index < typed else tokens.background,
            border=ft.Border.all(2, tokens.primary if index < typed else tokens.ink2),
        )
        for index in range(length)
    ]
    return ft.Semantics(
        identifier="dots",
        label=t("sign_in.typed", n=typed, total=length),
        container=True,
        content=ft.Container(
            padding=ft.Padding.symmetric(vertical=10),
            content=ft.Row(alignment=ft.MainAxisAlignment.CENTER, spacing=20, controls=dots),
        ),
    )


def _pad(model: SignInModel, desk: Desk) -> ft.Control:
    room = (desk.height - OTHERS_HEIGHT * desk.scale) / len(PAD_ROWS)
    height = min(KEY_MAX, max(KEY_MIN, room))
    rows: list[ft.Control] = [
        ft.Row(spacing=12, controls=[_pad_key(model, desk, key, height) for key in keys])
        for keys in PAD_ROWS
    ]
    column = ft.Column(spacing=12, controls=rows)
    return ft.Row(
        alignment=ft.MainAxisAlignment.CENTER,
        controls=[ft.Container(content=column, width=min(COLUMN, _pane_width(desk)))],
    )


def _pane_width(desk: Desk) -> float:
    pane = desk.width / 2 if desk.wide else desk.width
    return pane - 2 * theme.MARGIN


def _pad_key(model: SignInModel, desk: Desk, key: str, height: float) -> ft.Control:
    tokens, t = desk.tokens, desk.t
    if not key:
        return ft.Container(expand=True)
    off = model.busy or model.wait_s > 0
    style = ft.ButtonStyle(
        bgcolor={
            ft.ControlState.DISABLED: tokens.surface2,
            ft.ControlState.DEFAULT: tokens.surface,
        },
        color={ft.ControlState.DISABLED: tokens.ink2, ft.ControlState.DEFAULT: tokens.ink},
        padding=0,
        shape=ft.RoundedRectangleBorder(radius=theme.CARD_RADIUS),
        side={
            ft.ControlState.FOCUSED: ft.BorderSide(3, tokens.primary),
            ft.ControlState.DEFAULT: ft.BorderSide(1, tokens.line),
        },
        text_style=ft.TextStyle(
            size=min(32 * tokens.scale, height / 2),
            weight=ft.FontWeight.W_600,
            font_family=theme.FONT,
        ),
    )
    content: str | ft.Control = key
    if key == ERASE:
        content = ft.Icon(
            ft.Icons.BACKSPACE_OUTLINED, size=30, color=tokens.ink, semantics_label=t("do.erase")
        )
    return ft.OutlinedButton(
        content=content,
        key=f"pin-{key}",
        expand=True,
        height=height,
        disabled=off,
        style=style,
        on_click=_pressing(model, key),
    )


def _pressing(model: SignInModel, key: str) -> parts.Handler:
    async def press() -> None:
        await model.press(key)

    return press


def _foot(desk: Desk, model: SignInModel) -> ft.Control:
    forgot = parts.text_button(
        desk.tokens,
        desk.t("sign_in.forgot"),
        key="forgot",
        icon=ft.Icons.HELP_OUTLINE,
        on_click=model.explain,
    )
    return ft.Row(alignment=ft.MainAxisAlignment.CENTER, controls=[forgot])
