"""Telegram at its real pace: the account's set-up, limits, messages nobody can handle."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels.telegram.profile import commands, description
from locales import phrases
from tests.fakes.telegram import TAGS, FakeTelegram, Slow, too_many
from tests.postgres import postgres
from tests.server import Server, free_port

SET_UP = ("setWebhook", "setMyCommands", "setMyDescription", "setMyShortDescription", "setChatMenuButton")
LOTSEN_GROUP = -1001234500000


@pytest.fixture(scope="module")
def telegram() -> Iterator[FakeTelegram]:
    """A Telegram that refuses whatever comes too fast; at the product's start it is slow."""
    with FakeTelegram() as fake:
        fake.watches_limits = True
        fake.knows(LOTSEN_GROUP)
        fake.fails("getMe", Slow(3))
        fake.fails("setMyDescription", too_many(1), skip=3)
        yield fake


@pytest.fixture(scope="module")
def settings(telegram: FakeTelegram) -> dict[str, str]:
    """A product with a webhook and nothing unusual."""
    port = free_port()
    return {
        "PORT": str(port),
        "TELEGRAM_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.api_url,
        "TELEGRAM_WEBHOOK_SECRET": "Secret-1",
        "TELEGRAM_LOTSEN_CHAT": str(LOTSEN_GROUP),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


@pytest.fixture(scope="module")
def server(
    telegram: FakeTelegram, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The product; ready before Telegram has answered anything."""
    running = Server(tmp_path_factory.mktemp("account"), settings, int(settings["PORT"])).start()
    assert not telegram.webhook
    telegram.wait(lambda: set(telegram.descriptions) == TAGS, seconds=30)
    yield running
    running.stop()


def set_up_calls(telegram: FakeTelegram) -> Counter[str]:
    """How often each part of the account was set."""
    return Counter(call.method for call in telegram.calls if call.method in SET_UP)


# ---- the account


def test_the_account_is_set_up_in_every_language_although_telegram_makes_it_wait(
    server: Server, telegram: FakeTelegram
) -> None:
    assert telegram.commands.keys() == telegram.descriptions.keys() == telegram.short_descriptions.keys() == TAGS
    for tag in TAGS:
        say = phrases(tag or "en")
        assert [(c["command"], c["description"]) for c in telegram.commands[tag]] == list(commands(say))
        assert telegram.descriptions[tag] == description(say)
    assert len(set(telegram.short_descriptions.values())) == len(TAGS), "each in its own words"
    assert telegram.menu_button == "commands"
    assert set_up_calls(telegram)["setMyDescription"] == len(TAGS) + 1


def test_a_second_start_sets_nothing_and_a_new_secret_only_the_webhook(server: Server, telegram: FakeTelegram) -> None:
    before = set_up_calls(telegram)
    looked = len(telegram.calls_of("getMyCommands"))
    server.stop()
    server.start()
    telegram.wait(lambda: len(telegram.calls_of("getMyCommands")) > looked)
    assert set_up_calls(telegram) == before
    server.stop()
    server.environment["TELEGRAM_WEBHOOK_SECRET"] = "Secret-2"
    telegram.commands.pop("de")
    telegram.commands[""] = []  # somebody else had a hand in it
    server.start()
    telegram.wait(lambda: telegram.webhook and telegram.webhook.secret == "Secret-2")
    telegram.wait(lambda: telegram.commands.keys() == TAGS and telegram.commands[""])
    assert set_up_calls(telegram)["setWebhook"] == before["setWebhook"] + 1


# ---- limits


def refused(telegram: FakeTelegram) -> int:
    """How many messages Telegram found too fast."""
    sent = sum(len(inbox) for inbox in telegram.inbox_of.values())
    return len(telegram.calls_of("sendMessage")) - sent


def test_a_crowd_and_a_quick_writer_are_answered_within_telegrams_limits(
    server: Server, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    crowd, quick = [telegram.person() for _ in range(70)], telegram.person()
    for person in crowd:
        person.writes("/menu")
    for topic in ("child-benefit", "find-doctor", "integration-course"):
        quick.writes(title(topic))
    telegram.wait(lambda: all(person.got for person in crowd) and len(quick.got) == 3, seconds=40)
    assert [text.splitlines()[0] for text in quick.texts] == [
        title(topic) for topic in ("child-benefit", "find-doctor", "integration-course")
    ]
    assert all(later.at - earlier.at >= 1 for earlier, later in zip(quick.got, quick.got[1:], strict=False))
    too_fast = refused(telegram)
    for person in crowd:
        person.writes("/menu")
    telegram.wait(lambda: all(len(person.got) == 2 for person in crowd), seconds=40)
    assert refused(telegram) == too_fast, "told once, it keeps to the limit of all chats"


def test_processes_on_many_machines_keep_the_limits_together(tmp_path: Path, title: Callable[..., str]) -> None:
    with postgres() as url, FakeTelegram("1212121:another-bot-of-many-machines_AA") as telegram, ExitStack() as stack:
        telegram.watches_limits = True
        port = free_port()
        settings = {
            "DATABASE_URL": url,
            "TELEGRAM_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.api_url,
            "TELEGRAM_WEBHOOK_SECRET": "Secret",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        web = Server(tmp_path, settings, port, "web")
        assert web.run("db", "upgrade").returncode == 0
        machines = [web, *(Server(tmp_path, settings, free_port(), "worker") for _ in range(2))]
        for machine in machines:
            machine.spawn()
            stack.callback(machine.stop)
        deadline = time.monotonic() + 60
        while not telegram.webhook or web.log.read_text().count("is ready") < 3:
            assert time.monotonic() < deadline, web.log.read_text()[-2000:]
            time.sleep(0.1)
        crowd, quick = [telegram.person() for _ in range(100)], telegram.person()
        with ThreadPoolExecutor(8) as pool:
            pool.map(lambda person: person.writes("/menu"), crowd)
        for topic in ("child-benefit", "find-doctor"):
            quick.writes(title(topic))
        telegram.wait(lambda: all(person.got for person in crowd) and len(quick.got) == 2, seconds=60)
        assert sum(len(person.got) for person in crowd) == len(crowd), "nobody is answered twice"
        assert quick.got[1].at - quick.got[0].at >= 1
        too_fast = refused(telegram)
        with ThreadPoolExecutor(8) as pool:
            pool.map(lambda person: person.writes("/menu"), crowd)
        telegram.wait(lambda: all(len(person.got) == 2 for person in crowd), seconds=60)
        assert refused(telegram) - too_fast <= 2  # two machines' messages may overtake each other on their way
        telegram.wait(lambda: set(telegram.descriptions) == TAGS)
        assert set_up_calls(telegram)["setMyDescription"] == len(TAGS), "one of them sets the account up"


# ---- messages nobody can handle


@contextmanager
def unwritable(server: Server, mark: str) -> Iterator[None]:
    """Whatever holds this mark cannot be written down."""
    with closing(sqlite3.connect(server.folder / "test.sqlite3", timeout=10)) as database:
        condition = f"NEW.sender = 'newcomer' AND NEW.text LIKE '%{mark}%'"
        database.execute(
            f"CREATE TRIGGER poison BEFORE INSERT ON message WHEN {condition} BEGIN SELECT RAISE(FAIL, 'poison'); END"
        )
        try:
            yield
        finally:
            database.execute("DROP TRIGGER poison")


def test_a_message_nobody_can_handle_is_set_aside_with_a_polite_word_and_an_alarm_and_holds_up_nothing(
    server: Server, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    person, mark = telegram.person(), uuid.uuid4().hex
    before = len(telegram.inbox_of[LOTSEN_GROUP])
    with unwritable(server, mark):
        person.writes(f"frage {mark}")
        person.writes(title("find-doctor"))
        assert telegram.person().says(title("child-benefit")).text.startswith(title("child-benefit"))
        person.reads(2)
    polite = "Something went wrong on our side. Please write your question once more, or ask for a person."
    assert person.texts[0] == phrases("de")(polite)
    assert "person" in person.got[0].buttons.values()
    assert person.texts[1].startswith(title("find-doctor"))
    telegram.wait(lambda: len(telegram.inbox_of[LOTSEN_GROUP]) > before)
    alarm = telegram.inbox_of[LOTSEN_GROUP][-1].text
    assert "Nr." in alarm
    assert mark not in alarm
    assert "message set aside" in server.log.read_text()
    assert 'lotsenbot_set_aside_total{channel="telegram"} 1.0' in httpx.get(f"{server.url}/metrics").text


@pytest.fixture
def title(catalogue: Any) -> Callable[..., str]:
    """The title of an entry: typed, it is answered for certain."""
    return lambda topic, language="de": str(catalogue.title(topic, language))
