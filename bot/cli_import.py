"""`lotsenbot import …`: what others have written, turned into drafts for editors. Nothing in ``faq/`` is changed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bot.cli_common import checked_language, editors_words, stop
from bot.errors import Refused
from bot.ports import utc_now
from bot.settings import load_settings
from faq import load_usable as load
from locales.defects import said, sentence

import_cli = typer.Typer(
    no_args_is_help=True, help="Other people's texts as drafts in the folder drafts/; never into faq/."
)


@import_cli.callback()
def _group() -> None:
    """Keep `starterpack` a verb of its own, also while it is the only one."""


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
        "Numbers go to faq/facts, contacts to faq/contacts, then the text to faq/de; docs/editing.md shows how.",
        title=brochure.title, file=file.name, day=utc_now().date(),
    )  # fmt: skip
    write_drafts(target, brochure.drafts, header.said(spoken), spoken)
    return report(brochure, target, catalogue, spoken)


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
