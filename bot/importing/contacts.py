"""Who to turn to, out of the blocks of a section: name, address, phone, e-mail, web and hours, as they stand below each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from bot.importing.blocks import CELL, Block
from bot.importing.found import Find, details
from bot.importing.hours import Hours, find_hours, read_hours, same_hours
from faq import Contact as Known
from locales.defects import sentence

_DETAILS = ("address", "phone", "email", "web", "opening_hours", "hours_as_written")
LONGEST_LINE, LONGEST_NAME = 110, 80
_LABELS = re.compile(
    r"\b(?:tel(?:efon)?(?:nummer)?|fon|ruf|mobil|handy|(?:tele)?fax|e-?mail|mail|internet|web(?:seite|site)?|homepage|adresse|anschrift|"
    r"kontakt|online|öffnungszeiten|sprechzeiten|sprechstunden?|servicezeiten|geöffnet|oder|und)\b|[☎✆✉⌂🕐📞📧]",
    re.IGNORECASE,
)
_PUNCTUATION = re.compile(r"[\s.,;:|()/•·–—*-]+")


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A contact as found; ``id`` names the one in ``faq/contacts`` that it is. Hours that are not sure stay as written."""

    name: str
    id: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    web: str = ""
    opening_hours: str = ""
    hours_as_written: str = ""

    def filled(self) -> dict[str, str]:
        """The fields that hold something."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(kw_only=True)
class _Card:
    """A contact while its lines are read."""

    names: list[str] = field(default_factory=list)
    finds: list[Find] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.finds or self.hours)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The contacts of a section, the blocks that are left for its text, and what is doubtful.

    ``unnamed`` says that a contact got the name of the heading, which is right where the heading is a name.
    """

    contacts: tuple[Contact, ...] = ()
    rest: tuple[Block, ...] = ()
    doubts: tuple[str, ...] = ()
    unnamed: bool = False


def find_contacts(title: str, blocks: Sequence[Block], known: Mapping[str, Known]) -> Found:
    """Contacts leave the text where they stand for themselves; a number inside a sentence stays there as well."""
    contacts: list[Contact] = []
    rest: list[Block] = []
    doubts: list[str] = []
    for group in _groups(blocks):
        if len(group) == 1 and not _is_card(group[0]):
            contacts += _in_prose(group[0].text, doubts)
            rest += group
            continue
        cards, left = _cards("\n".join(block.text for block in group))
        contacts += [_contact(card, doubts) for card in cards]
        if left:
            rest.append(replace(group[0], kind="text", text="\n".join(left)))
    compared = [_compared(contact, known, doubts) for contact in _merged(contacts)]
    return Found(
        contacts=tuple(contact if contact.name else replace(contact, name=title) for contact in compared),
        rest=tuple(rest),
        doubts=tuple(dict.fromkeys(doubts)),
        unnamed=any(not contact.name for contact in compared),
    )


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Short lines that follow each other and hold details belong together, in whatever blocks they were written."""
    run: list[Block] = []
    for block in blocks:
        if block.kind in ("text", "row") and _is_short(block.text):
            run.append(block)
            continue
        yield from _one_or_each(run)
        run = []
        yield [block]
    yield from _one_or_each(run)


def _one_or_each(run: list[Block]) -> Iterator[list[Block]]:
    if any(_is_card(block) for block in run):
        yield run
    else:
        yield from ([block] for block in run)


def _is_short(text: str) -> bool:
    return all(
        (len(line) <= LONGEST_LINE and not line.endswith((".", "!", "?"))) or _is_pure(line)
        for line in text.split("\n")
    )


def _is_card(block: Block) -> bool:
    """A block whose lines are details and names only."""
    return _is_short(block.text) and any(_is_pure(line) or _split(line) for line in _whole_lines(block.text))


def _whole_lines(text: str) -> list[str]:
    """The lines; an address over two of them counts as one."""
    for find in details(text):
        if find.kind == "address" and "\n" in find.text:
            text = text.replace(find.text, find.text.replace("\n", ", "))
    return text.split("\n")


def _is_pure(line: str) -> bool:
    """Nothing but details, hours and their labels."""
    finds, hours = details(line), [(start, end) for start, end, _ in find_hours(line)]
    spans = [*((find.start, find.end) for find in finds), *hours]
    return bool(spans) and not _PUNCTUATION.sub("", _LABELS.sub("", _without(line, spans)))


def _split(line: str) -> tuple[str, str]:
    """A line that begins with a name and goes on with details only: both parts."""
    spans = [*((f.start, f.end) for f in details(line)), *((start, end) for start, end, _ in find_hours(line))]
    if not spans:
        return "", ""
    start = min(span[0] for span in spans)
    name = _PUNCTUATION.sub(" ", _LABELS.sub("", line[:start])).strip()
    cut = line[:start].rstrip(" ,;:|–-")
    cut = re.sub(rf"(?:[\s,;:|–-]|{_LABELS.pattern})+$", "", cut, flags=re.IGNORECASE)
    fits = name and cut and len(cut) <= LONGEST_NAME and cut[0].isupper() and len(cut.split()) <= 8
    return (cut, line[len(cut) :]) if fits and _is_pure(line[len(cut) :]) else ("", "")


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    kept, at = [], 0
    for start, end in sorted(spans):
        kept.append(text[at:start])
        at = max(at, end)
    return " ".join([*kept, text[at:]])


def _cards(text: str) -> tuple[list[_Card], list[str]]:
    """Contacts below each other, and the lines that belong to none: a name begins one, details fill it."""
    cards: list[_Card] = []
    left: list[str] = []
    names: list[str] = []
    for line in _whole_lines(text):
        name, tail = ("", line) if _is_pure(line) else _split(line)
        if not tail:
            names.append(line)
            continue
        if name:
            left += names
            names = [name]
        if names or not cards:
            left += names[:-2]
            cards.append(_Card(names=names[-2:]))
            names = []
        cards[-1].finds += details(tail)
        cards[-1].hours += [tail[start:end] for start, end, _ in find_hours(tail)]
    return cards, [*left, *names]


def _contact(card: _Card, doubts: list[str]) -> Contact:
    name = ", ".join(card.names).replace(CELL, ", ")
    return _filled(Contact(name=name), card.finds, [read_hours("; ".join(card.hours))] if card.hours else [], doubts)


def _in_prose(text: str, doubts: list[str]) -> Iterator[Contact]:
    """What a sentence names; a web address alone is a contact too, for texts carry no addresses."""
    finds = [find for find in details(text) if find.kind != "fax"]
    hours = [hours for _, _, hours in find_hours(text)]
    if hours or any(find.kind != "web" for find in finds):
        doubts.append(sentence("A contact was named inside a sentence; check whose details these are."))
    if finds or hours:
        yield _filled(Contact(name=""), finds, hours, doubts)


def _filled(contact: Contact, finds: Sequence[Find], hours: Sequence[Hours], doubts: list[str]) -> Contact:
    name = contact.name or sentence("contact without a name")
    for kind in ("address", "phone", "email", "web"):
        values = list(dict.fromkeys(find.value for find in finds if find.kind == kind))
        if "" in values:
            doubts.append(sentence("{name}: the postal address has no street.", name=name))
        values = [value for value in values if value]
        if values:
            contact = replace(contact, **{kind: values[0]})
        if more := values[1:]:
            doubts.append(sentence("{name}: also {more}", name=name, more=", ".join(more)))
    if len(hours) == 1 and hours[0].osm:
        return replace(contact, opening_hours=hours[0].osm)
    if hours:
        written = "; ".join(one.text for one in hours).replace("\n", "; ")
        why = next((one.why for one in hours if one.why), "") or sentence("there are several")
        doubts.append(sentence("{name}: the hours “{hours}” are not clear: {why}", name=name, hours=written, why=why))
        return replace(contact, hours_as_written=written)
    return contact


def _merged(contacts: Sequence[Contact]) -> list[Contact]:
    """The same contact only once, when one mention holds nothing that the other does not."""
    found: list[Contact] = []
    for contact in contacts:
        if not any(_adds_nothing(contact, other) for other in found):
            found = [*(other for other in found if not _adds_nothing(other, contact)), contact]
    return found


def _adds_nothing(contact: Contact, other: Contact) -> bool:
    return all(getattr(contact, name) in ("", getattr(other, name)) for name in _DETAILS)


def _compared(contact: Contact, known: Mapping[str, Known], doubts: list[str]) -> Contact:
    """Which of the contacts we have this is: by phone or e-mail address, else by its name; differences are doubts."""
    same = next((id_ for id_, one in known.items() if _is(contact, one)), "")
    if not same:
        return contact
    for label in ("phone", "email", "address", "opening_hours"):
        ours, theirs = getattr(known[same], label), getattr(contact, label)
        if (
            ours
            and theirs
            and not (_plain(ours) == _plain(theirs) or (label == "opening_hours" and same_hours(ours, theirs)))
        ):
            doubts.append(
                sentence(
                    "Contact {id}: {part} is “{ours}” in our files and “{theirs}” in this one.",
                    id=same,
                    part=label,
                    ours=ours,
                    theirs=theirs,
                )
            )
    return replace(contact, id=same, name=contact.name or known[same].name)


def _is(contact: Contact, known: Known) -> bool:
    reached = (contact.phone and contact.phone == known.phone) or (
        contact.email and contact.email == known.email.lower()
    )
    return bool(reached) or bool(contact.name and _plain(contact.name) == _plain(known.name))


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
