"""Fit a text to a messenger: split at ends of sentences and shorten at words, within limits counted in UTF-16 units."""

from __future__ import annotations

import re

from locales import Phrases

_ISOLATES, _POP = "\u2066\u2067\u2068", "\u2069"
_TRAILING = f" ,;:–-({_ISOLATES}"
_BREAKS = (re.compile(r"\n\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…؟۔።])\s"), re.compile(r"\s"))


def utf16_length(text: str) -> int:
    """Units of two bytes in UTF-16; most emoji count two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_text(text: str, limit: int) -> list[str]:
    """Parts of at most ``limit`` UTF-16 units, cut at a paragraph, line, sentence or word, in this order of preference.

    Nothing but white space at the cuts is lost. A single word over the limit is cut inside, never inside a character.
    """
    parts = []
    rest = text.strip()
    while utf16_length(rest) > limit:
        window = _longest_start(rest, limit)
        cut = _best_cut(window) or len(window)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def signed(text: str, sender: str, say: Phrases) -> str:
    """A Lotse's words with her name above them, so that it is plain that a person writes."""
    return say("{name} (guide, a person):").format(name=sender) + "\n" + text if sender else text


def split_end(text: str, limit: int) -> tuple[str, str]:
    """The longest end of a text within the limit, cut as ``split_text`` does, and what stands before it."""
    text = text.strip()
    if utf16_length(text) <= limit:
        return "", text
    for pattern in _BREAKS:
        for match in pattern.finditer(text):
            if utf16_length(text[match.end() :].lstrip()) <= limit:
                return text[: match.start()].rstrip(), text[match.end() :].lstrip()
    start = len(text)
    while utf16_length(text[start - 1 :]) <= limit:
        start -= 1
    return text[:start], text[start:]


def shorten(text: str, limit: int) -> str:
    """The text in one line, cut at a word with an ellipsis if it is longer than the limit; isolates stay balanced."""
    line = " ".join(text.split())
    if utf16_length(line) <= limit:
        return line
    for room in range(limit - 1, 0, -1):
        window = _longest_start(line, room)
        cut = window.rfind(" ") if not line[len(window)].isspace() else len(window)
        kept = (window[:cut] if cut > room // 3 else window).rstrip(_TRAILING)
        short = kept + _POP * (sum(kept.count(mark) for mark in _ISOLATES) - kept.count(_POP)) + "…"
        if utf16_length(short) <= limit:
            return short
    return "…"


def _longest_start(text: str, limit: int) -> str:
    units = 0
    for index, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > limit:
            return text[:index]
    return text


def _best_cut(window: str) -> int:
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(window)]
        late = [end for end in ends if end > len(window) // 3]
        if late:
            return late[-1]
    return 0
