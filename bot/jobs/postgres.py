"""Jobs for many machines: procrastinate on PostgreSQL wakes one worker for each conversation, whichever machine it is on.

A job only says "see to this conversation". Two workers never do so at once: procrastinate hands out one job a lock, and a lock
of the database session guards against a worker that was thought dead. A killed worker's session ends with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from psycopg.conninfo import make_conninfo

from bot.errors import place_of
from bot.hub import Hub

log = structlog.get_logger(__name__)

AT_ONCE = 120  # most of them only wait until Telegram may get their next message
SWEEP_EVERY = 2.0
HEARTBEAT, STALLED_AFTER = 2.0, 7.0  # seconds; a killed worker's conversations go on elsewhere within fifteen
CHANNEL = "lotsenbot_hint"
# A machine that vanishes without a word is noticed by the server within about ten seconds.
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class PostgresJobs:
    """Wake-ups as jobs in the database. ``open`` before use; a process that only wakes never calls ``run``."""

    def __init__(self, url: str) -> None:
        self._queue = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=6, kwargs=dict(KEEPALIVE))
        )
        self._guard = Guard(url)
        self._task = self._queue.task(name="see_to", queue="conversations")(self._run_one)
        self._see_to: Callable[[str], Awaitable[None]] | None = None
        self._pending: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._deferring: asyncio.Task[None] | None = None

    @property
    def guard(self) -> Guard:
        """The locks of this process, for work that one process at a time may do."""
        return self._guard

    async def open(self) -> None:
        """Connect, and begin to hand wake-ups to the database."""
        await self._queue.open_async()
        self._deferring = asyncio.create_task(self._defer())

    def wake(self, conversation: str) -> None:
        """See to this conversation soon, on any machine; waking it twice before anybody began is one job."""
        if conversation:
            self._pending[conversation] = None
            self._woken.set()

    async def run(self, see_to: Callable[[str], Awaitable[None]], sweep: Callable[[], Awaitable[list[str]]]) -> None:
        """Work until cancelled."""
        self._see_to = see_to
        sweeping = asyncio.create_task(self._sweep(sweep))
        try:
            while True:
                try:
                    await self._queue.run_worker_async(
                        queues=["conversations"],
                        concurrency=AT_ONCE,
                        delete_jobs="always",
                        install_signal_handlers=False,
                        update_heartbeat_interval=HEARTBEAT,
                        stalled_worker_timeout=STALLED_AFTER,
                        shutdown_graceful_timeout=20,
                        fetch_job_polling_interval=SWEEP_EVERY,
                    )
                except Exception as error:  # the database was away; the worker comes back with it
                    log.error("worker interrupted", error=type(error).__name__, where=place_of(error))
                await asyncio.sleep(1)
        finally:
            sweeping.cancel()

    async def stop(self) -> None:
        """Take no new work; ``run`` was cancelled before and let running conversations finish."""
        if self._deferring:
            self._deferring.cancel()
        await self._guard.close()
        with suppress(psycopg.Error, ConnectorException):
            await self._queue.close_async()

    async def _run_one(self, conversation: str) -> None:
        assert self._see_to
        try:
            async with self._guard.hold(conversation) as mine:
                if mine:
                    await self._see_to(conversation)
        except Exception as error:  # the rows stay open, the sweep brings the conversation back
            log.error(
                "conversation interrupted", conversation=conversation, error=type(error).__name__, where=place_of(error)
            )

    async def _defer(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            waiting, self._pending = list(self._pending), {}
            for conversation in waiting:
                await self._defer_one(conversation)

    async def _defer_one(self, conversation: str) -> None:
        try:
            await self._task.configure(lock=conversation, queueing_lock=conversation).defer_async(
                conversation=conversation
            )
        except AlreadyEnqueued:
            log.debug("already woken", conversation=conversation)
        except (ConnectorException, psycopg.Error) as error:  # the sweep finds it once the database is back
            log.error("not woken", conversation=conversation, error=type(error).__name__)

    async def _sweep(self, sweep: Callable[[], Awaitable[list[str]]]) -> None:
        """Wake what was left behind, and let go of the jobs of workers that show no sign of life."""
        while True:
            try:
                for job in await self._queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
                    await self._queue.job_manager.finish_job(job=job, status=Status.FAILED, delete_job=True)
                for conversation in await sweep():
                    self.wake(conversation)
            except Exception as error:  # a busy database must not end the sweep; the next one comes
                log.error("sweep failed", error=type(error).__name__, where=place_of(error))
            await asyncio.sleep(SWEEP_EVERY)


class Guard:
    """Locks of one database session: whoever holds a name is the only process that does, and a dead process holds none."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[bool]:
        """Try to take a name; false if another process has it.

        Raises:
            psycopg.Error: if the database is away.
        """
        mine = await self._ask("select pg_try_advisory_lock(hashtextextended(%s, 4833))", name)
        try:
            yield mine
        finally:
            if mine:
                with suppress(psycopg.Error):  # the session ended and its locks with it
                    await self._ask("select pg_advisory_unlock(hashtextextended(%s, 4833))", name)

    async def lead(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do work that one process at a time may do, as soon as and as long as it is this one; until cancelled."""
        while True:
            try:
                async with self.hold(name) as mine:
                    if mine:
                        await self._while_leading(asyncio.ensure_future(work()))
            except psycopg.Error as error:
                log.error("leadership lost", of=name, error=type(error).__name__)
            await asyncio.sleep(SWEEP_EVERY)

    async def _while_leading(self, task: asyncio.Future[None]) -> None:
        """Until the work ends, or the session that holds the lock does."""
        session = self._connection
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=SWEEP_EVERY)
                if not await self._ask("select %s <> ''", "alive") or self._connection is not session:
                    return
            await task
        finally:
            task.cancel()

    async def close(self) -> None:
        """Let go of everything."""
        if self._connection:
            await self._connection.close()

    async def _ask(self, query: str, name: str) -> bool:
        async with self._turn:
            if self._connection is None or self._connection.closed:
                self._connection = await _connect(self._url)
            cursor = await self._connection.execute(query, (name,))
            row = await cursor.fetchone()
            return bool(row and row[0])


class SharedHub(Hub):
    """A hub whose hints also reach the pages that other processes serve, through LISTEN and NOTIFY."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._out: dict[tuple[str, str], None] = {}
        self._said = asyncio.Event()

    def tell(self, key: str, what: str = "change") -> None:
        super().tell(key, what)
        if what != "stop":
            self._out[(key, what)] = None
            self._said.set()

    async def run(self) -> None:
        """Pass hints on and take them in, until cancelled. After a break, everybody looks again."""
        sending = asyncio.create_task(self._send())
        try:
            while True:
                try:
                    await self._hear()
                except (psycopg.Error, OSError) as error:
                    log.warning("hints of other processes interrupted", error=type(error).__name__)
                await asyncio.sleep(1)
                for key in list(self._waiting):
                    super().tell(key)
        finally:
            sending.cancel()

    async def _hear(self) -> None:
        async with await _connect(self._url) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for notice in connection.notifies():
                what, _, key = notice.payload.partition(" ")
                super().tell(key, what)

    async def _send(self) -> None:
        connection: Connection | None = None
        while True:
            await self._said.wait()
            self._said.clear()
            hints, self._out = [f"{what} {key}" for key, what in self._out], {}
            try:
                if connection is None or connection.closed:
                    connection = await _connect(self._url)
                await connection.execute("select pg_notify(%s, hint) from unnest(%s::text[]) hint", (CHANNEL, hints))
            except (psycopg.Error, OSError) as error:  # pages look again by themselves after a heartbeat
                log.warning("hints not passed on", error=type(error).__name__)


async def _connect(url: str) -> Connection:
    return await psycopg.AsyncConnection.connect(make_conninfo(url, **KEEPALIVE), autocommit=True)
