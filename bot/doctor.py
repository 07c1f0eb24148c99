"""`lotsenbot doctor`: looks at everything this installation rests on, and says in one line each what to do."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal

import httpx
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LotsenbotError, WrongSettings
from bot.settings import Settings
from bot.store import open_database
from bot.store import tables as t
from bot.understand import load_matcher
from faq import ContentError, load_usable

CLOCK_MAY_DIFFER = timedelta(seconds=30)
WAITING_TOO_LONG = timedelta(minutes=2)
DISK_AT_LEAST = 500 * 1024 * 1024
OLDEST_POSTGRES = 130000
TIMEOUT = 10.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at; ``mend`` says what to do where it is not fine."""

    state: Literal["fine", "note", "wrong"]
    what: str
    mend: str = ""

    def __str__(self) -> str:
        mark = {"fine": "ok   ", "note": "note ", "wrong": "WRONG"}[self.state]
        return f"{mark} {self.what}{f' → {self.mend}' if self.mend else ''}"


def fine(what: str) -> Finding:
    """Nothing to do."""
    return Finding(state="fine", what=what)


def note(what: str, mend: str) -> Finding:
    """It works, and could be better."""
    return Finding(state="note", what=what, mend=mend)


def wrong(what: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(state="wrong", what=what, mend=mend)


async def examine(settings: Settings, now: Callable[[], datetime]) -> AsyncIterator[Finding]:
    """Everything, one after the other, as it is found."""
    yield _content(settings)
    yield _model()
    async for finding in _database(settings, now):
        yield finding
    for finding in _address(settings):
        yield finding
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        if settings.public_url:
            yield await _reachable(http, settings.public_url)
        async for finding in _telegram(http, settings, now):
            yield finding
    async for finding in _whatsapp(settings):
        yield finding


def _content(settings: Settings) -> Finding:
    try:
        catalogue = load_usable(settings.city)
    except ContentError as error:
        return wrong(f"the content has {len(error.defects)} defects", "run `lotsenbot faq check`")
    return fine(f"content of {settings.city}: {len(catalogue.topics)} topics in {len(catalogue.entries)} languages")


def _model() -> Finding:
    try:
        matcher = load_matcher()
        found = matcher.understand("wo melde ich mich an")
    except WrongSettings as error:
        return wrong(f"the model cannot be loaded: {error}", "run `make train`, or install again")
    failed = [line for line in found.notes if "stopped" in line]
    if failed or len(matcher.encoders) < 2:
        return note(
            f"understanding works with {len(matcher.encoders) - len(failed)} of 2 encoders",
            "answers are more cautious; on Linux with x86-64 install the requirements again",
        )
    return fine("understanding works with both encoders")


async def _database(settings: Settings, now: Callable[[], datetime]) -> AsyncIterator[Finding]:
    try:
        engine = await open_database(settings.database_url, migrate=False)
    except WrongSettings as error:
        state = note if settings.embedded and "not up to date" in str(error) else wrong
        mend = "it is brought up to date at the next start" if state is note else "start it, or correct DATABASE_URL"
        yield state(str(error), mend)
        return
    try:
        async with engine.connect() as connection:
            await connection.execution_options(reading=True)
            if settings.embedded:
                yield _disk(settings)
            else:
                async for finding in _postgres(connection, now):
                    yield finding
            yield await _backlog(connection, now)
    finally:
        await engine.dispose()


def _disk(settings: Settings) -> Finding:
    folder = Path(settings.database_url.removeprefix("sqlite:///")).resolve().parent
    free = shutil.disk_usage(folder).free
    if free < DISK_AT_LEAST:
        return wrong(f"only {free // 2**20} MB are free in {folder}", "make room: without it no message can be kept")
    return fine("SQLite; several machines need PostgreSQL")


async def _postgres(connection: AsyncConnection, now: Callable[[], datetime]) -> AsyncIterator[Finding]:
    version = int((await connection.execute(text("show server_version_num"))).scalar_one())
    if version < OLDEST_POSTGRES:
        yield wrong(f"PostgreSQL {version // 10000} is too old", "use version 13 or newer")
    else:
        yield fine(f"PostgreSQL {version // 10000}")
    theirs = (await connection.execute(text("select clock_timestamp()"))).scalar_one()
    yield _clock("database", now() - theirs)
    alive = text("select count(*) from procrastinate_workers where last_heartbeat > now() - interval '15 seconds'")
    workers = int((await connection.execute(alive)).scalar_one())
    yield fine(f"{workers} workers are alive") if workers else note("no worker is alive", "start `lotsenbot worker`")
    limit = int((await connection.execute(text("show max_connections"))).scalar_one())
    yield fine(f"{limit} connections allowed; a process uses up to 30")


def _clock(whose: str, difference: timedelta) -> Finding:
    if abs(difference) > CLOCK_MAY_DIFFER:
        return wrong(
            f"this machine's clock and that of the {whose} differ by {abs(difference).total_seconds():.0f} s",
            "set both with NTP: retries and deadlines rest on them",
        )
    return fine(f"the clock agrees with that of the {whose}")


async def _backlog(connection: AsyncConnection, now: Callable[[], datetime]) -> Finding:
    waiting = select(func.count(), func.min(t.inbox.c.received_at)).where(t.inbox.c.done_at.is_(None))
    number, _ = (await connection.execute(waiting)).one()
    oldest = (
        await connection.execute(
            select(t.inbox.c.received_at).where(t.inbox.c.done_at.is_(None)).order_by(t.inbox.c.id).limit(1)
        )
    ).scalar_one_or_none()
    dead = (
        await connection.execute(select(func.count()).select_from(t.outbox).where(t.outbox.c.state == "dead"))
    ).scalar_one()
    if oldest and now() - oldest > WAITING_TOO_LONG:
        return wrong(
            f"{number} messages wait, the oldest for {(now() - oldest).total_seconds() / 60:.0f} minutes",
            "is `lotsenbot run` or a worker running, with this channel's token?",
        )
    if dead:
        return note(f"{dead} replies could not be delivered", "the log names each with its reason")
    return fine("no message waits")


def _address(settings: Settings) -> list[Finding]:
    if not settings.public_url:
        return [note("PUBLIC_URL is not set", "set it to the https address people use; Telegram is polled without it")]
    if settings.public_url.startswith("http://"):
        return [
            wrong("PUBLIC_URL is not https", "put a proxy with a certificate in front; browsers and platforms need it")
        ]
    return []


async def _reachable(http: httpx.AsyncClient, url: str) -> Finding:
    try:
        answer = await http.get(f"{url}/healthz")
    except httpx.HTTPError as error:
        return wrong(f"{url} does not answer ({type(error).__name__})", "check the proxy, the name and the certificate")
    if answer.status_code != 200:
        return wrong(
            f"{url}/healthz answers {answer.status_code}", "check that the proxy leads to `lotsenbot web` or `run`"
        )
    return fine(f"{url} answers")


async def _telegram(http: httpx.AsyncClient, settings: Settings, now: Callable[[], datetime]) -> AsyncIterator[Finding]:
    token = settings.telegram_token.get_secret_value()
    if not token:
        yield note("Telegram is off", "set TELEGRAM_TOKEN, which @BotFather gives you")
        return

    async def ask(method: str, **fields: Any) -> httpx.Response:
        return await http.post(f"{settings.telegram_api_url}{token}/{method}", json=fields)

    try:
        me = await ask("getMe")
    except httpx.HTTPError as error:
        yield wrong(f"Telegram does not answer ({type(error).__name__})", "check the network and TELEGRAM_API_URL")
        return
    if me.status_code != 200 or not me.json().get("ok"):
        yield wrong("Telegram refuses the token", "copy TELEGRAM_TOKEN from @BotFather again")
        return
    yield fine(f"Telegram knows the bot as @{me.json()['result'].get('username', '?')}")
    if stamp := me.headers.get("Date"):
        yield _clock("Telegram server", now() - parsedate_to_datetime(stamp))
    yield _webhook((await ask("getWebhookInfo")).json().get("result", {}), settings)
    if settings.telegram_lotsen_chat is not None:
        yield _lotsen_chat((await ask("getChat", chat_id=settings.telegram_lotsen_chat)).json())


def _webhook(info: dict[str, Any], settings: Settings) -> Finding:
    wanted = f"{settings.public_url}/telegram/webhook" if settings.telegram_by_webhook else ""
    if info.get("url", "") != wanted:
        if not wanted:
            return wrong(
                "a webhook is set, so polling gets nothing", "restart: it is removed at the start, or set PUBLIC_URL"
            )
        return wrong(
            f"Telegram's webhook is {info.get('url') or 'not set'}", f"restart: it is set to {wanted} at the start"
        )
    if error := info.get("last_error_message"):
        at = datetime.fromtimestamp(int(info.get("last_error_date", 0)), UTC)
        return note(f"Telegram's last error with the webhook, {at:%Y-%m-%d %H:%M} UTC: {error}", "fine if it is over")
    return fine(
        f"Telegram's webhook is set, {info.get('pending_update_count', 0)} updates wait there"
        if wanted
        else "Telegram is polled"
    )


def _lotsen_chat(answer: dict[str, Any]) -> Finding:
    if not answer.get("ok"):
        return wrong(
            "the bot cannot see the Lotsen's group", "add it there, and set TELEGRAM_LOTSEN_CHAT to the group's number"
        )
    return fine("the bot sees the Lotsen's group")


async def _whatsapp(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.whatsapp_token.get_secret_value():
        yield note("WhatsApp is off", "docs/operating.md says what a city needs at Meta")
        return
    from bot.channels.whatsapp.account import WhatsApp
    from bot.channels.whatsapp.approval import compare

    whatsapp = WhatsApp.of(settings)
    try:
        account = await whatsapp.account()
        yield fine("WhatsApp takes the token")
        if not settings.whatsapp_verify_token.get_secret_value():
            yield wrong("WHATSAPP_VERIFY_TOKEN is not set", "set it, and enter the same words at Meta with the webhook")
        if not account:
            yield note("the token does not tell its account", "run `lotsenbot whatsapp templates --account ID`")
            return
        late = [one.template.locale for one in compare(await whatsapp.templates(account)) if one.state != "approved"]
    except LotsenbotError as error:
        yield wrong(f"WhatsApp: {error}", "check WHATSAPP_TOKEN, its rights, and WHATSAPP_API_URL")
        return
    finally:
        await whatsapp.stop()
    if late:
        yield note(f"templates not approved: {', '.join(late)}", "run `lotsenbot whatsapp templates --submit`")
    else:
        yield fine("all WhatsApp templates are approved")
