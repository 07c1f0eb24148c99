"""Languages and the bot's own phrases: the registry, gettext catalogues read from the ``.po`` files, direction of writing.

English is the source language of the phrases. A phrase without a translation appears in English; the content check finds it.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from babel import localedata
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent
SOURCE = "en"
_FIRST_STRONG_LTR, _POP = "\u2066", "\u2069"


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language newcomers may choose. ``phrases`` and ``answers`` say what is complete in it."""

    tag: str
    name: str
    direction: Literal["ltr", "rtl"]
    script: str
    phrases: bool
    answers: bool


@cache
def languages() -> dict[str, Language]:
    """All languages by tag, in the order they are offered."""
    raw = yaml.safe_load((ROOT / "languages.yaml").read_text(encoding="utf-8"))
    return {tag: Language(tag=tag, **fields) for tag, fields in raw.items()}


def offered() -> tuple[Language, ...]:
    """The languages in which the bot can speak, in the order they are offered."""
    return tuple(language for language in languages().values() if language.phrases)


def known(tag: str) -> str:
    """The offered language for a tag from outside (``de-AT``, ``AR``), or an empty string."""
    wanted = tag.replace("_", "-").lower().split("-")[0]
    return wanted if wanted in languages() and languages()[wanted].phrases else ""


class Phrases:
    """The bot's phrases in one language: call it with the English sentence."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.direction = languages()[locale].direction
        self._translations = _translations(locale)

    def __call__(self, message: str) -> str:
        return self._translations.gettext(message)

    def many(self, singular: str, plural: str, number: int) -> str:
        """The phrase for a number of things, by the language's own plural rule."""
        return self._translations.ngettext(singular, plural, number)

    def listed(self, items: Sequence[str]) -> str:
        """The items as a list inside a sentence, joined as the language does."""
        known = self.locale.replace("-", "_") if localedata.exists(self.locale.replace("-", "_")) else SOURCE
        return format_list(items, locale=known)

    def isolate(self, text: str) -> str:
        """Keep a number, link or German name in its own direction inside right-to-left text."""
        return f"{_FIRST_STRONG_LTR}{text}{_POP}" if self.direction == "rtl" and text else text


@cache
def phrases(locale: str) -> Phrases:
    """The phrases of an offered language; English for any other tag."""
    return Phrases(locale if locale in languages() else SOURCE)


@cache
def _translations(locale: str) -> gettext.NullTranslations:
    path = ROOT / locale / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as po:
        catalogue = read_po(po, locale=locale)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
