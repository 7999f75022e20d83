"""What a likeness to an earlier photo means: only proof blocks, the rest is a hint."""

from dataclasses import dataclass

from domain.rectification import Reuse


@dataclass(frozen=True, slots=True)
class ReuseLimits:
    """What a copy shows, all data: matches that agree, their share, their error in pixels at 640.

    `hint_*`: what is worth a second look. `near`: bits of 128 that may differ where the earlier
    photo is not at hand to be compared.
    """

    agree: int = 10
    share: float = 0.6
    error: float = 0.6
    hint_agree: int = 30
    hint_share: float = 0.6
    hint_error: float = 0.9
    near: int = 12


def action(
    *,
    exact: bool,
    apart: int,
    fit: tuple[int, float, float] | None,
    limits: ReuseLimits,
) -> Reuse:
    """Return what to do; `fit` is (agree, share, error), None where it could not be compared."""
    if exact:
        return "block"
    if fit is None:
        return "hint" if apart <= limits.near else "none"
    agree, share, error = fit
    if agree >= limits.agree and share >= limits.share and error < limits.error:
        return "block"
    near = agree >= limits.hint_agree and share >= limits.hint_share
    return "hint" if near and error < limits.hint_error else "none"
