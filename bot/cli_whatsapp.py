"""`lotsenbot whatsapp …`: what the account at Meta has, beside what this repository says."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from bot.cli_common import stop
from bot.errors import LotsenbotError, RetryLater
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from bot.channels.whatsapp.approval import Compared

whatsapp_cli = typer.Typer(no_args_is_help=True, help="The city's number on WhatsApp.")
_WHAT_TO_DO = {
    "approved": "approved",
    "waiting": "Meta has not decided yet",
    "missing": "missing: hand it in with --submit",
    "different": "the text differs: change the file, or the template in WhatsApp Manager",
    "refused": "cannot be used: look into WhatsApp Manager",
}


@whatsapp_cli.command("templates")
def templates(
    account: Annotated[
        str, typer.Option(help="Id of the WhatsApp Business account, if the token does not tell it.")
    ] = "",
    submit: Annotated[bool, typer.Option("--submit", help="Hand in those that are missing.")] = False,
) -> None:
    """Compare the templates in locales/ with those of the account; exit 1 if one cannot be used as it is."""
    settings = load_settings()
    if not settings.whatsapp_token.get_secret_value():
        stop("WHATSAPP_TOKEN is not set", 2)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        found = asyncio.run(_templates(settings, account, submit))
    except RetryLater as error:
        stop(f"Meta does not answer as it should: {error}; check WHATSAPP_TOKEN and WHATSAPP_API_URL", 1)
    except LotsenbotError as error:
        stop(f"{error}; check WHATSAPP_TOKEN, its rights and --account", 1)
    for one in found:
        print(f"{one.template.locale:4} {_WHAT_TO_DO[one.state]}{f' ({one.detail})' if one.detail else ''}")
    if any(one.state != "approved" for one in found):
        raise typer.Exit(1)


async def _templates(settings: Settings, account: str, submit: bool) -> list[Compared]:
    from bot.channels.whatsapp.account import WhatsApp
    from bot.channels.whatsapp.approval import compare

    whatsapp = WhatsApp.of(settings)
    try:
        account = account or await whatsapp.account()
        if not account:
            stop("the token does not tell which account it is for: say --account ID (WhatsApp Manager shows it)", 2)
        found = compare(await whatsapp.templates(account))
        for one in found:
            if submit and one.state == "missing":
                await whatsapp.submit(account, one.template.submission())
        return compare(await whatsapp.templates(account)) if submit else found
    finally:
        await whatsapp.stop()
