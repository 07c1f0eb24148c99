"""`lotsenbot lotse …`: accounts of guides and editors."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_common import stop
from bot.roles import Role
from bot.settings import load_settings
from locales import languages

if TYPE_CHECKING:
    from bot.store import Account, Store

lotse_cli = typer.Typer(no_args_is_help=True, help="Accounts of guides and editors.")


@lotse_cli.command("add")
def lotse_add(
    name: str,
    languages_: Annotated[str, typer.Option("--languages", help="For example ar,de.")] = "de",
    role: Annotated[
        list[Role] | None, typer.Option("--role", help="What the account is for; may be given several times.")
    ] = None,
    telegram: Annotated[str | None, typer.Option(help="Telegram id.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """A new account, of a Lotse unless --role says otherwise; prints a one-time link to set the password when none is given."""
    spoken = tuple(tag.strip() for tag in languages_.split(",") if tag.strip())
    if wrong := [tag for tag in spoken if tag not in languages()]:
        stop(f"there is no language {wrong[0]}; use {', '.join(languages())}", 2)
    password = sys.stdin.readline().rstrip("\n") if password_stdin else ""
    print(asyncio.run(_add(name.strip(), spoken, role or [Role.LOTSE], telegram, password)))


async def _add(name: str, spoken: tuple[str, ...], roles: list[Role], telegram: str | None, password: str) -> str:
    from bot.app import open_app
    from bot.store import accounts
    from bot.web.desk_auth import SETUP_DAYS, SHORTEST_PASSWORD, hash_password
    from bot.web.keys import key_hash, new_key

    if not name or len(name) > 80:
        stop("the name needs 1 to 80 characters", 2)
    if password and len(password) < SHORTEST_PASSWORD:
        stop(f"the password needs at least {SHORTEST_PASSWORD} characters", 2)
    key = new_key()
    async with open_app(load_settings()) as app:
        now = app.clock()
        await accounts.add_lotse(
            app.store,
            name=name,
            languages=spoken,
            roles=roles,
            telegram=telegram,
            password_hash=hash_password(password) if password else None,
            setup_hash=None if password else key_hash(key),
            setup_until=None if password else now + timedelta(days=SETUP_DAYS),
            now=now,
        )
    return f"{name} can log in now." if password else f"{app.settings.address}/desk/setup/{key}"


@lotse_cli.command("list")
def lotse_list() -> None:
    """Every account with its languages and roles, and whether it can log in."""
    for line in asyncio.run(_list()):
        print(line)


async def _list() -> list[str]:
    from bot.store import accounts

    async with _store() as store:
        found = await accounts.all_accounts(store)
    width = max((len(account.lotse.name) for account in found), default=0)
    return [
        f"{account.lotse.name:{width}}  {','.join(account.lotse.languages) or '–':12}  "
        f"{','.join(sorted(account.lotse.roles)) or 'no role':12}  {_state(account)}"
        for account in found
    ]


def _state(account: Account) -> str:
    return "deactivated" if not account.active else "active" if account.has_password else "no password yet"


@lotse_cli.command("roles")
def lotse_roles(
    name: str,
    role: Annotated[list[Role], typer.Option("--role", help="May be given several times.")],
) -> None:
    """Give an account exactly these roles."""
    asyncio.run(_set_roles(name.strip(), role))
    print(f"{name.strip()}: {','.join(sorted(set(role)))}")


async def _set_roles(name: str, roles: list[Role]) -> None:
    from bot.store import accounts

    async with _store() as store:
        await accounts.set_roles(store, name, roles)


@asynccontextmanager
async def _store() -> AsyncIterator[Store]:
    from bot.store import Store, open_database

    engine = await open_database(load_settings().database_url)
    try:
        yield Store(engine)
    finally:
        await engine.dispose()


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
            stop(f"there is no Lotse named {name}; add one with `lotsenbot lotse add`", 1)
        await accounts.add_key(
            app.store, lotse=found.id, key_hash=key_hash(key), kind="bearer", until=None, now=app.clock()
        )
    return key
