"""The peers of `lotsenbot bench channels`: a python-telegram-bot webhook that echoes, bare or committing each update and answer.

`python -m benchmarks.echo PORT API_URL [DATABASE]`; with a database every update and every answer is on the disk before the 200.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

TOKEN = "4833:echo"


class Journal:
    """One table, one thread, one commit a call."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._path = path
        self._thread.submit(self._open).result()

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        for line in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT)",
        ):
            self._connection.execute(line)

    async def keep(self, text: str) -> None:
        """Commit one row."""
        await asyncio.get_running_loop().run_in_executor(
            self._thread, self._connection.execute, "INSERT INTO row (text) VALUES (?)", (text,)
        )


async def serve(port: int, api_url: str, database: str) -> None:
    """Run until killed."""
    journal = Journal(database) if database else None
    application = Application.builder().token(TOKEN).base_url(api_url).updater(None).concurrent_updates(256).build()

    async def echo(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_message
        await update.effective_message.reply_text(update.effective_message.text or "")

    application.add_handler(MessageHandler(filters.TEXT, echo))

    async def webhook(request: Request) -> Response:
        raw = await request.json()
        if journal:
            await journal.keep(str(raw))
            await application.process_update(Update.de_json(raw, application.bot))
            await journal.keep(str(raw["message"]["text"]))
        else:
            await application.update_queue.put(Update.de_json(raw, application.bot))
        return Response()

    site = Starlette(
        routes=[Route("/telegram/webhook", webhook, methods=["POST"]), Route("/readyz", lambda _: Response())]
    )
    async with application:
        await application.start()
        await uvicorn.Server(uvicorn.Config(site, port=port, log_level="error", access_log=False)).serve()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""))
