"""What runs, whatever wakes it: take the turns of a conversation in order, deliver its replies in order, sweep, delete by the clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta

import structlog
from prometheus_client import Counter, Histogram

from bot.conversation import Conversation
from bot.decision import HandOff
from bot.errors import DoorClosed, OurFault, RetryLater, Stop, Unknown, place_of
from bot.hub import DESK, Hub
from bot.message import Reply
from bot.ports import Channel, Clock, Delivery, Door
from bot.service import Heard, Service
from bot.store import Asked, Store, doors, receipts
from locales import phrases

log = structlog.get_logger(__name__)

TRIES_TO_HANDLE = 3
TRIES_TO_DELIVER = 160  # with pauses of at most ten minutes: a day and more of an outage
LONGEST_PAUSE = 600.0
KNOCK_AGAIN = timedelta(hours=1)  # a template may be approved in the meantime
TURNS = Counter("lotsenbot_turns_total", "Turns taken, by channel and outcome", ["channel", "outcome"])
TURN_SECONDS = Histogram(
    "lotsenbot_turn_seconds",
    "Seconds from the beginning of a turn to its commit",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5),
)
DELIVERIES = Counter("lotsenbot_deliveries_total", "Replies, by channel and result", ["channel", "result"])
FAILURES = Counter("lotsenbot_turn_failures_total", "Turns that raised an unexpected error", ["error"])


class Turns:
    """The task functions of one process."""

    def __init__(self, store: Store, service: Service, channels: Mapping[str, Channel], hub: Hub, clock: Clock) -> None:
        self._store, self._service, self._channels, self._hub, self._clock = store, service, channels, hub, clock
        self._doors = {name: channel for name, channel in channels.items() if isinstance(channel, Door)}

    async def see_to(self, conversation: str) -> None:
        """Take every open turn of a conversation and send what waits, in order. Safe to call at any time, not twice at once."""
        while await self._take_turn(conversation):
            await self._deliver_waiting(conversation)
        await self._deliver_waiting(conversation)
        if self._doors:
            await self._knock(conversation)

    async def sweep(self) -> list[str]:
        """The conversations a dead process or a missed wake-up left behind."""
        return await self._store.left_behind(self._clock())

    async def delete_old(self, days: int) -> None:
        """Delete what is older than the retention allows."""
        if number := await self._store.delete_older_than(days, self._clock()):
            log.info("deleted old conversations", number=number)

    # ---- turns

    async def _take_turn(self, conversation_id: str) -> bool:
        """Take the oldest open turn; false if none is due."""
        asked = await self._store.next_asked(conversation_id, self._clock())
        if asked is None or asked.channel not in self._channels:
            return False  # nothing is due, or its channel is switched off: it waits for that
        began = time.perf_counter()
        try:
            outcome = await self._handle(asked, conversation_id)
        except Unknown:
            return False  # erased in the meantime
        except (
            Exception
        ) as error:  # one bad message must not stop the others; it is kept, retried and then set aside visibly
            return await self._set_back(asked, conversation_id, error)
        TURN_SECONDS.observe(time.perf_counter() - began)
        TURNS.labels(asked.channel, outcome).inc()
        self._hub.tell(conversation_id)
        return True

    async def _handle(self, asked: Asked, conversation_id: str) -> str:
        message = self._channels[asked.channel].parse(asked.raw)
        async with self._store.read() as reading:
            conversation = await reading.conversation(conversation_id)
        understood = await self._service.understood(message, conversation)
        heard = Heard(
            inbox=asked.inbox,
            message=message,
            received_at=asked.received_at,
            client_id=f"{asked.channel}:{asked.update_id}",
        )
        async with self._store.begin(repeatable=True) as transaction:
            decision = await self._service.handle(heard, understood, transaction, conversation_id)
        if decision is None:
            return "repeated"
        if isinstance(decision.action, HandOff) or decision.conversation.mode != "bot" or conversation.mode != "bot":
            self._hub.tell(DESK, conversation_id)
        return decision.outcome

    async def _set_back(self, asked: Asked, conversation_id: str, error: Exception) -> bool:
        """Try a failed turn again later, in order; after the last try set it aside and tell the newcomer."""
        FAILURES.labels(type(error).__name__).inc()
        log.error(
            "turn failed",
            inbox=asked.inbox,
            channel=asked.channel,
            attempt=asked.attempts + 1,
            error=type(error).__name__,
            where=place_of(error),
        )
        now = self._clock()
        if asked.attempts + 1 < TRIES_TO_HANDLE:
            await self._store.try_again(asked.inbox, now + timedelta(seconds=2**asked.attempts))
            return False
        async with self._store.begin() as transaction:
            conversation = await transaction.conversation(conversation_id)
            await transaction.say(conversation, _sorry(conversation), now, decision="handoff", topics=[])
            await transaction.done(asked.inbox, "failed", now)
        self._hub.tell(conversation_id)
        return True

    # ---- deliveries

    async def _deliver_waiting(self, conversation: str) -> None:
        while delivery := await self._store.next_delivery(conversation, self._clock()):
            if delivery.channel not in self._channels or not await self._deliver(delivery):
                return

    async def _deliver(self, delivery: Delivery) -> bool:
        """One attempt; false if the conversation has to wait."""
        try:
            keys = await self._channels[delivery.channel].deliver(delivery)
        except RetryLater as later:
            return await self._deliver_later(delivery, later)
        except DoorClosed as door:
            await receipts.wait_at_door(self._store, delivery, door, self._clock())
            DELIVERIES.labels(delivery.channel, "door").inc()
            self._hub.tell(DESK, delivery.conversation)
            return True
        except (Stop, OurFault) as error:
            await self._give_up(delivery, str(error.code or type(error).__name__))
            return True
        except Exception as error:  # an error nobody foresaw must not spin: it waits like any other trouble
            log.error("delivery failed", outbox=delivery.id, error=type(error).__name__, where=place_of(error))
            return await self._deliver_later(delivery, RetryLater("unexpected"))
        await self._store.delivered(delivery.id, self._clock(), keys or (), delivery.parts_sent + 1)
        DELIVERIES.labels(delivery.channel, "sent").inc()
        if delivery.sender:
            self._hub.tell(DESK, delivery.conversation)
        return True

    async def _deliver_later(self, delivery: Delivery, later: RetryLater) -> bool:
        if delivery.attempts + 1 >= TRIES_TO_DELIVER:
            await self._give_up(delivery, "too many tries")
            return True
        DELIVERIES.labels(delivery.channel, "later").inc()
        again, sent = self._clock() + _pause(later, delivery.attempts), later.sent or delivery.parts_sent
        await self._store.deliver_later(delivery.id, again, sent, keys=later.receipts)
        return False

    async def _give_up(self, delivery: Delivery, why: str) -> None:
        log.warning("reply given up", outbox=delivery.id, channel=delivery.channel, why=why)
        DELIVERIES.labels(delivery.channel, "dead").inc()
        await self._store.give_up(delivery.id, self._clock(), why)
        self._hub.tell(DESK, delivery.conversation)

    # ---- doors

    async def _knock(self, conversation: str) -> None:
        """Tell a newcomer whose door is closed that something waits; what waits is safe whatever comes of it."""
        knock = await doors.next_knock(self._store, conversation, self._clock())
        if knock is None or knock.channel not in self._doors:
            return
        try:
            key = await self._doors[knock.channel].knock(knock)
        except RetryLater as later:
            again = self._clock() + _pause(later, knock.attempts)
            await doors.knock_failed(self._store, conversation, "later", again)
        except Stop as error:
            await doors.knock_failed(self._store, conversation, str(error.code), None)
        except (
            Exception
        ) as error:  # whatever it is, it must not spin: a template may be approved, a mistake mended meanwhile
            code = error.code if isinstance(error, OurFault) else 0
            log.error("knock failed", channel=knock.channel, code=code, where=place_of(error))
            DELIVERIES.labels(knock.channel, "not knocked").inc()
            why = str(code or type(error).__name__)
            await doors.knock_failed(self._store, conversation, why, self._clock() + KNOCK_AGAIN)
        else:
            await receipts.knocked(self._store, conversation, key, self._clock())
            DELIVERIES.labels(knock.channel, "knocked").inc()
        self._hub.tell(DESK, conversation)


def _pause(later: RetryLater, attempts: int) -> timedelta:
    return timedelta(
        seconds=later.seconds if later.seconds is not None else min(2.0 ** min(attempts, 10), LONGEST_PAUSE)
    )


def _sorry(conversation: Conversation) -> Reply:
    say = phrases(conversation.locale)
    return Reply(
        text=say("Something went wrong on our side. Please write your question once more, or ask for a person."),
        locale=conversation.locale,
    )
