"""What `lotsenbot faq status`, `diff` and `accept` print: the state of every answer in every language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from faq import ROOT, SOURCE_LANGUAGE, TEXT_KEYS, Catalogue
from faq.history import NoHistory, changes, earlier
from faq.translations import Status, Translations

SIGNS: dict[Status, str] = {"ok": "+", "missing": ".", "stale": "!", "unreviewed": "?", "overdue": "o"}
LEGEND = "+ fresh and read   ? nobody has read it yet   ! German changed since   o reading overdue   . missing"


def matrix(catalogue: Catalogue, translations: Translations, languages: Sequence[str], today: date) -> str:
    """One row for each topic, one column for each language, and the sums."""
    width = max(len(topic) for topic in catalogue.topics)
    rows = [LEGEND, "", " " * width + "  " + " ".join(f"{language[:3]:>3}" for language in languages)]
    sums: Counter[tuple[str, Status]] = Counter()
    for topic in catalogue.topics:
        states = {language: translations.status(catalogue, language, topic, today) for language in languages}
        sums.update((language, status) for language, status in states.items())
        rows.append(f"{topic:{width}}  " + " ".join(f"{SIGNS[states[language]]:>3}" for language in languages))
    rows.append("")
    for status, sign in SIGNS.items():
        rows.append(
            f"{sign} {status:{width - 2}}  " + " ".join(f"{sums[language, status]:3d}" for language in languages)
        )
    return "\n".join(rows)


def facts_to_check(catalogue: Catalogue, today: date) -> list[str]:
    """The editors' list: facts that nobody has confirmed or whose review is due, with whom to ask."""
    rows = []
    for fact in catalogue.facts.values():
        days = catalogue.topics[fact.id.partition("/")[0]].review_days
        why = "not confirmed" if not fact.is_sure else "review due" if fact.is_overdue(today, days) else ""
        if why:
            rows.append(f"{why:13}  {fact.id}: {fact.statement} ({catalogue.contacts[fact.owner].name})")
    return sorted(rows)


def differences(catalogue: Catalogue, translations: Translations, language: str, topics: Sequence[str]) -> str:
    """What changed in German since each stale translation was made, and the translation as it stands."""
    blocks = []
    for topic in topics:
        if not translations.is_stale(catalogue, language, topic):
            continue
        german = catalogue.entries[SOURCE_LANGUAGE][topic]
        lines = [f"{language}/{catalogue.topics[topic].chapter}.yaml: {topic}"]
        try:
            lines += changes(earlier(catalogue, topic, translations.made[language][topic].source, ROOT), german)
        except NoHistory as error:
            lines += [str(error), *_text(catalogue, SOURCE_LANGUAGE, topic)]
        blocks.append("\n".join([*lines, "  now in this language:", *_text(catalogue, language, topic)]))
    return "\n\n".join(blocks)


def side_by_side(catalogue: Catalogue, language: str, topic: str) -> str:
    """The German text and the translation, part by part, for somebody who accepts it."""
    return "\n".join([f"{topic}", *_text(catalogue, SOURCE_LANGUAGE, topic), "", *_text(catalogue, language, topic)])


def _text(catalogue: Catalogue, language: str, topic: str) -> list[str]:
    entry = catalogue.entries[language][topic]
    return [
        f"  {language} {key:6} {line}" for key in TEXT_KEYS for line in getattr(entry, key).splitlines() if line.strip()
    ]
