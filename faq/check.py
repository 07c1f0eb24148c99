"""Everything an editor can get wrong in the answers and facts, each with file, line, what and how to mend."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from faq.card import card_text, make_card
from faq.catalogue import (
    HEADLINES,
    NO_TEXTS,
    ROOT,
    SOURCE_LANGUAGE,
    TEXT_KEYS,
    Catalogue,
    Entry,
    holds_facts,
    load,
)
from faq.cities import HOME, OnlyHome, only_home
from faq.fit import fit
from faq.placeholders import ContactUse, FactUse, Use, uses, without
from faq.reading import GRADE_AT_MOST, measured
from faq.source import ContentError, Source
from faq.translations import load_translations
from locales import languages
from locales.address import familiar
from locales.defects import Defect, sentence

LONGEST_DAY = datetime(2026, 5, 14, 12, tzinfo=UTC)  # a public holiday, of which a card says the most
TITLE, LINE, FIRST_PART, MORE, MESSAGE = 38, 260, 1000, 1000, 4096
_DIGITS = re.compile(r"\S*\d\S*")
_LEVEL = re.compile(r"\W*[ABC][12]\b")
_BULLET = re.compile(r"\s*([-*•]|\d+[.)])\s")
_QUOTED = re.compile(r"([„“”‚‘«»])[^„“”‚‘’«»]*[“”‘’«»]")
_ROUND = re.compile(r"[(\[<][?@]?(deadline|fee|cost|price|amounts?|age|number|phone|duration|[a-z]+(-[a-z]+)+)[)\]>]")
_MARKUP = re.compile(r"</?[a-z][a-z0-9]*[ />]|\*\*|\]\(|&[a-z]+;")
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
    """All defects of the answers, in one language if asked: of the shared ones, and of what the city adds."""
    try:
        shared, home = load(HOME, root), only_home(root)
        found = list(_topics(shared, topics_file(shared)))
        for tag in shared.entries:
            if not language or tag == language:
                found += _language(shared, tag, home)
        found += [*_missing(shared, language), *_strays(root, language)]
        if city != HOME:
            found += _city(load(city, root), home, language)
    except ContentError as error:
        return [
            defect
            for defect in error.defects
            if not language or not _is_text(defect.file) or defect.file.startswith(f"{language}/")
        ]
    return sorted(set(found), key=lambda defect: (not defect.file.startswith(f"{SOURCE_LANGUAGE}/"), defect))


def load_usable(city: str, root: Path = ROOT) -> Catalogue:
    """The content of one city in which every placeholder, contact, topic and headline leads somewhere.

    Raises:
        ContentError: with what cannot be used; typed numbers, lengths and the like are left to ``check``.
    """
    catalogue = load(city, root)
    stale = load_translations(root).stale(catalogue)
    if city == HOME:
        broken = [*_topics(catalogue, topics_file(catalogue)), *_references(catalogue, _is_text)]
    else:
        broken = [*_own_facts(catalogue), *_references(catalogue, _is_own_text)]
        catalogue = fit(catalogue, only_home(root))
    if broken:
        raise ContentError(sorted(set(broken)))
    return replace(catalogue, stale=stale)


def of_entry(catalogue: Catalogue, language: str, topic: str) -> list[Defect]:
    """The defects of one answer: typed numbers, placeholders, script, lines and parts that are too long."""
    for source in catalogue.sources:
        if source.file.startswith(f"{language}/") and topic in source.data:
            return list(_entry(catalogue, source, language, topic))
    return []


def _entry(catalogue: Catalogue, source: Source, tag: str, topic: str) -> Iterator[Defect]:
    broken = list(_texts(catalogue, source, tag, topic, source.data[topic]))
    yield from broken
    if not broken:
        yield from _lengths(catalogue, source, tag, topic)


def topics_file(catalogue: Catalogue) -> Source:
    """The file of the topics, to name lines in."""
    return next(source for source in catalogue.sources if source.file == "topics.yaml")


def _references(catalogue: Catalogue, chosen: Callable[[str], bool]) -> Iterator[Defect]:
    for source in catalogue.sources:
        if not chosen(source.file):
            continue
        for topic, raw in source.data.items():
            for key, text in raw.items():
                try:
                    wrong = [found for use in uses(text, topic) if (found := _wrong_use(catalogue, use))]
                except ValueError as error:
                    wrong = [(error.args[0], sentence("correct the placeholder"))]
                yield from (source.defect((topic, key), *one) for one in wrong)


def _is_text(file: str) -> bool:
    return "/" in file and not file.startswith(("facts/", "contacts/", "cities/"))


def _is_own_text(file: str) -> bool:
    return file.startswith("cities/") and "/texts/" in file


def _city(catalogue: Catalogue, home: OnlyHome, language: str) -> Iterator[Defect]:
    """What is wrong in the files of a city that is not the home city; what it has not filled in is no defect."""
    yield from _own_facts(catalogue)
    broken = list(_references(catalogue, _is_own_text))
    yield from broken
    fitted = fit(catalogue, home)
    for source in catalogue.sources:
        tag = Path(source.file).stem
        if not _is_own_text(source.file) or (language and tag != language):
            continue
        for topic, raw in source.data.items():
            for key, text in raw.items():
                yield from (source.defect((topic, key), *wrong) for wrong in _wrong_words(without(text), tag))
            if not broken:
                yield from _lengths(fitted, source, tag, topic)


def _own_facts(catalogue: Catalogue) -> Iterator[Defect]:
    """The facts of a city's own file that name no contact or no topic there is."""
    for source in catalogue.sources:
        if source.file != f"cities/{catalogue.city.slug}/facts.yaml":
            continue
        for id_ in source.data:
            yield from _fact(catalogue, source, id_)


def _topics(catalogue: Catalogue, source: Source) -> Iterator[Defect]:
    for topic in catalogue.topics.values():
        for related in topic.related:
            if related not in catalogue.topics:
                yield source.defect(
                    (topic.id, "related"),
                    sentence("there is no topic “{related}”", related=related),
                    sentence("use an id of this file"),
                )
        for contact in (topic.owner, *topic.contacts):
            if contact not in catalogue.contacts:
                yield source.defect(
                    (topic.id, "contacts"),
                    sentence("there is no contact “{contact}”", contact=contact),
                    sentence("use an id from faq/contacts/"),
                )
        for label, fact in topic.headline:
            if label not in HEADLINES:
                yield source.defect(
                    (topic.id, "headline"),
                    sentence("“{label}” is no label of a headline", label=label),
                    sentence("use {what}", what=", ".join(HEADLINES)),
                )
            if wrong := _wrong_fact(catalogue, FactUse(topic.id, *fact.partition(".")[::2])):
                yield source.defect((topic.id, "headline"), *wrong)
    for id_ in catalogue.facts:
        where = next(s for s in catalogue.sources if holds_facts(s.file) and id_ in s.data)
        yield from _fact(catalogue, where, id_)


def _fact(catalogue: Catalogue, source: Source, id_: str) -> Iterator[Defect]:
    owner, topic = catalogue.facts[id_].owner, id_.partition("/")[0]
    if owner not in catalogue.contacts:
        yield source.defect(
            (id_, "owner"),
            sentence("there is no contact “{owner}”", owner=owner),
            sentence("use an id from faq/contacts/"),
        )
    if topic not in catalogue.topics:
        yield source.defect(
            (id_,),
            sentence("there is no topic “{what}”", what=topic),
            sentence("write topic/fact with a topic from faq/topics.yaml"),
        )


def _missing(catalogue: Catalogue, language: str) -> Iterator[Defect]:
    complete = [tag for tag, known in languages().items() if known.answers and (not language or tag == language)]
    for tag in complete:
        for topic in catalogue.topics.values():
            if catalogue.entry(topic.id, tag) is None:
                yield Defect(
                    f"{tag}/{topic.chapter}.yaml",
                    1,
                    sentence("the answer “{id}” is missing", id=topic.id),
                    sentence(
                        "add `{id}:` with title and lead, from {SOURCE_LANGUAGE}/{chapter}.yaml",
                        id=topic.id,
                        SOURCE_LANGUAGE=SOURCE_LANGUAGE,
                        chapter=topic.chapter,
                    ),
                )


def _strays(root: Path, language: str) -> Iterator[Defect]:
    """Files among the texts that nobody reads, because of their ending or their folder."""
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and path.name not in NO_TEXTS):
        if folder.name.startswith(("_", ".")) or (language and folder.name != language):
            continue
        if folder.name not in languages():
            yield Defect(
                folder.name,
                1,
                sentence("there is no language “{tag}”", tag=folder.name),
                sentence("use a name from locales/languages.yaml for the folder"),
            )
        for file in sorted(folder.iterdir()):
            if file.suffix != ".yaml" and not file.name.startswith((".", "~")):
                yield Defect(
                    f"{folder.name}/{file.name}",
                    1,
                    sentence("this file is not read, its name does not end in .yaml"),
                    sentence("rename it, or move it out of the folder"),
                )


def _language(catalogue: Catalogue, tag: str, home: OnlyHome) -> Iterator[Defect]:
    titles: dict[str, str] = {}
    for source in catalogue.sources:
        if not source.file.startswith(f"{tag}/"):
            continue
        for topic, raw in source.data.items():
            if catalogue.topics[topic].chapter != Path(source.file).stem:
                yield source.defect(
                    (topic,),
                    sentence(
                        "“{topic}” belongs to the chapter {chapter}",
                        topic=topic,
                        chapter=catalogue.topics[topic].chapter,
                    ),
                    sentence("move it to {tag}/{chapter}.yaml", tag=tag, chapter=catalogue.topics[topic].chapter),
                )
            yield from _entry(catalogue, source, tag, topic)
            if titles.setdefault(raw["title"], topic) != topic:
                yield source.defect(
                    (topic, "title"),
                    sentence("“{what}” has the same title", what=titles[raw["title"]]),
                    sentence("make the two titles differ, they are buttons"),
                )
            if home.words.search(raw["title"]) and not _names_home(catalogue, home, topic):
                yield source.defect(
                    (topic, "title"),
                    sentence("the title names the city, the German one does not"),
                    sentence("write it without the city's name, for other cities show it too"),
                )


def _names_home(catalogue: Catalogue, home: OnlyHome, topic: str) -> bool:
    german = catalogue.entry(topic, SOURCE_LANGUAGE)
    return german is None or bool(home.words.search(german.title))


def _texts(catalogue: Catalogue, source: Source, tag: str, topic: str, raw: dict[str, str]) -> Iterator[Defect]:
    named: set[Use] = set()
    for key in TEXT_KEYS:
        text = raw.get(key, "")
        at: Callable[..., Defect] = lambda what, mend, key=key: source.defect((topic, key), what, mend)  # noqa: E731
        try:
            found = list(uses(text, topic))
        except ValueError as error:
            yield at(error.args[0], sentence("correct the placeholder"))
            continue
        named |= set(found)
        yield from (at(*wrong) for use in found if (wrong := _wrong_use(catalogue, use)))
        yield from (at(*wrong) for wrong in _wrong_words(without(text), tag))
    yield from _other_placeholders(catalogue, source, tag, topic, named)


def _wrong_use(catalogue: Catalogue, use: Use) -> tuple[str, str] | None:
    if isinstance(use, ContactUse):
        if use.contact not in catalogue.contacts:
            return sentence("there is no contact “{contact}”", contact=use.contact), sentence(
                "use an id from faq/contacts/"
            )
        if not getattr(catalogue.contacts[use.contact], use.part):
            return (
                sentence("the contact “{contact}” has no {part}", contact=use.contact, part=use.part),
                sentence(
                    "add it in faq/contacts/ with its source, or do not use {@{contact}.{part}}",
                    contact=use.contact,
                    part=use.part,
                ),
            )
        return None
    return _wrong_fact(catalogue, use)


def _wrong_fact(catalogue: Catalogue, use: FactUse) -> tuple[str, str] | None:
    fact = catalogue.facts.get(use.id)
    if fact is None:
        return sentence("there is no fact “{id}”", id=use.id), sentence(
            "use an id from faq/facts/, or add the fact there with its source"
        )
    if not use.silent and use.part not in fact.values:
        known = ", ".join(f"{use.fact}.{part}" if part else use.fact for part in fact.values) or sentence("none")
        return (
            sentence(
                "the fact “{id}” has no value {what}",
                id=use.id,
                what=f"“{use.part}”" if use.part else sentence("of its own"),
            ),
            sentence("use one of its values ({known}), or add `value:` in faq/facts/", known=known),
        )
    return None


def _wrong_words(plain: str, tag: str) -> Iterator[tuple[str, str]]:
    for match in _DIGITS.finditer(plain):
        if not _LEVEL.match(match[0]):
            yield (
                sentence("the number “{what}” is typed into the text", what=match[0]),
                sentence("put it into faq/facts/ with its source and write {fact} here"),
            )
    if "{" in plain or "}" in plain:
        yield (
            sentence("a curly bracket has no partner"),
            sentence("write a fact with both: {deadline}; a text needs no other curly brackets"),
        )
    if quoted := _QUOTED.fullmatch(plain.strip()):
        yield (
            sentence("the whole text stands in quotation marks of a word processor ({mark})", mark=quoted[1]),
            sentence("delete them at both ends; YAML knows only the straight ones"),
        )
    if markup := _MARKUP.search(plain):
        yield (
            sentence("“{mark}” is a mark of a web page or word processor and would be shown as it is", mark=markup[0]),
            sentence("write plain words; the bot sets titles, lists and links itself"),
        )
    if pattern := _NUMBER_WORDS.get(tag):
        for match in pattern.finditer(plain):
            yield (
                sentence("the number “{what}” is typed into the text", what=match[0]),
                sentence("put it into faq/facts/ with its source and write {fact} here"),
            )
    for line in plain.splitlines():
        if len(line) > LINE:
            yield (
                sentence("a line has {number} characters", number=len(line)),
                sentence("make two lines of it; {LINE} is the limit", LINE=LINE),
            )
        if _BULLET.match(line):
            yield (
                sentence("“{what}…” begins with a list mark", what=line[:30]),
                sentence("write the words only; the mark is put before each line by the bot"),
            )
    if bracket := _ROUND.search(plain):
        yield (
            sentence("“{words}” looks like a fact in the wrong brackets", words=bracket[0]),
            sentence("write a fact in curly brackets: {deadline}"),
        )
    if found := familiar(plain, tag):
        yield (
            sentence("“{word}” is the familiar form of address", word=found[0]),
            sentence("this language says {formal} to the reader everywhere", formal=found[1]),
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
            sentence("most of the text is not in {script} letters", script=language.script),
            sentence("write it in {name}; only German names of offices stay in Latin letters", name=language.name),
        )
    if language.script == "Arabic" and re.search(r"[\u0600-\u06ff]\s*[,;?]", plain):
        yield sentence("a Latin comma, semicolon or question mark stands in the text"), sentence("write ، ؛ or ؟")


def _other_placeholders(
    catalogue: Catalogue, source: Source, tag: str, topic: str, named: set[Use]
) -> Iterator[Defect]:
    german = catalogue.entry(topic, SOURCE_LANGUAGE)
    if not named:
        yield source.defect(
            (topic,),
            sentence("“{topic}” names no fact, so it has no source", topic=topic),
            sentence("add {?fact} to the sentence that rests on a fact"),
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
            sentence("the German text uses {{what}}, this one does not", what=".".join(filter(None, missing))),
            sentence("say the same here, with the placeholder"),
        )
    if _typed_instead(german):
        return
    for extra in sorted(_names(named) - _names(expected)):
        yield source.defect(
            (topic,),
            sentence("{{what}} is not in the German text", what=".".join(filter(None, extra))),
            sentence("take it out, or add it to the German text first"),
        )


def _typed_instead(german: Entry) -> bool:
    """Whether the German text lost a placeholder to a typed number or a bracket: that is reported there, once."""
    return any(next(_wrong_words(without(getattr(german, key)), SOURCE_LANGUAGE), None) for key in TEXT_KEYS)


def _names(found: set[Use]) -> set[tuple[str, str]]:
    return {(use.id, use.part) if isinstance(use, FactUse) else (use.contact, use.part) for use in found}


def _lengths(catalogue: Catalogue, source: Source, tag: str, topic: str) -> Iterator[Defect]:
    card = make_card(catalogue, topic, tag, LONGEST_DAY)
    first = len(card.title) + len(card.lead.text) + sum(len(line.text) for line in (*card.bring, *card.steps))
    more = sum(len(line.text) for line in card.more)
    units = len(card_text(card, with_more=True).encode("utf-16-le")) // 2
    if len(card.title) > TITLE:
        yield source.defect(
            (topic, "title"),
            sentence("the title has {number} characters", number=len(card.title)),
            sentence("shorten it to {TITLE}; it is a button", TITLE=TITLE),
        )
    if first > FIRST_PART:
        yield source.defect(
            (topic,),
            sentence("title, lead, bring and steps have {first} characters", first=first),
            sentence("shorten them to {FIRST_PART}, move background to `more`", FIRST_PART=FIRST_PART),
        )
    if more > MORE:
        yield source.defect(
            (topic, "more"),
            sentence("`more` has {more} characters", more=more),
            sentence("shorten it to {MORE}", MORE=MORE),
        )
    grade, limit = measured(catalogue.entries[tag][topic], topic, tag).grade, GRADE_AT_MOST.get(tag)
    if grade is not None and limit is not None and grade > limit:
        yield source.defect(
            (topic,),
            sentence(
                "the answer is written for school grade {grade}, the limit is {limit}",
                grade=f"{grade:.1f}",
                limit=f"{limit:.1f}",
            ),
            sentence("use shorter sentences and shorter words; `lotsenbot faq reading` shows the figures"),
        )
    if units > MESSAGE:
        yield source.defect(
            (topic,),
            sentence("the whole answer has {units} characters", units=units),
            sentence("shorten it: Telegram and WhatsApp take {MESSAGE}", MESSAGE=MESSAGE),
        )
