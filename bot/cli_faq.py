"""`lotsenbot faq …`: the content, checked, compared with its source and measured."""

from __future__ import annotations

import json
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_common import checked_language, editors_words, stop
from bot.ports import utc_now
from bot.settings import load_settings
from faq import HOME, Catalogue, cities, load, load_usable, no_such_city
from locales import languages
from locales.defects import Sentence, sentence

if TYPE_CHECKING:
    from bot.evaluate import Result

faq_cli = typer.Typer(no_args_is_help=True, help="The content: check it, measure it.")


class Format(StrEnum):
    """How `faq check` prints: for people, or as annotations of a code host."""

    TEXT = "text"
    GITHUB = "github"
    GITLAB = "gitlab"


@faq_cli.command("check")
def faq_check(
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
    words: Annotated[
        str, typer.Option(help="Language of the messages: de or en; without it that of the machine.")
    ] = "",
    changed: Annotated[bool, typer.Option(help="Only files that differ from the last commit.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="How defects are printed.")] = Format.TEXT,
    city: Annotated[str, typer.Option(help="This city instead of CITY; also says what to fill in next.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="The whole list of what a city has not filled in.")] = False,
) -> None:
    """Every defect of the content with file, line, what and how to mend."""
    from bot.check import check, printed

    if city and city not in cities():
        stop(no_such_city(city), 2)
    city = city or load_settings().city
    defects = check(city, language)
    if changed:
        files = _changed_files()
        defects = [defect for defect in defects if defect.file in files]
    spoken = editors_words(words)
    if text := printed(defects, format_.value, spoken):
        print(text)
    print(_sum(len(defects)).said(spoken), file=sys.stderr)
    if city != HOME and not defects and format_ is Format.TEXT:
        _print_to_do(city, spoken, whole=all_)
    sys.exit(1 if defects else 0)


def _print_to_do(city: str, spoken: str, *, whole: bool) -> None:
    from bot.cities import SHOWN, state, to_do

    steps = to_do(city)
    shown = steps if whole else steps[:SHOWN]
    print(state(city).said(spoken))
    for number, step in enumerate(shown, 1):
        print(f"{number:3d}. {step.said(spoken)}")
    if len(steps) > len(shown):
        print(sentence("     … and {number} more (--all)", number=len(steps) - len(shown)).said(spoken))


def _sum(number: int) -> Sentence:
    if not number:
        return sentence("The content is in order.")
    return sentence("1 defect") if number == 1 else sentence("{number} defects", number=number)


def _changed_files() -> set[str]:
    from faq import ROOT
    from faq.history import NoHistory, changed_files

    try:
        return changed_files(ROOT)
    except NoHistory as error:
        stop(str(error), 2)


@faq_cli.command("status")
def faq_status(
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
    facts: Annotated[bool, typer.Option(help="Also the facts that somebody must confirm or look at again.")] = False,
) -> None:
    """Topic by language: there, stale, read by nobody, reading overdue."""
    from bot.editing import facts_to_check, matrix
    from faq.translations import load_translations

    catalogue, today = load(HOME), utc_now().date()
    print(
        matrix(catalogue, load_translations(), [checked_language(language)] if language else list(languages()), today)
    )
    if facts:
        print("\n" + "\n".join(facts_to_check(load_usable(load_settings().city), today)))


@faq_cli.command("diff")
def faq_diff(
    language: Annotated[str, typer.Argument(help="The language of the translations.")],
    topics: Annotated[list[str] | None, typer.Argument(help="Only these topics.")] = None,
) -> None:
    """What changed in German since the translations were made."""
    from bot.editing import differences
    from faq.translations import load_translations

    catalogue = load(HOME)
    shown = differences(catalogue, load_translations(), checked_language(language), _topics(catalogue, topics))
    print(shown or "Every translation was made from the German text as it is.")


@faq_cli.command("accept")
def faq_accept(
    language: Annotated[str, typer.Argument(help="The language that was read, or `all` with --wording.")],
    topics: Annotated[list[str], typer.Argument(help="The topics that were read.")],
    by: Annotated[str, typer.Option(help="Who has read them: a name or a role.")] = "",
    wording: Annotated[
        bool, typer.Option(help="The German change is one of wording: the translations stay right.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not show and ask first.")] = False,
) -> None:
    """Record that somebody has read a translation against the German text, after showing both."""
    from bot.editing import side_by_side
    from faq import ROOT
    from faq.translations import accept

    catalogue = load(HOME)
    chosen = _topics(catalogue, topics)
    if wording:
        spoken = list(catalogue.entries) if language == "all" else [checked_language(language)]
        for tag in spoken:
            accept(ROOT, catalogue, tag, chosen)
        print(f"The change counts as wording only in {', '.join(spoken)}.")
        return
    if not by.strip():
        stop("say who has read it: --by 'Name or role'", 2)
    read = [topic for topic in chosen if catalogue.entry(topic, checked_language(language))]
    if missing := sorted(set(chosen) - set(read)):
        stop(f"there is no text in {language} for {', '.join(missing)}", 1)
    for topic in read:
        if not yes:
            print(side_by_side(catalogue, language, topic))
            if not typer.confirm("Does it say the same?"):
                continue
        accept(ROOT, catalogue, language, [topic], by=by.strip(), on=utc_now().date().isoformat())
        print(f"{topic}: read by {by.strip()}")


def _topics(catalogue: Catalogue, wanted: list[str] | None) -> list[str]:
    if unknown := [topic for topic in wanted or () if topic not in catalogue.topics]:
        stop(f"there is no topic {', '.join(unknown)}; ids are in faq/topics.yaml", 2)
    return wanted or list(catalogue.topics)


@faq_cli.command("reading")
def faq_reading(
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
) -> None:
    """How hard the answers are to read, by chapter, and the hardest ones."""
    from faq.reading import chapters, hardest, table

    catalogue = load(load_settings().city)
    for tag in [checked_language(language)] if language else list(catalogue.entries):
        print(f"{languages()[tag].name}\n{table(chapters(catalogue, tag).items(), tag)}\n")
        print(f"{table(hardest(catalogue, tag), tag)}\n")


@faq_cli.command("eval")
def faq_eval(
    files: Annotated[list[Path], typer.Argument(help="Labelled messages, JSON lines.")],
    against: Annotated[str, typer.Option(help="A git revision: show what the edit since then wins and loses.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
    accept: Annotated[
        Path | None, typer.Option(help="Write which messages are served well to this file, the measure of `make test`.")
    ] = None,
) -> None:
    """Accuracy, wrong answers and hand-offs, per language, from labelled messages."""
    from bot import evaluate as evaluating

    catalogue = load_usable(load_settings().city)
    result = evaluating.evaluate(files, catalogue)
    if accept is not None:
        accept.write_text(json.dumps(result.well, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    if as_json:
        print(json.dumps(evaluating.as_json(result)))
        return
    print(evaluating.table(result))
    if against:
        _print_comparison(against, files, catalogue, result)


def _print_comparison(revision: str, files: list[Path], catalogue: Catalogue, after: Result) -> None:
    from bot.evaluate import compare, evaluate
    from bot.understand import load_matcher
    from faq.history import NoHistory, checkout
    from intents import catalogue as intents_catalogue

    with tempfile.TemporaryDirectory() as folder:
        try:
            checkout(revision, intents_catalogue.ROOT, Path(folder))
        except NoHistory as error:
            stop(str(error), 2)
        before = evaluate(files, catalogue, load_matcher(Path(folder) / intents_catalogue.ROOT.name))
    won, lost = compare(before.well, after)
    print(f"\nsince {revision}: {len(won)} messages won, {len(lost)} lost")
    print("\n".join([*(f"+ {line}" for line in won), *(f"- {line}" for line in lost)]))
