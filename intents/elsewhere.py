"""Notices that a message is about another town: "parking permit in Oldenburg" is no question for this city.

Examples and lists were written for the home city. In an installation for another city its name and that of the home city change
places before anything is read, so that all layers know which town is ours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from intents.normalise import folded

WORDS_BEFORE = 2


@dataclass(frozen=True)
class Elsewhere:
    """Other towns and the words that make their mention harmless, all folded."""

    towns: frozenset[tuple[str, ...]]
    moving: frozenset[str]
    here: frozenset[str]

    def named_in(self, text: str) -> str:
        """The other town a message is about, or an empty string: not if one moves from or to it, or names this city too."""
        words = folded(text).split()
        if self.here.intersection(words):
            return ""
        for start in range(len(words)):
            for length in (1, 2):
                town = tuple(words[start : start + length])
                if town in self.towns and not self.moving.intersection(words[max(0, start - WORDS_BEFORE) : start]):
                    return " ".join(town)
        return ""


def make_elsewhere(raw: Mapping[str, Sequence[str]]) -> Elsewhere:
    """Fold the lists that editors keep."""

    def fold(names: Iterable[str]) -> set[tuple[str, ...]]:
        return {tuple(folded(str(name)).split()) for name in names}

    towns = fold([*raw["near"], *raw["cities"], *raw["other-scripts"]])
    harmless = (raw["moving"], [*raw["here"], *raw["home"]])
    return Elsewhere(frozenset(towns), *(frozenset(word for one in fold(names) for word in one) for names in harmless))


@dataclass(frozen=True)
class Renaming:
    """The names of an installation's own city, to be read as the home city's, and the other way round."""

    pattern: re.Pattern[str]
    ours: frozenset[str]
    home: Mapping[str, str]
    other: Mapping[str, str]

    def at_home(self, text: str) -> str:
        """The message as somebody in the home city would have written it of her own town."""

        def one(match: re.Match[str]) -> str:
            names = self.home if match[0].casefold() in self.ours else self.other
            return names.get(_script(match[0]), match[0])

        return self.pattern.sub(one, text)


def make_renaming(raw: Mapping[str, Sequence[str]], city: Sequence[str]) -> Renaming:
    """The exchange for a city with these names; ``raw`` are the lists that editors keep."""
    ours = _spellings(city)
    every = sorted(ours | _spellings(raw["home"]), key=len, reverse=True)
    return Renaming(
        pattern=re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, every))})(?!\w)", re.IGNORECASE),
        ours=ours,
        home=_first_by_script(raw["home"]),
        other=_first_by_script([*raw["cities"], *raw["other-scripts"]]),
    )


def _spellings(names: Iterable[str]) -> frozenset[str]:
    return frozenset(form for name in names for form in (name.casefold(), folded(name)) if form)


def _first_by_script(names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(_script(name), name)
    return found


def _script(word: str) -> str:
    return unicodedata.name(word[0], "").partition(" ")[0]
