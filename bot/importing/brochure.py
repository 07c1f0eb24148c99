"""A guide brochure as drafts: one for each heading with text below it, with page, contacts, numbers, and the topic it may belong to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.importing.blocks import Block, Document
from bot.importing.contacts import Contact, find_contacts
from bot.importing.contained import read_file
from bot.importing.drafts import UNDATED, Draft, make_id
from bot.importing.found import details, issue_date, numbers
from bot.importing.matching import Match, Understand, match
from faq import SOURCE_LANGUAGE, Catalogue
from locales.defects import sentence

LONGEST_TITLE = 120
SHORTEST_PREFACE = 200  # characters: less before the first entry is a cover
_LEFT_OUT = re.compile(
    r"(?:inhalt(?:sverzeichnis|sübersicht)?|impressum|stichwort(?:verzeichnis)?|stichwortregister|index|notizen|bildnachweise?|"
    r"fotonachweise?|contents|table of contents|imprint|notes)\W*",
    re.IGNORECASE,
)
_PART = re.compile(
    r"(?:was|wo|wie|wann|wer|wen|wohin|woher|welche\w*|warum|ab wann|bis wann)\b.*\?|(?:benötigte |erforderliche |notwendige )?unterlagen|"
    r"(?:die )?kosten|gebühr(?:en)?|voraussetzung(?:en)?|fristen|ablauf|(?:wichtig|tipp|hinweis|gut zu wissen|achtung|info)\w{0,5}\W*|"
    r"(?:weitere |mehr )?informationen|(?:weiterführende |nützliche )?links|kontakt(?:e|daten)?|adressen?|anschrift|"
    r"ansprechpartner(?:in|innen)?|öffnungszeiten|sprechzeiten|telefon|beispiele?",
    re.IGNORECASE,
)
_CHAPTER_NUMBER = re.compile(r"^(?:(?:kapitel|teil|chapter)\s+)?\d{1,2}(?:\.\d{1,2})*[.:)]?\s+(?=\D)", re.IGNORECASE)
_NO_TITLE = re.compile(r"^(?:microsoft word|untitled|unbenannt|.*\.(?:indd|docx?|pdf|qxd|html?)$)", re.IGNORECASE)
_ABBREVIATIONS = (
    "z", "B", "u", "a", "d", "h", "Nr", "Str", "Tel", "ca", "bzw", "usw", "etc", "ggf", "evtl", "inkl", "Abs", "St", "Dr", "Prof",
    "Mo", "Di", "Mi", "Do", "Fr", "Sa", "So", "max", "min", "Mio", "s", "S", "vgl", "bspw", "mind", "i", "o", "e", "V",
)  # fmt: skip
_NO_END = "".join(rf"(?<!\b{word}\.)" for word in (r"\d", r"\d\d", *_ABBREVIATIONS))
_SENTENCE = re.compile(rf"(?<=[.!?]){_NO_END}\s+(?=[A-ZÄÖÜ„“\"(])")


@dataclass(kw_only=True)
class _Section:
    """A heading and what stands below it until the next one."""

    title: str
    page: int | None
    level: int
    blocks: list[Block] = field(default_factory=list)
    cards: list[Contact] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Brochure:
    """What came out of a file. ``near`` names the candidates of each doubtful draft; ``left_out`` the headings that are no entries."""

    title: str
    pages: int
    textless: tuple[int, ...]
    drafts: tuple[Draft, ...]
    near: dict[str, tuple[str, ...]]
    left_out: tuple[str, ...]


def read_brochure(
    path: Path,
    catalogue: Catalogue,
    understand: Understand,
    *,
    source: str = "",
    language: str = "",
    progress: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> Brochure:
    """Read a brochure and compare it with the FAQ; ``progress`` hears ``page`` and ``entry`` with done and all.

    Raises:
        Unreadable: if the file cannot be read, with what to do instead.
    """
    document = read_file(path, lambda page, of: progress("page", page, of))
    title = source or _title(document, path)
    text = "\n".join(block.text for block in document.blocks)
    language = language or understand(text[:1000], "").locale or "de"
    as_of = issue_date(text) or UNDATED
    titles = {catalogue.title(topic, language).casefold(): topic for topic in catalogue.topics}
    sections, left_out = _sections(document, title, catalogue)
    drafts: list[Draft] = []
    near: dict[str, tuple[str, ...]] = {}
    for number, section in enumerate(sections, 1):
        lead, more = _lead_and_more(section.blocks)
        found = match(section.title, " ".join((lead, *more.split("\n"))), understand, language, titles)
        draft = _draft(section, lead, more, found, catalogue)
        draft = replace(draft, id=make_id(section.title, (other.id for other in drafts)), source=title, as_of=as_of)
        drafts.append(draft)
        if found.candidates:
            near[draft.id] = found.candidates
        progress("entry", number, len(sections))
    return Brochure(
        title=title,
        pages=document.pages,
        textless=document.textless,
        drafts=tuple(drafts),
        near=near,
        left_out=tuple(left_out),
    )


def _title(document: Document, path: Path) -> str:
    if document.title and not _NO_TITLE.match(document.title):
        return document.title
    first = next((block for block in document.blocks if block.kind == "heading"), None)
    return first.text if first and first.level == 1 else path.name


# ---- sections


def _sections(document: Document, title: str, catalogue: Catalogue) -> tuple[list[_Section], list[str]]:
    """Every heading with text or contacts of its own; contacts under a heading of their own go to the section around them."""
    found: list[_Section] = []
    left_out: list[str] = []
    around: list[_Section] = []
    for raw in _raw_sections(document, title):
        if _LEFT_OUT.fullmatch(raw.title):
            left_out.append(raw.title)
            continue
        contacts = find_contacts(raw.title, raw.blocks, catalogue.contacts)
        while around and around[-1].level >= raw.level:
            around.pop()
        if around and not contacts.rest and contacts.contacts:
            around[-1].cards += contacts.contacts
            around[-1].doubts += contacts.doubts
            continue
        if raw.level <= 1 and not found and not contacts.contacts and _length(contacts.rest) < SHORTEST_PREFACE:
            left_out.append(raw.title)  # the cover
            continue
        if contacts.unnamed:
            raw.doubts.append(sentence("A contact has no name of its own and got the one of the heading."))
        raw.doubts += contacts.doubts
        section = replace(raw, blocks=list(contacts.rest), cards=list(contacts.contacts))
        around.append(section)
        found.append(section)
    return [section for section in found if section.blocks or section.cards], left_out


def _length(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _raw_sections(document: Document, title: str) -> list[_Section]:
    first = next((block.page for block in document.blocks), None)
    sections = [_Section(title=title, page=first, level=0)]
    for block in document.blocks:
        heading = _CHAPTER_NUMBER.sub("", block.text).strip()
        if block.kind != "heading":
            sections[-1].blocks.append(block)
        elif (
            _PART.fullmatch(heading) and sections[-1].level and block.level > sections[-1].level and sections[-1].blocks
        ):
            sections[-1].blocks.append(replace(block, kind="item", text=heading, level=0))
        elif heading:
            sections.append(_Section(title=heading[:LONGEST_TITLE], page=block.page, level=block.level))
    return sections


# ---- one draft


def _draft(section: _Section, lead: str, more: str, found: Match, catalogue: Catalogue) -> Draft:
    doubts = list(section.doubts)
    if found.candidates:
        names = ", ".join(
            f"{id_} ({catalogue.title(id_, SOURCE_LANGUAGE)})" for id_ in found.candidates if id_ in catalogue.topics
        )
        doubts.insert(0, sentence("Which topic is this? Near are: {topics}", topics=names))
    if not lead:
        doubts.append(sentence("There is no text, only contacts."))
    return Draft(
        id="",
        title=section.title,
        lead=lead,
        more=more,
        source="",
        page=section.page,
        topic=found.topic or None,
        doubts=tuple(doubts),
        facts_to_enter=tuple(_numbers("\n".join(filter(None, (section.title, lead, more))))),
        contacts=tuple(contact.filled() for contact in section.cards),
    )


def _lead_and_more(blocks: Sequence[Block]) -> tuple[str, str]:
    """The first sentence, and the rest with one sentence, item or row on a line, as the texts of the FAQ are written."""
    lines = [
        line
        for block in blocks
        for row in block.text.split("\n")
        for line in (_SENTENCE.split(row) if block.kind == "text" else [row])
        if line
    ]
    return (lines[0], "\n".join(lines[1:])) if lines else ("", "")


def _numbers(text: str) -> list[dict[str, str]]:
    """Each number once, with its value where that is sure."""
    values = {" ".join(find.text.split()): find.value for find in numbers(text, details(text))}
    return [{"text": found} | ({"value": value} if value else {}) for found, value in values.items()]
