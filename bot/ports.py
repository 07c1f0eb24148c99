"""The doors between the core and the outside: what a channel, the runner of jobs and the clock must offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Literal, Protocol, runtime_checkable

from bot.message import Message, Reply


@dataclass(frozen=True, kw_only=True)
class Update:
    """A raw event of a channel: who it is from and the key under which it counts once. Only the channel reads ``raw``.

    ``message`` is the channel's own id of what was said. An ``edited`` one counts only if ``raw["message"]`` differs from
    what was known under this id. One that does not ``open`` a conversation is of no interest where there is none.
    ``aliases`` are further names the channel knows the same person by; ``open_until`` is when the channel will stop
    taking free text for them, none if it never does.
    """

    channel: str
    id: str
    address: str
    raw: dict[str, Any]
    message: str = ""
    edited: bool = False
    opens: bool = True
    aliases: tuple[str, ...] = ()
    open_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One reply on its way to one address; ``attempts`` counts those made before. ``parts_sent`` the parts
    of a long reply that arrived already. ``sender`` is a Lotse's name or empty, ``to`` the message it answers in a group.
    ``open_until``: see ``Update``.

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
    open_until: datetime | None = None


class Fate(IntEnum):
    """How far a message of ours has come; a later value outdoes an earlier one, whatever order the reports come in."""

    ACCEPTED = 0
    SENT = 1
    FAILED = 2
    DELIVERED = 3
    READ = 4


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A platform's report on a message it took from us. ``code`` and ``remedy`` say why it failed and what can be done."""

    key: str
    fate: Fate
    code: int = 0
    remedy: Literal["later", "door", "never"] = "never"


@dataclass(frozen=True, kw_only=True)
class Move:
    """A person's name on a channel has changed: a new phone number, for example."""

    channel: str
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Knock:
    """A word to a newcomer whose door is closed: something waits for them."""

    conversation: str
    channel: str
    address: str
    locale: str
    attempts: int


class Channel(Protocol):
    """A way to reach people. Translates its library's errors into ``RetryLater``, ``DoorClosed``, ``Stop`` and ``OurFault``."""

    name: str

    def parse(self, raw: dict[str, Any]) -> Message:
        """The neutral message in a raw update this channel accepted."""

    async def deliver(self, delivery: Delivery) -> Sequence[str] | None:
        """Send one reply to one person. Returns the keys under which the platform will report on its parts, if it does."""


@runtime_checkable
class Door(Protocol):
    """A channel that takes free text only for a while after the newcomer wrote."""

    async def knock(self, knock: Knock) -> str:
        """Ask the newcomer to open the door, in a form the platform always takes. Returns its key; see ``deliver``."""


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
