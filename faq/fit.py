"""The shared texts as another city may show them: without a sentence that is true at home only, honest about what is missing.

A sentence stays if every fact and contact it rests on is known in the city and if it names nothing of the home city. An answer
whose first sentence falls points to the town hall instead; one of which little is left says just that. Pure: no files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from faq.catalogue import SOURCE_LANGUAGE, TEXT_KEYS, Catalogue, Entry, Topic
from faq.cities import OnlyHome
from faq.facts import Fact
from faq.placeholders import ContactUse, FactUse, Use, uses
from locales import languages, phrases

LISTS = ("bring", "steps", "more")
TO_DO = ("bring", "steps")  # a reader acts on these; without a line of background an answer is still whole
EMERGENCY, AMBULANCE = "emergency", "emergency-112"
SERVICE = "about-this-service"  # what the chat itself does is the same everywhere


def fit(catalogue: Catalogue, home: OnlyHome) -> Catalogue:
    """The content of a city other than the home city, in which every placeholder, contact and headline leads somewhere."""
    catalogue = replace(catalogue, facts=dict(_facts(catalogue, home)))
    fitter = _Fitter(catalogue, home)
    fitted = {
        tag: {topic: one for topic in catalogue.topics.values() if (one := fitter.answer(topic, tag))}
        for tag, language in languages().items()
        if language.phrases or tag in catalogue.entries
    }
    incomplete = {topic for answers in fitted.values() for topic, one in answers.items() if not one.whole}
    return replace(
        catalogue,
        topics={topic.id: fitter.topic(topic, incomplete=topic in incomplete) for topic in catalogue.topics.values()},
        entries={
            tag: {topic.id: one.entry for topic, one in answers.items()} for tag, answers in fitted.items() if answers
        },
        gaps=frozenset((tag, topic.id) for tag, answers in fitted.items() for topic, one in answers.items() if one.gap),
    )


def _facts(catalogue: Catalogue, home: OnlyHome) -> Iterator[tuple[str, Fact]]:
    """The city's own facts, and the national ones that another source than the home city's own pages confirms."""
    own = {
        id_
        for source in catalogue.sources
        if source.file == f"cities/{catalogue.city.slug}/facts.yaml"
        for id_ in source.data
    }
    for id_, fact in catalogue.facts.items():
        owner = fact.owner if fact.owner in catalogue.contacts else catalogue.city.town_hall
        written = [part.strip() for part in fact.source.split(";")]
        kept = written if id_ in own else [part for part in written if not home.words.search(part)]
        if not kept:
            continue
        law = any(part.startswith(("§", "Art.")) for part in kept)
        weaker = len(kept) < len(written) and fact.confidence == "verified" and not law
        yield (
            id_,
            replace(
                fact,
                owner=owner,
                source="; ".join(kept),
                confidence="general-knowledge" if weaker else fact.confidence,
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A German sentence the city cannot show: the facts it lacks, or ``own_words`` if it must be written anew."""

    topic: str
    part: str
    line: str
    facts: tuple[str, ...]
    own_words: bool


def missing(catalogue: Catalogue, home: OnlyHome) -> Iterator[Missing]:
    """What of the German texts is not shown in the city, by topic and from the first sentence on."""
    fitter = _Fitter(replace(catalogue, facts=dict(_facts(catalogue, home))), home)
    written = catalogue.own.get(SOURCE_LANGUAGE, {})
    for topic, entry in catalogue.entries[SOURCE_LANGUAGE].items():
        for part in TEXT_KEYS:
            if part not in written.get(topic, {}):
                yield from (found for line in _lines(entry, part) if (found := fitter.missing(topic, part, line)))


@dataclass(frozen=True)
class _Answer:
    """An answer as the city shows it; ``gap``: something to do may be missing, and the text does not say so itself."""

    entry: Entry
    whole: bool
    gap: bool


class _Fitter:
    """Decides for each topic and language what can be said."""

    def __init__(self, catalogue: Catalogue, home: OnlyHome) -> None:
        self._catalogue, self._home = catalogue, home
        self._german = catalogue.entries[SOURCE_LANGUAGE]
        self._stays = {
            (topic, part): [self._prints(line, topic) for line in _lines(entry, part)]
            for topic, entry in self._german.items()
            for part in ("lead", *LISTS)
        }

    def answer(self, topic: Topic, tag: str) -> _Answer | None:
        """The answer in a language; none if the language has no text, unless the short one stands for it."""
        shared, own = self._catalogue.entry(topic.id, tag), self._catalogue.own.get(tag, {}).get(topic.id, {})
        if topic.id not in self._german:  # the check of the home city says so
            return None
        ours = topic.id in self._home.topics
        short = ours or (not own.get("lead") and self._is_short(topic))
        if not shared and not short and not own.get("lead"):
            return None
        written = shared or Entry(title="", lead="")
        kept = {part: [] if short else self._kept(topic.id, written, part) for part in LISTS}
        lost = set[str]() if ours else {part for part in LISTS if len(kept[part]) < len(_lines(written, part))}
        lead = own.get("lead") or (not short and self._first_sentence(topic.id, written))
        entry = Entry(
            title=own.get("title") or self._title(topic.id, written, tag),
            lead=lead or self._instead(topic, tag, short=short),
            **{part: own.get(part, "\n".join(lines)) for part, lines in kept.items()},
        )
        return _Answer(
            entry,
            whole=bool(lead) and not lost - own.keys(),
            gap=bool(lead) and topic.chapter != SERVICE and bool(lost.intersection(TO_DO) - own.keys()),
        )

    def topic(self, topic: Topic, *, incomplete: bool) -> Topic:
        """The topic with the contacts and headline facts that are known here; the town hall among them if something is missing."""
        contacts = self._catalogue.contacts
        named = [one if one in contacts else self._home.instead.get(one, "") for one in topic.contacts]
        known = [one for one in dict.fromkeys(named) if one in contacts]
        hall = self._catalogue.city.town_hall
        if topic.chapter == EMERGENCY:
            if not any(contacts[one].phone for one in known):
                known.append(AMBULANCE)
        elif (incomplete or not contacts.keys() >= {*topic.contacts}) and hall not in known:
            known.insert(1, hall)
        return replace(
            topic,
            owner=topic.owner if topic.owner in contacts else hall,
            contacts=tuple(known),
            headline=tuple(
                (label, fact)
                for label, fact in topic.headline
                if self._is_known(FactUse(topic.id, *fact.partition(".")[::2]))
            ),
        )

    def missing(self, topic: str, part: str, line: str) -> Missing | None:
        """Why a line is not shown; none if it is."""
        if topic not in self._home.topics and self._prints(line, topic):
            return None
        unknown = [use for use in uses(line, topic) if not self._is_known(use)]
        return Missing(
            topic=topic,
            part=part,
            line=line,
            facts=tuple(use.id for use in unknown if isinstance(use, FactUse)),
            own_words=topic in self._home.topics
            or bool(self._home.words.search(line))
            or any(isinstance(use, ContactUse) for use in unknown),
        )

    def _is_short(self, topic: Topic) -> bool:
        """Whether so little can be said that the town hall is the whole answer. The German text decides for all languages."""
        if all(self._stays[topic.id, "lead"]) or topic.chapter == EMERGENCY:
            return False
        lines = [stays for part in LISTS for stays in self._stays[topic.id, part]]
        return sum(lines) < len(lines) / 2

    def _kept(self, topic: str, written: Entry, part: str) -> list[str]:
        """The lines of a part that stay: where the German line stays, and the line itself names nothing of the home city."""
        own, stays = _lines(written, part), self._stays[topic, part]
        if len(own) != len(stays):
            stays = [all(stays)] * len(own)
        return [line for line, stay in zip(own, stays, strict=True) if stay and self._prints(line, topic)]

    def _first_sentence(self, topic: str, written: Entry) -> str:
        prints = all(self._stays[topic, "lead"]) and self._prints(written.lead, topic)
        return written.lead if prints else ""

    def _title(self, topic: str, written: Entry, tag: str) -> str:
        own = self._catalogue.own.get(SOURCE_LANGUAGE, {}).get(topic, {}).get("title", "")
        german = self._german[topic].title
        if own:
            return own
        if self._home.words.search(german) or not written.title:
            say = phrases(tag)
            return say("Ask the town hall")
        return german if self._home.words.search(written.title) else written.title

    def _instead(self, topic: Topic, tag: str, *, short: bool) -> str:
        """What stands for a first sentence that is true at home only."""
        say = phrases(tag)
        if topic.chapter == EMERGENCY:
            return say("In danger: call {police} (police) or {rescue} (ambulance, fire).").format(
                police="{@police-110.phone}", rescue="{@emergency-112.phone}"
            )
        if short:
            return say("We have no checked answer for this city yet. Please ask the town hall.")
        return say("What differs from city to city has not been checked here yet. Please ask the town hall about it.")

    def _prints(self, line: str, topic: str) -> bool:
        if self._home.words.search(line):
            return False
        try:
            return all(self._is_known(use) for use in uses(line, topic))
        except ValueError:  # a broken placeholder; the check of the home city names it
            return False

    def _is_known(self, use: Use) -> bool:
        if isinstance(use, FactUse):
            fact = self._catalogue.facts.get(use.id)
            return fact is not None and (use.silent or use.part in fact.values)
        contact = self._catalogue.contacts.get(use.contact)
        return contact is not None and use.contact not in self._home.contacts and bool(getattr(contact, use.part))


def _lines(entry: Entry, part: str) -> list[str]:
    return [line for line in getattr(entry, part).splitlines() if line.strip()]
