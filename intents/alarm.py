"""The high-recall side of the danger detector: patterns of words in every language, written by people, matched with small typos.

A pattern is words in order: ``atmet nicht``; ``will ... sterben|umbringen`` allows up to four words between; ``suizid*``
matches beginnings, ``*medikament`` endings. Words of five or more letters also match with one letter too many, missing, wrong or
swapped, unless the first letter differs (beating is not heating).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from intents.normalise import folded

WORDS_BETWEEN = 4
LETTERS_FOR_A_TYPO = 5
CRISIS = "emergency-crisis"


@dataclass(frozen=True)
class _Word:
    plain: frozenset[str]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    fuzzy: tuple[str, ...]

    def matches(self, word: str) -> bool:
        if word in self.plain or word.startswith(self.starts) or word.endswith(self.ends):
            return True
        return any(word[:1] == wanted[0] and OSA.distance(word, wanted, score_cutoff=1) <= 1 for wanted in self.fuzzy)


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
    """All patterns of all languages: ``find`` names the topic and the pattern, unless a cancelling one is there too.

    Nothing cancels words of suicide: "I read it in the news, and now I want to die" is no news.
    """

    patterns: Mapping[str, tuple[tuple[str, Pattern], ...]]
    unless: Mapping[str, tuple[Pattern, ...]]

    def find(self, text: str, languages: Iterable[str] | None = None) -> tuple[str, str] | None:
        """The first emergency topic whose pattern the text holds, with the pattern as written.

        Only patterns of the given languages count, since "die" is an article in one and a word of danger in another.
        """
        words = folded(text).split()
        for language in self.patterns if languages is None else languages:
            cancelled = any(pattern.found_in(words) for pattern in self.unless.get(language, ()))
            for topic, pattern in self.patterns.get(language, ()):
                if pattern.found_in(words) and (topic == CRISIS or not cancelled):
                    return topic, pattern.written
        return None


def make_detector(written: Iterable[tuple[str, Mapping[str, Sequence[str]], Sequence[str]]]) -> Detector:
    """Compile what editors wrote: language, patterns by topic, cancelling patterns."""
    patterns: dict[str, tuple[tuple[str, Pattern], ...]] = {}
    unless: dict[str, tuple[Pattern, ...]] = {}
    for language, topics, cancels in written:
        compiled = ((topic, compile_pattern(line)) for topic, lines in topics.items() for line in lines)
        patterns[language] = tuple((topic, pattern) for topic, pattern in compiled if pattern)
        unless[language] = tuple(pattern for pattern in map(compile_pattern, cancels) if pattern)
    return Detector(patterns, unless)
