"""How fast messages leave: emergencies first, then the oldest, never more than a platform takes."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.pace import MOST_WAITING, Limit, Pacer, for_machines, next_moment, wait_in_chat

EVERY_SECOND = Limit(number=1, seconds=1.0)
GROUP = (EVERY_SECOND, Limit(number=20, seconds=60.0))


class Moments:
    """The shared limit, for one process alone."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.taken: list[float] = []
        self.broken = 0

    async def __call__(self, number: int) -> list[float]:
        if self.broken:
            self.broken -= 1
            raise ConnectionError
        now = time.monotonic()
        for _ in range(number):
            self.taken.append(next_moment(self.taken, (self.limit,), now))
        return [moment - now for moment in self.taken[-number:]]


def pacer(limit: Limit, moments: Moments | None = None) -> Pacer:
    return Pacer(limit, lambda _: GROUP, moments or Moments(limit))


def most_in_any(seconds: float, moments: list[float]) -> int:
    """The largest number in any span of so many seconds."""
    return max(sum(0 <= later - first < seconds for later in moments) for first in moments)


def test_a_chat_gets_one_message_a_second_and_a_group_twenty_a_minute() -> None:
    moments: list[float] = []
    now = 0.0
    for _ in range(60):
        now += wait_in_chat([now - moment for moment in moments], GROUP)
        moments.append(now)
    assert most_in_any(1, moments) == 1
    assert most_in_any(60, moments) == 20
    assert moments[19] < 21, "the first ones need not wait for the whole minute"


def test_who_has_room_does_not_wait() -> None:
    assert wait_in_chat([], GROUP) == 0
    assert wait_in_chat([5.0], GROUP) == 0
    assert 0.5 < wait_in_chat([0.4], GROUP) < 0.7


@pytest.mark.parametrize("together", [True, False], ids=["several processes", "one process"])
async def test_a_crowd_leaves_as_fast_as_the_limit_allows_and_no_faster(together: bool) -> None:
    limit, ended = Limit(number=10, seconds=0.3), []
    pace = Pacer(limit, lambda _: GROUP, Moments(limit) if together else None)

    async def send(number: int) -> None:
        async with pace.turn(number) as granted:
            assert granted
            await asyncio.sleep(0.01)
            ended.append(time.monotonic())

    began = time.monotonic()
    await asyncio.gather(*(send(number) for number in range(35)))
    assert most_in_any(0.29, ended) <= 10
    assert 0.9 <= time.monotonic() - began < 2


async def test_emergencies_go_first_then_the_oldest() -> None:
    pace, order = pacer(Limit(number=1, seconds=0.02)), []

    async def send(age: int, *, urgent: bool = False) -> None:
        async with pace.turn(age, urgent=urgent):
            order.append(age)

    await asyncio.gather(*(send(age) for age in (1, 5, 3, 4, 2)), send(9, urgent=True))
    assert order == [9, 1, 2, 3, 4, 5]


async def test_when_many_older_ones_wait_the_younger_come_back_later_and_an_older_one_is_let_in() -> None:
    pace = pacer(Limit(number=1, seconds=60))

    async def wait(age: int) -> None:
        async with pace.turn(age):
            pass

    crowd = [asyncio.create_task(wait(age)) for age in range(10, 10 + MOST_WAITING)]
    await asyncio.sleep(0.05)  # the first one has left, all others wait
    crowd.append(asyncio.create_task(wait(500)))
    await asyncio.sleep(0.05)
    async with pace.turn(1000) as granted:
        assert not granted
    older = asyncio.create_task(wait(1))
    await asyncio.sleep(0.05)
    assert not older.done()
    for task in (*crowd, older):
        task.cancel()
    await asyncio.gather(*crowd, older, return_exceptions=True)


async def test_a_slow_call_counts_until_it_has_ended() -> None:
    pace, began = pacer(Limit(number=2, seconds=0.2)), []

    async def send(number: int, seconds: float) -> None:
        async with pace.turn(number):
            began.append(time.monotonic())
            await asyncio.sleep(seconds)

    await asyncio.gather(send(1, 0.3), send(2, 0.3), send(3, 0))
    assert began[2] - began[1] >= 0.5


async def test_who_is_interrupted_while_waiting_takes_nobodys_place() -> None:
    pace, order = pacer(Limit(number=1, seconds=0.05)), []

    async def send(age: int) -> None:
        async with pace.turn(age):
            order.append(age)

    tasks = [asyncio.create_task(send(age)) for age in (1, 2, 3)]
    await asyncio.sleep(0.01)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [1, 3]
    await send(4)


async def test_a_database_in_trouble_delays_messages_and_loses_none() -> None:
    moments = Moments(EVERY_SECOND)
    moments.broken = 1
    async with pacer(EVERY_SECOND, moments).turn(1) as granted:
        assert granted


def test_several_machines_send_evenly_and_a_little_slower() -> None:
    taken: list[float] = []
    for _ in range(90):
        taken.append(next_moment(taken, for_machines(Limit(number=30, seconds=1.0)), 0.0))
    assert most_in_any(1.09, taken) <= 30
    assert most_in_any(0.09, taken) <= 3
    assert taken[-1] < 3.7


async def test_the_limit_of_all_chats_is_kept_once_the_platform_said_it_was_too_much() -> None:
    pace = Pacer(Limit(number=5, seconds=0.2), lambda _: GROUP, once_told=True)

    async def send(number: int) -> None:
        async with pace.turn(number) as granted:
            assert granted

    began = time.monotonic()
    await asyncio.gather(*(send(number) for number in range(20)))
    assert time.monotonic() - began < 0.1
    pace.ease_off()
    await asyncio.gather(*(send(number) for number in range(20)))
    assert time.monotonic() - began > 0.5
