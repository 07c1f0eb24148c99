"""The high-recall side of the danger detector: patterns of words in every language, written by people, matched with small typos.

A pattern is words in order: ``atmet nicht``; ``will ... sterben|umbringen`` allows up to four words between; ``suizid*``
matches beginnings, ``*medikament`` endings. Words of five or more letters also match with one letter too many, missing, wrong or
swapped, unless the first letter differs (beating is not heating).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    def begins_at(self, words: Sequence[str], start: int) -> bool:
        """Whether the words hold the pattern from this one on."""
        return self._from(words, start, 0)

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


class Patterns:
    """Patterns in order, looked up by their first word: thousands of them cost a message next to nothing."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._plain: dict[str, list[int]] = defaultdict(list)
        self._starts: dict[str, list[int]] = defaultdict(list)
        self._ends: dict[str, list[int]] = defaultdict(list)
        self._fuzzy: dict[tuple[str, int], list[int]] = defaultdict(list)
        for number, pattern in enumerate(self.patterns):
            first = pattern.words[0]
            for index, words in ((self._plain, first.plain), (self._starts, first.starts), (self._ends, first.ends)):
                for word in words:
                    index[word].append(number)
            for word in first.fuzzy:
                for length in (len(word) - 1, len(word), len(word) + 1):
                    self._fuzzy[word[0], length].append(number)

    def found(self, words: Sequence[str]) -> Iterator[int]:
        """The numbers of the patterns that the words hold, in order."""
        begins: dict[int, list[int]] = defaultdict(list)
        for at, word in enumerate(words):
            parts = range(1, len(word) + 1)
            for number in {
                *self._plain.get(word, ()),
                *(n for end in parts for n in self._starts.get(word[:end], ())),
                *(n for end in parts for n in self._ends.get(word[-end:], ())),
                *self._fuzzy.get((word[:1], len(word)), ()),
            }:
                begins[number].append(at)
        for number in sorted(begins):
            if any(self.patterns[number].begins_at(words, at) for at in begins[number]):
                yield number


@dataclass(frozen=True)
class Detector:
    """All patterns of all languages: ``find`` names the topic and the pattern, unless a cancelling one is there too.

    Nothing cancels words of suicide: "I read it in the news, and now I want to die" is no news.
    """

    topics: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, Patterns]
    unless: Mapping[str, Patterns]

    def find(self, text: str, languages: Iterable[str] | None = None) -> tuple[str, str] | None:
        """The first emergency topic whose pattern the text holds, with the pattern as written.

        Only patterns of the given languages count, since "die" is an article in one and a word of danger in another.
        """
        words = folded(text).split()
        for language in self.patterns if languages is None else languages:
            if language not in self.patterns:
                continue
            for number in self.patterns[language].found(words):
                topic = self.topics[language][number]
                if topic == CRISIS or next(self.unless[language].found(words), None) is None:
                    return topic, self.patterns[language].patterns[number].written
        return None


def make_detector(written: Iterable[tuple[str, Mapping[str, Sequence[str]], Sequence[str]]]) -> Detector:
    """Compile what editors wrote: language, patterns by topic, cancelling patterns."""
    of: dict[str, tuple[str, ...]] = {}
    patterns: dict[str, Patterns] = {}
    unless: dict[str, Patterns] = {}
    for language, topics, cancels in written:
        lines = ((topic, compile_pattern(line)) for topic, texts in topics.items() for line in texts)
        compiled = [(topic, pattern) for topic, pattern in lines if pattern]
        of[language] = tuple(topic for topic, _ in compiled)
        patterns[language] = Patterns([pattern for _, pattern in compiled])
        unless[language] = Patterns([pattern for pattern in map(compile_pattern, cancels) if pattern])
    return Detector(of, patterns, unless)
