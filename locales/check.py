"""Everything that can be wrong in the bot's own phrases: missing, a placeholder lost, punctuation of another script."""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel.messages.catalog import Message

from locales import ROOT, SOURCE, languages
from locales.address import familiar
from locales.defects import Defect, Sentence, sentence
from locales.extract import EDITORS, collect, collect_editors, po_path, read
from locales.templates import LONGEST_BODY, LONGEST_BUTTON, templates

STAFF_LANGUAGES = ("de", "en")
STAFF_PAGES = (
    "bot/web/templates/desk.html",
    "bot/web/templates/login.html",
    "bot/web/templates/setup.html",
    "bot/web/templates/_form.html",
    "bot/web/templates/editor_base.html",
    "bot/web/templates/editor.html",
    "bot/web/templates/editor_topic.html",
    "bot/web/templates/editor_try.html",
    "bot/web/templates/editor_questions.html",
    "bot/web/desk_pages.py",
    "bot/web/editor_pages.py",
    "bot/web/editor_shown.py",
    "bot/web/reasons.py",
)
_PLACEHOLDER = re.compile(r"\{\w+\}")


def check(language: str = "") -> list[Defect]:
    """All defects of the phrases, in one language if asked, and of the sentences for editors."""
    phrases = {str(m.id if isinstance(m.id, str) else m.id[0]): m for m in collect() if m.id}
    tags = [
        tag
        for tag, known in languages().items()
        if known.phrases and tag != SOURCE and (not language or tag == language)
    ]
    return sorted(
        {*(_editors() if language in ("", "de") else ())}
        | {finding for tag in tags for finding in (*_language(tag, phrases), *_template(tag))}
    )


def _editors() -> Iterator[Defect]:
    translated = {str(m.id): str(m.string) for m in read("de", EDITORS) if m.id}
    file = str(po_path("de", EDITORS).relative_to(ROOT))
    for message in collect_editors():
        if message.id and not translated.get(str(message.id)):
            yield Defect(file, 1, *_untranslated(str(message.id)))


def _untranslated(id_: str) -> tuple[Sentence, Sentence]:
    return (
        sentence("“{id}” has no translation", id=id_),
        sentence("translate it in this file, or run `make messages` first if it is not there"),
    )


def _language(tag: str, wanted: dict[str, Message]) -> Iterator[Defect]:
    file = str(po_path(tag).relative_to(ROOT))
    translated = {str(m.id if isinstance(m.id, str) else m.id[0]): m for m in read(tag) if m.id and not m.fuzzy}
    for id_, message in wanted.items():
        staff_only = all(place in STAFF_PAGES for place, _ in message.locations)
        found = translated.get(id_)
        texts = [] if found is None else [found.string] if isinstance(found.string, str) else list(found.string or ())
        if not texts or not all(texts):
            if tag in STAFF_LANGUAGES or not staff_only:
                yield Defect(file, 1, *_untranslated(id_))
            continue
        for text in texts:
            yield from (Defect(file, 1, *wrong) for wrong in _wrong(id_, text, tag))


def _template(tag: str) -> Iterator[Defect]:
    template = templates().get(tag)
    if template is None:
        return
    file = f"{tag}/whatsapp.yaml"
    for name, text, limit in (("body", template.body, LONGEST_BODY), ("button", template.button, LONGEST_BUTTON)):
        if not 0 < len(text) <= limit or "{" in text:
            yield Defect(
                file,
                1,
                sentence("“{name}” has {number} characters or a placeholder", name=name, number=len(text)),
                sentence("write 1 to {limit} characters, plain words only", limit=limit),
            )


def _wrong(id_: str, text: str, tag: str) -> Iterator[tuple[str, str]]:
    if lost := set(_PLACEHOLDER.findall(id_)) ^ set(_PLACEHOLDER.findall(text)):
        yield (
            sentence("“{id}”: {what} is not the same in the translation", id=id_, what=", ".join(sorted(lost))),
            sentence("keep every {placeholder} as it is"),
        )
    if found := familiar(text, tag):
        yield (
            sentence("“{word}” is the familiar form of address", word=found[0]),
            sentence("this language says {formal} to the reader everywhere", formal=found[1]),
        )
    if languages()[tag].script == "Arabic" and re.search(r"[\u0600-\u06ff]\s*[,;?]", text):
        yield sentence("“{text}” has a Latin comma, semicolon or question mark", text=text), sentence("write ، ؛ or ؟")
