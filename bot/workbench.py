"""What the editors' pages say of an entry: its state in every language, what is doubtful in it, and where to open which file.

Only reads: YAML in git stays the one place where content is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from faq import ROOT, SOURCE_LANGUAGE, TEXT_KEYS, Catalogue, Contact, Defect, Fact
from faq.check import of_entry
from faq.history import NoHistory, changes, earlier
from faq.placeholders import ContactUse, FactUse, uses
from faq.source import Source
from faq.translations import Made, Status, Translations
from locales import languages


@dataclass(frozen=True, kw_only=True)
class Place:
    """A file from the top of the repository and a line of it."""

    file: str
    line: int = 1


@dataclass(frozen=True, kw_only=True)
class Change:
    """A line of the German text that came or went since a translation was made."""

    part: str
    text: str
    came: bool


@dataclass(frozen=True, kw_only=True)
class Version:
    """An entry in one language. Where it is missing, ``place`` is the file it belongs into. ``changes`` tell a stale one what to follow;
    ``no_history`` says why they cannot be shown."""

    language: str
    status: Status
    place: Place
    read_by: str = ""
    read_on: str = ""
    defects: tuple[Defect, ...] = ()
    changes: tuple[Change, ...] = ()
    no_history: bool = False


@dataclass(frozen=True, kw_only=True)
class FactState:
    """A fact an entry rests on, who can confirm it, and which entries use it in which languages."""

    fact: Fact
    place: Place
    owner: Contact
    overdue: bool
    used: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class ContactState:
    """A contact an entry names, with the place of its details."""

    contact: Contact
    place: Place


def states(catalogue: Catalogue, translations: Translations, today: date) -> dict[str, dict[str, Status]]:
    """Topic to language to state."""
    return {
        topic: {language: translations.status(catalogue, language, topic, today) for language in languages()}
        for topic in catalogue.topics
    }


def versions(
    catalogue: Catalogue, translations: Translations, topic: str, today: date, root: Path = ROOT
) -> list[Version]:
    """The entry in every language, German first. Asks git only for stale translations."""
    order = sorted(languages(), key=lambda language: language != SOURCE_LANGUAGE)
    return [_version(catalogue, translations, language, topic, today, root) for language in order]


def _version(
    catalogue: Catalogue, translations: Translations, language: str, topic: str, today: date, root: Path
) -> Version:
    status = translations.status(catalogue, language, topic, today)
    made = translations.made.get(language, {}).get(topic)
    changed = _changes(catalogue, topic, made, root) if status == "stale" and made else ()
    return Version(
        language=language,
        status=status,
        place=_entry_place(catalogue, language, topic),
        read_by=made.by if made else "",
        read_on=made.on if made else "",
        defects=tuple(of_entry(catalogue, language, topic)),
        changes=changed or (),
        no_history=changed is None,
    )


def _entry_place(catalogue: Catalogue, language: str, topic: str) -> Place:
    for source in catalogue.sources:
        if source.file.startswith(f"{language}/") and topic in source.data:
            return Place(file=f"{ROOT.name}/{source.file}", line=source.line(topic))
    return Place(file=f"{ROOT.name}/{language}/{catalogue.topics[topic].chapter}.yaml")


def _changes(catalogue: Catalogue, topic: str, made: Made, root: Path) -> tuple[Change, ...] | None:
    """What changed in German since; none where git cannot tell."""
    try:
        old = earlier(catalogue, topic, made.source, root)
    except NoHistory:
        return None
    rows = changes(old, catalogue.entries[SOURCE_LANGUAGE][topic])
    return tuple(Change(part=row[:6].strip(), text=row[9:], came=row[7] == "+") for row in rows)


def facts(catalogue: Catalogue, topic: str, today: date) -> list[FactState]:
    """Every fact the entry uses in any language, doubtful ones first."""
    used = _uses(catalogue)
    own = [id_ for id_, topics in used.items() if topic in topics]
    found = [_fact(catalogue, catalogue.facts[id_], used[id_], today) for id_ in own]
    return sorted(found, key=lambda state: (state.fact.is_sure and not state.overdue, state.fact.id))


def _fact(catalogue: Catalogue, fact: Fact, used: Mapping[str, tuple[str, ...]], today: date) -> FactState:
    days = catalogue.topics[fact.id.partition("/")[0]].review_days
    return FactState(
        fact=fact,
        place=_place(catalogue, "facts/", fact.id),
        owner=catalogue.contacts[fact.owner],
        overdue=fact.is_overdue(today, days),
        used=used,
    )


def contacts(catalogue: Catalogue, topic: str) -> list[ContactState]:
    """Every contact the entry shows or names."""
    entries = [entries[topic] for entries in catalogue.entries.values() if topic in entries]
    texts = [getattr(entry, key) for entry in entries for key in TEXT_KEYS]
    named = [use.contact for text in texts for use in uses(text, topic) if isinstance(use, ContactUse)]
    ids = dict.fromkeys((*catalogue.topics[topic].contacts, *named))
    return [ContactState(contact=catalogue.contacts[id_], place=_place(catalogue, "contacts/", id_)) for id_ in ids]


def _uses(catalogue: Catalogue) -> dict[str, dict[str, tuple[str, ...]]]:
    """Fact to topic to the languages in which its entry uses the fact."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for language, entries in catalogue.entries.items():
        for topic, entry in entries.items():
            texts = [getattr(entry, key) for key in TEXT_KEYS]
            ids = {use.id for text in texts for use in uses(text, topic) if isinstance(use, FactUse)}
            ids |= set(_headline(catalogue, topic))
            for id_ in ids:
                found[id_][topic].append(language)
    order = list(languages())
    return {
        id_: {topic: tuple(sorted(spoken, key=order.index)) for topic, spoken in topics.items()}
        for id_, topics in found.items()
    }


def _headline(catalogue: Catalogue, topic: str) -> Iterator[str]:
    return (f"{topic}/{fact.partition('.')[0]}" for _, fact in catalogue.topics[topic].headline)


def _place(catalogue: Catalogue, folder: str, id_: str) -> Place:
    source: Source = next(s for s in catalogue.sources if s.file.startswith(folder) and id_ in s.data)
    return Place(file=f"{ROOT.name}/{source.file}", line=source.line(id_))
