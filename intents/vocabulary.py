"""German words of offices, papers and benefits inside every language, read through their misspellings and transcriptions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rapidfuzz import process
from rapidfuzz.distance import OSA

from intents.normalise import folded

SHORTEST_FUZZY, LETTERS_PER_TYPO, MOST_TYPOS = 6, 6, 2
MOST_WORDS = 3
_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Spellings to official words, in lower case. ``read`` puts the official word in the place of what was typed."""

    official: Mapping[str, str]
    fuzzy: tuple[str, ...]
    seen: dict[str, str] = field(default_factory=dict, compare=False)

    def read(self, text: str) -> str:
        """The (gentle) text with its official words spelt as the city spells them."""
        words = list(_WORD.finditer(text))
        parts, at, number = [], 0, 0
        while number < len(words):
            taken, word = self._longest(words[number : number + MOST_WORDS])
            start, end = words[number].start(), words[number + max(taken, 1) - 1].end()
            parts += [text[at:start], word or text[start:end]]
            at, number = end, number + max(taken, 1)
        return "".join([*parts, text[at:]])

    def is_official(self, word: str) -> bool:
        """Whether this very word is one of them."""
        return folded(word) in self.official

    def without(self, text: str) -> str:
        """The rest of the text, which tells its language; all of it if nothing else is there."""
        rest = " ".join(found[0] for found in _WORD.finditer(text) if not self.is_official(found[0]))
        return rest or text

    def _longest(self, words: list[re.Match[str]]) -> tuple[int, str]:
        for taken in range(len(words), 0, -1):
            typed = folded(" ".join(word[0] for word in words[:taken]))
            if word := self.official.get(typed) or (self._near(typed) if taken == 1 else ""):
                return taken, word
        return 0, ""

    def _near(self, typed: str) -> str:
        if len(typed) < SHORTEST_FUZZY:
            return ""
        typos = min(len(typed) // LETTERS_PER_TYPO, MOST_TYPOS)
        near = process.extractOne(typed, self.fuzzy, scorer=OSA.distance, score_cutoff=typos)
        return self.official[near[0]] if near and near[0][0] == typed[0] else ""


def make_vocabulary(raw: Mapping[str, Iterable[str]]) -> Vocabulary:
    """From official word to further spellings, as editors keep them."""
    official: dict[str, str] = {}
    for word, spellings in raw.items():
        for spelling in (word, *spellings):
            official[folded(spelling)] = word.lower()
    return Vocabulary(
        official=official, fuzzy=tuple(word for word in official if len(word) >= SHORTEST_FUZZY and " " not in word)
    )
