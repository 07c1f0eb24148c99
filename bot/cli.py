"""`lotsenbot …`: each verb calls one function. Errors are one or two lines on stderr; exit 1 content or input, 2 use or settings."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot.errors import LotsenbotError, OurFault
from bot.ports import utc_now
from bot.settings import VAR, load_settings
from faq import Catalogue, ContentError
from faq import load_usable as load
from locales import languages

if TYPE_CHECKING:
    from bot.evaluate import Result

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Lotsenbot, the welcome chatbot of a city.",
)
faq_cli = typer.Typer(no_args_is_help=True, help="The content: check it, measure it.")
lotse_cli = typer.Typer(no_args_is_help=True, help="Accounts of the guides.")
bench_cli = typer.Typer(no_args_is_help=True, help="Measurements beside peers, in one run.")
db_cli = typer.Typer(no_args_is_help=True, help="The database.")
cli.add_typer(faq_cli, name="faq")
cli.add_typer(lotse_cli, name="lotse")
cli.add_typer(bench_cli, name="bench")
cli.add_typer(db_cli, name="db")


class Format(StrEnum):
    """How `faq check` prints: for people, or as annotations of a code host."""

    TEXT = "text"
    GITHUB = "github"
    GITLAB = "gitlab"


def main() -> None:
    """The console script: never a traceback for what people can mend themselves."""
    try:
        cli()
    except ContentError as error:
        _stop("\n".join(str(defect) for defect in error.defects[:20]), 1)
    except OurFault as error:
        _stop(str(error), 2)
    except LotsenbotError as error:
        _stop(str(error), 1)
    except BrokenPipeError:
        sys.exit(1)


def _stop(text: str, code: int) -> NoReturn:
    print(f"lotsenbot: {text}", file=sys.stderr)
    sys.exit(code)


@cli.command()
def run() -> None:
    """Everything in one process: chat page, desk, API, channels."""
    from bot.app import run as run_app

    asyncio.run(run_app(load_settings()))


@cli.command()
def ask(
    text: Annotated[str, typer.Argument(help="The question.")] = "",
    lang: Annotated[str, typer.Option(help="The newcomer's chosen language, for example ar.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line instead of the reply.")] = False,
    explain: Annotated[bool, typer.Option(help="Candidates, scores, thresholds and the rule.")] = False,
    batch: Annotated[
        Path | None, typer.Option(help="JSON lines {id, text, lang?} in, one line out for each, in order.")
    ] = None,
) -> None:
    """One question through the real core, without a server."""
    from bot import ask as asking

    catalogue = load(load_settings().city)
    if batch is not None:
        for row in _batch(batch):
            asked = asking.ask(row["text"], catalogue, asking.fresh(_nearest(row.get("lang", ""))), compose_it=False)
            print(json.dumps(asked.row(row["id"]), ensure_ascii=False), flush=False)
        return
    if not text.strip():
        _stop("ask what? For example: lotsenbot ask 'wo melde ich mich an'", 2)
    asked = asking.ask(text, catalogue, asking.fresh(_language(lang)))
    if as_json:
        print(
            json.dumps(
                asked.row()
                | {
                    "replies": [
                        {"text": reply.text, "buttons": [button.label for button in reply.buttons]}
                        for reply in asked.replies
                    ]
                },
                ensure_ascii=False,
            )
        )
    if explain:
        print(asking.explain(asked) + "\n")
    if not as_json:
        _print_replies(asked.replies)


def _batch(path: Path) -> Iterator[dict[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        _stop(f"{path} cannot be read: {error}", 2)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _batch_row(path, number, line)


def _batch_row(path: Path, number: int, line: str) -> dict[str, str]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        _stop(f"{path}:{number} is no JSON object", 1)
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or "id" not in row:
        _stop(f'{path}:{number} needs "id" and "text"', 1)
    return {"id": row["id"], "text": row["text"], "lang": str(row.get("lang") or "")}


def _nearest(tag: str) -> str:
    """The language for a tag such as de-AT; none for one we do not know, so that one line never stops the others."""
    first = tag.lower().replace("_", "-").split("-")[0]
    return first if first in languages() else ""


def _language(tag: str) -> str:
    if tag and tag not in languages():
        _stop(f"there is no language {tag}; use one of {', '.join(languages())}", 2)
    return tag


def _print_replies(replies: object) -> None:
    from bot.message import Reply

    for reply in replies if isinstance(replies, tuple) else ():
        assert isinstance(reply, Reply)
        print(
            reply.text
            + "\n"
            + "".join(f"\n  [{number}] {button.label}" for number, button in enumerate(reply.buttons, 1))
        )


@cli.command()
def chat(lang: Annotated[str, typer.Option(help="The newcomer's chosen language.")] = "") -> None:
    """Talk in the terminal; a number taps a button, an empty line ends."""
    from bot import ask as asking

    catalogue: Catalogue = load(load_settings().city)
    conversation = asking.fresh(_language(lang))
    buttons: tuple[str, ...] = ()
    while text := _line():
        tapped = buttons[int(text) - 1] if text.isdecimal() and 0 < int(text) <= len(buttons) else ""
        asked = asking.ask(text, catalogue, conversation, button=tapped)
        conversation = asked.decision.conversation
        buttons = tuple(button.id for reply in asked.replies[-1:] for button in reply.buttons)
        _print_replies(asked.replies)


def _line() -> str:
    try:
        return input("\n> ").strip()
    except (EOFError, KeyboardInterrupt):
        return ""


@cli.command()
def train(
    thresholds: Annotated[bool, typer.Option(help="Only fit confidence and thresholds again, in seconds.")] = False,
) -> None:
    """Fit the model from the utterances and store it with its figures (minutes; an edit afterwards: less)."""
    from intents.train import CannotTrain, recalibrate
    from intents.train import train as fit_all

    fit = recalibrate if thresholds else fit_all
    try:
        figures = fit(cache=VAR / "vectors", say=_progress)
    except CannotTrain as error:
        _stop(str(error), 2)
    for name, value in figures.items():
        print(f"{name}: {value}")


def _progress(line: str) -> None:
    print(line, file=sys.stderr)


@faq_cli.command("check")
def faq_check(
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
    changed: Annotated[bool, typer.Option(help="Only files that differ from the last commit.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="How defects are printed.")] = Format.TEXT,
) -> None:
    """Every defect of the content with file, line, what and how to mend."""
    from bot.check import check, printed

    defects = check(load_settings().city, language)
    if changed:
        files = _changed_files()
        defects = [defect for defect in defects if defect.file in files]
    if text := printed(defects, format_.value):
        print(text)
    print(f"{len(defects)} defects" if defects else "The content is in order.", file=sys.stderr)
    sys.exit(1 if defects else 0)


def _changed_files() -> set[str]:
    from faq import ROOT
    from faq.history import NoHistory, changed_files

    try:
        return changed_files(ROOT)
    except NoHistory as error:
        _stop(str(error), 2)


@faq_cli.command("status")
def faq_status(
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
    facts: Annotated[bool, typer.Option(help="Also the facts that somebody must confirm or look at again.")] = False,
) -> None:
    """Topic by language: there, stale, read by nobody, reading overdue."""
    from bot.editing import facts_to_check, matrix
    from faq.translations import load_translations

    catalogue, today = load(load_settings().city), utc_now().date()
    print(matrix(catalogue, load_translations(), [_language(language)] if language else list(languages()), today))
    if facts:
        print("\n" + "\n".join(facts_to_check(catalogue, today)))


@faq_cli.command("diff")
def faq_diff(
    language: Annotated[str, typer.Argument(help="The language of the translations.")],
    topics: Annotated[list[str] | None, typer.Argument(help="Only these topics.")] = None,
) -> None:
    """What changed in German since the translations were made."""
    from bot.editing import differences
    from faq.translations import load_translations

    catalogue = load(load_settings().city)
    shown = differences(catalogue, load_translations(), _language(language), _topics(catalogue, topics))
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

    catalogue = load(load_settings().city)
    chosen = _topics(catalogue, topics)
    if wording:
        spoken = list(catalogue.entries) if language == "all" else [_language(language)]
        for tag in spoken:
            accept(ROOT, catalogue, tag, chosen)
        print(f"The change counts as wording only in {', '.join(spoken)}.")
        return
    if not by.strip():
        _stop("say who has read it: --by 'Name or role'", 2)
    read = [topic for topic in chosen if catalogue.entry(topic, _language(language))]
    if missing := sorted(set(chosen) - set(read)):
        _stop(f"there is no text in {language} for {', '.join(missing)}", 1)
    for topic in read:
        if not yes:
            print(side_by_side(catalogue, language, topic))
            if not typer.confirm("Does it say the same?"):
                continue
        accept(ROOT, catalogue, language, [topic], by=by.strip(), on=utc_now().date().isoformat())
        print(f"{topic}: read by {by.strip()}")


def _topics(catalogue: Catalogue, wanted: list[str] | None) -> list[str]:
    if unknown := [topic for topic in wanted or () if topic not in catalogue.topics]:
        _stop(f"there is no topic {', '.join(unknown)}; ids are in faq/topics.yaml", 2)
    return wanted or list(catalogue.topics)


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

    catalogue = load(load_settings().city)
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
            _stop(str(error), 2)
        before = evaluate(files, catalogue, load_matcher(Path(folder) / intents_catalogue.ROOT.name))
    won, lost = compare(before.well, after)
    print(f"\nsince {revision}: {len(won)} messages won, {len(lost)} lost")
    print("\n".join([*(f"+ {line}" for line in won), *(f"- {line}" for line in lost)]))


@lotse_cli.command("add")
def lotse_add(
    name: str,
    languages_: Annotated[str, typer.Option("--languages", help="For example ar,de.")] = "de",
    telegram: Annotated[str | None, typer.Option(help="Telegram id.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """A new account; prints a one-time link to set the password when none is given."""
    spoken = tuple(tag.strip() for tag in languages_.split(",") if tag.strip())
    if wrong := [tag for tag in spoken if tag not in languages()]:
        _stop(f"there is no language {wrong[0]}; use {', '.join(languages())}", 2)
    password = sys.stdin.readline().rstrip("\n") if password_stdin else ""
    print(asyncio.run(_add(name.strip(), spoken, telegram, password)))


async def _add(name: str, spoken: tuple[str, ...], telegram: str | None, password: str) -> str:
    from bot.app import open_app
    from bot.store import accounts
    from bot.web.desk_auth import SETUP_DAYS, SHORTEST_PASSWORD, hash_password
    from bot.web.keys import key_hash, new_key

    if not name or len(name) > 80:
        _stop("the name needs 1 to 80 characters", 2)
    if password and len(password) < SHORTEST_PASSWORD:
        _stop(f"the password needs at least {SHORTEST_PASSWORD} characters", 2)
    key = new_key()
    async with open_app(load_settings()) as app:
        now = app.clock()
        await accounts.add_lotse(
            app.store,
            name=name,
            languages=spoken,
            telegram=telegram,
            password_hash=hash_password(password) if password else None,
            setup_hash=None if password else key_hash(key),
            setup_until=None if password else now + timedelta(days=SETUP_DAYS),
            now=now,
        )
    return f"{name} can log in now." if password else f"{app.settings.address}/desk/setup/{key}"


@lotse_cli.command("token")
def lotse_token(name: str) -> None:
    """A bearer token for the desk API, printed alone."""
    print(asyncio.run(_token(name)))


async def _token(name: str) -> str:
    from bot.app import open_app
    from bot.store import accounts
    from bot.web.keys import key_hash, new_key

    key = new_key()
    async with open_app(load_settings()) as app:
        found = await accounts.credentials(app.store, name)
        if found is None or not found.active:
            _stop(f"there is no Lotse named {name}; add one with `lotsenbot lotse add`", 1)
        await accounts.add_key(
            app.store, lotse=found.id, key_hash=key_hash(key), kind="bearer", until=None, now=app.clock()
        )
    return key


@bench_cli.command("intents")
def bench_intents(
    train: Annotated[
        Path, typer.Argument(help="CSV with the columns sentence,label; NO_NODES_DETECTED: no intent fits.")
    ],
    test: Annotated[Path, typer.Argument(help="CSV of the same form.")],
    lang: Annotated[str, typer.Option(help="The language of the sentences.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line instead of sentences.")] = False,
) -> None:
    """Train our matcher on any table of sentences, measure it on another."""
    from intents.bench import WrongTable, bench

    try:
        figures = bench(train, test, language=_language(lang), cache=VAR / "bench", say=_progress)
    except WrongTable as error:
        _stop(str(error), 1)
    if as_json:
        print(json.dumps(figures))
        return
    print(f"{100 * figures['accuracy']:.1f} % of the messages with an intent: theirs is the most likely one")
    print(
        f"Matthews correlation {figures['mcc']:.3f} at the best threshold, {figures['mcc_calibrated']:.3f} at our own"
    )
    print(f"{figures['p50_us']} µs a message (median), {figures['p99_us']} µs (99th percentile)")


@bench_cli.command("understanding")
def bench_understanding(
    growth: Annotated[bool, typer.Option(help="Also the cost at 20,000, 200,000 and 1,000,000 utterances.")] = True,
) -> None:
    """The matcher beside rapidfuzz, nebulento, TF-IDF and full-text search on our held-out messages."""
    try:
        from benchmarks.understanding import main as compare
    except ImportError as error:
        _stop(f"{error.name or 'a peer'} is not installed: benchmarks need what `make test` installs", 2)
    compare(with_growth=growth)


@db_cli.command("upgrade")
def db_upgrade() -> None:
    """Bring the tables up to date."""
    from bot.store import open_database

    async def upgrade() -> None:
        await (await open_database(load_settings().database_url)).dispose()

    asyncio.run(upgrade())
    print("The database is up to date.")


@cli.command()
def report(days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")] = 30) -> None:
    """What was asked and how it ended, counted without any text; numbers under five are not shown."""
    from bot.report import report as make_report

    print(asyncio.run(make_report(load_settings(), days)))
