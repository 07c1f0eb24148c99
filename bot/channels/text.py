"""Fit a text to a messenger: split at ends of sentences within a limit counted in UTF-16 units, as Telegram counts."""

from __future__ import annotations

import re

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
