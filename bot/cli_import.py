"""`lotsenbot import …`: what others have written, turned into drafts for editors. Nothing in ``faq/`` is changed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bot.cli_common import checked_language, editors_words, stop
from bot.errors import Refused, RetryLater
from bot.ports import utc_now
from bot.settings import load_settings
from faq import HOME
from faq import load_usable as load
from locales.defects import said, sentence

import_cli = typer.Typer(
    no_args_is_help=True, help="Other people's texts as drafts in the folder drafts/; never into faq/."
)


@import_cli.callback()
def _group() -> None:
    """Each kind of source has a verb of its own."""


@import_cli.command("starterpack")
def import_starterpack(
    file: Annotated[Path, typer.Argument(help="A guide brochure: PDF, .docx or a saved web page (.html).")],
    out: Annotated[
        Path | None, typer.Option(help="Where the drafts go; drafts/<name of the file>.yaml otherwise.")
    ] = None,
    source: Annotated[str, typer.Option(help="How the brochure is named as the source; its own title otherwise.")] = "",
    language: Annotated[str, typer.Option(help="The language of the brochure; recognised otherwise.")] = "",
    words: Annotated[str, typer.Option(help="Language of the report: de or en; without it that of the machine.")] = "",
) -> None:
    """Turn a guide brochure into draft entries, compared with the topics and contacts that are there."""
    spoken = editors_words(words)
    try:
        print(_starterpack(file, out, source, checked_language(language), spoken))
    except Refused as error:
        stop(said(error.args[0], spoken), 1)


def _starterpack(file: Path, out: Path | None, source: str, language: str, spoken: str) -> str:
    from bot.importing import free_path, read_brochure, refuse_existing, write_drafts
    from bot.importing.report import report
    from bot.understand import load_matcher

    target = out or free_path(file)
    refuse_existing(target)
    catalogue = load(load_settings().city)
    brochure = read_brochure(
        file, catalogue, load_matcher().understand, source=source, language=language, progress=_progress(spoken)
    )
    header = sentence(
        "Drafts from “{title}” ({file}), imported on {day}. Nobody has reviewed them.\n"
        "Numbers go to the facts, contacts to the contacts, then the text to faq/de; docs/editing.md shows how.",
        title=brochure.title, file=file.name, day=utc_now().date(),
    )  # fmt: skip
    write_drafts(target, brochure.drafts, header.said(spoken), spoken)
    return report(brochure, target, catalogue, spoken)


@import_cli.command("integreat")
def import_integreat(
    source: Annotated[
        str, typer.Argument(help="An address as https://integreat.app/augsburg/de or of the API, or a saved file.")
    ],
    language: Annotated[str, typer.Option(help="The language of the pages; otherwise as the address says.")] = "",
    city: Annotated[str, typer.Option(help="The city's name; otherwise as the pages say.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Where the drafts go; drafts/integreat-<city>/<language>.yaml otherwise.")
    ] = None,
    words: Annotated[str, typer.Option(help="Language of the report: de or en; without it that of the machine.")] = "",
) -> None:
    """Turn the pages of a city in Integreat into draft entries with source and date, sorted by our topics."""
    spoken = editors_words(words)
    try:
        print(_integreat(source, checked_language(language), city, out, spoken))
    except (Refused, RetryLater) as error:
        stop(said(error.args[0], spoken), 1)


def _integreat(source: str, language: str, city: str, out: Path | None, spoken: str) -> str:
    from bot.importing import integreat, refuse_existing, write_drafts
    from bot.importing.drafts import FOLDER
    from bot.importing.topics import TopicFinder

    pages = integreat.read_pages(source, language)
    city, language = integreat.place(pages, city, language)
    checked_language(language)
    file = out or FOLDER / f"integreat-{city}" / f"{language}.yaml"
    refuse_existing(file)
    print(sentence("{count} pages, compared with our topics …", count=len(pages)).said(spoken), file=sys.stderr)
    today = utc_now().date()
    finder = TopicFinder(load(HOME), language, city.replace("-", " "))
    found = tuple(integreat.drafts(pages, finder, today))
    header = sentence(
        "Drafts from {source}, imported on {day}. Nobody has reviewed them; docs/editing.md shows what to do.",
        source=source, day=today,
    )  # fmt: skip
    write_drafts(file, (draft for draft, _ in found), header.said(spoken), spoken)
    return integreat.report(
        integreat.Imported(city=city, language=language, drafts=found, empty=tuple(integreat.without_text(pages))),
        file,
        spoken,
    )


def _progress(spoken: str) -> Callable[[str, int, int], None]:
    """On a terminal one line that counts; in a log a line now and then."""

    def show(what: str, done: int, of: int) -> None:
        page = sentence("Page {done} of {all}", done=done, all=of)
        text = (page if what == "page" else sentence("Entry {done} of {all}", done=done, all=of)).said(spoken)
        if sys.stderr.isatty():
            print(f"\r{text} ", end="\r" if done < of else "\n", file=sys.stderr, flush=True)
        elif done % 50 == 0:
            print(text, file=sys.stderr)

    return show
