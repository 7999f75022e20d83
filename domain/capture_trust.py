"""What speaks against a photo being what the camera saw, what is done about it, what it is worth.

Signs are hints: each has a rate at which genuine photos carry it, too. They lower a grade and call
a person, they never decide. A challenge is a second shot that a picture of a picture cannot give.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from domain.carried import CARRIER
from domain.errors import FieldError
from domain.records import Record, Value
from domain.used_photos import standing
from domain.words import Words

SIGN_SCREEN: Final = "sign_screen"
SIGN_REPEAT: Final = "sign_repeat"
SIGN_FROZEN: Final = "sign_frozen"
SIGN_EVEN: Final = "sign_even"
SIGN_EXIF: Final = "sign_exif"
SIGN_DEVICE: Final = "sign_device"
SIGNS: Final = (SIGN_SCREEN, SIGN_REPEAT, SIGN_FROZEN, SIGN_EVEN, SIGN_EXIF, SIGN_DEVICE)

CHALLENGE: Final = "challenge"  # cell of an after photo; also the shot of the second picture
Kind = Literal["closer", "aside", "shake"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
State = Literal["open", "met", "failed", "skipped"]
STATES: Final[tuple[State, ...]] = get_args(State)
Why = Literal["", "other_place", "same_exposure", "not_moved", "unreadable", "no_camera"]
WHYS: Final[tuple[Why, ...]] = get_args(Why)
SERVER_CHALLENGE: Final = "server_challenge"  # cell of an after photo, by the server
# beside what the device can find: taken before it was asked for, by another device, answering two
# tasks, known from elsewhere, in another record, too (and nobody knows which was first)
Doubt = Literal[
    "", "other_place", "same_exposure", "not_moved", "unreadable", "no_camera",
    "early", "other_device", "twice", "used", "same",
]  # fmt: skip
DOUBTS: Final[tuple[Doubt, ...]] = get_args(Doubt)
Ground = tuple[str, bool, dict[str, object]]  # code, whether it speaks for the photo, params
_ROWS_MAX, _TEXT_MAX, _PARAMS_MAX = 40, 80, 8
LETTERS: Final = "ABCD"  # best first
# cell `source`: taken by the camera of the app, chosen from files, drawn by the product
CAMERA, ALBUM, DRAWN = "camera", "file", "drawn"
SIGNED: Final = "signature"  # the shot that is drawn
_ALBUM_BEST: Final = "C"  # as `domain.evidence.grade` has it
_USED_BEST: Final = "C"  # of a copy of an earlier photo
_USED: Final = frozenset({"unique", "used_hint", "used_same", "used_block"})
_REASON_MAX, _ID_MAX = 500, 64
_KEYS: Final = frozenset({"kind", "state", "why", "photo", "reason"})


class ChallengeOverError(FieldError):
    """This photo's second shot was settled before."""

    code = "challenge.over"


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Of frames in a row: how many, share of equal ones, grey levels they differ by, beat.

    `even`: the beat wavers by less than this share of itself.
    """

    frames: int
    same: float
    frozen: float
    even: float


@dataclass(frozen=True, slots=True)
class ChallengeLimits:
    """What the second shot must do: scale, pixels of parallax or shift in percent of the edge.

    `copy_px`: pixels at 800 below which both are one exposure.
    """

    closer: float
    aside_px: float
    shake_percent: float
    copy_px: float


@dataclass(frozen=True, slots=True)
class CaptureLimits:
    """Lines of the signs; `rates`: of 100 genuine photos so many carry a sign, where measured."""

    screen: float
    stream: StreamLimits
    challenge: ChallengeLimits
    devices: tuple[str, ...]
    rates: tuple[tuple[str, int], ...] = ()

    def rate(self, sign: str) -> int | None:
        """Return the rate of a sign; None where it was never measured."""
        return dict(self.rates).get(sign)


@dataclass(frozen=True, slots=True)
class TrustRules:
    """What the plant makes of them (evidence.yaml): the best grade left, and when to challenge.

    `after`: grades of the photo after a repair that ask for a second shot; `on_signs`: a sign
    does, too. No `kinds`: nobody is ever asked. `excuses`: why it cannot be done somewhere.
    """

    one_sign: str = "C"
    more_signs: str = "D"
    unmet: str = "C"
    after: tuple[str, ...] = ()
    on_signs: bool = False
    kinds: tuple[Kind, ...] = ()
    seconds: int = 5
    excuses: Mapping[str, Words] = field(default_factory=dict[str, Words])

    def cap(self, signs: int) -> str:
        """Return the best grade that so many signs leave."""
        if not signs:
            return LETTERS[0]
        return self.one_sign if signs == 1 else self.more_signs

    def asks(self, letter: str, signs: int) -> bool:
        """Say whether a photo after a repair asks for a second shot."""
        return bool(self.kinds) and (letter in self.after or (self.on_signs and signs > 0))


USUAL: Final = TrustRules()  # signs lower a grade, nothing asks for a second shot


@dataclass(frozen=True, slots=True)
class Challenge:
    """What was asked of the photographer and what came of it; `photo`: id of the second picture.

    `open` is a task that nobody answered: the app was closed. `reason`: why it could not be done.
    """

    kind: Kind
    state: State = "open"
    why: Why = ""
    photo: str = ""
    reason: str = ""

    def value(self) -> dict[str, Value]:
        """Return it as a cell holds it."""
        rest = {"why": self.why, "photo": self.photo, "reason": self.reason}
        return {"kind": self.kind, "state": self.state, **{k: v for k, v in rest.items() if v}}


def challenge_of(value: Value) -> Challenge | None:
    """Return the challenge that a cell holds; None where it holds none, or one malformed."""
    if not isinstance(value, dict) or not value.keys() <= _KEYS:
        return None
    found = {name: value.get(name, "") for name in _KEYS}
    texts = {name: text for name, text in found.items() if isinstance(text, str)}
    if len(texts) != len(_KEYS):
        return None
    kind, state, why = texts["kind"], texts["state"], texts["why"]
    if kind not in KINDS or state not in STATES or why not in WHYS:
        return None
    if len(texts["photo"]) > _ID_MAX or len(texts["reason"]) > _REASON_MAX:
        return None
    if state == "met" and (why or not texts["photo"]):
        return None
    if state == "skipped" and not texts["reason"].strip():
        return None
    return Challenge(kind, state, why, texts["photo"], texts["reason"])


def signs_of(photo: Record) -> tuple[str, ...]:
    """Return the signs among the reasons of a photo's grade."""
    rows = photo.get("reasons")
    listed = rows if isinstance(rows, list) else []
    found = [str(row[0]) for row in listed if isinstance(row, list) and row]
    return tuple(one for one in found if one in SIGNS)


def second_shot(photo: Record, rules: TrustRules) -> str:
    """Return how the second shot stands: a state, "absent" where it was never asked but is due.

    "doubted": its device says that it is met, the server does not.
    """
    cell = photo.get(CHALLENGE)
    if cell is not None:
        asked = challenge_of(cell)
        if asked and asked.state == "met" and doubt_of(photo):
            return "doubted"
        return asked.state if asked else "failed"
    letter = photo.text("grade") if is_letter(photo.text("grade")) else LETTERS[0]
    due = photo.text("shot") == "after" and photo.text("media") != "video"
    due = due and photo.text("source") != ALBUM and not _by_server(photo)
    return "absent" if due and rules.asks(letter, len(signs_of(photo))) else ""


def standing_grade(photo: Record, rules: TrustRules) -> str:
    """Return the grade that counts: as signed, and no better than its proofs leave.

    That is signs, challenge, whether it comes from an album, and whether it was used before.
    """
    letter = photo.text("grade")
    if not is_letter(letter):
        return letter
    letter = _less_used(photo, letter)
    caps = [rules.cap(len(signs_of(photo)))]
    if second_shot(photo, rules) not in ("", "met"):
        caps.append(rules.unmet)
    if from_album(photo):
        caps.append(_ALBUM_BEST)
    return worst([letter, *caps])


def _less_used(photo: Record, letter: str) -> str:
    """Return what a grade is once it is known that the picture stands elsewhere, too.

    As `domain.evidence.grade` has it: a copy is weak, a likeness is one weak point. What the
    device had found itself is in its grade already.
    """
    used = standing(photo)
    if used is None:
        return letter
    if used.how == "block":
        return worst([letter, _USED_BEST])
    counted = any(code in _USED and not ok for code, ok, _ in _rows(photo.get("reasons")))
    return letter if counted else {"A": "B", "B": "C"}.get(letter, letter)


def is_letter(text: str) -> bool:
    """Say whether a text is a grade."""
    return len(text) == 1 and text in LETTERS


def _by_server(photo: Record) -> bool:
    """Say whether the server itself drew a photo: those of the demo plant."""
    return photo.text("source") == DRAWN and photo.cells["source"].writer.startswith(f"{CARRIER}:")


def grounds(photo: Record, rules: TrustRules) -> tuple[Ground, ...]:
    """Return what the grade that counts rests on: its device's grounds, and the second shot.

    What the server found among all photos stands in the place of what the device knew of them.
    Rows that no app writes are left out: they must not keep anybody from looking at the rest.
    """
    state = second_shot(photo, rules)
    second: list[Ground] = [(f"challenge_{state}", state == "met", {})] if state else []
    rows, used = _rows(photo.get("reasons")), standing(photo)
    if used is not None:
        rows = [row for row in rows if row[0] not in _USED]
        rows.append((f"used_{used.how}", False, {}))
    return (*rows, *second)


def are_grounds(value: Value) -> bool:
    """Say whether a cell holds grounds as the app writes them: `[[code, holds, params], ...]`."""
    return isinstance(value, list) and len(value) <= _ROWS_MAX and len(_rows(value)) == len(value)


def worst(letters: Iterable[str]) -> str:
    """Return the worst of some grades."""
    return max(letters, key=LETTERS.index)


def doubtful(photo: Record, rules: TrustRules) -> tuple[str, ...]:
    """Return what reviewers are told of a photo: "signs", "challenge" (left out, too)."""
    unmet = second_shot(photo, rules) not in ("", "met")
    return (*(["signs"] if signs_of(photo) else []), *(["challenge"] if unmet else []))


def doubt_value(why: Doubt) -> dict[str, Value]:
    """Return what the server says of a second shot that its device calls met, as a cell."""
    return {"state": "failed", "why": why} if why else {"state": "met"}


def doubt_of(photo: Record) -> Doubt | None:
    """Return why the server doubts a second shot, "" where it does not; None: nothing said yet."""
    cell = photo.get(SERVER_CHALLENGE)
    if not isinstance(cell, dict):
        return None
    known: dict[Value, Doubt] = {one: one for one in DOUBTS}
    why = cell.get("why", "")
    return known.get(why, "unreadable") if isinstance(why, str) else "unreadable"


def seen_through(first: Record, second: Record, others: Iterable[Record]) -> Doubt:
    """Return what speaks against a second shot whatever it shows; "" where nothing does.

    `others`: further photos after the same repair, whose tasks may name the same picture.
    """
    if second.text("original") == first.text("original"):
        return "same_exposure"
    (device, number), (theirs, later) = _written(first), _written(second)
    if device != theirs:
        return "other_device"
    taken = [photo.whole("taken_ms") or 0 for photo in (first, second)]
    if later < number or taken[1] < taken[0]:
        return "early"
    for other in others:
        asked = challenge_of(other.get(CHALLENGE))
        if other.record_id != first.record_id and asked and asked.photo == second.record_id:
            return "twice"
    return ""


def _written(photo: Record) -> tuple[str, int]:
    """Return the device that attached a photo, and the number of its entry."""
    device, _, number = photo.cells["original"].writer.rpartition(":")
    return device, int(number) if number.isdecimal() else 0


def is_source(value: Value, shot: str) -> bool:
    """Say whether a device may say that of where a photo of this shot comes from.

    Nothing at all counts as not proved: a second shot is due as for the camera.
    """
    return value in (None, CAMERA, ALBUM) or (value == DRAWN and shot == SIGNED)


def from_album(photo: Record | None) -> bool:
    """Say whether the photo of a repair was chosen from files: a person has to accept it."""
    return photo is not None and photo.text("source") == ALBUM


def _rows(value: Value) -> list[Ground]:
    found: list[Ground] = []
    for row in value[:_ROWS_MAX] if isinstance(value, list) else []:
        if not isinstance(row, list) or len(row) != 3:
            continue
        code, holds, params = row
        if isinstance(code, str) and isinstance(holds, bool) and isinstance(params, dict):
            plain = all(isinstance(one, int | str) and len(str(one)) <= _TEXT_MAX
                        for one in params.values())  # fmt: skip
            if 0 < len(code) <= _TEXT_MAX and len(params) <= _PARAMS_MAX and plain:
                found.append((code, holds, dict(params)))
    return found
