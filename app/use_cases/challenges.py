"""The second shot after a repair: a task drawn at random, and whether the picture fits it.

The first photo is kept before anything is asked, and says what was asked: whoever closes the app
instead leaves the task open, which counts as not done. Nothing here keeps a repair from being
handed in.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace

from app.field import FieldApp
from app.use_cases import evidence
from app.use_cases.evidence import DEFINITION, EvidenceCard, Target
from domain.capture_trust import CHALLENGE, Challenge, ChallengeOverError, challenge_of
from domain.errors import PictureError
from domain.places import Fix
from domain.plant import Person
from media.recapture import challenge
from media.recapture.stream import Seen
from offline_store import blobs, records


def drawn(field: FieldApp) -> Challenge:
    """Return a task that nobody could foresee."""
    return Challenge(secrets.choice(field.definitions.trust.kinds))


def answer(
    field: FieldApp,
    person: Person,
    target: Target,
    picture: bytes,
    *,
    first: str,
    seen: Seen | None,
    fix: Fix | None,
    progress: Callable[[float], None] | None = None,
) -> EvidenceCard:
    """Keep the second picture and say on the first whether it fits; returns the first photo's card.

    Takes some seconds: call it in a thread. Raises PictureError, ChallengeOverError.
    """
    asked = _open(field, first)
    second = evidence.keep(
        field,
        person,
        replace(target, shot=CHALLENGE, first=None),
        picture,
        source="camera",
        fix=fix,
        seen=seen,
        progress=progress,
    )
    with field.store.reading() as session:
        before = blobs.read(field.store, records.get(session, first).text("original"))
    if before is None:
        raise PictureError(reason="damaged")
    limits = field.checks.capture.limits.challenge
    found = challenge.settled(before, picture, asked.kind, limits)
    return _write(field, person, first, replace(found, photo=second.evidence_id))


def excuse(field: FieldApp, person: Person, first: str, reason: str) -> EvidenceCard:
    """Say why the second shot cannot be taken: a code of `challenge_excuses`."""
    if reason not in field.definitions.trust.excuses:
        raise ValueError(reason)
    asked = _open(field, first)
    return _write(field, person, first, replace(asked, state="skipped", reason=reason))


def fail(field: FieldApp, person: Person, first: str) -> EvidenceCard:
    """Say that the camera gave no second picture."""
    asked = _open(field, first)
    return _write(field, person, first, replace(asked, state="failed", why="no_camera"))


def _open(field: FieldApp, first: str) -> Challenge:
    with field.store.reading() as session:
        asked = challenge_of(records.get(session, first).get(CHALLENGE))
    if asked is None or asked.state != "open":
        raise ChallengeOverError
    return asked


def _write(field: FieldApp, person: Person, first: str, found: Challenge) -> EvidenceCard:
    with field.store.session() as session:
        field.write(
            session,
            person.person_id,
            kind="edit",
            record_id=first,
            type="evidence",
            definition=DEFINITION,
            set={CHALLENGE: found.value()},
        )
        card = evidence.card_in(field, session, first)
    field.nudge()
    return card
