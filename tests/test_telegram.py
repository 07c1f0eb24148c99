"""Telegram, from the newcomer's thumb to the answer and back: a real process, a real database, and a strict Bot API that fails on demand."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.compose import lost_link
from faq import Catalogue
from locales import phrases
from tests.fakes.people import Person
from tests.fakes.telegram import (
    BLOCKED,
    CHAT_GONE,
    OTHER_POLLER,
    RESET_AFTER,
    RESET_BEFORE,
    SERVER_ERROR,
    TAGS,
    WRONG_TOKEN,
    Cut,
    FakeTelegram,
    Fault,
    Refusal,
    Sent,
    Slow,
    moved_to,
    too_many,
)
from tests.server import Server, free_port
from tests.talk import Chat, Desk

SECRET = "Secret_of_the_webhook-42"
LOTSEN_GROUP = -1001234567890
LIMIT = 4096
QUICK = {"TELEGRAM_SECONDS_PER_CHAT": "0.05"}  # tests/test_telegram_account.py keeps the real pace
EXACT = ("child-benefit", "find-doctor", "integration-course")


# ---- one product with a webhook, one that polls


@pytest.fixture(scope="module")
def telegram() -> Iterator[FakeTelegram]:
    """Telegram, for the product with the webhook."""
    with FakeTelegram() as fake:
        fake.knows(LOTSEN_GROUP)
        yield fake


@pytest.fixture(scope="module")
def server(telegram: FakeTelegram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product with the webhook; ``chat`` and ``new_lotse`` talk to it too."""
    port = free_port()
    settings = {
        "TELEGRAM_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.api_url,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_LOTSEN_CHAT": str(LOTSEN_GROUP),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        **QUICK,
    }
    running = Server(tmp_path_factory.mktemp("webhook"), settings, port).start()
    telegram.wait(lambda: telegram.webhook)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def polled_telegram() -> Iterator[FakeTelegram]:
    """Telegram, for the product that polls; at the product's start it is not well."""
    with FakeTelegram("8888888:the-token-for-polling_AAE") as fake:
        fake.fails("getMe", WRONG_TOKEN)
        fake.fails("setMyCommands", too_many(1), skip=1)
        yield fake


@pytest.fixture(scope="module")
def polling(polled_telegram: FakeTelegram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product that polls."""
    settings = {"TELEGRAM_TOKEN": polled_telegram.token, "TELEGRAM_API_URL": polled_telegram.api_url, **QUICK}
    running = Server(tmp_path_factory.mktemp("polling"), settings).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(params=["webhook", "polling"])
def either(request: pytest.FixtureRequest) -> FakeTelegram:
    """The same promise on both ways in."""
    request.getfixturevalue("server" if request.param == "webhook" else "polling")
    fake: FakeTelegram = request.getfixturevalue("telegram" if request.param == "webhook" else "polled_telegram")
    return fake


@pytest.fixture
def newcomer(server: Server, telegram: FakeTelegram) -> Iterator[Person]:
    """Somebody with a German phone, on the webhook; after the test nothing goes wrong any more."""
    yield telegram.person()
    telegram.recovers()


@pytest.fixture
def poller(polling: Server, polled_telegram: FakeTelegram) -> Iterator[Person]:
    """Somebody with a German phone, on the product that polls."""
    person = polled_telegram.person()
    assert person.says("/menu", seconds=8).rows  # the product has come through its bad start
    yield person
    polled_telegram.recovers()


@pytest.fixture(scope="module")
def lotse_key(server: Server) -> str:
    """The token of a Lotse named Lena."""
    server.run("lotse", "add", "Lena", "--languages", "de,en", "--password-stdin", text="a long password\n")
    return server.run("lotse", "token", "Lena").stdout.strip()


@pytest.fixture
def desk(server: Server, lotse_key: str) -> Desk:
    """Lena at her desk."""
    return Desk(server.url, lotse_key)


@pytest.fixture
def title(catalogue: Catalogue) -> Callable[..., str]:
    """The title of an entry: typed, it is answered for certain."""
    return lambda topic, language="de": catalogue.title(topic, language)


def rows(server: Server, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Look into the database file."""
    with closing(sqlite3.connect(server.folder / "test.sqlite3", timeout=10)) as database:
        return database.execute(query, values).fetchall()


def inbox_size(server: Server) -> int:
    """How many updates were taken so far."""
    return int(rows(server, "SELECT count(*) FROM inbox")[0][0])


def eventually(holds: Callable[[], Any], seconds: float = 15.0) -> None:
    """Wait for something in the database."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.05)


def hand_off(person: Person, desk: Desk) -> str:
    """The person asks for a human and Lena takes the case."""
    sign = f"mein zeichen ist {uuid.uuid4().hex}"
    person.says(sign)
    person.taps("person")
    case = next(c["id"] for c in desk.cases() if sign in [m["text"] for m in desk.card(c["id"])["messages"]])
    before = len(person.got)
    assert desk.does(case, "claim").status_code == 200
    person.reads(before + 1)
    return str(case)


# ---- what newcomers see


@pytest.mark.parametrize(("language", "source"), [("de", "Quelle: "), ("en", "Source: ")])
def test_a_question_gets_the_answer_with_its_source_in_the_language_of_the_question(
    either: FakeTelegram, title: Callable[..., str], language: str, source: str
) -> None:
    person = either.person(language)
    answer = person.says(title("child-benefit", language))
    assert answer.text.startswith(title("child-benefit", language))
    assert "259" in answer.text
    assert source in answer.text


def test_a_free_question_in_whole_words_is_understood(newcomer: Person) -> None:
    assert newcomer.says("Wie bekomme ich Kindergeld?").text.startswith("Kindergeld")


def test_the_phone_is_set_to_another_language_than_the_question(
    newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    english_phone = telegram.person("en")
    assert "Quelle: " in english_phone.says("Wie bekomme ich Kindergeld für meine Tochter?").text


def test_a_tapped_button_is_answered_and_its_spinner_stops(either: FakeTelegram, title: Callable[..., str]) -> None:
    person = either.person()
    answer = person.says(title("child-benefit"))
    related = next(data for data in answer.buttons.values() if data.startswith("topic:"))
    tap = person.tap(related)
    assert person.does(tap).text.startswith(title(related.removeprefix("topic:")))
    either.wait(lambda: tap["callback_query"]["id"] in either.acknowledged)


def test_every_answer_offers_a_person(newcomer: Person, title: Callable[..., str]) -> None:
    assert "person" in newcomer.says(title("find-doctor")).buttons.values()


def test_an_old_or_strange_button_shows_the_topics(newcomer: Person) -> None:
    for strange in ("gone:long-ago", "", "topic:no-such-topic", "ä" * 32):
        assert any(data.startswith("menu:") for data in newcomer.taps(strange).buttons.values())


def test_start_says_welcome_and_that_this_is_no_human(either: FakeTelegram) -> None:
    welcome = either.person().says("/start")
    assert "Chatbot" in welcome.text
    assert "112" in welcome.text
    assert "topic:register-address" in welcome.buttons.values()


def test_a_start_link_opens_its_topic(newcomer: Person, title: Callable[..., str]) -> None:
    assert newcomer.says("/start register-address").text.startswith(title("register-address"))


def test_a_start_link_opens_its_topic_in_its_language(newcomer: Person, title: Callable[..., str]) -> None:
    answer = newcomer.says("/start t-register-address_l-uk")
    assert answer.text.startswith(title("register-address", "uk"))
    assert newcomer.says(title("child-benefit", "de")).text.startswith(title("child-benefit", "uk"))


def test_the_text_of_a_whatsapp_link_works_here_too(newcomer: Person, title: Callable[..., str]) -> None:
    assert newcomer.says("Merhaba\n#register-address tr").text.startswith(title("register-address", "tr"))


def test_a_start_link_to_nowhere_says_welcome_with_a_friendly_word(newcomer: Person) -> None:
    for payload, language in (("t-_l-", "de"), ("..", "de"), ("t-gone_l-en", "en")):
        welcome = newcomer.says(f"/start {payload}")
        assert welcome.text.startswith(lost_link(phrases(language)))
        assert "topic:register-address" in welcome.buttons.values()


@pytest.mark.parametrize(("tag", "words"), [("en", "We now write in English"), ("de", "Deutsch"), ("ar", "العربية")])
def test_a_start_link_chooses_the_language(newcomer: Person, tag: str, words: str) -> None:
    assert words in newcomer.says(f"/start lang_{tag}").text


def test_a_start_link_with_nonsense_says_welcome(newcomer: Person) -> None:
    for payload in ("lang_xx", "no-such-topic", "a" * 64, "lang_"):
        assert newcomer.says(f"/start {payload}").rows


def test_commands_work_with_the_name_of_the_bot_behind_them(newcomer: Person, telegram: FakeTelegram) -> None:
    menu = newcomer.says(f"/menu@{telegram.username}")
    assert any(data.startswith("menu:") for data in menu.buttons.values())


def test_the_menu_of_commands_is_set_in_every_language_the_bot_speaks(server: Server, telegram: FakeTelegram) -> None:
    telegram.wait(lambda: set(telegram.commands) == TAGS)
    for tag, shown in telegram.commands.items():
        assert {"command": "person", "description": phrases(tag or "en")("Talk to a person")} in shown
        assert {"start", "menu", "language", "person", "emergency", "loeschen"} <= {c["command"] for c in shown}


@pytest.mark.parametrize("kind", ["voice", "photo", "sticker", "location", "document"])
def test_what_the_bot_cannot_read_gets_one_polite_answer(
    newcomer: Person, title: Callable[..., str], kind: str
) -> None:
    polite = newcomer.does(getattr(newcomer, kind)())
    assert polite.text
    assert "person" in polite.buttons.values()
    assert newcomer.says(title("find-doctor")).text.startswith(title("find-doctor"))
    assert len(newcomer.got) == 2


def test_the_words_under_a_photo_are_read(newcomer: Person, title: Callable[..., str]) -> None:
    assert newcomer.does(newcomer.photo(title("child-benefit"))).text.startswith(title("child-benefit"))


def test_markup_is_shown_as_it_was_written_and_never_interpreted(
    newcomer: Person, telegram: FakeTelegram, desk: Desk
) -> None:
    markup = "<b>fett</b> *stern* _unter_ [hier](https://example.org) & `code` <script>"
    assert newcomer.says(markup).text
    case = hand_off(newcomer, desk)
    before = len(newcomer.got)
    assert desk.writes(case, text=markup).status_code == 202
    assert newcomer.reads(before + 1)[before].text.endswith("\n" + markup)
    sends = telegram.calls_of("sendMessage")
    assert all(not {"parse_mode", "entities"} & call.params.keys() for call in sends)


# ---- the door


def test_without_the_right_secret_nothing_comes_in(server: Server, newcomer: Person, telegram: FakeTelegram) -> None:
    before = inbox_size(server), rows(server, "SELECT count(*) FROM conversation")
    update = newcomer.message("darf nicht hinein")
    for secret in ("", "wrong", SECRET.lower(), SECRET + "x", "ü€"):
        answer = telegram.posts(update, secret=secret)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
    assert (inbox_size(server), rows(server, "SELECT count(*) FROM conversation")) == before
    assert not newcomer.got


def test_a_product_that_polls_keeps_its_webhook_shut(polling: Server, polled_telegram: FakeTelegram) -> None:
    stranger = Chat(polling.url).http
    for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": ""}, {"X-Telegram-Bot-Api-Secret-Token": SECRET}):
        assert stranger.post("/telegram/webhook", json={"update_id": 1}, headers=headers).status_code == 403


MALFORMED = {
    "empty": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"update_id": 1, "message": "\xff\xfe"}',
    "a list": b"[]",
    "a word": b'"update"',
    "null": b"null",
    "too deep": b'{"update_id":1,"message":' + b"[" * 300 + b"]" * 300 + b"}",
    "bottomless": b"[" * 100_000,
    "too large": b'{"update_id":1,"message":"' + b"x" * 1_000_001 + b'"}',
}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_refused(server: Server, telegram: FakeTelegram, body: bytes, content_type: str) -> None:
    before = inbox_size(server)
    answer = telegram.posts(body, **{"Content-Type": content_type})
    assert 400 <= answer.status_code < 500, answer.text
    assert inbox_size(server) == before


def test_well_formed_updates_of_unknown_kinds_or_odd_shape_are_taken_and_ignored(
    server: Server, newcomer: Person, telegram: FakeTelegram
) -> None:
    before = inbox_size(server)
    chat = newcomer.private_chat
    odd: list[dict[str, Any]] = [
        newcomer.reacts(),
        {},
        {"update_id": 1},
        {"update_id": 2, "brand_new_kind": {"a": 1}},
        {"update_id": 3, "message": None},
        {"update_id": 4, "message": "text"},
        {"update_id": 5, "message": {"text": "no chat"}},
        {"update_id": 6, "message": {"chat": "x", "text": "t"}},
        {"update_id": 7, "message": {"chat": {"id": "12", "type": "private"}, "text": "t"}},
        {"update_id": 8, "callback_query": {"id": "1", "from": newcomer.account, "inline_message_id": "9"}},
        {"update_id": 9, "callback_query": []},
        {"update_id": "10", "message": {"chat": chat, "text": "t"}},
        {"update_id": 11, "message": {"chat": chat, "from": newcomer.account | {"is_bot": True}, "text": "t"}},
    ]
    for update in odd:
        assert telegram.posts(update).status_code == 200, update
    assert inbox_size(server) == before


def test_a_message_with_missing_or_odd_fields_is_answered_and_never_breaks_the_conversation(
    newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    chat = newcomer.private_chat
    odd = [
        {"chat": chat},
        {"chat": chat, "text": ["x"], "from": "somebody"},
        {"chat": chat, "text": "\ud800\x00", "from": {"language_code": 7}},
        {"chat": chat, "text": title("child-benefit"), "from": {"language_code": "\ud800"}},
    ]
    for message in odd:
        assert telegram.posts(telegram.update(message=message)).status_code == 200
    newcomer.writes(title("find-doctor"))
    newcomer.telegram.wait(lambda: newcomer.texts and newcomer.texts[-1].startswith(title("find-doctor")))


def test_the_same_update_three_times_at_once_gives_one_set_of_replies(
    server: Server, newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    first, tap = newcomer.message(title("child-benefit")), newcomer.tap("topic:find-doctor")
    before = inbox_size(server)
    with ThreadPoolExecutor(3) as pool:
        for update in (first, tap):
            assert [a.status_code for a in pool.map(telegram.delivers, [update] * 3)] == [200] * 3
    telegram.delivers(first)
    newcomer.writes(title("integration-course"))
    newcomer.telegram.wait(lambda: newcomer.texts and newcomer.texts[-1].startswith(title("integration-course")))
    assert [text.splitlines()[0] for text in newcomer.texts] == [
        title(t) for t in ("child-benefit", "find-doctor", "integration-course")
    ]
    assert inbox_size(server) == before + 3
    assert [c for c in telegram.calls_of("answerCallbackQuery") if c.params == {"callback_query_id": tap_id(tap)}]


def tap_id(update: dict[str, Any]) -> str:
    """The id of the tap in an update."""
    return str(update["callback_query"]["id"])


# ---- long, slow, refused


def test_a_long_text_comes_in_parts_within_the_limit_and_in_order(newcomer: Person, desk: Desk) -> None:
    case = hand_off(newcomer, desk)
    sentences = [
        f"Satz {n} mit 🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂 am Ende." for n in range(70)
    ]
    long = " ".join(sentences)
    assert len(long.encode("utf-16-le")) // 2 > LIMIT
    before = len(newcomer.got)
    assert desk.writes(case, text=long).status_code == 202
    newcomer.telegram.wait(lambda: newcomer.texts[-1].endswith(sentences[-1]))
    parts = newcomer.texts[before:]
    assert len(parts) >= 2
    assert all(len(part.encode("utf-16-le")) // 2 <= LIMIT for part in parts)
    assert " ".join(parts).split("\n", 1)[1] == long
    assert "Lena" in parts[0].split("\n", 1)[0]


def test_the_buttons_stand_under_the_last_part(newcomer: Person, title: Callable[..., str]) -> None:
    newcomer.says("/start lang_ar")
    before = len(newcomer.got)
    newcomer.taps("topic:child-benefit")
    newcomer.telegram.wait(lambda: newcomer.got[-1].rows and len(newcomer.got) > before)
    assert not any(sent.rows for sent in newcomer.got[before:-1])


def test_when_telegram_asks_to_wait_we_wait_and_nothing_is_lost_doubled_or_reordered(
    newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    telegram.fails("sendMessage", too_many(1), chat=newcomer.chat, times=2)
    for topic in EXACT:
        newcomer.writes(title(topic))
    telegram.wait(lambda: telegram.calls_of("sendMessage", newcomer.chat))
    refused_at = telegram.calls_of("sendMessage", newcomer.chat)[0].at
    other = telegram.person()
    other.says(title("find-doctor"), seconds=5)
    assert not newcomer.got, "the others do not wait for this chat"
    newcomer.reads(3)
    assert [text.splitlines()[0] for text in newcomer.texts] == [title(topic) for topic in EXACT]
    tries = telegram.calls_of("sendMessage", newcomer.chat)
    assert len(tries) == 5
    assert tries[1].at - refused_at >= 1
    assert tries[2].at - tries[1].at >= 1


STUMBLES: dict[str, Fault] = {
    "500": SERVER_ERROR,
    "502": Refusal(502, "Bad Gateway"),
    "reset": RESET_BEFORE,
    "429 without a time": Refusal(429, "Too Many Requests"),
}


def test_a_stumbling_telegram_is_tried_again_and_the_answers_arrive_once_and_in_order(
    newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    people = {name: telegram.person() for name in STUMBLES}
    for name, person in people.items():
        telegram.fails("sendMessage", STUMBLES[name], chat=person.chat)
        for topic in EXACT[:2]:
            person.writes(title(topic))
    for name, person in people.items():
        person.reads(2)
        assert [text.splitlines()[0] for text in person.texts] == [title(topic) for topic in EXACT[:2]], name
    assert not telegram.faults_left


def test_an_answer_whose_receipt_is_lost_is_doubled_at_most_and_blocks_nothing(
    newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    people = {fault: telegram.person() for fault in (RESET_AFTER, Cut())}
    for fault, person in people.items():
        telegram.fails("sendMessage", fault, chat=person.chat)
        for topic in EXACT[:2]:
            person.writes(title(topic))
    for person in people.values():
        telegram.wait(lambda person=person: person.texts and person.texts[-1].startswith(title(EXACT[1])))  # type: ignore[misc]
        assert 2 <= len(person.got) <= 3
        assert all(text.startswith(title(EXACT[0])) for text in person.texts[:-1])
    assert not telegram.faults_left


def test_when_a_later_part_has_to_wait_the_earlier_ones_are_not_sent_again(
    newcomer: Person, telegram: FakeTelegram, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    before = len(newcomer.got)
    telegram.fails("sendMessage", too_many(1), chat=newcomer.chat, skip=1)
    assert desk.writes(case, text="Anfang " + "🙂 " * 1900 + "Ende").status_code == 202
    telegram.wait(lambda: newcomer.texts[-1].endswith("Ende"))
    assert not telegram.faults_left
    assert sum("Anfang" in text for text in newcomer.texts[before:]) == 1


@pytest.mark.parametrize("fault", [BLOCKED, CHAT_GONE], ids=["blocked", "gone"])
def test_a_person_who_blocked_the_bot_is_given_up_and_holds_up_nobody(
    server: Server, newcomer: Person, telegram: FakeTelegram, title: Callable[..., str], fault: Fault
) -> None:
    telegram.fails("sendMessage", fault, chat=newcomer.chat)
    newcomer.writes(title("child-benefit"))
    assert telegram.person().says(title("find-doctor"), seconds=5).text
    telegram.wait(lambda: not telegram.faults_left)
    dead = """SELECT count(*) FROM outbox JOIN conversation c ON c.id = conversation_id
              WHERE address = ? AND state = 'dead'"""
    eventually(lambda: rows(server, dead, str(newcomer.chat)) == [(1,)])
    assert newcomer.says(title("find-doctor")).text.startswith(title("find-doctor")), "back again, answered again"
    assert len(telegram.calls_of("sendMessage", newcomer.chat)) == 2


def test_a_refused_token_stops_the_channel_loudly_and_the_replies_wait(
    server: Server, newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    telegram.fails("sendMessage", WRONG_TOKEN, chat=newcomer.chat)
    newcomer.writes(title("child-benefit"))
    telegram.wait(lambda: not telegram.faults_left)
    outside = Chat(server.url).http
    eventually(lambda: outside.get("/readyz").json()["channels"]["telegram"] == "TELEGRAM_TOKEN is not valid")
    assert 'lotsenbot_channel_stopped{channel="telegram"} 1.0' in outside.get("/metrics").text
    assert newcomer.reads(1)[0].text.startswith(title("child-benefit"))
    eventually(lambda: outside.get("/readyz").json()["channels"]["telegram"] == "ok")


def test_one_slow_chat_does_not_hold_up_another(
    newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    telegram.fails("sendMessage", Slow(2.5), chat=newcomer.chat)
    newcomer.writes(title("child-benefit"))
    telegram.wait(lambda: not telegram.faults_left)
    began = time.monotonic()
    telegram.person().says(title("find-doctor"))
    assert time.monotonic() - began < 2
    newcomer.says(title("find-doctor"))


def test_a_telegram_that_hangs_does_not_hold_up_the_web_chat(
    newcomer: Person, telegram: FakeTelegram, chat: Chat, title: Callable[..., str]
) -> None:
    chat.says(title("integration-course"))
    crowd = [telegram.person() for _ in range(12)]
    for person in crowd:
        telegram.fails("sendMessage", Slow(4), chat=person.chat)
    for person in crowd:
        person.writes(title("child-benefit"))
    telegram.wait(lambda: telegram.faults_left <= 4)
    began = time.monotonic()
    chat.says(title("find-doctor"))
    assert time.monotonic() - began < 2
    telegram.wait(lambda: all(person.got for person in crowd))


# ---- erasing


def everything_kept(server: Server, *needles: str) -> dict[str, int]:
    """In which tables one of the needles stands, in any column."""
    found = {}
    with closing(sqlite3.connect(server.folder / "test.sqlite3", timeout=10)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            kept = [str(row) for row in database.execute(f'SELECT * FROM "{table}"')]
            if number := sum(any(needle in row for needle in needles) for row in kept):
                found[table] = number
    return found


@pytest.mark.parametrize("words", ["/loeschen", "alles löschen"])
def test_the_word_for_erasing_erases_everything_and_says_so(
    server: Server, newcomer: Person, telegram: FakeTelegram, desk: Desk, words: str
) -> None:
    mark = uuid.uuid4().hex
    newcomer.says(f"ich heiße {mark} und suche etwas")
    newcomer.does(newcomer.photo(f"brief von {mark}"))
    case = hand_off(newcomer, desk)
    before = len(newcomer.got)
    desk.writes(case, text=f"Guten Tag {mark}")
    newcomer.reads(before + 1)
    assert {"inbox", "message", "conversation"} <= everything_kept(server, mark, str(newcomer.chat)).keys()
    assert newcomer.says(words).text == phrases("de")("Everything is erased. You can start again at any time.")
    eventually(lambda: not everything_kept(server, mark, str(newcomer.chat)))
    assert newcomer.says("/start").text


def test_the_button_for_erasing_asks_once_more(server: Server, newcomer: Person) -> None:
    mark = uuid.uuid4().hex
    newcomer.says(f"ich heiße {mark}")
    question = newcomer.taps("erase")
    assert list(question.buttons.values()) == ["erase:no", "erase:yes"]
    newcomer.taps("erase:no")
    assert everything_kept(server, mark)
    newcomer.taps("erase:yes")
    eventually(lambda: not everything_kept(server, mark, str(newcomer.chat)))


def test_a_question_right_after_erasing_is_answered(
    newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    newcomer.says(title("child-benefit"))
    telegram.fails("sendMessage", Slow(0.7), chat=newcomer.chat)
    newcomer.writes("/loeschen")
    newcomer.writes(title("find-doctor"))
    telegram.wait(lambda: newcomer.texts[-1].startswith(title("find-doctor")), seconds=8)


def test_a_question_while_the_farewell_has_to_wait_is_answered(
    newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    newcomer.says(title("child-benefit"))
    telegram.fails("sendMessage", too_many(2), chat=newcomer.chat)
    newcomer.writes("/loeschen")
    telegram.wait(lambda: not telegram.faults_left)
    newcomer.writes(title("find-doctor"))
    telegram.wait(lambda: newcomer.texts[-1].startswith(title("find-doctor")), seconds=10)


def test_a_repeated_update_after_erasing_brings_nothing_back(
    server: Server, newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    question, erase = newcomer.message(title("child-benefit")), newcomer.message("/loeschen")
    newcomer.does(question)
    newcomer.does(erase)
    eventually(lambda: not everything_kept(server, str(newcomer.chat)))
    for update in (question, erase):
        assert telegram.delivers(update).status_code == 200
    time.sleep(0.5)
    assert len(newcomer.got) == 2
    assert not everything_kept(server, str(newcomer.chat))


def test_erasing_is_complete_even_if_the_farewell_can_no_longer_arrive(
    server: Server, newcomer: Person, telegram: FakeTelegram
) -> None:
    newcomer.says("/menu")
    telegram.fails("sendMessage", BLOCKED, chat=newcomer.chat)
    newcomer.writes("/loeschen")
    telegram.wait(lambda: not telegram.faults_left)
    eventually(lambda: not everything_kept(server, str(newcomer.chat)), seconds=3)


# ---- the Lotsen


def test_a_lotses_answer_arrives_signed_with_the_name_and_the_way_back_works(
    newcomer: Person, desk: Desk, title: Callable[..., str]
) -> None:
    case = hand_off(newcomer, desk)
    assert "Lena" in newcomer.texts[-1]
    before = len(newcomer.got)
    key = str(uuid.uuid4())
    for _ in range(2):
        assert desk.writes(case, key, text="Guten Tag, wie kann ich helfen?").status_code == 202
    newcomer.reads(before + 1)
    first, rest = newcomer.texts[before].split("\n", 1)
    assert first == phrases("de")("{name} (guide, a person):").format(name="Lena")
    assert rest == "Guten Tag, wie kann ich helfen?"
    newcomer.writes("eine antwort an lena, der bot schweigt")
    eventually(lambda: "eine antwort an lena, der bot schweigt" in [m["text"] for m in desk.card(case)["messages"]])
    assert len(newcomer.got) == before + 1
    assert newcomer.taps("bot").text
    assert newcomer.says(title("find-doctor")).text.startswith(title("find-doctor"))


def test_the_group_of_the_lotsen_hears_of_a_new_case_but_no_words_of_the_newcomer(
    newcomer: Person, telegram: FakeTelegram
) -> None:
    before = len(telegram.inbox_of[LOTSEN_GROUP])
    newcomer.says("mein geheimer satz über meinen vermieter")
    newcomer.taps("person")
    telegram.wait(lambda: len(telegram.inbox_of[LOTSEN_GROUP]) > before)
    line = telegram.inbox_of[LOTSEN_GROUP][-1].text
    assert "/desk" in line
    assert "geheim" not in line
    assert newcomer.name not in line


@pytest.mark.parametrize("fault", [too_many(1), SERVER_ERROR], ids=["asked to wait", "500"])
def test_when_the_group_of_the_lotsen_cannot_be_told_once_it_still_hears_of_the_next_case(
    newcomer: Person, telegram: FakeTelegram, fault: Fault
) -> None:
    telegram.fails("sendMessage", fault, chat=LOTSEN_GROUP)
    newcomer.taps("person")
    telegram.wait(lambda: not telegram.faults_left)
    before = len(telegram.inbox_of[LOTSEN_GROUP])
    telegram.person().taps("person")
    telegram.wait(lambda: len(telegram.inbox_of[LOTSEN_GROUP]) > before, seconds=6)


def test_the_group_of_the_lotsen_hears_of_the_same_case_where_it_has_moved_to(
    server: Server, newcomer: Person, telegram: FakeTelegram
) -> None:
    before = len(telegram.calls_of("sendMessage", LOTSEN_GROUP))
    telegram.knows(-1009999999999)
    telegram.fails("sendMessage", moved_to(-1009999999999), chat=LOTSEN_GROUP)
    for number in (1, 2):
        telegram.person().taps("person")
        telegram.wait(lambda number=number: len(telegram.inbox_of[-1009999999999]) == number)  # type: ignore[misc]
    assert len(telegram.calls_of("sendMessage", LOTSEN_GROUP)) == before + 1
    assert "set_telegram_lotsen_chat_to" in server.log.read_text()


# ---- corrections, blocked and unblocked


def test_a_corrected_question_is_answered_and_one_that_did_not_change_is_not(
    either: FakeTelegram, title: Callable[..., str]
) -> None:
    person = either.person()
    question = person.message(title("child-benefit"))
    person.does(question)
    either.brings(person.edits(question))
    assert person.does(person.edits(question, title("find-doctor"))).text.startswith(title("find-doctor"))
    again = person.edits(question, title("find-doctor"))
    either.brings(again)
    either.brings(again)
    assert person.says(title("integration-course")).text.startswith(title("integration-course"))
    assert len(person.got) == 3


def test_a_lotse_sees_a_correction_as_such(newcomer: Person, telegram: FakeTelegram, desk: Desk) -> None:
    case = hand_off(newcomer, desk)
    said = newcomer.message("am dienstag um drei")
    telegram.brings(said)
    telegram.brings(newcomer.edits(said, "am mittwoch um drei"))
    corrected = phrases("de")("[corrected]") + " am mittwoch um drei"
    eventually(lambda: [m["text"] for m in desk.card(case)["messages"]][-2:] == ["am dienstag um drei", corrected])


def test_a_correction_of_what_was_erased_brings_nothing_back(
    server: Server, newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    said = newcomer.message(title("child-benefit"))
    newcomer.does(said)
    newcomer.says("/loeschen")
    eventually(lambda: not everything_kept(server, str(newcomer.chat)))
    for change in (newcomer.edits(said), newcomer.edits(said, title("find-doctor"))):
        telegram.brings(change)
    time.sleep(0.3)
    assert len(newcomer.got) == 2
    assert not everything_kept(server, str(newcomer.chat))


def test_the_lotse_sees_that_the_newcomer_blocked_the_bot_and_that_it_is_over(
    newcomer: Person, telegram: FakeTelegram, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    assert desk.card(case)["unreachable"] is False
    telegram.brings(newcomer.blocks_the_bot())
    eventually(lambda: desk.card(case)["unreachable"])
    telegram.brings(newcomer.unblocks_the_bot())
    eventually(lambda: not desk.card(case)["unreachable"])
    telegram.fails("sendMessage", BLOCKED, chat=newcomer.chat)
    desk.writes(case, text="Sind Sie noch da?")
    eventually(lambda: desk.card(case)["unreachable"])
    newcomer.writes("ich bin wieder da")
    eventually(lambda: not desk.card(case)["unreachable"])


def test_whoever_never_wrote_and_blocks_or_unblocks_the_bot_leaves_no_trace(
    server: Server, newcomer: Person, telegram: FakeTelegram
) -> None:
    for news in (newcomer.blocks_the_bot(), newcomer.unblocks_the_bot()):
        telegram.brings(news)
    assert not everything_kept(server, str(newcomer.chat))
    assert not newcomer.got


def test_a_button_works_under_a_message_telegram_itself_has_forgotten(
    newcomer: Person, title: Callable[..., str]
) -> None:
    assert newcomer.does(newcomer.tap_on_an_old_message("topic:find-doctor")).text.startswith(title("find-doctor"))


def test_every_button_the_bot_can_show_fits_into_telegrams_64_bytes(catalogue: Catalogue) -> None:
    ids = [f"{verb}:{topic}" for topic in catalogue.topics for verb in ("topic", "more", "danger:yes")]
    assert [id_ for id_ in ids if len(id_.encode()) > 64] == []


# ---- a backlog


def long_ago(person: Person, text: str, hours: float) -> dict[str, Any]:
    """A message that waited at Telegram for hours."""
    update = person.message(text)
    update["message"]["date"] -= int(3600 * hours)
    return update


def test_the_first_answer_after_hours_says_sorry_and_nobody_is_told_to_slow_down(
    server: Server, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    person, sorry = telegram.person(), phrases("de")("I am sorry that this answer comes so late.")
    waited = [long_ago(person, title("child-benefit"), 5 - number / 10) for number in range(22)]
    for update in waited:
        telegram.brings(update)
    alarmed = telegram.person()
    first = alarmed.does(long_ago(alarmed, "hilfe es brennt in meiner wohnung", 2)).text
    assert first.endswith(sorry)
    assert "112" in first
    person.reads(2)
    assert person.texts[0].startswith(sorry + "\n\n" + title("child-benefit"))
    assert person.texts[1].startswith(title("child-benefit"))
    person.reads(22)
    slow_down = phrases("de")("That was a lot at once. Please wait a moment, then write on. Nothing is lost.")
    assert slow_down not in person.texts


def test_a_reply_that_could_not_leave_for_hours_says_sorry_too(
    server: Server, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    person, sorry = telegram.person(), phrases("de")("I am sorry that this answer comes so late.")
    telegram.fails("sendMessage", too_many(3), chat=person.chat)
    for topic in ("child-benefit", "find-doctor"):
        person.writes(title(topic))
    telegram.wait(lambda: not telegram.faults_left)
    with closing(sqlite3.connect(server.folder / "test.sqlite3", timeout=10)) as database:
        database.execute("UPDATE outbox SET created_at = '2026-01-01 00:00:00.000000' WHERE state = 'waiting'")
        database.commit()
    person.reads(2)
    assert person.texts[0].startswith(sorry + "\n\n" + title("child-benefit"))
    assert person.texts[1].startswith(title("find-doctor"))


# ---- groups


@pytest.fixture
def group(telegram: FakeTelegram) -> int:
    """A group the bot was added to."""
    number = -1_000_000_000_000 - telegram.number()
    telegram.knows(number)
    return number


def in_the_group(telegram: FakeTelegram, group: int, update: dict[str, Any]) -> Sent:
    """What the bot says in the group to this."""
    before = len(telegram.inbox_of[group])
    telegram.brings(update)
    telegram.wait(lambda: len(telegram.inbox_of[group]) > before)
    return telegram.inbox_of[group][before]


def test_in_a_group_the_bot_answers_commands_with_its_name_mentions_replies_and_taps(
    newcomer: Person, telegram: FakeTelegram, group: int, title: Callable[..., str]
) -> None:
    name, question = telegram.username, title("child-benefit")
    asked = newcomer.in_group(f"@{name.upper()} {question}", group)
    answer = in_the_group(telegram, group, asked)
    assert answer.text.startswith(question)
    assert answer.to == asked["message"]["message_id"]
    for update in (
        newcomer.in_group(f"{question} @{name}", group),
        newcomer.answers_the_bot(question, group),
        newcomer.tap("topic:child-benefit", newcomer.group_chat(group)),
    ):
        assert in_the_group(telegram, group, update).text.startswith(question)
    menu = in_the_group(telegram, group, newcomer.in_group(f"/menu@{name}", group))
    assert any(data.startswith("menu:") for data in menu.buttons.values())
    assert "Chatbot" in in_the_group(telegram, group, newcomer.in_group(f"@{name}", group)).text


def test_what_is_not_addressed_to_the_bot_in_a_group_is_neither_answered_nor_kept(
    server: Server, newcomer: Person, telegram: FakeTelegram, group: int, title: Callable[..., str]
) -> None:
    mark = uuid.uuid4().hex
    before = inbox_size(server)
    talk = [
        newcomer.in_group(f"{title('child-benefit')} {mark}", group),
        newcomer.in_group(f"/menu {mark}", group),
        newcomer.in_group(f"/menu@another_bot {mark}", group),
        newcomer.in_group(f"@{telegram.username}_two {mark}", group),
        newcomer.in_group(f"mail an x@{telegram.username} {mark}", group),
        newcomer.in_group(mark, group, is_automatic_forward=True, sender_chat={"id": -1, "type": "channel"}),
        newcomer.answers_the_bot(mark, group, **{"from": newcomer.account}),
        newcomer.answers_the_bot(mark, group, forum_topic_created={"name": "Thema", "icon_color": 1}),
        telegram.update(edited_message=newcomer.in_group(f"@{telegram.username} {mark}", group)["message"]),
        telegram.update(channel_post=newcomer.content(text=f"@{telegram.username}", chat={"id": 5, "type": "channel"})),
    ]
    for update in talk:
        assert telegram.posts(update).status_code == 200
    time.sleep(0.3)
    assert not telegram.inbox_of[group]
    assert inbox_size(server) == before
    assert not everything_kept(server, mark, str(group))


@pytest.mark.parametrize("words", ["ich möchte mit einem menschen sprechen", "/person", "qwrtz plmpf xkcd"])
def test_in_a_group_nobody_is_handed_over_but_gets_the_numbers_and_the_way_to_a_private_talk(
    newcomer: Person, telegram: FakeTelegram, group: int, desk: Desk, words: str
) -> None:
    before = len(desk.cases())
    text = words + f"@{telegram.username}" if words.startswith("/") else f"@{telegram.username} {words}"
    for _ in range(4):  # also whoever is not understood again and again
        answer = in_the_group(telegram, group, newcomer.in_group(text, group))
        assert answer.links == {
            phrases("de")("Write to me privately"): f"https://t.me/{telegram.username}?start=privately"
        }
        assert "person" not in answer.buttons.values()
        assert words.startswith("q") or {"110", "112"} <= set(re.findall(r"\d+", answer.text))
    assert len(desk.cases()) == before
    private = newcomer.says("/start privately")
    assert "person" in private.buttons.values()


def test_danger_in_a_group_gets_the_number_at_once_and_the_way_to_a_private_talk(
    newcomer: Person, telegram: FakeTelegram, group: int, desk: Desk
) -> None:
    before = len(desk.cases())
    alarm = newcomer.in_group(f"@{telegram.username} hilfe es brennt in unserer wohnung", group)
    answer = in_the_group(telegram, group, alarm)
    assert "112" in answer.text
    assert phrases("de")("You can also write to me privately. Nobody in this group reads it there.") in answer.text
    assert answer.links
    assert len(desk.cases()) == before


def test_of_a_group_no_word_and_no_name_is_kept(
    server: Server, newcomer: Person, telegram: FakeTelegram, group: int
) -> None:
    mark = uuid.uuid4().hex
    in_the_group(telegram, group, newcomer.in_group(f"@{telegram.username} wo finde ich {mark}", group))
    eventually(lambda: not everything_kept(server, mark, str(newcomer.chat), "Nachbarn"))
    telegram.brings(newcomer.removes_the_bot(group))
    eventually(lambda: not everything_kept(server, str(group)))


def test_everybody_in_a_group_is_answered_in_their_own_language(
    newcomer: Person, telegram: FakeTelegram, group: int, title: Callable[..., str]
) -> None:
    english = telegram.person("en")
    for person, language in ((newcomer, "de"), (english, "en"), (newcomer, "de")):
        asked = person.in_group(f"@{telegram.username} {title('child-benefit', language)}", group)
        assert in_the_group(telegram, group, asked).text.startswith(title("child-benefit", language))


def test_a_group_that_became_a_supergroup_is_answered_there(
    server: Server, newcomer: Person, telegram: FakeTelegram, group: int, title: Callable[..., str]
) -> None:
    new = group - 1_000_000
    telegram.knows(new)
    in_the_group(telegram, group, newcomer.in_group(f"@{telegram.username} {title('find-doctor')}", group))
    telegram.fails("sendMessage", moved_to(new), chat=group)
    answer = newcomer.in_group(f"@{telegram.username} {title('child-benefit')}", group)
    telegram.brings(answer)
    telegram.wait(lambda: telegram.inbox_of[new])
    assert telegram.inbox_of[new][0].text.startswith(title("child-benefit"))
    for news in newcomer.upgrades(group, new):
        telegram.brings(news)
    in_the_group(telegram, new, newcomer.in_group(f"@{telegram.username} {title('find-doctor')}", new))
    assert rows(server, "SELECT address FROM conversation WHERE address IN (?, ?)", str(group), str(new)) == [
        (str(new),)
    ]


def test_in_the_group_of_the_lotsen_the_bot_does_not_chat(
    server: Server, newcomer: Person, telegram: FakeTelegram
) -> None:
    before = inbox_size(server)
    telegram.brings(newcomer.in_group(f"@{telegram.username} hallo", LOTSEN_GROUP))
    assert inbox_size(server) == before


# ---- polling


def test_polling_survives_an_update_nobody_can_read(poller: Person, title: Callable[..., str]) -> None:
    poller.telegram.queues(poller.telegram.update(message={"message_id": "x", "chat": 5, "from": []}))
    assert poller.says(title("find-doctor")).text.startswith(title("find-doctor"))


def test_a_bad_start_is_tried_again_until_telegram_is_well(polling: Server, poller: Person) -> None:
    poller.telegram.wait(lambda: not poller.telegram.faults_left and set(poller.telegram.commands) == TAGS)
    assert "TELEGRAM_TOKEN is not valid" in polling.log.read_text()


def test_an_update_is_confirmed_to_telegram_once_it_is_safe(
    polling: Server, poller: Person, title: Callable[..., str]
) -> None:
    update = poller.message(title("child-benefit"))
    poller.telegram.queues(update)
    poller.telegram.wait(lambda: poller.telegram.confirmed >= update["update_id"])
    assert rows(polling, "SELECT count(*) FROM inbox WHERE update_id = ?", str(update["update_id"])) == [(1,)]


def test_a_slow_receipt_for_a_tap_does_not_hold_up_the_others(poller: Person, title: Callable[..., str]) -> None:
    poller.telegram.fails("answerCallbackQuery", Slow(4))
    poller.telegram.queues(poller.tap("menu"))
    poller.telegram.wait(lambda: not poller.telegram.faults_left)
    began = time.monotonic()
    poller.telegram.person().says(title("find-doctor"))
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize(
    "fault",
    [SERVER_ERROR, too_many(1), OTHER_POLLER, RESET_BEFORE, WRONG_TOKEN, Cut()],
    ids=["500", "429", "other poller", "reset", "401", "cut"],
)
def test_polling_goes_on_after_trouble_and_every_update_is_answered_once(
    poller: Person, title: Callable[..., str], fault: Fault
) -> None:
    telegram = poller.telegram
    telegram.fails("getUpdates", fault)
    before = len(poller.got)
    poller.writes(title(EXACT[0]))  # ends the call that waits at the moment, so the next one meets the fault
    telegram.wait(lambda: not telegram.faults_left)
    for topic in EXACT[1:]:
        poller.writes(title(topic))
    telegram.wait(lambda: len(poller.got) >= before + 3, seconds=8)
    assert [text.splitlines()[0] for text in poller.texts[before:]] == [title(topic) for topic in EXACT]


@contextmanager
def full_disk(server: Server) -> Iterator[None]:
    """No update can be kept for a while."""
    with closing(sqlite3.connect(server.folder / "test.sqlite3", timeout=10)) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON inbox BEGIN SELECT RAISE(FAIL, 'disk full'); END")
        try:
            yield
        finally:
            database.execute("DROP TRIGGER full")


def test_polling_survives_a_database_that_takes_nothing_for_a_moment(
    polling: Server, poller: Person, title: Callable[..., str]
) -> None:
    update = poller.message(title("child-benefit"))
    with full_disk(polling):
        poller.telegram.queues(update)
        time.sleep(0.7)
        assert poller.telegram.confirmed < update["update_id"]
    before = len(poller.got)
    poller.telegram.wait(lambda: len(poller.got) > before, seconds=6)
    assert poller.texts[-1].startswith(title("child-benefit"))


def test_a_webhook_says_no_while_nothing_can_be_kept_and_the_repetition_is_taken(
    server: Server, newcomer: Person, telegram: FakeTelegram, title: Callable[..., str]
) -> None:
    update = newcomer.message(title("child-benefit"))
    with full_disk(server):
        assert telegram.delivers(update).status_code >= 500
    assert newcomer.does(update).text.startswith(title("child-benefit"))


# ---- what stays behind


@pytest.mark.parametrize("way", ["webhook", "polling"])
def test_no_text_name_number_or_token_appears_in_the_log_whatever_goes_wrong(
    request: pytest.FixtureRequest, way: str
) -> None:
    running: Server = request.getfixturevalue("server" if way == "webhook" else "polling")
    person: Person = request.getfixturevalue("newcomer" if way == "webhook" else "poller")
    telegram, mark = person.telegram, f"zeichen{uuid.uuid4().hex}"
    person.name = "Gülsüm-Unverwechselbar"
    person.says(mark)
    telegram.fails("answerCallbackQuery", SERVER_ERROR)
    person.taps("menu")
    for fault in (Cut(), RESET_BEFORE, BLOCKED):
        telegram.fails("sendMessage", fault, chat=person.chat)
    person.writes(mark)
    person.writes(mark)
    telegram.wait(lambda: not telegram.faults_left)
    update = person.message(mark)
    if telegram.webhook:
        telegram.posts(json.dumps(person.message(mark)).encode()[:-2])
        telegram.posts(person.message(mark), secret="wrong")
        with full_disk(running):
            assert telegram.posts(update).status_code >= 500
        telegram.insists(update)
    else:
        telegram.fails("getUpdates", Cut())
        telegram.queues(update)
        telegram.wait(lambda: not telegram.faults_left)
    with breaking_turns(running):
        person.writes(mark)
        time.sleep(0.5)
    log = logged(running.log)
    secrets = (telegram.token, telegram.token.split(":")[1], SECRET, mark, "Unverwechselbar", "Nachname")
    assert not [secret for secret in (*secrets, str(person.chat)) if secret in log]


def logged(log: Path) -> str:
    """The log, with escapes undone."""
    text = log.read_text()
    return text + text.encode().decode("unicode_escape", "replace")


@contextmanager
def breaking_turns(server: Server) -> Iterator[None]:
    """Every turn fails for a while."""
    with closing(sqlite3.connect(server.folder / "test.sqlite3", timeout=10)) as database:
        database.execute("CREATE TRIGGER broken BEFORE INSERT ON message BEGIN SELECT RAISE(FAIL, 'broken'); END")
        try:
            yield
        finally:
            database.execute("DROP TRIGGER broken")
