"""Words for people: gettext catalogs, numbers and times in the person's language.

A catalog is one file, `assets/locale/<language>.po`, whose message ids are dotted keys. The screens
call `t("outbox.send")`; the language can change while the app runs.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import reduce
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from babel.messages import pofile

from domain.errors import FieldError
from domain.words import Words

LANGUAGES_FOLDER = Path("locale")
FALLBACK = "en"  # what other languages lack is read from it
DAY_MS = 86_400_000


def read_catalogs(folder: Path) -> dict[str, dict[str, str]]:
    """Read every catalog of a folder: language -> key -> text; what one lacks is in English."""
    catalogs: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.po")):
        catalog = pofile.read_po(io.BytesIO(path.read_bytes()))
        catalogs[path.stem] = {
            str(message.id): str(message.string)
            for message in catalog
            if message.id and message.string
        }
    return {language: {**catalogs[FALLBACK], **texts} for language, texts in catalogs.items()}


@dataclass(frozen=True)
class Translator:
    """Texts of one language. A missing key shows itself; a test keeps the catalogs complete."""

    language: str
    texts: Mapping[str, str]
    zone: tzinfo

    def __call__(self, key: str, /, **params: object) -> str:
        """Return the text of a key with its placeholders filled in."""
        text = self.texts.get(key)
        if text is None:
            return " ".join([key, *(f"{name}={value}" for name, value in params.items())])
        shown = {
            name: self.of(value) if isinstance(value, Words) else value
            for name, value in params.items()
        }
        return text.format_map(shown) if shown else text

    def known(self, key: str, otherwise: str, params: Mapping[str, object] | None = None) -> str:
        """Return the text of a key that stands in an entry, `otherwise` where that cannot be said.

        A later version knows other keys and params, and whoever changes the app may write any.
        """
        if key not in self.texts:
            return otherwise
        try:
            return self(key, **(params or {}))
        except (LookupError, TypeError, ValueError, AttributeError):
            return otherwise

    def listed(self, parts: Iterable[str]) -> str:
        """Return a list as this language writes it: "A、B", "A, B"; empty for none."""
        every = list(parts)
        return reduce(lambda a, b: self("list.joined", a=a, b=b), every) if every else ""

    def of(self, words: Words | None) -> str:
        """Return the words of definition data in this language; empty for None."""
        return words.in_(self.language) if words else ""

    def time(self, at_ms: int) -> str:
        """Return the clock time in the plant's zone: "22:13"."""
        return self._local(at_ms).strftime("%H:%M")

    def day(self, at_ms: int) -> str:
        """Return the date in the plant's zone: "10-19"."""
        return self._local(at_ms).strftime("%m-%d")

    def moment(self, at_ms: int, now_ms: int | None = None) -> str:
        """Return date and time; only the time where `now_ms` is of the same day."""
        if now_ms is not None and self._local(at_ms).date() == self._local(now_ms).date():
            return self.time(at_ms)
        return f"{self.day(at_ms)} {self.time(at_ms)}"

    def stamp(self, at_ms: int) -> str:
        """Return the full moment for a watermark: "2026-10-19 22:13:07"."""
        return self._local(at_ms).strftime("%Y-%m-%d %H:%M:%S")

    def span(self, length_ms: int) -> str:
        """Return a length of time in its largest unit: days, hours or minutes."""
        minutes = max(0, length_ms) // 60_000
        if minutes >= 48 * 60:
            return self("time.days", n=minutes // 1440)
        if minutes >= 120:
            return self("time.hours", n=minutes // 60)
        return self("time.minutes", n=minutes)

    def error(self, error: FieldError) -> tuple[str, str]:
        """Return why it was refused, and what to do now."""
        params = {key: self._param(key, value) for key, value in error.params.items()}
        return self(f"error.{error.code}", **params), self(f"remedy.{error.code}", **params)

    def _param(self, name: str, value: object) -> object:
        """Word a param that is a code of ours: reasons and shots have keys of their own."""
        if isinstance(value, Words):
            return self.of(value)
        if isinstance(value, list | tuple):
            parts = cast("Sequence[object]", value)
            return " · ".join(str(self._param(name, part)) for part in parts)
        key = f"{name.rstrip('s')}.{value}"
        return self.texts.get(key, value)

    def _local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, tz=self.zone)


def translator(
    catalogs: Mapping[str, Mapping[str, str]], language: str, timezone: str
) -> Translator:
    """Return the translator of a language; an unknown one reads English."""
    chosen = language if language in catalogs else FALLBACK
    return Translator(chosen, catalogs[chosen], ZoneInfo(timezone))
