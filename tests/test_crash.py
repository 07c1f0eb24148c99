"""SIGKILL at random moments, SIGTERM in the middle of work: no accepted message is lost, doubled or reordered, on the web, on
Telegram or on WhatsApp.

A real process, a real database file, a real webhook. Whoever writes repeats a message until it is accepted, as browsers and
Telegram do; what was accepted must be answered.
"""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest

from bot.channels.whatsapp.outgoing import render
from bot.message import Button
from locales import phrases
from tests.fakes.newcomers import Newcomer
from tests.fakes.people import Person
from tests.fakes.telegram import FakeTelegram, Slow
from tests.fakes.whatsapp import FakeWhatsApp
from tests.server import Server, free_port
from tests.talk import Chat

SEED = 20251125
KILLS = 4
KILLED_AGAIN = (1, 3)  # after these kills once more, while it starts
CHATS, PHONES = 4, 2
MESSAGES = 16  # a conversation; below the 20 a minute at which the bot asks to slow down
SETTLED_WITHIN = 40.0
ACCEPTED_WITHIN = 150.0  # a start takes long on a busy machine
QUESTIONS = ("Wie bekomme ich Kindergeld?", "Wie finde ich einen Arzt?", "Wie finde ich einen Integrationskurs?")


@pytest.fixture(scope="module")
def telegram() -> Iterator[FakeTelegram]:
    """Telegram, a network away."""
    with FakeTelegram() as fake:
        fake.latency = 0.03
        yield fake


@pytest.fixture(scope="module")
def whatsapp() -> Iterator[FakeWhatsApp]:
    """Meta, a network away."""
    with FakeWhatsApp() as fake:
        fake.latency = 0.03
        yield fake


@pytest.fixture(scope="module")
def server(
    telegram: FakeTelegram, whatsapp: FakeWhatsApp, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The product that is killed and started again; its database stays."""
    port = free_port()
    settings = whatsapp.settings | {
        "TELEGRAM_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.api_url,
        "TELEGRAM_WEBHOOK_SECRET": "Secret-of-the-webhook",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    running = Server(tmp_path_factory.mktemp("crash"), settings, port).start()
    telegram.wait(lambda: telegram.webhook)
    whatsapp.url = running.url
    yield running
    assert running.stop() == 0


def rows(server: Server, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Look into the database file."""
    with closing(sqlite3.connect(server.folder / "test.sqlite3", timeout=10)) as database:
        return database.execute(query, values).fetchall()


def settle(server: Server) -> None:
    """Wait until nothing is open and nothing waits to be sent."""
    deadline = time.monotonic() + SETTLED_WITHIN
    left = "SELECT (SELECT count(*) FROM inbox WHERE done_at IS NULL) + (SELECT count(*) FROM outbox WHERE state = 'waiting')"
    while rows(server, left) != [(0,)]:
        assert time.monotonic() < deadline, f"still open: {rows(server, left)}"
        time.sleep(0.1)


# ---- who writes


def numbered(number: int) -> str:
    """A message that shows its place; neighbours are about different topics."""
    return f"{number}. {QUESTIONS[number % len(QUESTIONS)]}"


def write_all(say: Callable[[str], None], seed: int) -> None:
    """One newcomer: sixteen messages with pauses, each only after the one before was accepted."""
    dice = random.Random(seed)
    for number in range(1, MESSAGES + 1):
        say(numbered(number))
        time.sleep(dice.uniform(0.0, 0.9))


def insist_on_web(chat: Chat) -> Callable[[str], None]:
    """Say something on the web page, with the same key until it is accepted."""

    def say(text: str) -> None:
        key, deadline = str(uuid.uuid4()), time.monotonic() + ACCEPTED_WITHIN
        while time.monotonic() < deadline:
            try:
                answer = chat.post(key, text=text)
            except httpx.HTTPError:
                time.sleep(0.1)
                continue
            assert answer.status_code == 202, answer.text
            return
        raise AssertionError("the message was never accepted")

    return say


def insist_on_telegram(person: Person) -> Callable[[str], None]:
    """Say something on Telegram, which repeats the update until it is taken; some it repeats although it was taken."""
    again = itertools.cycle((False, False, True))

    def say(text: str) -> None:
        update = person.message(text)
        for _ in range(2 if next(again) else 1):
            person.telegram.insists(update, ACCEPTED_WITHIN)

    return say


def insist_on_whatsapp(newcomer: Newcomer) -> Callable[[str], None]:
    """Say something on WhatsApp, which repeats the notification until it is taken; some it repeats although it was taken."""
    again = itertools.cycle((False, True, False))

    def say(text: str) -> None:
        body = newcomer.message(text)
        for _ in range(2 if next(again) else 1):
            newcomer.whatsapp.insists(body, ACCEPTED_WITHIN)

    return say


# ---- what is there afterwards


def journal(server: Server, conversation: str) -> list[tuple[str, str]]:
    """Who said what, in the order of the journal."""
    return rows(server, "SELECT sender, text FROM message WHERE conversation_id = ? ORDER BY id", conversation)


def conversation_of(server: Server, address: object) -> str:
    """The id behind a Telegram chat or web chat."""
    return str(rows(server, "SELECT id FROM conversation WHERE address = ?", str(address))[0][0])


def as_shown(server: Server, conversation: str) -> list[str]:
    """The words of each message in which the bot's replies appear on WhatsApp."""
    written = "SELECT text, extra FROM message WHERE conversation_id = ? AND sender = 'bot' ORDER BY id"
    replies = [
        (text, [Button(**button) for button in json.loads(extra)["buttons"]])
        for text, extra in rows(server, written, conversation)
    ]
    messages = [message.content for text, buttons in replies for message in render(text, buttons, phrases("de"))]
    return [content["body"]["text"] if "action" in content else content["body"] for content in messages]


def runs(texts: list[str]) -> list[tuple[str, int]]:
    """Neighbours with the same text, counted."""
    return [(text, len(list(same))) for text, same in itertools.groupby(texts)]


def assert_each_answered_in_order(said: list[tuple[str, str]], number: int = MESSAGES) -> None:
    """Every message stands in the journal once, in order, with its answer before the next one."""
    assert [text for sender, text in said if sender == "newcomer"] == [numbered(n) for n in range(1, number + 1)]
    assert [sender for sender, _ in said] == ["newcomer", "bot"] * number


def test_whatever_is_killed_and_when_every_accepted_message_is_answered_once_and_in_order(
    server: Server, telegram: FakeTelegram, whatsapp: FakeWhatsApp
) -> None:
    dice = random.Random(SEED)
    chats, people = [Chat(server.url) for _ in range(CHATS)], [telegram.person() for _ in range(CHATS)]
    phones = [whatsapp.person() for _ in range(PHONES)]
    speakers = [
        *(insist_on_web(chat) for chat in chats),
        *(insist_on_telegram(person) for person in people),
        *(insist_on_whatsapp(phone) for phone in phones),
    ]
    with ThreadPoolExecutor(len(speakers)) as pool:
        writing = [pool.submit(write_all, say, SEED + number) for number, say in enumerate(speakers)]
        for kill in range(KILLS):
            time.sleep(dice.uniform(0.2, 1.6))
            server.kill()
            if kill in KILLED_AGAIN:
                server.spawn()
                time.sleep(dice.uniform(0.5, 3.0))
                server.kill()
            server.start()
        for future in writing:
            future.result()
    settle(server)

    everything = (CHATS * 2 + PHONES) * MESSAGES
    assert rows(server, "SELECT count(*), count(done_at) FROM inbox") == [(everything, everything)]
    assert rows(server, "SELECT sum(number) FROM tally") == [(everything,)], "each update was handled exactly once"
    assert rows(server, "SELECT state, count(*) FROM outbox GROUP BY state") == [("sent", everything)]
    for chat in chats:
        said = journal(server, chat.id)
        assert_each_answered_in_order(said)
        chat.wait(lambda chat=chat, said=said: len(chat.seen) >= len(said))  # type: ignore[misc]
        assert [(m["from"], m["text"]) for m in chat.seen] == said
    for person in people:
        said = journal(server, conversation_of(server, person.chat))
        assert_each_answered_in_order(said)
        assert_arrived(person.texts, [text for sender, text in said if sender == "bot"])
    for phone in phones:
        conversation = conversation_of(server, phone.phone)
        assert_each_answered_in_order(journal(server, conversation))
        assert_arrived(without_repeated_parts(phone.texts), as_shown(server, conversation))


def assert_arrived(arrived: list[str], written: list[str]) -> None:
    """All that was written, in order; at most the one reply that was under way at a kill comes twice."""
    there, meant = runs(arrived), runs(written)
    assert [text for text, _ in there] == [text for text, _ in meant], "nothing missing, nothing out of order"
    doubled = [many - once for (_, many), (_, once) in zip(there, meant, strict=True)]
    assert min(doubled) >= 0
    assert sum(doubled) <= KILLS + len(KILLED_AGAIN)


def without_repeated_parts(texts: list[str]) -> list[str]:
    """A reply in two parts that is sent again after a kill comes as one-two-one-two or one-one-two; once is enough here."""
    kept: list[str] = []
    for text in texts:
        if text in kept[-2:]:
            continue
        kept.append(text)
    return kept


def test_a_kill_between_sending_and_noting_it_doubles_that_reply_and_no_other(
    server: Server, telegram: FakeTelegram
) -> None:
    person = telegram.person()
    telegram.fails("sendMessage", Slow(5), chat=person.chat)
    for number in (1, 2, 3):
        telegram.insists(person.message(numbered(number)))
    person.reads(1)
    server.kill()
    server.start()
    person.reads(4)
    settle(server)
    said = journal(server, conversation_of(server, person.chat))
    assert_each_answered_in_order(said, 3)
    answers = [text for sender, text in said if sender == "bot"]
    assert person.texts == [answers[0], *answers]


def test_sigterm_lets_running_turns_and_deliveries_finish_and_nothing_is_doubled_afterwards(
    server: Server, telegram: FakeTelegram
) -> None:
    people, chat = [telegram.person() for _ in range(4)], Chat(server.url)
    for person in people:
        telegram.fails("sendMessage", Slow(1), chat=person.chat)
        for number in (1, 2):
            telegram.insists(person.message(numbered(number)))
    insist_on_web(chat)(numbered(1))
    reader = threading.Thread(target=chat.read, kwargs={"seconds": 5.0})  # a page that stays open
    reader.start()
    telegram.wait(lambda: any(person.got for person in people))
    assert server.stop() == 0
    reader.join()
    sent = "SELECT count(*) FROM outbox WHERE conversation_id = ? AND state = 'sent'"
    for person in people:
        assert rows(server, sent, conversation_of(server, person.chat)) == [(len(person.got),)], "all noted"
    server.start()
    settle(server)
    for person in people:
        said = journal(server, conversation_of(server, person.chat))
        assert_each_answered_in_order(said, 2)
        assert person.texts == [text for sender, text in said if sender == "bot"]
    assert_each_answered_in_order(journal(server, chat.id), 1)
