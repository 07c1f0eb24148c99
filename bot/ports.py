"""The doors between the core and the outside: what a channel, the runner of jobs and the clock must offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.message import Message, Reply


@dataclass(frozen=True, kw_only=True)
class Update:
    """A raw event of a channel: who it is from and the key under which it counts once. Only the channel reads ``raw``.

    ``message`` is the channel's own id of what was said. An ``edited`` one counts only if ``raw["message"]`` differs from
    what was known under this id. One that does not ``open`` a conversation is of no interest where there is none.
    """

    channel: str
    id: str
    address: str
    raw: dict[str, Any]
    message: str = ""
    edited: bool = False
    opens: bool = True


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One reply on its way to one address; ``attempts`` counts those made before. ``parts_sent`` the parts
    of a long reply that arrived already. ``sender`` is a Lotse's name or empty, ``to`` the message it answers in a group.

    ``age`` is how many seconds ago it was written, ``ages`` how many ago the last messages went to this chat, oldest first.
    """

    id: int
    conversation: str
    channel: str
    address: str
    reply: Reply
    attempts: int
    parts_sent: int = 0
    sender: str = ""
    to: str = ""
    urgent: bool = False
    age: float = 0.0
    ages: tuple[float, ...] = ()


class Channel(Protocol):
    """A way to reach people. Translates its library's errors into ``RetryLater``, ``Stop`` and ``OurFault``."""

    name: str

    def parse(self, raw: dict[str, Any]) -> Message:
        """The neutral message in a raw update this channel accepted."""

    async def deliver(self, delivery: Delivery) -> bool | None:
        """Send one reply to one person, or its next part; true if there is more of it to send."""


class Jobs(Protocol):
    """Wakes work up. Losing or doubling a wake-up changes nothing: the sweep finds what was left."""

    def wake(self, conversation: str) -> None:
        """See to this conversation soon: open inbox rows and unsent replies, in order, never twice at once."""

    async def run(self, see_to: Callable[[str], Awaitable[None]], sweep: Callable[[], Awaitable[list[str]]]) -> None:
        """Work until cancelled: wake what the sweep finds at the start and every few seconds."""

    async def stop(self) -> None:
        """Take no new work and let the running turns finish."""


class Clock(Protocol):
    """What time it is, in UTC."""

    def __call__(self) -> datetime:
        """Now, with its time zone."""


def utc_now() -> datetime:
    """The clock of the machine."""
    return datetime.now(UTC)
