"""What the store keeps for a channel with several names a person, reports on each message, and a door that closes; on both databases."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection

from bot.errors import DoorClosed
from bot.message import Reply
from bot.ports import Fate, Move, Receipt, Update
from bot.store import Store, doors, receipts
from bot.store.tables import metadata
from tests.test_store import NOW, all_words, postgres_url, store

__all__ = ["postgres_url", "store"]
DAY = timedelta(hours=24)


def update(number: int, *names: str, at: datetime = NOW) -> Update:
    return Update(
        channel="whatsapp", id=f"k{number}", address=names[0], aliases=names, raw={"text": "hallo"}, open_until=at + DAY
    )


async def accept(store: Store, number: int, *names: str, at: datetime = NOW) -> str:
    return (await store.accept(update(number, *names, at=at), locale="de", now=at)).conversation


async def say(store: Store, conversation: str, text: str, **extra: str) -> int:
    """A reply in the outbox; the id of its message."""
    async with store.begin() as transaction:
        found = await transaction.conversation(conversation)
        return await transaction.say(found, Reply(text=text, locale="de"), NOW, **extra)  # type: ignore[arg-type]


async def deliver(store: Store, conversation: str, key: str, at: datetime = NOW) -> str:
    """The oldest waiting reply goes out; its words."""
    delivery = await store.next_delivery(conversation, at)
    assert delivery
    await store.delivered(delivery.id, at, (key,), delivery.parts_sent + 1)
    return delivery.reply.text


async def report(store: Store, key: str, fate: Fate, remedy: str = "never", code: int = 0) -> None:
    receipt = Receipt(key=key, fate=fate, code=code, remedy=remedy)  # type: ignore[arg-type]
    await store.accept_all((), locale="de", now=NOW, reports=(receipt,))


async def come(store: Store, conversation: str) -> list[tuple[str, str]]:
    """How far the replies have come, in order."""
    async with store.read() as reading:
        found = await receipts.progress(reading, conversation)
    return [(found[message].state, found[message].why) for message in sorted(found)]


# ---- names


async def test_all_names_lead_to_one_conversation_whichever_came_first(store: Store) -> None:
    first = await accept(store, 1, "4915112345")
    assert await accept(store, 2, "4915112345", "DE.77") == first
    assert await accept(store, 3, "DE.77") == first
    assert await accept(store, 4, "DE.78") != first


async def test_a_changed_name_takes_the_conversation_along_and_doing_it_twice_changes_nothing(store: Store) -> None:
    conversation = await accept(store, 1, "4915112345", "DE.77")
    move = Move(channel="whatsapp", old=("4915112345",), new=("4915199999", "DE.79"))
    for _ in range(2):
        await store.accept_all((), locale="de", now=NOW, moves=(move,))
    assert await accept(store, 2, "DE.79") == conversation
    async with store.read() as reading:
        assert (await reading.conversation(conversation)).address == "4915199999"
    assert await accept(store, 3, "4915112345") != conversation, "the old number may be somebody else's now"


async def test_many_requests_about_the_same_people_at_once_never_wait_for_each_other_in_a_ring(store: Store) -> None:
    dice = random.Random(7)

    async def request(number: int) -> None:
        people = [str(person) for person in range(6)]
        dice.shuffle(people)
        updates = [update(100 * number + int(person), person, f"DE.{person}") for person in people]
        await store.accept_all(updates, locale="de", now=NOW)

    await asyncio.gather(*(request(number) for number in range(8)))
    conversations = {await accept(store, 1000 + person, str(person)) for person in range(6)}
    assert len(conversations) == 6


# ---- reports


async def test_what_counts_is_how_far_a_message_came_whatever_order_the_reports_come_in(store: Store) -> None:
    conversation = await accept(store, 1, "4915112345")
    await say(store, conversation, "eins")
    assert await come(store, conversation) == [("waiting", "")]
    await report(store, "a", Fate.DELIVERED)  # before we have noted that it went out
    await deliver(store, conversation, "a")
    for fate, expected in ((Fate.SENT, "delivered"), (Fate.FAILED, "delivered"), (Fate.READ, "read")):
        await report(store, "a", fate)
        assert await come(store, conversation) == [(expected, "")]


async def test_a_message_that_failed_and_was_delivered_after_all_is_delivered(store: Store) -> None:
    conversation = await accept(store, 1, "4915112345")
    await say(store, conversation, "eins")
    await deliver(store, conversation, "a")
    await report(store, "a", Fate.FAILED, "never", 131026)
    assert await come(store, conversation) == [("failed", "131026")]
    await report(store, "a", Fate.DELIVERED)
    assert await come(store, conversation) == [("delivered", "")]


async def test_a_reply_in_parts_has_come_as_far_as_its_slowest_part(store: Store) -> None:
    conversation = await accept(store, 1, "4915112345")
    await say(store, conversation, "lang")
    delivery = await store.next_delivery(conversation, NOW)
    assert delivery
    await store.delivered(delivery.id, NOW, ("a", "b"))
    await report(store, "a", Fate.READ)
    assert await come(store, conversation) == [("sent", "")]
    await report(store, "b", Fate.DELIVERED)
    assert await come(store, conversation) == [("delivered", "")]


@pytest.mark.parametrize("early", [True, False], ids=["before we noted it", "afterwards"])
@pytest.mark.parametrize(("remedy", "state"), [("never", "failed"), ("later", "waiting"), ("door", "door")])
async def test_a_message_that_failed_after_all_is_kept_for_later_put_to_the_door_or_given_up_visibly(
    store: Store, remedy: str, state: str, early: bool
) -> None:
    conversation = await accept(store, 1, "4915112345")
    await say(store, conversation, "eins")
    if early:
        await report(store, "a", Fate.FAILED, remedy, 131000)
    await deliver(store, conversation, "a")
    if not early:
        await report(store, "a", Fate.FAILED, remedy, 131000)
    assert await come(store, conversation) == [(state, "131000" if state == "failed" else "")]
    assert (await store.next_delivery(conversation, NOW + DAY) is not None) == (state == "waiting")


# ---- doors


async def put_to_the_door(store: Store, conversation: str, at: datetime) -> None:
    """What is due finds the door closed."""
    while delivery := await store.next_delivery(conversation, at):
        await receipts.wait_at_door(store, delivery, DoorClosed("closed"), at)


async def test_what_waits_at_the_door_goes_out_in_order_when_she_writes(store: Store) -> None:
    conversation, late = await accept(store, 1, "4915112345"), NOW + timedelta(hours=30)
    for text in ("eins", "zwei"):
        await say(store, conversation, text, sender="lotse")
    await put_to_the_door(store, conversation, late)
    assert await come(store, conversation) == [("door", ""), ("door", "")]
    await accept(store, 2, "4915112345", at=late)
    assert [await deliver(store, conversation, key, late) for key in "ab"] == ["eins", "zwei"]
    delivery = await store.next_delivery(conversation, late)
    assert delivery is None


async def test_only_an_answer_knocks_and_once_a_day(store: Store) -> None:
    conversation, late = await accept(store, 1, "4915112345"), NOW + timedelta(hours=30)
    await say(store, conversation, "eine Person ist da", decision="silent")
    await put_to_the_door(store, conversation, late)
    assert await doors.next_knock(store, conversation, late) is None
    await say(store, conversation, "die Antwort", sender="lotse")
    await put_to_the_door(store, conversation, late)
    assert conversation in await store.left_behind(late)
    knock = await doors.next_knock(store, conversation, late)
    assert knock
    assert (knock.address, knock.locale) == ("4915112345", "de")
    await receipts.knocked(store, conversation, "k", late)
    for hours, expected in ((1, False), (25, True)):
        await say(store, conversation, "noch etwas", sender="lotse")
        await put_to_the_door(store, conversation, late + timedelta(hours=hours))
        assert (await doors.next_knock(store, conversation, late + DAY * 2) is not None) == expected


async def test_a_knock_that_did_not_arrive_is_shown_and_tried_again_if_that_may_help(store: Store) -> None:
    conversation, late = await accept(store, 1, "4915112345"), NOW + timedelta(hours=30)
    async with store.begin() as transaction:
        case = await transaction.open_case(await transaction.conversation(conversation), "frage", {}, NOW)
    await say(store, conversation, "die Antwort", sender="lotse")
    await put_to_the_door(store, conversation, late)
    await doors.knock_failed(store, conversation, "132001", late + timedelta(hours=1))
    assert await doors.next_knock(store, conversation, late) is None
    assert await doors.next_knock(store, conversation, late + timedelta(hours=1))
    await receipts.knocked(store, conversation, "k", late)
    async with store.read() as reading:
        assert ((await reading.case(case)).knocked_at, (await reading.case(case)).knock_failed) == (late, "")
    await report(store, "k", Fate.FAILED, "never", 131026)
    async with store.read() as reading:
        assert ((await reading.case(case)).knocked_at, (await reading.case(case)).knock_failed) == (None, "131026")


async def test_a_message_that_comes_after_its_own_day_opens_nothing(store: Store) -> None:
    conversation, late = await accept(store, 1, "4915112345"), NOW + timedelta(hours=30)
    await say(store, conversation, "die Antwort", sender="lotse")
    await put_to_the_door(store, conversation, late)
    await store.accept(update(2, "4915112345", at=NOW), locale="de", now=late)
    assert await come(store, conversation) == [("door", "")]
    assert await doors.next_knock(store, conversation, late)


async def test_erasing_and_the_clock_leave_no_name_of_a_person_behind(store: Store) -> None:
    conversation = await accept(store, 1, "4915112345", "DE.77")
    await say(store, conversation, "eins")
    await deliver(store, conversation, "a")
    await store.erase_chat(conversation)
    words = await all_words(store)
    assert "4915112345" not in words
    assert "DE.77" not in words


async def test_the_migrations_make_exactly_the_tables_the_code_knows(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        ours = {"include_name": lambda name, kind, _: kind != "table" or not name.startswith("procrastinate_")}
        return list(compare_metadata(MigrationContext.configure(connection, opts=ours), metadata))

    async with store.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
