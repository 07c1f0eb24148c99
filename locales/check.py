"""Everything that can be wrong in the bot's own phrases: missing, a placeholder lost, punctuation of another script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from babel.messages.catalog import Message

from locales import ROOT, SOURCE, languages
from locales.extract import collect, po_path, read
from locales.templates import LONGEST_BODY, LONGEST_BUTTON, templates

STAFF_LANGUAGES = ("de", "en")
STAFF_PAGES = (
    "bot/web/templates/desk.html",
    "bot/web/templates/login.html",
    "bot/web/templates/setup.html",
    "bot/web/templates/_form.html",
    "bot/web/desk_pages.py",
    "bot/web/reasons.py",
)
_PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True, order=True)
class Finding:
    """A defect in the phrases."""

    file: str
    line: int
    what: str
    mend: str


def check(language: str = "") -> list[Finding]:
    """All defects of the phrases, in one language if asked."""
    wanted = collect()
    tags = [
        tag
        for tag, known in languages().items()
        if known.phrases and tag != SOURCE and (not language or tag == language)
    ]
    phrases = {str(m.id if isinstance(m.id, str) else m.id[0]): m for m in wanted if m.id}
    return sorted({finding for tag in tags for finding in (*_language(tag, phrases), *_template(tag))})


def _language(tag: str, wanted: dict[str, Message]) -> Iterator[Finding]:
    file = str(po_path(tag).relative_to(ROOT))
    translated = {str(m.id if isinstance(m.id, str) else m.id[0]): m for m in read(tag) if m.id and not m.fuzzy}
    for id_, message in wanted.items():
        staff_only = all(place in STAFF_PAGES for place, _ in message.locations)
        found = translated.get(id_)
        texts = [] if found is None else [found.string] if isinstance(found.string, str) else list(found.string or ())
        if not texts or not all(texts):
            if tag in STAFF_LANGUAGES or not staff_only:
                yield Finding(
                    file,
                    1,
                    f"“{id_}” has no translation",
                    "translate it in this file, or run `make messages` first if it is not there",
                )
            continue
        for text in texts:
            yield from (Finding(file, 1, *wrong) for wrong in _wrong(id_, text, tag))


def _template(tag: str) -> Iterator[Finding]:
    template = templates().get(tag)
    if template is None:
        return
    file = f"{tag}/whatsapp.yaml"
    for name, text, limit in (("body", template.body, LONGEST_BODY), ("button", template.button, LONGEST_BUTTON)):
        if not 0 < len(text) <= limit or "{" in text:
            yield Finding(
                file, 1, f"{name} has {len(text)} characters or a placeholder", f"1 to {limit}, plain words only"
            )


def _wrong(id_: str, text: str, tag: str) -> Iterator[tuple[str, str]]:
    if lost := set(_PLACEHOLDER.findall(id_)) ^ set(_PLACEHOLDER.findall(text)):
        yield (
            f"“{id_}”: {', '.join(sorted(lost))} is not the same in the translation",
            "keep every {placeholder} as it is",
        )
    if languages()[tag].script == "Arabic" and re.search(r"[\u0600-\u06ff]\s*[,;?]", text):
        yield f"“{text}” has a Latin comma, semicolon or question mark", "write ، ؛ or ؟"
