"""The store's promises, kept on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from bot import desk
from bot.conversation import CaseState, Mode
from bot.errors import AlreadyClaimed, Refused, Unknown
from bot.message import Button, Reply
from bot.pace import Limit
from bot.ports import Update
from bot.roles import Role
from bot.store import Database, Notes, Store, accounts, open_database
from bot.store.database import MIGRATIONS
from bot.store.tables import metadata
from tests.postgres import postgres

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One PostgreSQL server for the run."""
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store."""
    url = (
        f"sqlite:///{tmp_path / 'x.sqlite3'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )
    engine: Database = await open_database(url)
    async with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            await connection.execute(table.delete())
    yield Store(engine)
    await engine.dispose()


def update(number: int = 1, address: str = "7", text_: str = "hallo") -> Update:
    return Update(channel="telegram", id=str(number), address=address, raw={"message": {"text": text_}})


async def accept(store: Store, number: int = 1, address: str = "7", at: datetime = NOW) -> str:
    return (await store.accept(update(number, address), locale="de", now=at)).conversation


async def test_an_update_counts_once_however_often_it_comes(store: Store) -> None:
    first = await store.accept(update(), locale="de", now=NOW)
    again = await asyncio.gather(*(store.accept(update(), locale="de", now=NOW) for _ in range(5)))
    assert first.new
    assert not any(one.new for one in again)
    assert {one.inbox for one in again} == {first.inbox}


async def test_many_first_updates_of_one_person_make_one_conversation(store: Store) -> None:
    conversations = await asyncio.gather(*(accept(store, number) for number in range(8)))
    assert len(set(conversations)) == 1


async def test_updates_are_handed_out_oldest_first_and_a_waiting_one_holds_the_others_back(store: Store) -> None:
    conversation = await accept(store, 1)
    await accept(store, 2)
    first = await store.next_asked(conversation, NOW)
    assert first
    assert first.update_id == "1"
    await store.try_again(first.inbox, NOW + timedelta(seconds=5))
    assert await store.next_asked(conversation, NOW) is None
    later = await store.next_asked(conversation, NOW + timedelta(seconds=6))
    assert later
    assert (later.update_id, later.attempts) == ("1", 1)
    async with store.begin() as transaction:
        await transaction.done(first.inbox, "answer", NOW)
    second = await store.next_asked(conversation, NOW)
    assert second
    assert second.update_id == "2"


async def test_a_step_that_fails_leaves_nothing_behind(store: Store) -> None:
    conversation = await accept(store)

    async def fails() -> None:
        async with store.begin() as transaction:
            await transaction.say(await transaction.conversation(conversation), Reply(text="halb", locale="de"), NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await store.next_delivery(conversation, NOW) is None


async def test_replies_leave_in_order_and_a_delayed_one_holds_the_others_back(store: Store) -> None:
    conversation = await accept(store)
    async with store.begin() as transaction:
        for word in ("eins", "zwei"):
            reply = Reply(text=word, locale="de", buttons=(Button(id="menu", label="Alle Themen"),))
            await transaction.say(await transaction.conversation(conversation), reply, NOW)
    first = await store.next_delivery(conversation, NOW)
    assert first
    assert (first.reply.text, first.reply.buttons[0].id) == ("eins", "menu")
    await store.deliver_later(first.id, NOW + timedelta(seconds=9))
    assert await store.next_delivery(conversation, NOW) is None
    assert await store.left_behind(NOW + timedelta(seconds=1)) == [conversation]  # its update is still open
    await store.delivered(first.id, NOW)
    second = await store.next_delivery(conversation, NOW)
    assert second
    assert second.reply.text == "zwei"
    await store.give_up(second.id, NOW)
    assert await store.next_delivery(conversation, NOW) is None


async def new_lotse(store: Store, name: str = "Amira") -> int:
    return await accounts.add_lotse(
        store,
        name=name,
        languages=("ar",),
        telegram=None,
        password_hash="x",
        setup_hash=None,
        setup_until=None,
        now=NOW,
    )


async def new_case(store: Store, number: int = 1) -> tuple[str, str]:
    conversation = await accept(store, number, address=str(number), at=NOW + timedelta(seconds=number))
    async with store.begin() as transaction:
        found = await transaction.conversation(conversation)
        return conversation, await transaction.open_case(found, "frage", {}, NOW + timedelta(seconds=number))


async def test_fifty_claims_at_once_have_one_winner(store: Store) -> None:
    _, case = await new_case(store)
    ids = [await new_lotse(store, f"L{number}") for number in range(5)]

    async def tries(lotse_id: int) -> str:
        async with store.begin() as transaction:
            lotse = await transaction.lotse(lotse_id)
            assert lotse
            try:
                await desk.claim(transaction, case, lotse, NOW)
            except AlreadyClaimed as refused:
                return refused.claimed_by
            return "won"

    results = await asyncio.gather(*(tries(ids[number % 5]) for number in range(50)))
    names = set(results) - {"won"}
    assert len(names) == 1
    assert 1 <= results.count("won") <= 10  # the winner may claim her own case again
    async with store.read() as reading:
        assert (await reading.case(case)).claimed_by in names


async def test_claiming_silences_the_bot_and_closing_brings_it_back_in_the_same_step(store: Store) -> None:
    conversation, case = await new_case(store)
    lotse_id = await new_lotse(store)
    async with store.begin() as transaction:
        lotse = await transaction.lotse(lotse_id)
        assert lotse
        await desk.claim(transaction, case, lotse, NOW)
        assert (await transaction.conversation(conversation)).mode is Mode.HUMAN
        await desk.close(transaction, case, lotse, NOW, "answered")
        assert (await transaction.conversation(conversation)).mode is Mode.BOT
        with pytest.raises(Refused):
            await desk.write(transaction, case, lotse, NOW, str(uuid.uuid4()), "zu spät")


async def test_the_queue_is_longest_waiting_first_and_urgent_before_all(store: Store) -> None:
    cases = [(await new_case(store, number))[1] for number in (3, 1, 2)]
    async with store.begin() as transaction:
        assert [row.id for row in await transaction.cases(CaseState.OPEN)] == [cases[1], cases[2], cases[0]]
        assert await transaction.place(cases[0]) == 3
        await transaction.set_case(cases[0], urgent=True)
        assert (await transaction.cases(CaseState.OPEN))[0].id == cases[0]


async def all_words(store: Store) -> str:
    async with store.engine.connect() as connection:
        rows = [
            str(row)
            for table in metadata.sorted_tables
            for row in (await connection.execute(text(f'SELECT * FROM "{table.name}"'))).all()
        ]
    return "\n".join(rows)


async def test_erasing_leaves_no_word_of_the_conversation_in_any_table(store: Store) -> None:
    conversation = (await store.accept(update(text_="mein geheimnis"), locale="de", now=NOW)).conversation
    async with store.begin() as transaction:
        found = await transaction.conversation(conversation)
        await transaction.heard(found, "mein geheimnis", None, NOW)
        await transaction.open_case(found, "mein geheimnis", {}, NOW)
        await transaction.say(found, Reply(text="geheimnis gelesen", locale="de"), NOW)
    assert "geheimnis" in await all_words(store)
    await store.erase_chat(conversation)
    assert "geheimnis" not in await all_words(store)
    assert await store.next_asked(conversation, NOW) is None
    assert not (await store.accept(update(text_="mein geheimnis"), locale="de", now=NOW)).new


async def test_the_clock_deletes_what_is_older_than_the_retention(store: Store) -> None:
    old, young = await accept(store, 1, "alt", NOW - timedelta(days=40)), await accept(store, 2, "jung", NOW)
    assert await store.delete_older_than(30, NOW) == 0  # nobody has answered the old message yet
    asked = await store.next_asked(old, NOW)
    assert asked
    async with store.begin() as transaction:
        await transaction.done(asked.inbox, "answer", NOW)
    assert await store.delete_older_than(30, NOW) == 1
    async with store.read() as reading:
        assert (await reading.conversation(young)).id == young
        with pytest.raises(Unknown):
            await reading.conversation(old)


async def test_a_setup_link_works_once_and_a_session_ends(store: Store) -> None:
    await accounts.add_lotse(
        store,
        name="B",
        languages=(),
        telegram=None,
        password_hash=None,
        setup_hash="h",
        setup_until=NOW + timedelta(days=1),
        now=NOW,
    )
    assert await accounts.invited(store, "h", NOW + timedelta(days=2)) is None
    lotse = await accounts.set_password(store, "h", "hash", NOW)
    with pytest.raises(Unknown):
        await accounts.set_password(store, "h", "hash", NOW)
    await accounts.add_key(store, lotse=lotse.id, key_hash="k", kind="session", until=NOW + timedelta(hours=1), now=NOW)
    assert await accounts.holder(store, "k", "session", NOW) == lotse
    assert await accounts.holder(store, "k", "bearer", NOW) is None
    assert await accounts.holder(store, "k", "session", NOW + timedelta(hours=2)) is None
    await accounts.drop_key(store, "k")
    assert await accounts.holder(store, "k", "session", NOW) is None
    with pytest.raises(Refused):
        await new_lotse(store, "B")


async def test_counts_add_up_without_any_text(store: Store) -> None:
    for _ in range(3):
        async with store.begin() as transaction:
            await transaction.tally(day="2026-11-25", locale="de", channel="web", outcome="answer", topic="tax-id")
    assert await store.tallies("2026-11-01") == [("de", "answer", "tax-id", 3)]


async def test_processes_together_never_take_more_moments_than_a_limit_has(store: Store) -> None:
    other = Store(
        await open_database(
            store.engine.url.render_as_string(hide_password=False).replace("+aiosqlite", "").replace("+psycopg", "")
        )
    )
    limit, taken = Limit(number=30, seconds=1.0), []

    async def process(notes: Notes) -> None:
        for _ in range(10):
            waits = await notes.reserve("pace:test", (limit,), 5)
            taken.extend(time.monotonic() + wait for wait in waits)

    try:
        await asyncio.gather(*(process(Notes(one)) for one in (store, other, store, other)))
    finally:
        await other.engine.dispose()
    taken.sort()
    assert len(taken) == 200
    assert max(sum(0 <= later - first < 0.5 for later in taken) for first in taken) <= 30  # a busy machine tells late
    assert 5.2 < taken[-1] - taken[0] < 7.5


async def test_notes_are_found_by_their_beginning_and_written_over(store: Store) -> None:
    notes = Notes(store)
    await notes.remember("bot:1:menu", "a")
    await notes.remember("bot:1:menu", "b")
    await notes.remember("bot:12:menu", "c")
    assert await notes.recall("bot:1:") == {"bot:1:menu": "b"}
    await notes.forget("bot:1:")
    assert await notes.recall("bot:") == {"bot:12:menu": "c"}


async def test_a_chat_that_moved_takes_its_waiting_replies_along(store: Store) -> None:
    old, new = await accept(store, 1, "-5"), await accept(store, 2, "-10")
    async with store.begin() as transaction:
        await transaction.say(await transaction.conversation(old), Reply(text="wartet", locale="de"), NOW)
    await store.move("telegram", "-5", "-10")
    await store.move("telegram", "-5", "-10")
    waiting = await store.next_delivery(new, NOW)
    assert waiting
    assert (waiting.address, waiting.reply.text) == ("-10", "wartet")
    await store.move("telegram", "-10", "-77")
    moved = await store.next_delivery(new, NOW)
    assert moved
    assert moved.address == "-77"


async def test_a_reply_knows_how_long_ago_its_chat_got_the_last_messages(store: Store) -> None:
    conversation = await accept(store)
    async with store.begin() as transaction:
        for word in ("eins", "zwei", "drei"):
            await transaction.say(await transaction.conversation(conversation), Reply(text=word, locale="de"), NOW)
    first = await store.next_delivery(conversation, NOW)
    assert first
    assert first.ages == ()
    await store.part_delivered(first.id, 1)
    again = await store.next_delivery(conversation, NOW)
    assert again
    assert (again.id, again.parts_sent, len(again.ages)) == (first.id, 1, 1)
    await store.delivered(first.id, NOW)
    second = await store.next_delivery(conversation, NOW)
    assert second
    assert len(second.ages) == 2
    assert 0 <= second.ages[1] <= second.ages[0] < 5


async def test_the_sweep_brings_the_longest_waiting_first_and_only_channels_that_are_on(store: Store) -> None:
    late = await accept(store, 1, "spät", NOW + timedelta(seconds=2))
    early = await accept(store, 2, "früh", NOW)
    middle = await accept(store, 3, "dazwischen", NOW + timedelta(seconds=9))
    async with store.begin() as transaction:
        conversation = await transaction.conversation(middle)
        await transaction.say(conversation, Reply(text="wartet", locale="de"), NOW + timedelta(seconds=1))
    soon = NOW + timedelta(minutes=1)
    assert await store.left_behind(soon, ["telegram"]) == [early, middle, late]
    assert await store.left_behind(soon, ["web"]) == []


async def test_a_correction_counts_only_if_it_changes_known_words(store: Store) -> None:
    def said(number: int, words: str, *, edited: bool = False, message: str = "40") -> Update:
        raw = {"message": {"text": words}} | ({"edited": True} if edited else {})
        return Update(
            channel="telegram", id=str(number), address="7", raw=raw, message=message, edited=edited, opens=not edited
        )

    assert not (await store.accept(said(1, "hallo", edited=True), locale="de", now=NOW)).conversation
    assert (await store.accept(said(2, "hallo"), locale="de", now=NOW)).new
    assert not (await store.accept(said(3, "hallo", edited=True), locale="de", now=NOW)).new
    assert (await store.accept(said(4, "hallo du", edited=True), locale="de", now=NOW)).new
    assert not (await store.accept(said(4, "hallo du", edited=True), locale="de", now=NOW)).new
    assert not (await store.accept(said(5, "anders", edited=True, message="39"), locale="de", now=NOW)).new


# ---- roles


def test_accounts_from_before_roles_existed_are_those_of_lotsen(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(f"sqlite:///{tmp_path / 'old.sqlite3'}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text("INSERT INTO lotse (name, languages, active, created_at) VALUES ('Amira', '[]', 1, '2026-01-01')")
        )
        command.upgrade(config, "head")
        assert connection.execute(text("SELECT roles FROM lotse")).scalar_one() == '["lotse"]'


async def test_an_account_is_a_lotses_unless_it_says_otherwise_and_its_roles_can_change(store: Store) -> None:
    await new_lotse(store, "Amira")
    await accounts.set_roles(store, "Amira", [Role.EDITOR, Role.LOTSE])
    await new_lotse(store, "Bilal")
    found = {one.lotse.name: one.lotse.roles for one in await accounts.all_accounts(store)}
    assert found == {"Amira": {Role.EDITOR, Role.LOTSE}, "Bilal": {Role.LOTSE}}
    with pytest.raises(Unknown):
        await accounts.set_roles(store, "Nobody", [Role.EDITOR])


# ---- what nobody answers


async def asks_in_vain(store: Store, number: int, words: str, at: datetime = NOW) -> str:
    conversation = await accept(store, number, str(number), at)
    async with store.begin() as transaction:
        found = await transaction.conversation(conversation)
        await transaction.heard(found, words, None, at)
        await transaction.say(found, Reply(text="?", locale="de"), at, decision="rephrase", topics=["sports-clubs"])
        await transaction.mark_unanswered(conversation, words)
        await transaction.save(found, at)
    return conversation


async def test_a_question_without_an_answer_is_found_with_the_topics_the_bot_thought_of(store: Store) -> None:
    conversation = await asks_in_vain(store, 1, "drohne fliegen")
    await accept(store, 2)
    found = await store.unanswered(NOW - timedelta(days=1))
    assert [(one.conversation, one.text, one.locale, one.topics) for one in found] == [
        (conversation, "drohne fliegen", "de", ("sports-clubs",))
    ]
    assert await store.unanswered(NOW + timedelta(days=1)) == []


async def test_erasing_and_the_clock_take_unanswered_questions_with_them(store: Store) -> None:
    old = await asks_in_vain(store, 1, "alt", NOW - timedelta(days=40))
    erased = await asks_in_vain(store, 2, "gelöscht")
    await asks_in_vain(store, 3, "bleibt")
    asked = await store.next_asked(old, NOW)
    assert asked
    async with store.begin() as transaction:
        await transaction.done(asked.inbox, "rephrase", NOW)
    await store.erase_chat(erased)
    await store.delete_older_than(30, NOW)
    assert [one.text for one in await store.unanswered(NOW - timedelta(days=90))] == ["bleibt"]
