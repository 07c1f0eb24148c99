"""SQLite without a thread for each statement: SQLAlchemy's asyncio dialect asks this connection instead of aiosqlite's.

A statement on a local file takes some ten microseconds, less than handing it to another thread, so it runs where it is. What
may wait goes to a thread: the disk at a commit, and another process's lock at the beginning of a write. Writers of this
process queue up before SQLite sees them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

BEGIN_WRITING = "BEGIN IMMEDIATE"
WAIT_FOR_OTHERS_MS = 30_000
PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY")


def creator(path: str) -> Callable[..., Awaitable[InlineConnection]]:
    """What ``create_async_engine`` calls for a new connection; all of them share one queue of writers."""
    writing = asyncio.Lock()

    async def create(*_: Any, **__: Any) -> InlineConnection:
        return await asyncio.to_thread(InlineConnection, path, writing)

    return create


class InlineConnection:
    """A connection in autocommit mode with the methods of aiosqlite's that SQLAlchemy uses."""

    isolation_level = None

    def __init__(self, path: str, writing: asyncio.Lock) -> None:
        self._conn = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=WAIT_FOR_OTHERS_MS / 1000
        )
        for pragma in PRAGMAS:
            self._conn.execute(f"PRAGMA {pragma}")
        self._writing, self._writes = writing, False

    async def cursor(self) -> InlineCursor:
        return InlineCursor(self)

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> InlineCursor:
        cursor = InlineCursor(self)
        await cursor.execute(sql, parameters)
        return cursor

    async def begin_writing(self) -> None:
        """Become the one writer of this process, then of the file."""
        await self._writing.acquire()
        try:
            self._conn.execute("PRAGMA busy_timeout=0")
            try:
                self._conn.execute(BEGIN_WRITING)
            except sqlite3.OperationalError:  # another process writes
                await self._begin_after_others()
        except BaseException:
            self._writing.release()
            raise
        self._writes = True

    async def _begin_after_others(self) -> None:
        self._conn.execute(f"PRAGMA busy_timeout={WAIT_FOR_OTHERS_MS}")
        begun = asyncio.ensure_future(asyncio.to_thread(self._conn.execute, BEGIN_WRITING))
        try:
            await asyncio.shield(begun)
        except asyncio.CancelledError:  # the thread cannot be stopped; what it takes is given back
            await begun
            self._conn.rollback()
            raise

    async def commit(self) -> None:
        if self._conn.in_transaction:
            if self._writes:
                await asyncio.shield(asyncio.to_thread(self._conn.commit))
            else:
                self._conn.commit()
        self._done_writing()

    async def rollback(self) -> None:
        if self._conn.in_transaction:
            self._conn.rollback()
        self._done_writing()

    async def close(self) -> None:
        self._conn.close()
        self._done_writing()

    def stop(self) -> None:
        self._conn.close()
        self._done_writing()

    async def create_function(self, *arguments: Any, **named: Any) -> None:
        self._conn.create_function(*arguments, **named)

    def _done_writing(self) -> None:
        if self._writes:
            self._writes = False
            self._writing.release()


class InlineCursor:
    """A cursor whose statements run at once."""

    def __init__(self, connection: InlineConnection) -> None:
        self._connection = connection
        self._cursor = connection._conn.cursor()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        if sql == BEGIN_WRITING:
            await self._connection.begin_writing()
        else:
            self._cursor.execute(sql, parameters)

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        self._cursor.executemany(sql, parameters)

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()
