"""Of what there are reports to print, and what they may be refused for."""

from typing import Final

from domain.errors import FieldError

REPORTED: Final = ("hazard", "inspection")  # the kinds of record there are reports of


class ReportKindError(FieldError):
    """There are reports of hazards and inspections only; `type` is what was asked for."""

    code = "report_kind"


class CredentialsError(FieldError):
    """Photos could not get content credentials. `reason`: "missing" (package), "failed"."""

    code = "credentials"
