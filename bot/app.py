"""The composition root: the only module that knows all parts. Builds them by hand, starts them, and stops them in order."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from bot import roles
from bot.channels.telegram.account import Telegram
from bot.channels.telegram.profile import Webhook
from bot.channels.webchat import WebChat
from bot.conversation import CaseState
from bot.errors import LotsenbotError, RetryLater, WrongSettings, place_of
from bot.hub import DESK, EASE_OFF, SET_ASIDE, Hub
from bot.jobs import EmbeddedJobs, PostgresJobs, SharedHub
from bot.knowledge import LiveKnowledge
from bot.pace import Limit, Pacer, for_machines
from bot.ports import Channel, Clock, utc_now
from bot.service import Service
from bot.settings import Settings
from bot.store import Notes, Store, accounts, open_database
from bot.turns import Turns
from bot.understand import Reader
from bot.web import Parts, make_site
from bot.web.desk_auth import SETUP_DAYS
from bot.web.keys import key_hash, new_key
from faq import ContentError

if TYPE_CHECKING:
    from bot.channels.whatsapp.account import WhatsApp

log = structlog.get_logger(__name__)


class Role(StrEnum):
    """What a process does: everything, or a part of it beside others on the same PostgreSQL."""

    RUN = "run"
    WEB = "web"
    WORKER = "worker"


FIRST_LOTSE = "Lotse"
STOP_WITHIN = 25
SWITCH_SECONDS = 0.0005


@dataclass(kw_only=True)
class App:
    """The parts of one running process."""

    role: Role
    settings: Settings
    store: Store
    knowledge: LiveKnowledge
    reader: Reader
    hub: Hub
    jobs: EmbeddedJobs | PostgresJobs
    turns: Turns
    service: Service
    telegram: Telegram | None
    paces: dict[str, Pacer]
    notes: Notes
    whatsapp: WhatsApp | None
    clock: Clock

    @property
    def parts(self) -> Parts:
        """What the web side gets."""
        return Parts(
            settings=self.settings,
            store=self.store,
            jobs=self.jobs,
            hub=self.hub,
            clock=self.clock,
            knowledge=self.knowledge,
            understand=self.reader.understand,
            telegram=self.telegram,
            whatsapp=self.whatsapp,
        )


@asynccontextmanager
async def open_app(settings: Settings, clock: Clock = utc_now, role: Role = Role.RUN) -> AsyncIterator[App]:
    """Build the parts; close the database at the end.

    Raises:
        WrongSettings: if the database or the content cannot be used, in one or two lines.
    """
    try:
        knowledge = LiveKnowledge(settings.city)
    except ContentError as error:
        shown = "\n".join(str(defect) for defect in error.defects[:5])
        raise WrongSettings(f"The content is broken, nothing was started:\n{shown}") from error
    engine = await open_database(settings.database_url, migrate=role is Role.RUN)
    jobs = EmbeddedJobs() if settings.embedded else PostgresJobs(settings.database_url)
    hub = Hub() if settings.embedded else SharedHub(settings.database_url)
    store, reader = Store(engine), Reader(knowledge.catalogue.city)
    notes = Notes(store)
    telegram = (
        Telegram(
            token=settings.telegram_token.get_secret_value(),
            api_url=settings.telegram_api_url,
            notes=notes,
            lotsen_chat=settings.telegram_lotsen_chat,
            seconds_per_chat=settings.telegram_seconds_per_chat,
        )
        if settings.telegram_token.get_secret_value()
        else None
    )
    channels: dict[str, Channel] = {"web": WebChat(hub)}
    paces: dict[str, Pacer] = {}
    if telegram:
        channels[telegram.name] = telegram
        every_second = Limit(number=settings.telegram_messages_per_second, seconds=1.0)
        together = None if settings.embedded else partial(notes.reserve, "pace:telegram", for_machines(every_second))
        paces[telegram.name] = Pacer(every_second, telegram.limits, together, once_told=True)
    whatsapp = _whatsapp(settings, clock)
    if whatsapp:
        channels["whatsapp"] = whatsapp
    service = Service(
        reader.understand,
        lambda: knowledge.catalogue,
        clock,
        mark_unanswered=settings.unanswered_minimum > 0,
    )
    turns = Turns(store, service, channels, hub, clock, paces)
    try:
        if isinstance(jobs, PostgresJobs):
            await jobs.open()
        yield App(
            role=role,
            settings=settings,
            store=store,
            knowledge=knowledge,
            reader=reader,
            hub=hub,
            jobs=jobs,
            turns=turns,
            service=service,
            telegram=telegram,
            paces=paces,
            notes=notes,
            whatsapp=whatsapp,
            clock=clock,
        )
    finally:
        reader.close()
        if whatsapp:
            await whatsapp.stop()
        await engine.dispose()


def _whatsapp(settings: Settings, clock: Clock) -> WhatsApp | None:
    """The city's number, if there is one; its library is loaded only then."""
    if not settings.whatsapp_token.get_secret_value():
        return None
    from bot.channels.whatsapp.account import WhatsApp

    return WhatsApp.of(settings, clock)


def serve(settings: Settings, role: Role = Role.RUN) -> None:
    """``run`` in an event loop of its own, the fast one.

    The loop gives the interpreter away at each statement and socket; while the readers think it must get it back quickly.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings, role))


async def run(settings: Settings, role: Role = Role.RUN) -> None:
    """One process, until SIGTERM or SIGINT: everything, or only the pages and doors, or only the turns and deliveries.

    Raises:
        WrongSettings: if the port is taken or something else cannot start.
    """
    if settings.embedded and role is not Role.RUN:
        raise WrongSettings(
            f"lotsenbot {role} is for many processes on PostgreSQL: set DATABASE_URL, or use lotsenbot run with SQLite"
        )
    configure_logs(settings)
    listener = None if role is Role.WORKER else _listen(settings)
    async with open_app(settings, role=role) as app:
        if role is not Role.WEB:
            await app.reader.warm_up()
        if role is Role.RUN:
            print_addresses(settings, await _first_link(app))
        else:
            print(f"lotsenbot {role} is ready{'' if listener is None else f' on {settings.address}'}", flush=True)
        await _serve(app, listener)


async def _serve(app: App, listener: socket.socket | None) -> None:
    config = uvicorn.Config(
        make_site(app.parts), log_config=None, access_log=False, timeout_graceful_shutdown=5, lifespan="off"
    )
    server = _Server(config)
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    background = [asyncio.create_task(work) for work in _background(app)]
    serving = asyncio.create_task(server.serve(sockets=[listener]) if listener else stopping.wait())
    try:
        await asyncio.wait([serving, asyncio.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
    finally:
        log.info("stopping")
        app.hub.close()
        app.turns.stop()
        stopping.set()
        server.should_exit = True
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await app.jobs.stop()
        await asyncio.wait_for(serving, STOP_WITHIN)
        if app.telegram:
            with suppress(LotsenbotError):
                await app.telegram.stop()


def _background(app: App) -> list[Coroutine[None, None, None]]:
    work: list[Coroutine[None, None, None]] = [app.knowledge.watch()]
    if isinstance(app.hub, SharedHub):
        work.append(app.hub.run())
    if app.role is not Role.WEB:
        work += [
            app.jobs.run(app.turns.see_to, app.turns.sweep),
            _alone(app, "delete", lambda: _delete_daily(app)),
            _alone(app, "tell-lotsen", lambda: _tell_lotsen(app)),
        ]
    if app.telegram and app.role is not Role.WEB:
        telegram = app.telegram
        work += [
            _alone(app, "telegram-account", lambda: _set_up_telegram(app, telegram)),
            _alone(app, "tell-set-aside", lambda: _tell_what_is_set_aside(app)),
            _ease_off_together(app),
        ]
        if not app.settings.telegram_by_webhook:
            work.append(_alone(app, "telegram-poll", lambda: _poll_telegram(app, telegram)))
    return work


def _alone(app: App, name: str, work: Callable[[], Coroutine[None, None, None]]) -> Coroutine[None, None, None]:
    """Work that one process of all does at a time."""
    return app.jobs.guard.lead(name, work) if isinstance(app.jobs, PostgresJobs) else work()


async def _set_up_telegram(app: App, telegram: Telegram) -> None:
    """The account as it should be, and still so an hour later; beside everything else, for Telegram may make us wait."""
    secret = app.settings.telegram_webhook_secret.get_secret_value()
    webhook = Webhook(url=f"{app.settings.public_url}/telegram/webhook", secret=secret)
    while True:
        await telegram.set_up(webhook if app.settings.telegram_by_webhook else None)
        await asyncio.sleep(3600)


async def _ease_off_together(app: App) -> None:
    """What one process was told holds for all."""
    with app.hub.listen(EASE_OFF) as hints:
        while True:
            if pace := app.paces.get(await hints.get()):
                pace.ease_off()


async def _poll_telegram(app: App, telegram: Telegram) -> None:
    """Ask for updates where Telegram cannot reach us."""

    async def accept(raw: dict[str, Any]) -> None:
        try:
            app.jobs.wake(await telegram.receive(raw, app.store, app.clock()))
        except Exception as error:
            if app.store.is_away(error):
                raise RetryLater("the database is away") from error
            raise

    await telegram.poll(accept)


async def _tell_lotsen(app: App) -> None:
    """A line in the Lotsen's Telegram group for each new case: language and link, never a newcomer's words."""
    if not app.telegram or app.settings.telegram_lotsen_chat is None:
        return
    told: set[str] = set()
    with app.hub.listen(DESK) as hints:
        while True:
            await hints.get()
            async with app.store.read() as reading:
                waiting = await reading.cases(CaseState.OPEN)
            for case in waiting:
                if case.id not in told:
                    told.add(case.id)
                    await _tell(app, f"Neue Frage ({case.locale}, {case.channel}): {app.settings.address}/desk")
            told &= {case.id for case in waiting}


async def _tell_what_is_set_aside(app: App) -> None:
    """An alarm in the Lotsen's Telegram group for a message nobody could handle: its number, never its words."""
    told: set[str] = set()  # processes pass hints on to each other, so one may come twice
    with app.hub.listen(SET_ASIDE) as hints:
        while True:
            number, _, channel = (await hints.get()).partition(":")
            if channel and number not in told:
                told.add(number)
                await _tell(
                    app,
                    f"Achtung: Eine Nachricht konnte nicht bearbeitet werden (Nr. {number}, {channel}). Sie ist beiseitegelegt, die Person ist gebeten, noch einmal zu schreiben. Bitte der Technik Bescheid geben.",
                )


async def _tell(app: App, line: str) -> None:
    """A lost line does no harm: the case stands in the queue."""
    if app.telegram is None or app.settings.telegram_lotsen_chat is None:
        return
    try:
        wait, *_ = await app.notes.reserve(
            "pace:telegram:lotsen", app.telegram.limits(str(app.settings.telegram_lotsen_chat)), 1
        )
        await asyncio.sleep(wait)
        async with app.paces[app.telegram.name].turn(0):
            await app.telegram.tell_lotsen(line)
    except (LotsenbotError, SQLAlchemyError) as error:
        log.warning("the Lotsen's group was not told", error=type(error).__name__)


async def _delete_daily(app: App) -> None:
    """Keep the promise of the retention, also in a process that runs for months."""
    while True:
        try:
            await app.turns.delete_old(app.settings.retention_days)
        except Exception as error:  # a busy database now is no reason never to delete again
            log.error("deletion failed", error=type(error).__name__)
        await asyncio.sleep(3600)


async def _first_link(app: App) -> str:
    """A one-time link for the first account, as long as nobody has set a password."""
    account = await accounts.credentials(app.store, FIRST_LOTSE)
    if account is None and await accounts.count_lotsen(app.store):
        return ""
    if account is not None and account.password_hash:
        return ""
    key, until = new_key(), app.clock() + timedelta(days=SETUP_DAYS)
    if account is None:
        await accounts.add_lotse(
            app.store,
            name=FIRST_LOTSE,
            languages=("de", "en"),
            roles=tuple(roles.Role),
            telegram=None,
            password_hash=None,
            setup_hash=key_hash(key),
            setup_until=until,
            now=app.clock(),
        )
    else:
        await accounts.invite_again(app.store, account.id, key_hash(key), until)
    return f"{app.settings.address}/desk/setup/{key}"


def print_addresses(settings: Settings, first_link: str) -> None:
    """What somebody who just typed ``make run`` wants to know."""
    lines = [
        "",
        f"  Chat     {settings.address}/",
        f"  Desk     {settings.address}/desk",
        f"  Editors  {settings.address}/editor",
        f"  API      {settings.address}/api/v1/openapi.json",
    ]
    if first_link:
        lines.append(f"  First Lotse (name “{FIRST_LOTSE}”), set your password once: {first_link}")
    channels = "web" + (
        ", telegram (webhook)"
        if settings.telegram_by_webhook
        else ", telegram (long polling)"
        if settings.telegram_token.get_secret_value()
        else ""
    )
    if settings.whatsapp_token.get_secret_value():
        channels += ", whatsapp"
    print("\n".join([*lines, f"  Channels {channels} · stop with Ctrl+C", ""]), flush=True)


def configure_logs(settings: Settings) -> None:
    """Structured logs: ids and kinds, never a text, a name or a number. Libraries speak only when something is wrong."""
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_KindOnly())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _listen(settings: Settings) -> socket.socket:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        # The protocol is named so that asyncio turns off Nagle's delay of 40 ms for what it accepts.
        listener = socket.socket(found[0][0], socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[0][4])
        listener.listen(1024)
    except OSError as error:
        raise WrongSettings(
            f"PORT: {settings.host}:{settings.port} cannot be used ({error.strerror}). Stop the other program or set another PORT"
        ) from error
    return listener


class _Server(uvicorn.Server):
    """Leaves the signals to us, so that open pages are told and running turns finish first."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class _KindOnly(logging.Formatter):
    """Libraries' complaints without their messages and tracebacks, which may quote what a newcomer wrote or a token."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        kind = f" {type(error).__name__} {place_of(error)}" if error else ""
        return f"{record.levelname} {record.name} {record.filename}:{record.lineno}{kind}"
