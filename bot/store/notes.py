"""What processes leave for each other: the moments at which messages may be sent, what was set up at a platform, where groups moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update

from bot.pace import Limit, next_moment
from bot.store import tables as t
from bot.store.store import Store


class Notes:
    """Small values under names, nothing of any newcomer among them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def recall(self, beginning: str) -> dict[str, Any]:
        """All notes whose name begins so."""
        async with self._store.read() as reading:
            rows = await reading.all(select(t.note).where(t.note.c.name.startswith(beginning, autoescape=True)))
        return {row["name"]: row["value"] for row in rows}

    async def remember(self, name: str, value: Any) -> None:
        """Write a note over an older one."""
        row = self._store.insert(t.note).values(name=name, value=value)
        async with self._store.engine.begin() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=[t.note.c.name], set_={"value": row.excluded.value})
            )

    async def forget(self, beginning: str) -> None:
        """Delete all notes whose name begins so."""
        async with self._store.engine.begin() as connection:
            await connection.execute(delete(t.note).where(t.note.c.name.startswith(beginning, autoescape=True)))

    async def reserve(self, name: str, limits: Sequence[Limit], number: int) -> list[float]:
        """Take moments under these limits, for all processes together; in how many seconds each of them comes.

        One row a name holds the last moments taken, by the database's clock. Whoever dies with a moment wastes it.
        """
        kept = max(limit.number for limit in limits)
        row = select(t.note.c.value).where(t.note.c.name == name)
        async with self._store.begin(repeatable=True) as transaction:
            connection = transaction.connection
            found = (await connection.execute(row.with_for_update())).scalar_one_or_none()
            if found is None:
                fresh = self._store.insert(t.note).values(name=name, value=[]).on_conflict_do_nothing()
                await connection.execute(fresh)
                found = (await connection.execute(row.with_for_update())).scalar_one()
            now = float((await connection.execute(select(t.clock(self._store.engine)))).scalar_one())
            taken = [float(moment) for moment in found]
            for _ in range(number):
                taken.append(next_moment(taken, limits, now))
            await connection.execute(update(t.note).where(t.note.c.name == name).values(value=taken[-kept:]))
        return [max(0.0, moment - now) for moment in taken[-number:]]
