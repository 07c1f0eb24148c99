"""How fast messages may leave: the limits of a platform, per chat and for all chats together, kept by all processes together.

The database hands out the moments (``Reserve``); this module decides who gets the next one: emergencies first, then the oldest.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.errors import place_of

log = structlog.get_logger(__name__)

AT_A_TIME = 5  # moments reserved in one go, so a crowd costs few transactions and an emergency waits for few
MOST_WAITING = 90  # three seconds of Telegram; who comes later is brought back by the sweep, oldest first
OVERTAKING = 0.1  # seconds by which messages of two machines may change places on their way to a platform
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


class Reserve(Protocol):
    """Takes moments out of a limit that all processes share; says in how many seconds each comes."""

    def __call__(self, name: str, limits: Sequence[Limit], number: int, /) -> Awaitable[list[float]]: ...


class Pacer:
    """The queue of one process for a platform's limit on all chats together."""

    def __init__(
        self,
        name: str,
        limit: Limit,
        in_chat: Callable[[str], Sequence[Limit]],
        reserve: Reserve,
        *,
        shared: Sequence[Limit] = (),
    ) -> None:
        """``shared`` are the limits for all processes together, if several send; else they are those of this one."""
        self._name, self._limit, self._reserve = name, limit, reserve
        self._shared = shared or (limit,)
        self.in_chat = in_chat
        self._waiting: list[tuple[bool, int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._granting: asyncio.Task[None] | None = None
        self._under_way = 0
        self._ended: deque[float] = deque()
        self._end = asyncio.Event()

    @asynccontextmanager
    async def turn(self, age: int, *, urgent: bool = False) -> AsyncIterator[bool]:
        """Wait for the right to send one message and hold it while sending.

        ``age`` is a number that grows with time; the smallest goes first. False without waiting if so many older ones
        wait that it is better to come back later.
        """
        place = (not urgent, age, next(self._numbers))
        if sum(entry[:3] < place for entry in self._waiting) >= MOST_WAITING:
            yield False
            return
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (*place, ready))
        if self._granting is None or self._granting.done():
            self._granting = asyncio.create_task(self._grant())
        try:
            await ready
            yield True
        finally:
            if ready.done() and not ready.cancelled():
                self._under_way -= 1
                self._ended.append(asyncio.get_running_loop().time())
                self._end.set()

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
        while True:
            try:
                return await self._reserve(self._name, self._shared, number)
            except Exception as error:  # a busy database delays messages, it loses none
                log.error("no moment to send", error=type(error).__name__, where=place_of(error))
                await asyncio.sleep(1)

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
        while True:
            while self._ended and self._ended[0] <= loop.time() - self._limit.seconds:
                self._ended.popleft()
            if self._under_way + len(self._ended) < self._limit.number:
                return
            self._end.clear()
            rest = self._ended[0] + self._limit.seconds - loop.time() if self._ended else None
            try:
                await asyncio.wait_for(self._end.wait(), rest)
            except TimeoutError:
                continue
