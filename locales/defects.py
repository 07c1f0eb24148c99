"""What an editor should mend: file, line, what is wrong and how to mend it, in English or German.

The German sentences are in ``de/LC_MESSAGES/editors.po``, a catalogue apart from what newcomers read.
"""

from __future__ import annotations

import gettext
import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from locales import ROOT

LANGUAGES = ("en", "de")


class Sentence(str):
    """A sentence for editors: the string itself is English, ``said("de")`` the German one.

    ``{name}`` stands for a value given by that name; any other braces are part of the sentence.
    """

    template: str
    values: Mapping[str, object]

    def said(self, language: str) -> str:
        """The sentence in one of ``LANGUAGES``."""
        if language == "en":
            return str(self)
        return _filled(editors(language).gettext(self.template), self.values, language)


def sentence(template: str, **values: object) -> Sentence:
    """A sentence from an English template and its values."""
    made = Sentence(_filled(template, values, "en"))
    made.template, made.values = template, values
    return made


def said(words: str, language: str) -> str:
    """Words in a language if they know it, as they are otherwise."""
    return words.said(language) if isinstance(words, Sentence) else words


@dataclass(frozen=True, order=True)
class Defect:
    """Something an editor should mend: where it is, what is wrong and how to mend it."""

    file: str
    line: int
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} → {self.mend}"

    def in_(self, language: str) -> Defect:
        """The same in one of ``LANGUAGES``."""
        return replace(self, what=said(self.what, language), mend=said(self.mend, language))


def editors_language(environment: Mapping[str, str] = os.environ) -> str:
    """German where the machine speaks German, English elsewhere; the order of the variables is gettext's."""
    spoken = next(
        (environment[name] for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), ""
    )
    return "de" if spoken.lower().startswith("de") else "en"


@cache
def editors(language: str) -> gettext.NullTranslations:
    """The catalogue of sentences for editors."""
    with (ROOT / language / "LC_MESSAGES" / "editors.po").open("rb") as po:
        catalogue = read_po(po, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _filled(template: str, values: Mapping[str, Any], language: str) -> str:
    def one(match: re.Match[str]) -> str:
        return said(str(values[match[1]]) if not isinstance(values[match[1]], str) else values[match[1]], language)

    names = "|".join(map(re.escape, values))
    return re.sub(rf"\{{({names})\}}", one, template) if names else template
