"""`lotsenbot …`: each verb calls one function. Errors are one or two lines on stderr; exit 1 content or input, 2 use or settings."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from bot.cli_city import city_cli
from bot.cli_common import checked_language, stop
from bot.cli_faq import faq_cli
from bot.cli_import import import_cli
from bot.cli_lotse import lotse_cli
from bot.cli_poster import links, poster
from bot.cli_whatsapp import whatsapp_cli
from bot.errors import LotsenbotError, OurFault
from bot.settings import VAR, load_settings
from faq import Catalogue, ContentError
from faq import load_usable as load
from locales import languages
from locales.defects import editors_language, said

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Lotsenbot, the welcome chatbot of a city.",
)
bench_cli = typer.Typer(no_args_is_help=True, help="Measurements beside peers, in one run.")
db_cli = typer.Typer(no_args_is_help=True, help="The database.")
cli.add_typer(faq_cli, name="faq")
cli.add_typer(city_cli, name="city")
cli.add_typer(import_cli, name="import")
cli.add_typer(lotse_cli, name="lotse")
cli.add_typer(whatsapp_cli, name="whatsapp")
cli.add_typer(bench_cli, name="bench")
cli.add_typer(db_cli, name="db")
cli.command("links")(links)
cli.command("poster")(poster)


def main() -> None:
    """The console script: never a traceback for what people can mend themselves."""
    try:
        cli()
    except ContentError as error:
        stop("\n".join(str(defect) for defect in error.defects[:20]), 1)
    except OurFault as error:
        stop(str(error), 2)
    except LotsenbotError as error:
        stop(said(error.args[0], editors_language()) if error.args else "", 1)
    except BrokenPipeError:
        sys.exit(1)


@cli.command()
def run() -> None:
    """Everything in one process: chat page, desk, API, channels."""
    from bot.app import serve

    serve(load_settings())


@cli.command()
def web() -> None:
    """Only the pages, the API and the doors of the channels, beside workers on PostgreSQL."""
    from bot.app import Role, serve

    serve(load_settings(), Role.WEB)


@cli.command()
def worker() -> None:
    """Only the turns and deliveries, beside web processes on PostgreSQL."""
    from bot.app import Role, serve

    serve(load_settings(), Role.WORKER)


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
        stop("ask what? For example: lotsenbot ask 'wo melde ich mich an'", 2)
    asked = asking.ask(text, catalogue, asking.fresh(checked_language(lang)))
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
        stop(f"{path} cannot be read: {error}", 2)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _batch_row(path, number, line)


def _batch_row(path: Path, number: int, line: str) -> dict[str, str]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        stop(f"{path}:{number} is no JSON object", 1)
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or "id" not in row:
        stop(f'{path}:{number} needs "id" and "text"', 1)
    return {"id": row["id"], "text": row["text"], "lang": str(row.get("lang") or "")}


def _nearest(tag: str) -> str:
    """The language for a tag such as de-AT; none for one we do not know, so that one line never stops the others."""
    first = tag.lower().replace("_", "-").split("-")[0]
    return first if first in languages() else ""


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
    conversation = asking.fresh(checked_language(lang))
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
        stop(str(error), 2)
    for name, value in figures.items():
        print(f"{name}: {value}")


def _progress(line: str) -> None:
    print(line, file=sys.stderr)


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
        figures = bench(train, test, language=checked_language(lang), cache=VAR / "bench", say=_progress)
    except WrongTable as error:
        stop(str(error), 1)
    if as_json:
        print(json.dumps(figures))
        return
    print(f"{100 * figures['accuracy']:.1f} % of the messages with an intent: theirs is the most likely one")
    print(
        f"Matthews correlation {figures['mcc']:.3f} at the best threshold, {figures['mcc_calibrated']:.3f} at our own"
    )
    print(f"{figures['p50_us']} µs a message (median), {figures['p99_us']} µs (99th percentile)")


@bench_cli.command("channels")
def bench_channels(
    rates: Annotated[str, typer.Option(help="Messages a second, one after the other.")] = "10,30,60,100",
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long at each rate.")] = 10,
    database: Annotated[str, typer.Option(help="A PostgreSQL address: then one web process and workers.")] = "",
    workers: Annotated[int, typer.Option(min=1, max=16, help="Workers beside PostgreSQL.")] = 2,
) -> None:
    """Messages over Telegram's webhook at steady rates, beside echo bots in the same run."""
    from benchmarks.channels import bench

    try:
        wanted = [int(rate) for rate in rates.split(",")]
    except ValueError:
        stop("--rates are whole numbers with commas between them, for example 10,30", 2)
    asyncio.run(bench(wanted, seconds, database, workers, print))


@bench_cli.command("understanding")
def bench_understanding(
    growth: Annotated[bool, typer.Option(help="Also the cost at 20,000, 200,000 and 1,000,000 utterances.")] = True,
) -> None:
    """The matcher beside rapidfuzz, nebulento, TF-IDF and full-text search on our held-out messages."""
    try:
        from benchmarks.understanding import main as compare
    except ImportError as error:
        stop(f"{error.name or 'a peer'} is not installed: benchmarks need what `make test` installs", 2)
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
def doctor() -> None:
    """Database, clock, content, tokens, webhooks: what is fine, what is not, and what to do."""
    from bot.doctor import examine
    from bot.ports import utc_now

    settings = load_settings()

    async def examined() -> bool:
        healthy = True
        async for finding in examine(settings, utc_now):
            print(finding, flush=True)
            healthy = healthy and finding.state != "wrong"
        return healthy

    sys.exit(0 if asyncio.run(examined()) else 1)


@cli.command()
def report(days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")] = 30) -> None:
    """What was asked and how it ended, in counts, and the words that many used in vain; small numbers are not shown."""
    from bot.report import report as make_report

    print(asyncio.run(make_report(load_settings(), days)))
