"""`make messages`: collect the bot's own phrases into ``messages.pot`` and bring every language's ``.po`` up to date;
the sentences for editors (``sentence(…)`` in the code) go into a catalogue of their own, in German only.

Translations stay; new phrases appear empty, changed ones are marked fuzzy and are not used until somebody looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from locales import ROOT, SOURCE, cldr, languages

TOP = ROOT.parent
EDITORS = "editors"
EDITORS_METHODS = [(f"{package}/**.py", "python") for package in ("faq", "intents", "locales", "bot")]
KEYWORDS = {"_": None, "say": None, "_say": None, "many": (1, 2), "ngettext": (1, 2)}
METHODS = [
    ("faq/card.py", "python"),
    ("faq/fit.py", "python"),
    ("faq/hours.py", "python"),
    ("bot/**.py", "python"),
    ("bot/web/templates/**.html", "jinja2"),
]
OPTIONS = {"bot/web/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}


def collect() -> Catalog:
    """All phrases in the code and the pages, with the comments for translators."""
    return _collect(METHODS, KEYWORDS)


def collect_editors() -> Catalog:
    """All sentences for editors in the code."""
    return _collect(EDITORS_METHODS, {"sentence": None})


def _collect(methods: list[tuple[str, str]], keywords: Mapping[str, tuple[int, ...] | None]) -> Catalog:
    catalogue = Catalog(
        project="Lotsenbot",
        version="1",
        charset="utf-8",
        fuzzy=False,
        header_comment="# The phrases of Lotsenbot. English is the source.",
    )
    found = extract_from_dir(
        TOP,
        methods,
        OPTIONS,
        keywords=keywords,
        comment_tags=("Translators:",),
        strip_comment_tags=True,
        directory_filter=lambda folder: Path(folder).name not in (".venv", "tests", ".git", "static", "model"),
    )
    for file, _line, message, comments, _context in found:
        catalogue.add(message, locations=[(str(file), 0)], auto_comments=comments)
    return catalogue


def po_path(tag: str, domain: str = "messages") -> Path:
    """Where a language's phrases are."""
    return ROOT / tag / "LC_MESSAGES" / f"{domain}.po"


def read(tag: str, domain: str = "messages") -> Catalog:
    """A language's phrases, or an empty catalogue."""
    path = po_path(tag, domain)
    if not path.exists():
        return Catalog(locale=cldr(tag), charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=cldr(tag))


def main() -> None:
    """Write the template and all languages."""
    template = collect()
    with (ROOT / "messages.pot").open("wb") as file:
        write_po(file, template, width=160, include_lineno=False, sort_output=True, ignore_obsolete=True)
    for tag in languages():
        if tag != SOURCE:
            _update(tag, "messages", template)
    _update("de", EDITORS, collect_editors())


def _update(tag: str, domain: str, template: Catalog) -> None:
    catalogue = read(tag, domain)
    catalogue.update(template, no_fuzzy_matching=True)
    po_path(tag, domain).parent.mkdir(parents=True, exist_ok=True)
    with po_path(tag, domain).open("wb") as file:
        write_po(file, catalogue, width=160, include_lineno=False, sort_output=True, ignore_obsolete=True)
    missing = sum(1 for message in catalogue if message.id and not message.string)
    print(f"{tag}: {len(catalogue)} {domain}, {missing} without a translation")


if __name__ == "__main__":
    main()
