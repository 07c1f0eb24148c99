"""Open the database, SQLite file or PostgreSQL, and bring its tables up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import WrongSettings
from bot.store.sqlite import BEGIN_WRITING, creator

MIGRATIONS = Path(__file__).parent / "migrations"
Database = AsyncEngine


async def open_database(url: str, *, migrate: bool = True) -> Database:
    """An engine for ``sqlite:///file`` or ``postgresql://…``, with the tables brought up to date.

    Without ``migrate`` they must be up to date already, or newer: then a newer version is being rolled out beside this one.

    Raises:
        WrongSettings: if the database cannot be opened, with the reason in one line.
    """
    try:
        engine = _engine(url)
    except OSError as error:
        raise WrongSettings(f"DATABASE_URL: the folder of the database cannot be made ({error.strerror})") from error
    except (ValueError, ArgumentError) as error:
        raise WrongSettings("DATABASE_URL: use sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME") from error
    try:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade if migrate else _require_current)
            await connection.commit()
    except CommandError as error:
        await engine.dispose()
        raise WrongSettings("DATABASE_URL: this database was made by a newer version of Lotsenbot") from error
    except (DBAPIError, OSError, sqlite3.Error) as error:
        await engine.dispose()
        reason = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
        raise WrongSettings(
            f"DATABASE_URL: the database cannot be opened ({reason}). Check the file, its folder and its rights, or that the server runs"
        ) from error
    return engine


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing on this connection; one process at a time, the others wait for it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("select pg_advisory_xact_lock(4833)")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _require_current(connection: Connection) -> None:
    scripts = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if current is None or (current in known and current != scripts.get_current_head()):
        raise WrongSettings("The tables are not up to date: run `lotsenbot db upgrade` once, before web and worker")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _engine(url: str) -> AsyncEngine:
    parsed = make_url(url)
    if not parsed.drivername.startswith("sqlite"):
        return create_async_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=10, max_overflow=10, pool_timeout=120, pool_pre_ping=True,
            hide_parameters=True,
        )  # fmt: skip
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("a file is needed")
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        parsed.set(drivername="sqlite+aiosqlite"), async_creator=creator(parsed.database), pool_size=12, max_overflow=0,
        pool_timeout=120, hide_parameters=True,
    )  # fmt: skip
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _begin_sqlite(connection: Connection) -> None:
    """Writers queue up at the beginning, so that no transaction fails half-way because another one wrote first.

    Before we say that something was accepted it is on the disk (synchronous FULL). What could be done again, a turn or the
    note of a delivery, need only survive the end of the process (NORMAL): the next lasting commit takes it along.
    """
    options = connection.get_execution_options()
    if options.get("reading"):
        connection.exec_driver_sql("BEGIN")
        return
    wanted = "NORMAL" if options.get("repeatable") else "FULL"
    if connection.info.get("synchronous") != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info["synchronous"] = wanted
    connection.exec_driver_sql(BEGIN_WRITING)
