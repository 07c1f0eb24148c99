"""What an import found, in a few lines: already there, doubtful, new, and what somebody must look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.importing.brochure import Brochure
from bot.importing.drafts import Draft
from faq import SOURCE_LANGUAGE, Catalogue
from locales.defects import sentence


def report(brochure: Brochure, path: Path, catalogue: Catalogue, language: str) -> str:
    """The report in the editors' language."""
    return "\n".join(_lines(brochure, path, catalogue, language))


def _lines(brochure: Brochure, path: Path, catalogue: Catalogue, language: str) -> Iterator[str]:
    drafts = brochure.drafts
    yield sentence(
        "{title} → {path}, drafts: {count}. Nobody has reviewed them; nothing in faq/ was changed.",
        title=brochure.title, path=path, count=len(drafts),
    ).said(language)  # fmt: skip
    there = {
        draft.id: f" → {draft.topic} ({catalogue.title(draft.topic, SOURCE_LANGUAGE)})"
        for draft in drafts
        if draft.topic
    }
    near = {id_: f": {', '.join(topics)}" for id_, topics in brochure.near.items()}
    new = {draft.id: "" for draft in drafts if draft.id not in there and draft.id not in near}
    yield from _list(sentence("Already there").said(language), drafts, there, language)
    yield from _list(sentence("Doubtful, near are").said(language), drafts, near, language)
    yield from _list(sentence("New").said(language), drafts, new, language)
    contacts = [contact for draft in drafts for contact in draft.contacts]
    yield sentence(
        "Contacts: {all}, known already: {known}. Hours read: {read}, left as written: {unclear}.",
        all=len(contacts),
        known=sum("id" in contact for contact in contacts),
        read=sum("opening_hours" in contact for contact in contacts),
        unclear=sum("hours_as_written" in contact for contact in contacts),
    ).said(language)
    count = sum(len(draft.facts_to_enter) for draft in drafts)
    yield sentence("Numbers to enter as facts: {count}.", count=count).said(language)
    if brochure.textless:
        pages = ", ".join(map(str, brochure.textless))
        yield sentence("Pages without text, perhaps pictures of it: {pages}.", pages=pages).said(language)
    if brochure.left_out:
        headings = ", ".join(dict.fromkeys(brochure.left_out))
        yield sentence("Left out: {headings}.", headings=headings).said(language)


def _list(title: str, drafts: Sequence[Draft], notes: dict[str, str], language: str) -> Iterator[str]:
    if notes:
        yield f"{title} ({len(notes)})"
    for draft in drafts:
        if draft.id in notes:
            page = sentence("p. {page}", page=draft.page).said(language) if draft.page else ""
            yield f"  {page:>7}  {draft.title}{notes[draft.id]}"
