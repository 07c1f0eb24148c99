"""How fast messages may leave: the limits of a platform, per chat and for all chats together, kept by all processes together.

Where several processes send, the database hands out the moments (``reserve``); this module decides who gets the next one:
emergencies first, then the oldest.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.errors import place_of

log = structlog.get_logger(__name__)

AT_A_TIME = 5  # moments reserved in one go, so a crowd costs few transactions and an emergency waits for few
MOST_WAITING = 90  # three seconds of Telegram; who comes later is brought back by the sweep, oldest first
OVERTAKING = 0.1  # seconds by which messages of two machines may change places on their way to a platform
EASE_OFF_FOR = 60.0  # seconds for which the limit is kept after the platform refused something
SPARE = 0.02  # seconds added to a chat's own limits, for clocks that tick coarsely


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most ``number`` messages in any span of ``seconds``."""

    number: int
    seconds: float


def for_machines(limit: Limit) -> tuple[Limit, ...]:
    """The same limit for several machines: their messages overtake each other on the way, the less the more evenly they leave."""
    return (
        Limit(number=limit.number, seconds=limit.seconds + OVERTAKING),
        Limit(number=max(1, limit.number // 8), seconds=limit.seconds / 10),
    )


def next_moment(taken: Sequence[float], limits: Sequence[Limit], now: float) -> float:
    """The earliest moment from ``now`` on at which one more message keeps every limit; ``taken`` are earlier moments, in order."""
    return max([now, *(taken[-limit.number] + limit.seconds for limit in limits if len(taken) >= limit.number)])


def wait_in_chat(ages: Sequence[float], limits: Sequence[Limit]) -> float:
    """Seconds until a chat may get its next message; ``ages`` are the seconds since those it got, oldest first."""
    moment = next_moment([-age for age in ages], limits, 0.0)
    return moment + SPARE if moment > 0 else 0.0


class Pacer:
    """The queue of one process for a platform's limit on all chats together."""

    def __init__(
        self,
        limit: Limit,
        in_chat: Callable[[str], Sequence[Limit]],
        reserve: Callable[[int], Awaitable[list[float]]] | None = None,
        *,
        once_told: bool = False,
    ) -> None:
        """``reserve`` takes moments out of the limit that all processes share; without it this process sends alone.

        ``once_told``: the limit is kept only for a while after the platform said that it was too much.
        """
        self._limit, self._reserve = limit, reserve
        self._once_told, self._kept_until = once_told, 0.0
        self.in_chat = in_chat
        self._waiting: list[tuple[bool, int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._granting: asyncio.Task[None] | None = None
        self._under_way = 0
        self._ended: deque[float] = deque()
        self._end = asyncio.Event()

    def ease_off(self) -> None:
        """The platform took it as too much: keep the limit for a while."""
        self._kept_until = asyncio.get_running_loop().time() + EASE_OFF_FOR

    @asynccontextmanager
    async def turn(self, age: int, *, urgent: bool = False) -> AsyncIterator[bool]:
        """Wait for the right to send one message and hold it while sending.

        ``age`` is a number that grows with time; the smallest goes first. False without waiting if so many older ones
        wait that it is better to come back later.
        """
        free = self._once_told and asyncio.get_running_loop().time() > self._kept_until
        if free or (self._reserve is None and not self._waiting and self._has_room()):
            self._under_way += 1  # the usual case: nobody waits, and nobody else has to be asked
        elif not await self._wait((not urgent, age, next(self._numbers))):
            yield False
            return
        try:
            yield True
        finally:
            self._under_way -= 1
            self._ended.append(asyncio.get_running_loop().time())
            self._end.set()

    async def _wait(self, place: tuple[bool, int, int]) -> bool:
        """Queue up; false if the queue is too long."""
        if sum(entry[:3] < place for entry in self._waiting) >= MOST_WAITING:
            return False
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (*place, ready))
        if self._granting is None or self._granting.done():
            self._granting = asyncio.create_task(self._grant())
        try:
            await ready
        except asyncio.CancelledError:
            if ready.done() and not ready.cancelled():  # interrupted with the right already in hand
                self._under_way -= 1
            raise
        return True

    async def _grant(self) -> None:
        """Reserve moments for those who wait, and let the first one go at each."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            waits = await self._moments(min(len(self._waiting), AT_A_TIME))
            told = loop.time()
            for wait in waits:
                await asyncio.sleep(max(0.0, told + wait - loop.time()))
                await self._room()
                self._let_go()

    async def _moments(self, number: int) -> list[float]:
        while self._reserve:
            try:
                return await self._reserve(number)
            except Exception as error:  # a busy database delays messages, it loses none
                log.error("no moment to send", error=type(error).__name__, where=place_of(error))
                await asyncio.sleep(1)
        return [0.0] * number

    def _let_go(self) -> None:
        while self._waiting:
            *_, ready = heapq.heappop(self._waiting)
            if not ready.done():  # else its conversation was interrupted
                self._under_way += 1
                ready.set_result(None)
                return

    async def _room(self) -> None:
        """Keep the limit also as the platform sees it: a message may arrive at any time until its call has ended."""
        loop = asyncio.get_running_loop()
        while not self._has_room():
            self._end.clear()
            rest = self._ended[0] + self._limit.seconds - loop.time() if self._ended else None
            try:
                await asyncio.wait_for(self._end.wait(), rest)
            except TimeoutError:
                continue

    def _has_room(self) -> bool:
        now = asyncio.get_running_loop().time()
        while self._ended and self._ended[0] <= now - self._limit.seconds:
            self._ended.popleft()
        return self._under_way + len(self._ended) < self._limit.number
