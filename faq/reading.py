"""How hard the answers are to read: the first Wiener Sachtextformel for German, LIX for every language with spaces.

Sources: Bamberger, Vanecek, Lesen – Verstehen – Lernen – Schreiben (1984), formula 1, a school grade from 4 to 15;
Björnsson, Läsbarhet (1968), words a sentence plus the share of words with more than six letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from faq.catalogue import Catalogue, Entry
from faq.placeholders import FactUse, Use, fill
from locales import cldr

# The hardest an answer may be: German for readers at B1, Simple German for readers at A2.
GRADE_AT_MOST = {"de": 9.0, "de-x-simple": 7.5}
_SENTENCE = re.compile(r"[.!?:;]+(?:\s|$)|\n+")
_WORD = re.compile(r"[^\W\d_]+(?:[-·’'][^\W\d_]+)*")
_VOWELS = re.compile(r"[aeiouyäöüáéíóúàèìòù]+", re.IGNORECASE)
_DIPHTHONGS = ("au", "ei", "eu", "äu", "ai", "ie", "ey", "ay", "aa", "ee", "oo", "ui", "oi", "ou", "ue", "oe", "ae")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A text measured. ``grade`` is the school grade of the Wiener Sachtextformel, none outside German; ``lix`` about 20 to 60."""

    words: int
    words_a_sentence: float
    lix: float
    grade: float | None


def measure(text: str, language: str) -> Reading:
    """Measure a text of at least one word; list items count as sentences."""
    sentences = [words for part in _SENTENCE.split(text) if (words := _WORD.findall(part))]
    words = [word for sentence in sentences for word in sentence]
    if not words:
        return Reading(words=0, words_a_sentence=0, lix=0, grade=None)
    length, number = len(words) / len(sentences), len(words)
    long = 100 * sum(len(word) > 6 for word in words) / number
    grade = None
    if cldr(language) == "de":
        counts = [syllables(word) for word in words]
        many, one = (100 * sum(found) / number for found in ([c >= 3 for c in counts], [c == 1 for c in counts]))
        grade = 0.1935 * many + 0.1672 * length + 0.1297 * long - 0.0327 * one - 0.875
    return Reading(words=number, words_a_sentence=length, lix=length + long, grade=grade)


def syllables(word: str) -> int:
    """The syllables of a German word, by its groups of vowels; two vowels that make no diphthong count as two."""
    count = 0
    for group in _VOWELS.findall(word.lower()):
        rest = group
        while rest:
            rest = rest[2 if rest[:2] in _DIPHTHONGS else 1 :]
            count += 1
    return max(count, 1)


def chapters(catalogue: Catalogue, language: str) -> dict[str, Reading]:
    """Each chapter's answers measured as one text, without numbers, addresses and the titles, which are names."""
    texts: dict[str, list[str]] = {}
    for topic, entry in catalogue.entries.get(language, {}).items():
        texts.setdefault(catalogue.topics[topic].chapter, []).append(_plain(entry, topic))
    return {chapter: measure("\n".join(texts[chapter]), language) for chapter in catalogue.chapters if chapter in texts}


def measured(entry: Entry, topic: str, language: str) -> Reading:
    """One answer measured."""
    return measure(_plain(entry, topic), language)


def hardest(catalogue: Catalogue, language: str, number: int = 5) -> list[tuple[str, Reading]]:
    """The answers that are hardest to read, by grade where there is one, by LIX elsewhere."""
    found = [(topic, measured(entry, topic, language)) for topic, entry in catalogue.entries.get(language, {}).items()]
    return sorted(found, key=lambda one: -(one[1].grade if one[1].grade is not None else one[1].lix))[:number]


def table(rows: Iterable[tuple[str, Reading]], language: str) -> str:
    """Rows as a table, with a mark where the text is harder than its language aims at."""
    limit = GRADE_AT_MOST.get(language)
    lines = [f"{'':28}{'words':>7}{'words/sentence':>16}{'LIX':>6}{'grade':>7}"]
    for name, found in rows:
        grade = "" if found.grade is None else f"{found.grade:.1f}"
        over = "  too hard" if limit and found.grade is not None and found.grade > limit else ""
        lines.append(f"{name:28}{found.words:>7}{found.words_a_sentence:>16.1f}{found.lix:>6.0f}{grade:>7}{over}")
    return "\n".join(lines)


def _plain(entry: Entry, topic: str) -> str:
    def printed(use: Use) -> str:
        return "x" if isinstance(use, FactUse) else ""

    return "\n".join(fill(text, topic, printed) for text in (entry.lead, entry.bring, entry.steps, entry.more) if text)
