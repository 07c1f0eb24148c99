"""`lotsenbot faq check`: answers, utterances and phrases together, and that they speak of the same topics."""

from __future__ import annotations

import faq.check
import intents.check
import locales.check
from faq import ContentError, Defect, load
from intents.catalogue import registry


def check(city: str, language: str = "") -> list[Defect]:
    """Every defect of the content, with paths from the top of the repository."""
    found = [Defect(f"faq/{d.file}", d.line, d.what, d.mend) for d in faq.check.check(city, language)]
    found += [Defect(f"intents/{d.file}", d.line, d.what, d.mend) for d in intents.check.check(language)]
    found += [Defect(f"locales/{d.file}", d.line, d.what, d.mend) for d in locales.check.check(language)]
    return [*found, *_same_topics(city)]


def _same_topics(city: str) -> list[Defect]:
    try:
        answered = set(load(city).topics)
    except ContentError:
        return []
    asked = set(registry())
    return [
        Defect(
            "intents/intents.yaml",
            1,
            f"“{topic}” is in faq/topics.yaml and not here",
            "add it here with chapter, kind and scope",
        )
        for topic in sorted(answered - asked)
    ] + [
        Defect(
            "faq/topics.yaml",
            1,
            f"“{topic}” is in intents/intents.yaml and not here",
            "add it here, or take it out there",
        )
        for topic in sorted(asked - answered)
    ]
