"""`lotsenbot import integreat`: a city's pages from Integreat's public API as drafts of entries.

The format is that of ``/api/v3/<city>/<language>/pages/`` in https://github.com/digitalfabrik/integreat-cms: a list of pages with
title, address, date and HTML. What belongs to the city stays with the city: drafts name their source, and somebody must read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.cities import slug
from bot.errors import Refused
from bot.importing.drafts import UNDATED, Draft, make_id
from bot.importing.markup import Section, sections
from bot.importing.topics import Found, TopicFinder
from bot.importing.web import fetch
from faq.check import LINE, MORE, TITLE
from locales.defects import Sentence, sentence

API = "https://cms.integreat-app.de"
APPS = ("integreat.app", "www.integreat.app", "integreat-app.de", "www.integreat-app.de")
SPLIT_FROM = 1500  # characters; a longer page becomes one draft for each of its headings
LEAD = 200
OLD = timedelta(days=730)
_ADDRESS = re.compile(r"/(?:(?:wp-json/extensions/v3|api/v3)/)?([\w-]+)(?:/([\w-]+))?(?:/pages)?/?")
_SENTENCE_END = re.compile(r"(?<=[.!?؟])\s")
_NUMBERS = re.compile(r"\d[\d.,:/]*\d|\d")


class Organization(BaseModel):
    """Who is responsible for a page."""

    name: str
    website: str | None = None


class Page(BaseModel):
    """One page as the API gives it; the fields we do not use are left out."""

    id: int
    url: str
    path: str
    title: str
    content: str = ""
    last_updated: datetime | None = None
    modified_gmt: datetime | None = None
    organization: Organization | None = None

    @property
    def as_of(self) -> date | None:
        """When its text was last changed."""
        changed = self.last_updated or self.modified_gmt
        return changed.date() if changed else None


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The drafts with the topic found for each, and the pages that hold no text of their own."""

    city: str
    language: str
    drafts: tuple[tuple[Draft, Found], ...]
    empty: tuple[str, ...]


def address(source: str, language: str = "") -> str:
    """The API's address for what an editor may have copied: of the API, or of the app's own page of a city."""
    parts = urlsplit(source)
    match = _ADDRESS.fullmatch(parts.path)
    if not match:
        raise Refused(
            sentence(
                "{source} names no city; write for example {example}",
                source=source, example=f"{API}/api/v3/augsburg/de/pages/",
            )
        )  # fmt: skip
    site = API if parts.hostname in APPS else urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    return f"{site}/api/v3/{quote(match[1])}/{quote(language or match[2] or 'de')}/pages/"


def read_pages(source: str, language: str = "") -> list[Page]:
    """The pages behind an address or in a file.

    Raises:
        Refused: if they cannot be had or are not in the API's format, with what is wrong.
        RetryLater: if the server is away.
    """
    if "://" in source:
        source = address(source, language)
        raw = fetch(source)
    else:
        try:
            raw = Path(source).read_bytes()
        except OSError as error:
            raise Refused(sentence("{path} cannot be read: {why}", path=source, why=error.strerror)) from error
    try:
        return TypeAdapter(list[Page]).validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = " → ".join(map(str, first["loc"]))
        raise Refused(
            sentence(
                "{source} is no list of Integreat pages: {why}",
                source=source, why=f"{where}: {first['msg']}" if where else first["msg"],
            )
        ) from error  # fmt: skip


def place(pages: Sequence[Page], city: str = "", language: str = "") -> tuple[str, str]:
    """City and language of the pages: as said, or as the paths of the pages name them."""
    named = [part for part in urlsplit(pages[0].path).path.split("/") if part] if pages else []
    city, language = city or (named[0] if named else ""), language or (named[1] if len(named) > 1 else "de")
    if not slug(city):
        raise Refused(sentence("nothing says which city this is; add --city NAME"))
    return slug(city), language


def drafts(pages: Sequence[Page], finder: TopicFinder, today: date) -> Iterator[tuple[Draft, Found]]:
    """A draft for each page, or for each heading of a long one, with the topic it seems to be about."""
    taken: set[str] = set()
    for page in pages:
        for draft in _page_drafts(page):
            found = finder.find(draft.title, f"{draft.lead} {draft.more}")
            id_ = make_id(draft.id, taken)
            taken.add(id_)
            doubts = [*([found.doubt] if found.doubt else []), *_doubts(draft, page.as_of, today)]
            yield replace(draft, id=id_, topic=found.topic, doubts=tuple(doubts)), found


def without_text(pages: Iterable[Page]) -> Iterator[str]:
    """The titles of pages that only stand above others."""
    return (page.title for page in pages if not sections(page.content))


def report(imported: Imported, file: Path, language: str) -> str:
    """What matched an existing topic, what is doubtful, what is new, in the editors' language."""
    there, doubtful, new = sentence("Already there"), sentence("Doubtful, near are"), sentence("New")
    groups: dict[Sentence, list[str]] = {there: [], doubtful: [], new: []}
    for draft, found in imported.drafts:
        about = f" → {found.topic} ({found.confidence})" if found.topic else ""
        groups[there if found.sure else doubtful if found.topic else new].append(f"  {draft.id}: {draft.title}{about}")
    lines = [
        sentence(
            "{title} → {path}, drafts: {count}. Nobody has reviewed them; nothing in faq/ was changed.",
            title=f"Integreat, {imported.city}, {imported.language}", path=file, count=len(imported.drafts),
        ).said(language)
    ]  # fmt: skip
    for title, rows in groups.items():
        lines += [f"{title.said(language)} ({len(rows)})", *rows]
    empty = sentence("Pages without a text of their own: {count}", count=len(imported.empty))
    return "\n".join([*lines, empty.said(language)])


def _page_drafts(page: Page) -> Iterator[Draft]:
    found = sections(page.content)
    if not found:
        return
    base = _id(page)
    headed = [section for section in found if section.heading]
    if len(headed) < 2 or sum(len(line) for section in found for line in section.lines) < SPLIT_FROM:
        yield _draft(page, base, page.title, _as_one(found))
        return
    for number, section in enumerate(found, 1):
        title = f"{page.title}: {section.heading}" if section.heading else page.title
        yield _draft(page, base if number == 1 else f"{base}-{number}", title, section)


def _as_one(found: Sequence[Section]) -> Section:
    lines = [line for section in found for line in (*([section.heading] if section.heading else []), *section.lines)]
    contacts = [contact for section in found for contact in section.contacts]
    return Section(heading="", lines=tuple(lines), contacts=tuple(contacts))


def _draft(page: Page, id_: str, title: str, section: Section) -> Draft:
    lead, rest = _first_sentence(section.lines[0])
    organization: tuple[Mapping[str, str], ...] = ()
    if page.organization:
        web = {"web": page.organization.website} if page.organization.website else {}
        organization = ({"name": page.organization.name, **web},)
    return Draft(
        id=id_,
        topic=None,
        title=" ".join(title.split()),
        lead=lead,
        more="\n".join([*([rest] if rest else []), *section.lines[1:]]),
        source=unquote(page.url),
        as_of=page.as_of.isoformat() if page.as_of else UNDATED,
        contacts=(*organization, *section.contacts),
    )


def _first_sentence(line: str) -> tuple[str, str]:
    if len(line) <= LEAD:
        return line, ""
    ends = [match.start() for match in _SENTENCE_END.finditer(line)]
    within = [end for end in ends if end <= LEAD] or ends[:1]
    return (line[: within[-1]], line[within[-1] :].strip()) if within else (line, "")


def _doubts(draft: Draft, changed: date | None, today: date) -> Iterator[str]:
    if changed is None:
        yield sentence("the source bears no date")
    elif changed < today - OLD:
        yield sentence("the source is from {date}", date=changed.isoformat())
    if numbers := list(dict.fromkeys(_NUMBERS.findall(f"{draft.title} {draft.lead} {draft.more}"))):
        shown = ", ".join(numbers[:8]) + (", …" if len(numbers) > 8 else "")
        yield sentence("numbers to check and to keep as facts: {numbers}", numbers=shown)
    if len(draft.title) > TITLE:
        yield sentence("the title has {count} characters; {limit} is the limit", count=len(draft.title), limit=TITLE)
    if len(draft.more) > MORE:
        yield sentence("the text has {count} characters; {limit} is the limit", count=len(draft.more), limit=MORE)
    if long := sum(len(line) > LINE for line in (draft.lead, *draft.more.splitlines())):
        yield sentence("lines of more than {limit} characters: {count}", limit=LINE, count=long)


def _id(page: Page) -> str:
    """From the address where it has Latin letters, else from the page's number."""
    names = [slug(unquote(part)) for part in page.path.strip("/").split("/")[2:]]
    return names[-1] if names and names[-1] and not names[-1].isdigit() else f"page-{page.id}"
