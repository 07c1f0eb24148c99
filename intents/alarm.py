"""The high-recall side of the danger detector: patterns of words in every language, written by people, matched with small typos.

A pattern is words in order: ``atmet nicht``; ``will ... sterben|umbringen`` allows up to four words between; ``suizid*``
matches beginnings, ``*medikament`` endings. Words of six or more letters also match with one wrong letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from intents.normalise import folded

WORDS_BETWEEN = 4
LETTERS_FOR_A_TYPO = 6


@dataclass(frozen=True)
class _Word:
    plain: frozenset[str]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    fuzzy: tuple[str, ...]

    def matches(self, word: str) -> bool:
        if word in self.plain or word.startswith(self.starts) or word.endswith(self.ends):
            return True
        return len(word) >= LETTERS_FOR_A_TYPO - 1 and any(
            OSA.distance(word, wanted, score_cutoff=1) <= 1 for wanted in self.fuzzy
        )


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern; ``gaps[i]`` is how many words may stand before position ``i``."""

    written: str
    words: tuple[_Word, ...]
    gaps: tuple[int, ...]

    def found_in(self, words: Sequence[str]) -> bool:
        """Whether the words hold the pattern."""
        return any(self._from(words, start, 0) for start in range(len(words)))

    def _from(self, words: Sequence[str], at: int, position: int) -> bool:
        if at >= len(words) or not self.words[position].matches(words[at]):
            return False
        if position + 1 == len(self.words):
            return True
        return any(self._from(words, at + 1 + skipped, position + 1) for skipped in range(self.gaps[position + 1] + 1))


def compile_pattern(written: str) -> Pattern | None:
    """Read a pattern; none if nothing of it is left after folding."""
    words: list[_Word] = []
    gaps: list[int] = []
    gap = 0
    for token in written.split():
        if set(token) <= {".", "…"}:
            gap = WORDS_BETWEEN
            continue
        for part in _parts(token):
            words.append(part)
            gaps.append(gap)
            gap = 0
    return Pattern(written, tuple(words), tuple(gaps)) if words else None


def _parts(token: str) -> Iterable[_Word]:
    plain, starts, ends, fuzzy = set(), [], [], []
    for choice in token.split("|"):
        word = folded(choice.strip("*")).replace(" ", "")
        if not word:
            continue
        if choice.startswith("*"):
            ends.append(word)
        if choice.endswith("*"):
            starts.append(word)
        if "*" not in choice:
            plain.add(word)
            if len(word) >= LETTERS_FOR_A_TYPO:
                fuzzy.append(word)
    if plain or starts or ends:
        yield _Word(frozenset(plain), tuple(starts), tuple(ends), tuple(fuzzy))


@dataclass(frozen=True)
class Detector:
    """All patterns of all languages: ``find`` names the topic and the pattern, unless a cancelling one is there too."""

    patterns: tuple[tuple[str, Pattern], ...]
    unless: tuple[Pattern, ...]

    def find(self, text: str) -> tuple[str, str] | None:
        """The first emergency topic whose pattern the text holds, with the pattern as written."""
        words = re.split(r"\s+", folded(text))
        for topic, pattern in self.patterns:
            if pattern.found_in(words):
                return None if any(cancel.found_in(words) for cancel in self.unless) else (topic, pattern.written)
        return None


def make_detector(patterns: Iterable[tuple[str, str]], unless: Iterable[str]) -> Detector:
    """Compile what editors wrote."""
    compiled = ((topic, compile_pattern(written)) for topic, written in patterns)
    cancels = (compile_pattern(written) for written in unless)
    return Detector(
        tuple((topic, pattern) for topic, pattern in compiled if pattern),
        tuple(pattern for pattern in cancels if pattern),
    )
