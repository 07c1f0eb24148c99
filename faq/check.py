"""Everything an editor can get wrong in the answers and facts, each with file, line, what and how to mend."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import phonenumbers

from faq.card import card_text, make_card
from faq.catalogue import HEADLINES, ROOT, SOURCE_LANGUAGE, TEXT_KEYS, Catalogue, load
from faq.placeholders import ContactUse, FactUse, Use, uses, without
from faq.source import ContentError, Defect, Source
from faq.translations import load_translations
from locales import languages

TITLE, LINE, FIRST_PART, MORE, MESSAGE = 38, 260, 1000, 1000, 4096
_DIGITS = re.compile(r"\S*\d\S*")
_LEVEL = re.compile(r"\W*[ABC][12]\b")
_BULLET = re.compile(r"\s*([-*•]|\d+[.)])\s")
_NUMBER_WORDS = {
    "de": re.compile(
        r"\b(zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|vierzehn|dreißig)\w*\s+"
        r"(Wochen?|Tagen?|Monaten?|Jahren?|Stunden?|Euro|Minuten|Prozent)\b",
        re.IGNORECASE,
    ),
    "en": re.compile(
        r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|thirty)[ -](weeks?|days?|months?|years?|hours?|euros?|minutes|per ?cent)\b",
        re.IGNORECASE,
    ),
}
_SCRIPTS = {"Latin": "LATIN", "Cyrillic": "CYRILLIC", "Arabic": "ARABIC", "Ethiopic": "ETHIOPIC"}


def check(city: str, language: str = "", root: Path = ROOT) -> list[Defect]:
    """All defects of the answers, in one language if asked."""
    try:
        catalogue = load(city, root)
    except ContentError as error:
        return [
            defect
            for defect in error.defects
            if not language or not _is_text(defect.file) or defect.file.startswith(f"{language}/")
        ]
    by_file = {source.file: source for source in catalogue.sources}
    found = [*_topics(catalogue, by_file["topics.yaml"]), *_contacts(catalogue, by_file)]
    for tag in catalogue.entries:
        if not language or tag == language:
            found += _language(catalogue, tag)
    found += _missing(catalogue, language)
    return sorted(set(found))


def load_usable(city: str, root: Path = ROOT) -> Catalogue:
    """The content of one city in which every placeholder, contact, topic and headline leads somewhere.

    Raises:
        ContentError: with what cannot be used; typed numbers, lengths and the like are left to ``check``.
    """
    catalogue = load(city, root)
    if broken := list(_references(catalogue)):
        raise ContentError(sorted(set(broken)))
    return replace(catalogue, stale=load_translations(root).stale(catalogue))


def _references(catalogue: Catalogue) -> Iterator[Defect]:
    by_file = {source.file: source for source in catalogue.sources}
    yield from _topics(catalogue, by_file["topics.yaml"])
    for source in catalogue.sources:
        if not _is_text(source.file):
            continue
        for topic, raw in source.data.items():
            for key, text in raw.items():
                try:
                    wrong = [found for use in uses(text, topic) if (found := _wrong_use(catalogue, use))]
                except ValueError as error:
                    wrong = [(str(error), "correct the placeholder")]
                yield from (source.defect((topic, key), *one) for one in wrong)


def _is_text(file: str) -> bool:
    return "/" in file and not file.startswith(("facts/", "contacts/"))


def _topics(catalogue: Catalogue, source: Source) -> Iterator[Defect]:
    for topic in catalogue.topics.values():
        for related in topic.related:
            if related not in catalogue.topics:
                yield source.defect((topic.id, "related"), f"there is no topic “{related}”", "use an id of this file")
        for contact in (topic.owner, *topic.contacts):
            if contact not in catalogue.contacts:
                yield source.defect(
                    (topic.id, "contacts"), f"there is no contact “{contact}”", "use an id from faq/contacts/"
                )
        for label, fact in topic.headline:
            if label not in HEADLINES:
                yield source.defect(
                    (topic.id, "headline"), f"“{label}” is no label of a headline", f"use {', '.join(HEADLINES)}"
                )
            if wrong := _wrong_fact(catalogue, FactUse(topic.id, *fact.partition(".")[::2])):
                yield source.defect((topic.id, "headline"), *wrong)
    for id_, fact_ in catalogue.facts.items():
        where = next(s for s in catalogue.sources if s.file.startswith("facts/") and id_ in s.data)
        if fact_.owner not in catalogue.contacts:
            yield where.defect((id_, "owner"), f"there is no contact “{fact_.owner}”", "use an id from faq/contacts/")
        if id_.partition("/")[0] not in catalogue.topics:
            yield where.defect(
                (id_,),
                f"there is no topic “{id_.partition('/')[0]}”",
                "write topic/fact with a topic from faq/topics.yaml",
            )


def _contacts(catalogue: Catalogue, by_file: dict[str, Source]) -> Iterator[Defect]:
    for id_, contact in catalogue.contacts.items():
        source = next(s for name, s in by_file.items() if name.startswith("contacts/") and id_ in s.data)
        if contact.phone.startswith("+") and not phonenumbers.is_possible_number(phonenumbers.parse(contact.phone)):
            yield source.defect(
                (id_, "phone"),
                f"{contact.phone} cannot be a phone number",
                "write it with country code and without blanks: +495413230",
            )
        if contact.phone and not re.fullmatch(r"\+?\d{3,15}", contact.phone):
            yield source.defect(
                (id_, "phone"),
                f"“{contact.phone}” has signs a phone cannot dial",
                "write digits only, with + and country code: +495413230",
            )


def _missing(catalogue: Catalogue, language: str) -> Iterator[Defect]:
    complete = [tag for tag, known in languages().items() if known.answers and (not language or tag == language)]
    for tag in complete:
        for topic in catalogue.topics.values():
            if catalogue.entry(topic.id, tag) is None:
                yield Defect(
                    f"{tag}/{topic.chapter}.yaml",
                    1,
                    f"the answer “{topic.id}” is missing",
                    f"add `{topic.id}:` with title and lead, from {SOURCE_LANGUAGE}/{topic.chapter}.yaml",
                )


def _language(catalogue: Catalogue, tag: str) -> Iterator[Defect]:
    titles: dict[str, str] = {}
    for source in catalogue.sources:
        if not source.file.startswith(f"{tag}/"):
            continue
        for topic, raw in source.data.items():
            if catalogue.topics[topic].chapter != Path(source.file).stem:
                yield source.defect(
                    (topic,),
                    f"“{topic}” belongs to the chapter {catalogue.topics[topic].chapter}",
                    f"move it to {tag}/{catalogue.topics[topic].chapter}.yaml",
                )
            broken = list(_texts(catalogue, source, tag, topic, raw))
            yield from broken
            if titles.setdefault(raw["title"], topic) != topic:
                yield source.defect(
                    (topic, "title"),
                    f"“{titles[raw['title']]}” has the same title",
                    "make the two titles differ, they are buttons",
                )
            if not broken:
                yield from _lengths(catalogue, source, tag, topic, raw)


def _texts(catalogue: Catalogue, source: Source, tag: str, topic: str, raw: dict[str, str]) -> Iterator[Defect]:
    named: set[Use] = set()
    for key in TEXT_KEYS:
        text = raw.get(key, "")
        at: Callable[..., Defect] = lambda what, mend, key=key: source.defect((topic, key), what, mend)  # noqa: E731
        try:
            found = list(uses(text, topic))
        except ValueError as error:
            yield at(str(error), "correct the placeholder")
            continue
        named |= set(found)
        yield from (at(*wrong) for use in found if (wrong := _wrong_use(catalogue, use)))
        yield from (at(*wrong) for wrong in _wrong_words(without(text), tag))
    yield from _other_placeholders(catalogue, source, tag, topic, named)


def _wrong_use(catalogue: Catalogue, use: Use) -> tuple[str, str] | None:
    if isinstance(use, ContactUse):
        if use.contact not in catalogue.contacts:
            return f"there is no contact “{use.contact}”", "use an id from faq/contacts/"
        if not getattr(catalogue.contacts[use.contact], use.part):
            return (
                f"the contact “{use.contact}” has no {use.part}",
                f"add it in faq/contacts/ with its source, or do not use {{@{use.contact}.{use.part}}}",
            )
        return None
    return _wrong_fact(catalogue, use)


def _wrong_fact(catalogue: Catalogue, use: FactUse) -> tuple[str, str] | None:
    fact = catalogue.facts.get(use.id)
    if fact is None:
        return f"there is no fact “{use.id}”", "use an id from faq/facts/, or add the fact there with its source"
    if not use.silent and use.part not in fact.values:
        known = ", ".join(f"{use.fact}.{part}" if part else use.fact for part in fact.values) or "none"
        return (
            f"the fact “{use.id}” has no value {('“' + use.part + '”') if use.part else 'of its own'}",
            f"use one of its values ({known}), or add `value:` in faq/facts/",
        )
    return None


def _wrong_words(plain: str, tag: str) -> Iterator[tuple[str, str]]:
    for match in _DIGITS.finditer(plain):
        if not _LEVEL.match(match[0]):
            yield (
                f"the number “{match[0]}” is typed into the text",
                "put it into faq/facts/ with its source and write {fact} here",
            )
    if pattern := _NUMBER_WORDS.get(tag):
        for match in pattern.finditer(plain):
            yield (
                f"the number “{match[0]}” is typed into the text",
                "put it into faq/facts/ with its source and write {fact} here",
            )
    for line in plain.splitlines():
        if len(line) > LINE:
            yield f"a line has {len(line)} characters", f"make two lines of it; {LINE} is the limit"
        if _BULLET.match(line):
            yield (
                f"“{line[:30]}…” begins with a list mark",
                "write the words only; the mark is put before each line by the bot",
            )
    yield from _wrong_script(plain, tag)


def _wrong_script(plain: str, tag: str) -> Iterator[tuple[str, str]]:
    language = languages().get(tag)
    letters = [c for c in plain if c.isalpha()]
    if not language or len(letters) < 20:
        return
    own = sum(1 for c in letters if unicodedata.name(c, "").startswith(_SCRIPTS[language.script]))
    if own < len(letters) / 2:
        yield (
            f"most of the text is not in {language.script} letters",
            f"write it in {language.name}; only German names of offices stay in Latin letters",
        )
    if language.script == "Arabic" and re.search(r"[\u0600-\u06ff]\s*[,;?]", plain):
        yield "a Latin comma, semicolon or question mark stands in the text", "write ، ؛ or ؟"


def _other_placeholders(
    catalogue: Catalogue, source: Source, tag: str, topic: str, named: set[Use]
) -> Iterator[Defect]:
    german = catalogue.entry(topic, SOURCE_LANGUAGE)
    if not named:
        yield source.defect(
            (topic,),
            f"“{topic}” names no fact, so it has no source",
            "add {?fact} to the sentence that rests on a fact",
        )
    if german is None or tag == SOURCE_LANGUAGE:
        return
    try:
        expected = {use for key in TEXT_KEYS for use in uses(getattr(german, key), topic)}
    except ValueError:
        return
    for missing in sorted(_names(expected) - _names(named)):
        yield source.defect(
            (topic,),
            f"the German text uses {{{'.'.join(filter(None, missing))}}}, this one does not",
            "say the same here, with the placeholder",
        )
    for extra in sorted(_names(named) - _names(expected)):
        yield source.defect(
            (topic,),
            f"{{{'.'.join(filter(None, extra))}}} is not in the German text",
            "take it out, or add it to the German text first",
        )


def _names(found: set[Use]) -> set[tuple[str, str]]:
    return {(use.id, use.part) if isinstance(use, FactUse) else (use.contact, use.part) for use in found}


def _lengths(catalogue: Catalogue, source: Source, tag: str, topic: str, raw: dict[str, str]) -> Iterator[Defect]:
    card = make_card(catalogue, topic, tag)
    first = len(card.title) + len(card.lead.text) + sum(len(line.text) for line in (*card.bring, *card.steps))
    more = sum(len(line.text) for line in card.more)
    units = len(card_text(card, with_more=True).encode("utf-16-le")) // 2
    if len(card.title) > TITLE:
        yield source.defect(
            (topic, "title"), f"the title has {len(card.title)} characters", f"shorten it to {TITLE}; it is a button"
        )
    if first > FIRST_PART:
        yield source.defect(
            (topic,),
            f"title, lead, bring and steps have {first} characters",
            f"shorten them to {FIRST_PART}, move background to `more`",
        )
    if more > MORE:
        yield source.defect((topic, "more"), f"`more` has {more} characters", f"shorten it to {MORE}")
    if units > MESSAGE:
        yield source.defect(
            (topic,), f"the whole answer has {units} characters", f"shorten it: Telegram and WhatsApp take {MESSAGE}"
        )
