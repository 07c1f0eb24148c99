"""From what was typed to what the layers read: keyboard, official words, language, own script. Examples go the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intents import keyboard, romanised
from intents.normalise import gentle
from intents.vocabulary import Vocabulary

Floats = NDArray[np.float32]
PROBABLY_ROMANISED = 0.5


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """``typed`` is what stood there (gentle), ``text`` what the layers read, ``spoken`` the probability of each language."""

    typed: str
    text: str
    spoken: Floats
    notes: tuple[str, ...]


def for_language(text: str, vocabulary: Vocabulary) -> str:
    """What tells the language of a message: everything but the German names of offices and papers."""
    return vocabulary.without(vocabulary.read(gentle(text)))


def example(text: str, language: str, vocabulary: Vocabulary) -> str:
    """An utterance of a known language as the layers read it."""
    read = vocabulary.read(gentle(text))
    if language in romanised.LANGUAGES and romanised.is_latin(read):
        return romanised.in_own_script(read, language, vocabulary.is_official)
    return read


def prepare(
    text: str,
    vocabulary: Vocabulary,
    languages: Sequence[str],
    *,
    familiar: Callable[[str], float],
    shares: Callable[[str], Floats],
) -> Prepared:
    """A message of unknown language. ``familiar`` and ``shares`` are the model's views of a text."""
    typed = gentle(text)
    meant = keyboard.as_meant(typed, familiar)
    read = vocabulary.read(meant)
    spoken = shares(vocabulary.without(read))
    final = read
    if romanised.is_latin(read):
        possible = {language: float(spoken[languages.index(language)]) for language in romanised.LANGUAGES}
        if sum(possible.values()) >= PROBABLY_ROMANISED:
            final = romanised.in_own_script(
                read, max(possible, key=lambda name: possible[name]), vocabulary.is_official
            )
    notes = [
        note for note, changed in ((f"meant: {meant}", meant != typed), (f"read: {final}", final != meant)) if changed
    ]
    return Prepared(typed=typed, text=final, spoken=spoken, notes=tuple(notes))
