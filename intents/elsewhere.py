"""Notices that a message is about another town: "parking permit in Oldenburg" is no question for Osnabrück."""

from __future__ import annotations

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
        """The other town a message is about, or an empty string: not if one moves from or to it, or names Osnabrück too."""
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
    return Elsewhere(
        frozenset(towns), *(frozenset(word for words in fold(raw[key]) for word in words) for key in ("moving", "here"))
    )
