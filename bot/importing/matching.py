"""To which of the existing topics a piece of text belongs, by the matcher that answers newcomers and with its own thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from intents.understanding import Understanding

Understand = Callable[[str, str], Understanding]
CANDIDATES = 3
BEGINNING = 200  # characters of the text: as much as a long message


@dataclass(frozen=True, kw_only=True)
class Match:
    """``topic`` if it is sure; otherwise the ``candidates`` that are near, none for something new."""

    topic: str = ""
    candidates: tuple[str, ...] = ()


def match(title: str, text: str, understand: Understand, language: str, titles: Mapping[str, str]) -> Match:
    """Sure if the heading is the title of a topic, or if the heading alone and with its text is sure of the same topic.

    ``titles``: the title of each topic in lower case to its id.
    """
    if same := titles.get(title.casefold()):
        return Match(topic=same)
    alone = understand(title, language)
    whole = understand(f"{title}: {text[:BEGINNING]}", language) if text else alone
    if alone.best and whole.best and alone.is_sure and whole.is_sure and alone.best.id == whole.best.id:
        return Match(topic=alone.best.id)
    near: dict[str, int] = {}
    for understood in (whole, alone):
        for candidate in understood.candidates:
            if candidate.confidence >= understood.thresholds.ask and candidate.confidence > understood.outside:
                near[candidate.id] = max(near.get(candidate.id, 0), candidate.confidence)
    return Match(candidates=tuple(sorted(near, key=lambda id_: -near[id_]))[:CANDIDATES])
