"""`python -m benchmarks.pace [NUMBER]`: what it costs to keep Telegram's limits in the database, where several processes send.

Beside it the cost of reading a reply and noting its delivery, which every message pays anyway. With SQLite one process sends
and counts for itself; its lines are for comparison.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.turns import percentiles
from bot.message import Reply
from bot.pace import Limit
from bot.ports import Update, utc_now
from bot.store import Notes, Store, open_database
from tests.postgres import postgres

LIMIT = (Limit(number=30, seconds=1.0),)


async def timed(number: int, call: Callable[[], Awaitable[object]]) -> str:
    """Percentiles of so many calls, one after the other."""
    seconds = []
    for _ in range(number):
        began = time.perf_counter()
        await call()
        seconds.append(time.perf_counter() - began)
    return percentiles(seconds)


async def measure(name: str, url: str, number: int) -> None:
    """Print the lines of one database."""
    engine = await open_database(url)
    store, notes = Store(engine), Notes(Store(engine))
    update = Update(channel="telegram", id="1", address="7", raw={})
    conversation = (await store.accept(update, locale="de", now=utc_now())).conversation
    async with store.begin() as transaction:
        found = await transaction.conversation(conversation)
        for _ in range(number):
            await transaction.say(found, Reply(text="x", locale="de"), utc_now())

    async def deliver() -> None:
        delivery = await store.next_delivery(conversation, utc_now())
        assert delivery
        await store.delivered(delivery.id, utc_now())

    print(f"{name:<11} read and note a delivery  {await timed(number, deliver)}")
    one = await timed(number, lambda: notes.reserve("pace:one", LIMIT, 1))
    print(f"{name:<11} reserve one moment        {one}")
    five = await timed(number, lambda: notes.reserve("pace:five", LIMIT, 5))
    print(f"{name:<11} reserve five moments      {five}")
    await engine.dispose()


def main() -> None:
    """Print the figures."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure("SQLite", f"sqlite:///{Path(folder) / 'pace.sqlite3'}", number))
    with postgres() as url:
        asyncio.run(measure("PostgreSQL", url, number))


if __name__ == "__main__":
    main()
