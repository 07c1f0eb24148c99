"""Jobs in this process: one asyncio task a conversation, never two at once for the same, and a sweep every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.errors import place_of

log = structlog.get_logger(__name__)

SWEEP_EVERY = 2.0
AT_ONCE = 200


class EmbeddedJobs:
    """Wake-ups live in memory only; the sweep finds what a dead process left behind."""

    def __init__(self) -> None:
        self._see_to: Callable[[str], Awaitable[None]] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._stopping = False

    def wake(self, conversation: str) -> None:
        """See to this conversation soon; while it is being seen to, once more afterwards."""
        if self._stopping or self._see_to is None or not conversation:
            return
        if conversation in self._running:
            self._again.add(conversation)
            return
        self._running[conversation] = asyncio.create_task(self._work(conversation))

    async def run(self, see_to: Callable[[str], Awaitable[None]], sweep: Callable[[], Awaitable[list[str]]]) -> None:
        """Sweep at once and then every few seconds, until cancelled."""
        self._see_to = see_to
        while not self._stopping:
            try:
                for conversation in await sweep():
                    self.wake(conversation)
            except Exception as error:  # a busy database must not end the sweep; the next one comes
                log.error("sweep failed", error=type(error).__name__, where=place_of(error))
            await asyncio.sleep(SWEEP_EVERY)

    async def stop(self) -> None:
        """Let running turns finish; what is not begun waits in the database."""
        self._stopping = True
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=20)

    async def _work(self, conversation: str) -> None:
        assert self._see_to
        try:
            async with self._places:
                await self._see_to(conversation)
                while conversation in self._again and not self._stopping:
                    self._again.discard(conversation)
                    await self._see_to(conversation)
        except Exception as error:  # the rows stay open, the sweep brings the conversation back
            log.error(
                "conversation interrupted", conversation=conversation, error=type(error).__name__, where=place_of(error)
            )
        finally:
            self._running.pop(conversation, None)
            if conversation in self._again:
                self._again.discard(conversation)
                self.wake(conversation)
