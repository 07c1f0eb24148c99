"""Languages and the bot's own phrases: the registry, gettext catalogues read from the ``.po`` files, direction of writing.

English is the source language of the phrases. A phrase without a translation appears in English; the content check finds it.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from babel import Locale, localedata
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit

ROOT = Path(__file__).resolve().parent
SOURCE = "en"
_FIRST_STRONG, _POP = "\u2068", "\u2069"


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language newcomers may choose. ``phrases`` and ``answers`` say what is complete in it; ``also`` is what people
    write, besides its names, when they want it."""

    tag: str
    name: str
    direction: Literal["ltr", "rtl"]
    script: str
    phrases: bool
    answers: bool
    also: tuple[str, ...] = ()


@cache
def languages() -> dict[str, Language]:
    """All languages by tag, in the order they are offered."""
    raw = yaml.safe_load((ROOT / "languages.yaml").read_text(encoding="utf-8"))
    return {tag: Language(tag=tag, **fields | {"also": tuple(fields.get("also", ()))}) for tag, fields in raw.items()}


def language_names() -> dict[str, str]:
    """Every written name of every offered language, in its own words and in those of the others (CLDR), with its tag."""
    names: dict[str, str] = {}
    readers = [Locale.parse(cldr(tag)) for tag in languages()]
    for language in offered():
        if "-x-" not in language.tag:
            names |= {
                str(reader.languages[language.tag]): language.tag
                for reader in readers
                if language.tag in reader.languages
            }
        names |= dict.fromkeys((language.name, *language.also), language.tag)
    return names


def cldr(tag: str) -> str:
    """The CLDR locale for a language tag: English as read in Europe (4 March 2027), Simple German as German."""
    return "en_GB" if tag == "en" else tag.partition("-x-")[0].replace("-", "_")


@cache
def _durations() -> dict[str, dict[str, dict[str, str]]]:
    raw: dict[str, dict[str, dict[str, str]]] = yaml.safe_load((ROOT / "durations.yaml").read_text(encoding="utf-8"))
    return raw


def duration(number: Decimal, unit: str, tag: str, lead: str = "") -> str:
    """A number of minutes, hours, days, weeks, months or years (``unit`` in the singular) in words, in the right plural.

    ``lead`` is the beginning of a range, "3–"; then the number itself is printed even where a dual would stand for it.
    """
    forms = _durations().get(tag, {}).get(unit)
    if forms is None:
        return lead + format_unit(number, f"duration-{unit}", "long", locale=cldr(tag))
    form = forms.get(Locale.parse(cldr(tag)).plural_form(number), forms["other"])
    if lead and "{0}" not in form:
        form = forms["few"]
    return form.format(lead + format_decimal(number, locale=cldr(tag)))


def offered() -> tuple[Language, ...]:
    """The languages in which the bot can speak, in the order they are offered."""
    return tuple(language for language in languages().values() if language.phrases)


def known(tag: str) -> str:
    """The offered language for a tag from outside (``de-AT``, ``AR``), or an empty string."""
    tag = tag.replace("_", "-").lower()
    wanted = tag if tag in languages() else tag.split("-")[0]
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
        known = cldr(self.locale) if localedata.exists(cldr(self.locale)) else SOURCE
        return format_list(items, locale=known)

    def isolate(self, text: str) -> str:
        """Keep a number, link or German name in its own direction inside right-to-left text."""
        return f"{_FIRST_STRONG}{text}{_POP}" if self.direction == "rtl" and text else text


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
        catalogue = read_po(po, locale=cldr(locale))
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
