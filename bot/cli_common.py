"""What all verbs of the command line share: how they end with a sentence, and how a language is named."""

from __future__ import annotations

import sys
from typing import NoReturn

from locales import languages
from locales.defects import LANGUAGES as EDITORS_LANGUAGES
from locales.defects import editors_language


def stop(text: str, code: int) -> NoReturn:
    """End with one sentence on stderr and an exit code: 1 content or input, 2 use or settings."""
    print(f"lotsenbot: {text}", file=sys.stderr)
    sys.exit(code)


def checked_language(tag: str) -> str:
    """The tag of a language we know, or an empty string for none; stops with the known ones otherwise."""
    if tag and tag not in languages():
        stop(f"there is no language {tag}; use one of {', '.join(languages())}", 2)
    return tag


def editors_words(words: str) -> str:
    """The language editors are spoken to in: the wanted one or that of the machine; stops if there is no such one."""
    if words and words not in EDITORS_LANGUAGES:
        stop(f"messages are in {' or '.join(EDITORS_LANGUAGES)}", 2)
    return words or editors_language()
