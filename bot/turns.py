"""What runs, whatever wakes it: take the turns of a conversation in order, deliver its replies in order, sweep, delete by the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import structlog
from prometheus_client import Counter, Histogram

from bot.compose import failed, late
from bot.decision import HandOff
from bot.errors import DoorClosed, Left, MoreToSend, Moved, OurFault, RetryLater, Stop, Unknown, place_of
from bot.hub import DESK, EASE_OFF, SET_ASIDE, Hub
from bot.message import Kind
from bot.pace import Pacer, wait_in_chat
from bot.ports import Channel, Clock, Delivery, Door
from bot.service import LATE, Heard, Service
from bot.store import Asked, Store, doors, receipts

log = structlog.get_logger(__name__)

TRIES_TO_HANDLE = 3
TRIES_WHILE_AWAY = 60  # of a database in trouble, with pauses of at most a minute: an hour
LONGEST_NAP = 1.5  # seconds a conversation holds its place while its chat may not get the next message yet
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
ASIDE = Counter("lotsenbot_set_aside_total", "Messages set aside because they cannot be handled", ["channel"])


class Turns:
    """The task functions of one process."""

    def __init__(
        self,
        store: Store,
        service: Service,
        channels: Mapping[str, Channel],
        hub: Hub,
        clock: Clock,
        paces: Mapping[str, Pacer] | None = None,
    ) -> None:
        self._store, self._service, self._channels, self._hub, self._clock = store, service, channels, hub, clock
        self._doors = {name: channel for name, channel in channels.items() if isinstance(channel, Door)}
        self._paces = paces or {}
        self._stopping = False

    async def see_to(self, conversation: str) -> None:
        """Take every open turn of a conversation and send what waits, in order. Safe to call at any time, not twice at once."""
        taken = False
        while not self._stopping and await self._take_turn(conversation):
            taken = True
            await self._deliver_waiting(conversation)
        if not taken:
            await self._deliver_waiting(conversation)
        if self._doors:
            await self._knock(conversation)

    async def sweep(self) -> list[str]:
        """The conversations a dead process or a missed wake-up left behind, longest waiting first."""
        return await self._store.left_behind(self._clock(), self._channels)

    def stop(self) -> None:
        """Begin nothing new; what is under way ends."""
        self._stopping = True

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
        heard = Heard(
            inbox=asked.inbox,
            message=message,
            received_at=asked.received_at,
            client_id=f"{asked.channel}:{asked.update_id}",
        )
        if message.kind in (Kind.BLOCKED, Kind.UNBLOCKED):
            async with self._store.begin(repeatable=True) as transaction:
                await self._service.reach(heard, transaction, conversation_id)
            self._hub.tell(DESK, conversation_id)
            return message.kind.value
        async with self._store.read() as reading:
            conversation = await reading.conversation(conversation_id)
        understood = await self._service.understood(message, conversation)
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
        tries = TRIES_WHILE_AWAY if self._store.is_away(error) else TRIES_TO_HANDLE
        if asked.attempts + 1 < tries:
            await self._store.try_again(asked.inbox, now + timedelta(seconds=min(2.0**asked.attempts, 60.0)))
            return False
        try:
            async with self._store.begin() as transaction:
                conversation = await transaction.conversation(conversation_id)
                conversation = replace(conversation, group=self._in_group(asked))
                await transaction.say(conversation, failed(conversation), now, decision="handoff", topics=[])
                await transaction.done(asked.inbox, "failed", now)
        except Exception as worse:  # even the word of regret cannot be written; at least it must not come back for ever
            log.error("no word for a failed turn", inbox=asked.inbox, error=type(worse).__name__, where=place_of(worse))
            async with self._store.begin() as transaction:
                await transaction.done(asked.inbox, "failed", now)
        log.critical("message set aside", inbox=asked.inbox, channel=asked.channel)
        ASIDE.labels(asked.channel).inc()
        self._hub.tell(SET_ASIDE, f"{asked.inbox}:{asked.channel}")
        self._hub.tell(conversation_id)
        return True

    def _in_group(self, asked: Asked) -> bool:
        try:
            return self._channels[asked.channel].parse(asked.raw).group
        except Exception:  # what cannot even be parsed is answered as if one person had written it
            return False

    # ---- deliveries

    async def _deliver_waiting(self, conversation: str) -> None:
        while delivery := await self._store.next_delivery(conversation, self._clock()):
            if delivery.channel not in self._channels or self._stopping or not await self._at_its_pace(delivery):
                return

    async def _at_its_pace(self, delivery: Delivery) -> bool:
        """One attempt when the limits of the platform allow it; false if the conversation has to wait."""
        pace = self._paces.get(delivery.channel)
        if pace is None:
            return await self._deliver(delivery)
        if (wait := wait_in_chat(delivery.ages, pace.in_chat(delivery.address))) > LONGEST_NAP:
            await self._store.wait_for_room(delivery.id, self._clock() + timedelta(seconds=wait))
            return False
        await asyncio.sleep(wait)
        async with pace.turn(delivery.id, urgent=delivery.urgent) as granted:
            return granted and await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> bool:
        """One attempt; false if the conversation has to wait."""
        if _says_sorry(delivery):
            delivery = replace(delivery, reply=late(delivery.reply, urgent=delivery.urgent))
        try:
            keys = await self._channels[delivery.channel].deliver(delivery)
        except MoreToSend as part:
            await self._store.part_delivered(delivery.id, part.sent)
            return True
        except Moved as moved:
            await self._store.move(delivery.channel, delivery.address, moved.address)
            return True
        except RetryLater as later:
            return await self._deliver_later(delivery, later)
        except DoorClosed as door:
            await receipts.wait_at_door(self._store, delivery, door, self._clock())
            DELIVERIES.labels(delivery.channel, "door").inc()
            self._hub.tell(DESK, delivery.conversation)
            return True
        except (Stop, OurFault) as error:
            why = str(error.code or type(error).__name__)
            await self._give_up(delivery, why, unreachable=isinstance(error, Left))
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
        if later.seconds is not None and delivery.channel in self._paces:
            self._paces[delivery.channel].ease_off()
            self._hub.tell(EASE_OFF, delivery.channel)
        DELIVERIES.labels(delivery.channel, "later").inc()
        again, sent = self._clock() + _pause(later, delivery.attempts), later.sent or delivery.parts_sent
        await self._store.deliver_later(delivery.id, again, sent, keys=later.receipts)
        return False

    async def _give_up(self, delivery: Delivery, why: str, *, unreachable: bool = False) -> None:
        log.warning("reply given up", outbox=delivery.id, channel=delivery.channel, why=why)
        DELIVERIES.labels(delivery.channel, "dead").inc()
        await self._store.give_up(delivery.id, self._clock(), why, unreachable=unreachable)
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


def _says_sorry(delivery: Delivery) -> bool:
    """The first of the bot's replies that could not leave for long. A Lotse speaks for herself, and what waited at a door
    waited for the newcomer."""
    late_ = delivery.age >= LATE.total_seconds() and not delivery.parts_sent
    told = bool(delivery.ages) and delivery.ages[-1] < delivery.age
    return late_ and not told and not delivery.sender and delivery.open_until is None
