"""An entry as a card: its texts with the facts printed, what is doubtful, whom to ask, the source and the date it was checked.

The same card is shown in parts on the web page and as plain text on messengers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from faq.catalogue import Catalogue, Entry, Topic
from faq.facts import Contact, Fact
from faq.hours import monday_of, today, week
from faq.placeholders import ContactUse, FactUse, Use, fill, uses
from faq.values import month_words, phone_words
from locales import Phrases, phrases

SHOWN_SOURCES = 3
SHOWN_CONTACTS = 2


@dataclass(frozen=True, kw_only=True)
class Line:
    """One sentence or item; ``doubt`` when it rests on a fact that somebody must still confirm."""

    text: str
    doubt: bool = False


@dataclass(frozen=True, kw_only=True)
class ContactCard:
    """Whom to call or visit. ``phone`` is what a phone dials, ``phone_text`` what people read; ``opening_hours`` the notation,
    ``hours`` and ``today`` its words; ``geo`` a URI that opens a map at the address (RFC 5870, with the query maps understand)."""

    name: str
    address: str = ""
    phone: str = ""
    phone_text: str = ""
    web: str = ""
    note: str = ""
    opening_hours: str = ""
    hours: tuple[str, ...] = ()
    today: str = ""
    geo: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """An answer in parts, in one language."""

    topic: str
    locale: str
    title: str
    lead: Line
    headline: tuple[tuple[str, str], ...] = ()
    bring: tuple[Line, ...] = ()
    steps: tuple[Line, ...] = ()
    more: tuple[Line, ...] = ()
    doubts: str = ""
    contacts: tuple[ContactCard, ...] = ()
    source: str = ""
    checked: str = ""
    stale: str = ""
    gaps: str = ""

    @property
    def doubtful(self) -> bool:
        """Any line that must be marked."""
        return any(line.doubt for line in (self.lead, *self.bring, *self.steps, *self.more))


def make_card(catalogue: Catalogue, topic_id: str, locale: str, now: datetime) -> Card:
    """The card of a topic in a language, or wholly in German where that language has no text yet (``card.locale`` tells).

    ``now`` decides which facts are past their review date and what is open today.

    Raises:
        KeyError: if there is no such topic.
    """
    topic = catalogue.topics[topic_id]
    language = locale if catalogue.entry(topic_id, locale) else "de"
    say = phrases(language)
    entry = catalogue.entries[language][topic_id]
    printer = _Printer(catalogue, topic, language, say)
    lead, (bring, steps, more) = (
        printer.line(entry.lead),
        (printer.lines(text) for text in (entry.bring, entry.steps, entry.more)),
    )
    used = _used_facts(catalogue, topic, entry)
    return Card(
        topic=topic_id,
        locale=language,
        title=printer.line(entry.title).text,
        lead=lead,
        bring=bring,
        steps=steps,
        more=more,
        headline=tuple((_headline_label(label, say), printer.headline(fact)) for label, fact in topic.headline),
        doubts=_whom_to_ask(catalogue, topic, used, say, now.date()),
        contacts=tuple(_contact(catalogue.contacts[id_], say, now, catalogue.city.land) for id_ in topic.contacts),
        source=_sources(used),
        checked=_checked(used, say),
        stale=say("The German text has changed since this translation. If you are unsure, ask a person.")
        if (language, topic_id) in catalogue.stale
        else "",
        gaps=say("Something that differs from city to city is missing here. Please ask the town hall about it.")
        if (language, topic_id) in catalogue.gaps
        else "",
    )


class _Printer:
    """Prints the placeholders of one topic in one language, with numbers and names kept left to right."""

    def __init__(self, catalogue: Catalogue, topic: Topic, language: str, say: Phrases) -> None:
        self._catalogue, self._topic, self._language = catalogue, topic, language
        self._say = say
        self._isolate: Callable[[str], str] = say.isolate

    def lines(self, text: str) -> tuple[Line, ...]:
        return tuple(self.line(row) for row in text.splitlines() if row.strip())

    def line(self, text: str) -> Line:
        facts = [self._catalogue.facts[use.id] for use in uses(text, self._topic.id) if isinstance(use, FactUse)]
        return Line(text=fill(text, self._topic.id, self._print), doubt=any(not fact.is_sure for fact in facts))

    def headline(self, written: str) -> str:
        fact, _, part = written.partition(".")
        use = FactUse(self._topic.id, fact, part)
        doubt = "" if self._catalogue.facts[use.id].is_sure else " (" + self._say("please check") + ")"
        free = self._catalogue.facts[use.id].values[part].source == "0 EUR"
        return (self._say("free of charge") if free else self._print(use)) + doubt

    def _print(self, use: Use) -> str:
        if isinstance(use, ContactUse):
            contact = self._catalogue.contacts[use.contact]
            detail = getattr(contact, use.part)
            return self._isolate(phone_words(detail) if use.part == "phone" else detail)
        value = self._catalogue.facts[use.id].values[use.part]
        return self._isolate(value.number(self._language) if use.number_only else value.words(self._language))


def _used_facts(catalogue: Catalogue, topic: Topic, entry: Entry) -> list[Fact]:
    texts = (entry.lead, entry.bring, entry.steps, entry.more)
    ids = [use.id for text in texts for use in uses(text, topic.id) if isinstance(use, FactUse)]
    ids += [f"{topic.id}/{fact.partition('.')[0]}" for _, fact in topic.headline]
    return [catalogue.facts[id_] for id_ in dict.fromkeys(ids)]


def _whom_to_ask(catalogue: Catalogue, topic: Topic, used: Iterable[Fact], say: Phrases, today: date) -> str:
    """Whom to check with: for facts nobody has confirmed, or else for those nobody has looked at again in time."""
    unsure = [fact for fact in used if not fact.is_sure]
    old = [fact for fact in used if fact.is_overdue(today, topic.review_days)]
    owners = dict.fromkeys(fact.owner for fact in unsure or old)
    names = say.listed([_name_and_phone(catalogue.contacts[owner], say) for owner in list(owners)[:2]])
    if unsure:
        return say("Not confirmed yet, please check with: {contact}").format(contact=names)
    if old:
        return say("Not looked at again for a while. Before you rely on it, please check with: {contact}").format(
            contact=names
        )
    return ""


def _name_and_phone(contact: Contact, say: Phrases) -> str:
    name = say.isolate(contact.name)
    reach = phone_words(contact.phone) if contact.phone else contact.web
    return f"{name} ({say.isolate(reach)})" if reach else name


def _contact(contact: Contact, say: Phrases, now: datetime, land: str) -> ContactCard:
    hours = contact.opening_hours
    return ContactCard(
        name=contact.name,
        address=contact.address,
        phone=contact.phone,
        phone_text=phone_words(contact.phone) if contact.phone else "",
        web=contact.web,
        opening_hours=hours,
        hours=week(hours, monday_of(now), say) if hours else (),
        today=today(hours, now, say, land) if hours else "",
        geo=f"geo:0,0?q={quote(contact.address)}" if contact.address else "",
        note="" if contact.is_sure else say("These details are not confirmed yet. Please check before you go."),
    )


def _headline_label(label: str, say: Phrases) -> str:
    return {
        "deadline": say("Deadline"),
        "cost": say("Cost"),
        "amount": say("Amount"),
        "duration": say("How long it takes"),
        "age": say("Age"),
        "limit": say("Limit"),
        "number": say("Number"),
    }[label]


def _sources(used: Iterable[Fact]) -> str:
    parts = dict.fromkeys(part.strip() for fact in used for part in fact.source.split(";") if part.strip())
    return "; ".join(list(parts)[:SHOWN_SOURCES])


def _checked(used: Iterable[Fact], say: Phrases) -> str:
    """The oldest state against which a sure fact of the card was checked: the careful end. Empty where no fact is used."""
    used = list(used)
    if not used:
        return ""
    sure = [fact for fact in used if fact.is_sure]
    dates = sorted(fact.as_of for fact in sure if fact.as_of)
    if not sure:
        return say("not confirmed yet")
    if not dates:
        return say("the source bears no date")
    year, _, rest = dates[0].partition("-")
    return say.isolate(month_words(date(int(year), int(rest[:2]), 1), say.locale) if rest else year)


def card_text(card: Card, *, with_more: bool = False) -> str:
    """The card as plain text without any markup. ``more`` only on request: it has a button of its own."""
    say = phrases(card.locale)
    doubt = say("please check")
    blocks = [
        [card.title],
        [_marked(card.lead, doubt)],
        [f"{label}: {value}" for label, value in card.headline],
        [say("Please bring:"), *(f"– {_marked(line, doubt)}" for line in card.bring)] if card.bring else [],
        [f"{number}. {_marked(line, doubt)}" for number, line in enumerate(card.steps, 1)],
        [_marked(line, doubt) for line in card.more] if with_more else [],
        [notice for notice in (card.stale, card.gaps) if notice],
        [card.doubts] if card.doubts else [],
        *([_contact_text(contact, say)] for contact in card.contacts[:SHOWN_CONTACTS]),
        _source_text(card, say),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def more_text(card: Card) -> str:
    """The background part with title, doubts, source and date."""
    say = phrases(card.locale)
    doubt = say("please check")
    blocks = [
        [card.title],
        *([_marked(line, doubt)] for line in card.more),
        [card.stale] if card.stale else [],
        [card.doubts] if card.doubts else [],
        _source_text(card, say),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _source_text(card: Card, say: Phrases) -> list[str]:
    if not card.source:
        return []
    return [
        say("Source: {source}").format(source=say.isolate(card.source)),
        say("Last checked: {month}").format(month=card.checked),
    ]


def _marked(line: Line, doubt: str) -> str:
    return f"{line.text} ({doubt})" if line.doubt else line.text


def _contact_text(contact: ContactCard, say: Phrases) -> str:
    name = say.isolate(contact.name) + (" (" + say("please check") + ")" if contact.note else "")
    return "\n".join(
        [
            name,
            *(say.isolate(part) for part in (contact.address, contact.phone_text, contact.web) if part),
            *contact.hours,
            *([contact.today] if contact.today else []),
        ]
    )
