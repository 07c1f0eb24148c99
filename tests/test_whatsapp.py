"""WhatsApp, from the newcomer's thumb to the answer and back: a real process, a real database, and a strict Cloud API that fails on demand."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from faq import Catalogue
from locales import offered, phrases
from locales.templates import templates
from tests.browser import SCREEN, Visits, barriers, logs_in, one_browser
from tests.fakes.newcomers import Newcomer
from tests.fakes.platform import Fault
from tests.fakes.telegram import RESET_AFTER, RESET_BEFORE, Cut, Slow
from tests.fakes.whatsapp import (
    BAD_GATEWAY,
    BUSY,
    INVALID,
    TOO_FAST,
    TOO_LATE,
    UNKNOWN,
    UNREACHABLE,
    WRONG_TOKEN,
    FakeWhatsApp,
    Sent,
    error,
)
from tests.server import Server
from tests.talk import Chat, Desk

EXACT = ("child-benefit", "find-doctor", "integration-course")


@pytest.fixture(scope="module")
def whatsapp() -> Iterator[FakeWhatsApp]:
    """Meta, as far as it can be had on this machine; it has approved all templates."""
    with FakeWhatsApp() as fake:
        for template in templates().values():
            fake.approves(template.submission())
        yield fake


@pytest.fixture(scope="module")
def server(whatsapp: FakeWhatsApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product with a number on WhatsApp; ``chat`` talks to it too."""
    running = Server(tmp_path_factory.mktemp("whatsapp"), whatsapp.settings).start()
    whatsapp.url = running.url
    yield running
    assert running.stop() == 0


@pytest.fixture
def newcomer(server: Server, whatsapp: FakeWhatsApp) -> Iterator[Newcomer]:
    """Somebody with a phone number; after the test nothing goes wrong any more."""
    yield whatsapp.person()
    whatsapp.recovers()
    whatsapp.on_sent = None


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


def change(server: Server, statement: str, *values: Any) -> None:
    """Reach into the database file."""
    with closing(sqlite3.connect(server.folder / "test.sqlite3", timeout=10)) as database, database:
        database.execute(statement, values)


def inbox_size(server: Server) -> int:
    """How many messages were taken so far."""
    return int(rows(server, "SELECT count(*) FROM inbox")[0][0])


def eventually(holds: Callable[[], Any], seconds: float = 15.0) -> None:
    """Wait for something in the database or at the desk."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.05)


def hand_off(person: Newcomer, desk: Desk) -> str:
    """The person asks for a human and Lena takes the case."""
    sign = f"mein zeichen ist {uuid.uuid4().hex}"
    person.says(sign)
    person.taps("person")
    eventually(lambda: case_with(desk, sign))
    case, before = case_with(desk, sign), len(person.got)
    assert desk.does(case, "claim").status_code == 200
    person.reads(before + 1)
    return case


def case_with(desk: Desk, words: str) -> str:
    """The open case in which somebody said this."""
    found = (c["id"] for c in desk.cases() if words in [m["text"] for m in desk.card(c["id"])["messages"]])
    return next(found, "")


def first_lines(person: Newcomer) -> list[str]:
    """With what each message begins."""
    return [text.partition("\n")[0] for text in person.texts]


def answers(person: Newcomer, wanted: list[str]) -> None:
    """All these answers have come, each once and in this order; a long one comes in several messages."""
    person.whatsapp.wait(lambda: [line for line in first_lines(person) if line in wanted] == wanted)


# ---- what newcomers see


def test_a_question_gets_the_answer_with_its_source_and_a_person_to_ask(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, title: Callable[..., str]
) -> None:
    newcomer.writes(title("child-benefit"))
    whatsapp.wait(lambda: newcomer.got and newcomer.got[-1].choices)
    whole = "\n".join(newcomer.texts)
    assert whole.startswith(title("child-benefit"))
    assert "259" in whole
    assert "Quelle: " in whole
    assert "person" in newcomer.got[-1].choices.values()
    assert not any(sent.choices for sent in newcomer.got[:-1]), "the choices stand under the last words"


def test_a_tapped_button_and_a_chosen_row_are_answered(newcomer: Newcomer, title: Callable[..., str]) -> None:
    newcomer.brings(newcomer.tap("topic:find-doctor"))
    newcomer.brings(newcomer.pick("topic:integration-course"))
    answers(newcomer, [title("find-doctor"), title("integration-course")])


def test_two_choices_are_buttons_four_are_a_list_and_sixteen_are_pages_and_none_is_missing(
    newcomer: Newcomer, whatsapp: FakeWhatsApp
) -> None:
    few = newcomer.taps("erase")
    assert (few.kind, list(few.choices.values())) == ("button", ["erase:no", "erase:yes"])
    some = newcomer.taps("none")
    assert some.kind == "button"
    before = len(newcomer.got)
    newcomer.taps("language")
    whatsapp.wait(lambda: len(newcomer.got) == before + 2)
    pages = newcomer.got[before:]
    assert [page.kind for page in pages] == ["list", "list"]
    shown = [id_ for page in pages for id_ in page.choices.values()]
    assert shown == [f"lang:{language.tag}" for language in offered()]


@pytest.mark.parametrize("language", ["de", "ar", "uk", "fa"])
def test_the_whole_menu_fits_whatsapp_in_every_language(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, catalogue: Catalogue, language: str
) -> None:
    newcomer.taps(f"lang:{language}")
    newcomer.taps("start")
    for chapter in catalogue.chapters:
        before = len(newcomer.got)
        newcomer.taps(f"menu:{chapter}")
        topics = {f"topic:{topic.id}" for topic in catalogue.topics.values() if topic.chapter == chapter}
        whatsapp.wait(lambda before=before, topics=topics: topics <= ids_of(newcomer.got[before:]))  # type: ignore[misc]
    assert not [call for call in whatsapp.sends(newcomer.phone) if call.fault]


def ids_of(messages: list[Sent]) -> set[str]:
    """All that can be chosen there."""
    return {id_ for sent in messages for id_ in sent.choices.values()}


@pytest.mark.parametrize(
    "what", ["image", "audio", "video", "document", "sticker", "location", "contacts", "unsupported"]
)
def test_what_the_bot_cannot_read_gets_one_polite_answer(newcomer: Newcomer, what: str) -> None:
    noun = getattr(newcomer, what)() if hasattr(newcomer, what) else newcomer.media(what)
    polite = newcomer.does(noun)
    assert polite.text
    assert "person" in polite.choices.values()
    assert len(newcomer.got) == 1


def test_the_words_under_a_photo_are_read(newcomer: Newcomer, title: Callable[..., str]) -> None:
    newcomer.brings(newcomer.media("image", title("child-benefit")))
    answers(newcomer, [title("child-benefit")])


def test_a_thumb_under_an_answer_is_no_question(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, title: Callable[..., str]
) -> None:
    before = inbox_size(server)
    newcomer.brings(newcomer.reaction())
    newcomer.writes(title("find-doctor"))
    answers(newcomer, [title("find-doctor")])
    assert inbox_size(server) == before + 1


def test_marks_are_shown_as_marks_and_never_become_formatting(newcomer: Newcomer, desk: Desk) -> None:
    case = hand_off(newcomer, desk)
    before = len(newcomer.got)
    words = "*stern* _unter_ ~weg~ `code` a_b_c Mieter*innen https://example.org/a_b_c 0541 323-0"
    assert desk.writes(case, text=words).status_code == 202
    name, line = newcomer.reads(before + 1)[before].text.split("\n")
    assert name == phrases("de")("{name} (guide, a person):").format(name="Lena")
    assert line == "∗stern∗ ˍunterˍ ∼wegˍ ˋcodeˋ".replace("wegˍ", "weg∼") + (
        " a_b_c Mieter*innen https://example.org/a_b_c 0541 323-0"
    )


def test_it_shows_that_it_reads_and_types_before_it_answers(newcomer: Newcomer, whatsapp: FakeWhatsApp) -> None:
    body = newcomer.message("danke")
    newcomer.does(body)
    wamid = body["changes"][0]["value"]["messages"][0]["id"]
    assert (wamid, True) in whatsapp.shown
    order = [
        r.body.get("status") or r.body["type"]
        for r in whatsapp.requests
        if wamid in str(r.body) or newcomer.phone in str(r.body)
    ]
    assert order[0] == "read"


def test_while_a_person_has_the_talk_it_is_she_who_reads_and_types(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    body = newcomer.message("eine frage an lena")
    newcomer.brings(body)
    wamid = body["changes"][0]["value"]["messages"][0]["id"]
    eventually(lambda: any(c["id"] == case and c["unread"] for c in desk.cases("claimed")))
    assert wamid not in [id_ for id_, _ in whatsapp.shown]
    desk.card(case)
    whatsapp.wait(lambda: (wamid, False) in whatsapp.shown)
    assert desk.http.post(f"/cases/{case}/typing").status_code == 204
    whatsapp.wait(lambda: (wamid, True) in whatsapp.shown)


# ---- who writes


def test_somebody_who_hides_her_number_is_answered_by_her_user_id(
    whatsapp: FakeWhatsApp, newcomer: Newcomer, title: Callable[..., str]
) -> None:
    hidden = whatsapp.person(hidden=True)
    hidden.writes(title("find-doctor"))
    answers(hidden, [title("find-doctor")])
    assert all(call.body["recipient"] == hidden.user and "to" not in call.body for call in whatsapp.sends(hidden.user))


def test_number_and_user_id_are_one_person_whichever_comes(server: Server, newcomer: Newcomer, desk: Desk) -> None:
    newcomer.says("danke")
    newcomer.shows_user = True
    newcomer.says("danke")
    newcomer.hidden = True
    case = hand_off(newcomer, desk)
    names = rows(
        server, "SELECT DISTINCT conversation_id FROM alias WHERE alias IN (?, ?)", newcomer.phone, newcomer.user
    )
    assert len(names) == 1
    assert len(desk.card(case)["messages"]) >= 8


def test_a_changed_number_keeps_its_conversation(server: Server, newcomer: Newcomer, desk: Desk) -> None:
    case = hand_off(newcomer, desk)
    old, new = newcomer.phone, newcomer.phone + "9"
    for _ in range(2):
        newcomer.brings(newcomer.changes_number(new) if newcomer.phone == old else {"changes": []})
    newcomer.whatsapp.last_wrote[new] = time.time()
    assert desk.writes(case, text="Sind Sie noch da?").status_code == 202
    newcomer.whatsapp.wait(lambda: any("noch da" in sent.text for sent in newcomer.whatsapp.inbox_of[new]))
    newcomer.writes("ja, mit neuer nummer")
    eventually(lambda: "ja, mit neuer nummer" in [m["text"] for m in desk.card(case)["messages"]])


# ---- the door


def test_the_handshake_needs_the_verify_token(server: Server, whatsapp: FakeWhatsApp) -> None:
    def shakes(token: str, mode: str = "subscribe") -> httpx.Response:
        asked = {"hub.mode": mode, "hub.verify_token": token, "hub.challenge": "1158201444"}
        return httpx.get(f"{server.url}/whatsapp/webhook", params=asked)

    right = shakes(whatsapp.verify_token)
    assert (right.status_code, right.text) == (200, "1158201444")
    assert right.headers["content-type"].startswith("text/plain")
    for wrong in (shakes("wrong"), shakes(""), shakes(whatsapp.verify_token, "unsubscribe"), shakes("ü€")):
        assert wrong.status_code == 403


def test_without_the_right_signature_nothing_comes_in(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp
) -> None:
    before = inbox_size(server), rows(server, "SELECT count(*) FROM conversation")
    body = json.dumps(
        {"object": "whatsapp_business_account", "entry": [newcomer.message("darf nicht hinein")]}
    ).encode()
    for forged in ("", "wrong", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "ü€"):
        answer = whatsapp.posts(body, signature=forged)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
    right = whatsapp.posts(b"{}").request.headers["X-Hub-Signature-256"]
    assert whatsapp.posts(body, signature=right).status_code == 403, "the signature of another body"
    assert (inbox_size(server), rows(server, "SELECT count(*) FROM conversation")) == before
    assert not newcomer.got


MALFORMED = {
    "empty": b"",
    "truncated": b'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"fie',
    "not UTF-8": b'{"object": "\xff\xfe"}',
    "a list": b"[]",
    "null": b"null",
    "too deep": b'{"entry":' + b"[" * 300 + b"]" * 300 + b"}",
    "bottomless": b"[" * 100_000,
    "too large": b'{"object":"' + b"x" * 1_000_001 + b'"}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_refused_even_if_it_is_signed(server: Server, whatsapp: FakeWhatsApp, body: bytes) -> None:
    before = inbox_size(server)
    assert 400 <= whatsapp.posts(body).status_code < 500
    assert inbox_size(server) == before


def test_well_formed_notifications_of_unknown_kinds_or_odd_shape_are_taken_and_ignored(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp
) -> None:
    before = inbox_size(server)
    message = {"from": newcomer.phone, "id": "wamid.x", "timestamp": "1", "type": "text", "text": {"body": "hallo"}}
    other_number = whatsapp.value(messages=[message])
    other_number["changes"][0]["value"]["metadata"]["phone_number_id"] = "999"
    odd: list[Any] = [
        {},
        {"object": "page", "entry": [newcomer.message("x")]},
        {"object": "whatsapp_business_account"},
        {"object": "whatsapp_business_account", "entry": None},
        {"object": "whatsapp_business_account", "entry": [None, 7, {"changes": ["x", {"field": "messages"}]}]},
        {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "flows", "value": {"event": "x"}}]}]},
        *(
            {"object": "whatsapp_business_account", "entry": [entry]}
            for entry in (
                other_number,
                whatsapp.value(messages="x", statuses=7, contacts=None),
                whatsapp.value(messages=[{}, {"id": 7}, {"type": "text"}, message | {"group_id": "g"}]),
                whatsapp.value(
                    messages=[message | {"from": None}, message | {"from": "x" * 500}, message | {"id": ""}]
                ),
                whatsapp.value(
                    messages=[message | {"type": kind} for kind in ("edit", "revoke", "reaction", "system")]
                ),
                whatsapp.value(statuses=[{}, {"id": "wamid.nobody", "status": "read"}, {"id": 1, "status": "sent"}]),
                whatsapp.value(statuses=[{"id": "wamid.nobody", "status": "failed", "errors": [{"code": "x"}]}]),
            )
        ),
    ]
    for body in odd:
        assert whatsapp.posts(body).status_code == 200, body
    assert inbox_size(server) == before


def test_a_message_with_missing_or_odd_fields_never_breaks_the_conversation(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, title: Callable[..., str]
) -> None:
    odd: list[dict[str, Any]] = [
        {"type": "text", "text": "no object"},
        {"type": "text", "text": {"body": "\x00\ud800"}},
        {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}},
        {"type": "button", "button": {}},
        {"type": "brand_new_kind", "brand_new_kind": [1]},
        {"type": 7, "timestamp": "no time"},
    ]
    for number, fields in enumerate(odd):
        message = {
            "from": newcomer.phone,
            "id": f"{whatsapp.wamid()}{number}",
            "timestamp": str(int(time.time())),
            **fields,
        }
        whatsapp.last_wrote[newcomer.phone] = time.time()
        newcomer.brings(whatsapp.value(messages=[message]))
    newcomer.writes(title("find-doctor"))
    answers(newcomer, [title("find-doctor")])


def test_the_same_notification_three_times_at_once_gives_one_set_of_replies(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, title: Callable[..., str]
) -> None:
    first, tap = newcomer.message(title("child-benefit")), newcomer.tap("topic:find-doctor")
    before = inbox_size(server)
    with ThreadPoolExecutor(3) as pool:
        for body in (first, tap):
            assert [a.status_code for a in pool.map(whatsapp.delivers, [body] * 3)] == [200] * 3
    newcomer.writes(title("integration-course"))
    whatsapp.delivers(first, tap)
    answers(newcomer, [title(t) for t in ("child-benefit", "find-doctor", "integration-course")])
    assert inbox_size(server) == before + 3


def test_one_request_with_many_messages_and_reports_of_many_people_is_taken_whole_and_in_order(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk, title: Callable[..., str]
) -> None:
    case, other = hand_off(newcomer, desk), whatsapp.person()
    before = len(newcomer.got)
    desk.writes(case, text="erste antwort")
    sent = newcomer.reads(before + 1)[before]
    questions = [other.message(title(topic)) for topic in EXACT]
    answer = whatsapp.delivers(
        questions[0], whatsapp.status(sent, "delivered"), *questions[1:], newcomer.message("danke")
    )
    assert answer.status_code == 200
    answers(other, [title(topic) for topic in EXACT])
    eventually(lambda: delivery_of(desk, case, "erste antwort")["state"] == "delivered")
    assert "danke" in [m["text"] for m in desk.card(case)["messages"]]


@contextmanager
def full_disk(server: Server) -> Iterator[None]:
    """No message can be kept for a while."""
    change(server, "CREATE TRIGGER full BEFORE INSERT ON inbox BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    try:
        yield
    finally:
        change(server, "DROP TRIGGER full")


def test_the_webhook_says_no_while_nothing_can_be_kept_and_the_repetition_is_taken(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, title: Callable[..., str]
) -> None:
    body = newcomer.message(title("child-benefit"))
    with full_disk(server):
        assert whatsapp.delivers(body).status_code >= 500
    newcomer.brings(body)
    answers(newcomer, [title("child-benefit")])


# ---- slow, refused, broken

STUMBLES: dict[str, Fault] = {
    "130429": BUSY,
    "131056": TOO_FAST,
    "131000": UNKNOWN,
    "502": BAD_GATEWAY,
    "reset": RESET_BEFORE,
    "429 with a time": error(4, 429, "Application request limit reached", **{"Retry-After": "1"}),
}


def test_a_stumbling_meta_is_tried_again_and_the_answers_arrive_once_and_in_order(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, title: Callable[..., str]
) -> None:
    people = {name: whatsapp.person() for name in STUMBLES}
    for name, person in people.items():
        whatsapp.fails(STUMBLES[name], to=person.phone)
        for topic in EXACT[:2]:
            person.writes(title(topic))
    for person in people.values():
        answers(person, [title(topic) for topic in EXACT[:2]])
    assert not whatsapp.faults_left
    waited = whatsapp.sends(people["429 with a time"].phone)
    assert waited[1].at - waited[0].at >= 1


def test_an_answer_whose_receipt_is_lost_is_doubled_at_most_and_blocks_nothing(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, title: Callable[..., str]
) -> None:
    people = {fault: whatsapp.person() for fault in (RESET_AFTER, Cut())}
    for fault, person in people.items():
        whatsapp.fails(fault, to=person.phone)
        person.writes("danke")
        person.writes(title(EXACT[1]))
    for person in people.values():
        whatsapp.wait(lambda person=person: title(EXACT[1]) in first_lines(person))  # type: ignore[misc]
        assert 1 <= person.texts.count(person.texts[0]) <= 2
    assert not whatsapp.faults_left


REFUSALS = {"131026": UNREACHABLE, "100": INVALID}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_reply_that_can_never_arrive_is_given_up_visibly_and_holds_up_nothing(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk, request: pytest.FixtureRequest, refusal: Fault
) -> None:
    case = hand_off(newcomer, desk)
    before = len(newcomer.got)
    whatsapp.fails(refusal, to=newcomer.phone)
    desk.writes(case, text="kommt nie an")
    desk.writes(case, text="kommt an")
    assert newcomer.reads(before + 1)[before].text.endswith("kommt an")
    eventually(lambda: delivery_of(desk, case, "kommt nie an")["state"] == "failed")
    assert request.node.callspec.id in delivery_of(desk, case, "kommt nie an")["reason"]
    assert len([c for c in whatsapp.sends(newcomer.phone) if "kommt nie an" in str(c.body)]) == 1


def test_one_slow_chat_does_not_hold_up_another_or_the_web_page(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, chat: Chat, title: Callable[..., str]
) -> None:
    whatsapp.fails(Slow(2.5), to=newcomer.phone)
    newcomer.writes(title("child-benefit"))
    whatsapp.wait(lambda: not whatsapp.faults_left)
    began = time.monotonic()
    whatsapp.person().says("danke")
    chat.says(title("find-doctor"))
    assert time.monotonic() - began < 2


# ---- how far a reply has come


def delivery_of(desk: Desk, case: str, words: str) -> dict[str, str]:
    """What the Lotse sees about one of her messages."""
    found = [m for m in desk.card(case)["messages"] if m["text"] == words]
    delivery: dict[str, str] = found[-1].get("delivery", {})
    return delivery


def test_the_lotse_sees_sent_delivered_and_read_whatever_order_the_reports_come_in(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    before = len(newcomer.got)
    desk.writes(case, text="guten tag")
    sent = newcomer.reads(before + 1)[before]
    eventually(lambda: delivery_of(desk, case, "guten tag") == {"state": "sent"})
    for state, shown in (("delivered", "delivered"), ("sent", "delivered"), ("read", "read"), ("delivered", "read")):
        for _ in range(2):
            assert whatsapp.delivers(whatsapp.status(sent, state)).status_code == 200
        assert delivery_of(desk, case, "guten tag") == {"state": shown}


def test_a_report_that_comes_before_we_have_noted_the_message_counts(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    whatsapp.on_sent = lambda sent: whatsapp.delivers(whatsapp.status(sent, "read"))
    desk.writes(case, text="schon gelesen")
    eventually(lambda: delivery_of(desk, case, "schon gelesen") == {"state": "read"})


def test_a_message_that_meta_took_and_could_not_bring_is_failed_with_the_reason(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    before = len(newcomer.got)
    desk.writes(case, text="nicht zustellbar")
    sent = newcomer.reads(before + 1)[before]
    whatsapp.delivers(whatsapp.status(sent, "failed", 131026, "Message undeliverable"))
    eventually(lambda: delivery_of(desk, case, "nicht zustellbar")["state"] == "failed")
    assert "131026" in delivery_of(desk, case, "nicht zustellbar")["reason"]


def test_a_message_that_meta_took_and_lost_for_the_moment_is_sent_again(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    before = len(newcomer.got)
    desk.writes(case, text="noch einmal")
    sent = newcomer.reads(before + 1)[before]
    whatsapp.delivers(whatsapp.status(sent, "failed", 131000))
    again = newcomer.reads(before + 2)[before + 1]
    assert again.text == sent.text
    whatsapp.delivers(whatsapp.status(again, "delivered"))
    assert delivery_of(desk, case, "noch einmal") == {"state": "delivered"}


# ---- after 24 hours


def shuts_the_door(server: Server, person: Newcomer, *, known: bool) -> None:
    """The newcomer last wrote more than a day ago; ``known``: by our own clock too."""
    person.goes_away(25)
    if known:
        change(
            server,
            """UPDATE door SET open_until = '2026-01-01 00:00:00.000000'
               WHERE conversation_id = (SELECT conversation_id FROM alias WHERE alias = ?)""",
            person.phone,
        )


@pytest.mark.parametrize("known", [True, False], ids=["we know it", "Meta says it"])
def test_a_late_answer_waits_at_the_door_a_template_goes_out_and_the_answer_follows_on_the_tap(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk, known: bool
) -> None:
    newcomer.says("danke")
    newcomer.taps("lang:ar")
    case = hand_off(newcomer, desk)
    shuts_the_door(server, newcomer, known=known)
    before, tried = len(newcomer.got), len(whatsapp.sends(newcomer.phone))
    for text in ("die späte antwort", "und noch ein satz"):
        desk.writes(case, text=text)
    template = newcomer.reads(before + 1)[before]
    assert template.kind == "template"
    assert template.content["language"] == {"code": "ar"}
    eventually(lambda: delivery_of(desk, case, "und noch ein satz") == {"state": "door"})
    eventually(lambda: desk.card(case)["door"]["knocked_at"])
    free = [c for c in whatsapp.sends(newcomer.phone)[tried:] if c.body["type"] != "template"]
    assert len(free) == (0 if known else 1), "no more tries than one, to learn it"
    time.sleep(0.5)
    assert len(newcomer.got) == before + 1, "one template, however much waits"
    newcomer.brings(newcomer.opens_the_door())
    newcomer.reads(before + 3)
    assert [text.split("\n")[-1] for text in newcomer.texts[before + 1 :]] == ["die späte antwort", "und noch ein satz"]
    eventually(lambda: delivery_of(desk, case, "die späte antwort") == {"state": "sent"})
    time.sleep(0.3)
    assert len(newcomer.got) == before + 3, "the bot says nothing to the tap"


def test_writing_anything_opens_the_door_too(server: Server, newcomer: Newcomer, desk: Desk) -> None:
    case = hand_off(newcomer, desk)
    shuts_the_door(server, newcomer, known=True)
    before = len(newcomer.got)
    desk.writes(case, text="die späte antwort")
    newcomer.reads(before + 1)
    newcomer.writes("hallo, ist jemand da?")
    assert newcomer.reads(before + 2)[-1].text.endswith("die späte antwort")


def test_what_the_bot_mentions_in_passing_does_not_knock(server: Server, newcomer: Newcomer, desk: Desk) -> None:
    case = hand_off(newcomer, desk)
    shuts_the_door(server, newcomer, known=True)
    before = len(newcomer.got)
    assert desk.does(case, "close", outcome="answered").status_code == 200
    waiting = "SELECT count(*) FROM outbox WHERE state = 'door' AND conversation_id = (SELECT conversation_id FROM alias WHERE alias = ?)"
    eventually(lambda: rows(server, waiting, newcomer.phone) == [(1,)])
    time.sleep(0.3)
    assert len(newcomer.got) == before


def test_a_message_that_reaches_us_a_day_late_is_answered_at_the_door(
    newcomer: Newcomer, title: Callable[..., str]
) -> None:
    assert newcomer.does(newcomer.message(title("find-doctor"), hours_ago=25)).kind == "template"
    newcomer.brings(newcomer.opens_the_door())
    answers(newcomer, [title("find-doctor")])
    assert [sent.kind for sent in newcomer.got].count("template") == 1


def test_the_door_is_closed_also_when_meta_says_so_only_afterwards(
    newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    before = len(newcomer.got)
    desk.writes(case, text="zu spät gesendet")
    sent = newcomer.reads(before + 1)[before]
    whatsapp.delivers(whatsapp.status(sent, "failed", 131047, "Re-engagement message"))
    assert newcomer.reads(before + 2)[-1].kind == "template"
    assert delivery_of(desk, case, "zu spät gesendet") == {"state": "door"}
    newcomer.brings(newcomer.opens_the_door())
    assert newcomer.reads(before + 3)[-1].text == sent.text


def test_without_an_approved_template_in_her_language_the_english_one_goes_out(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    newcomer.says("danke")
    newcomer.taps("lang:ti")
    case = hand_off(newcomer, desk)
    shuts_the_door(server, newcomer, known=True)
    before = len(newcomer.got)
    desk.writes(case, text="die späte antwort")
    assert newcomer.reads(before + 1)[before].content["language"] == {"code": "en"}


def test_if_no_template_can_be_sent_the_lotse_sees_why_and_the_answer_waits(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    shuts_the_door(server, newcomer, known=True)
    before, approved = len(newcomer.got), dict(whatsapp.templates)
    whatsapp.templates.clear()
    try:
        desk.writes(case, text="die späte antwort")
        eventually(lambda: "132001" in (desk.card(case)["door"]["not_knocked"] or ""))
    finally:
        whatsapp.templates |= approved
    assert delivery_of(desk, case, "die späte antwort") == {"state": "door"}
    assert len(newcomer.got) == before
    newcomer.writes("ist jemand da?")
    assert newcomer.reads(before + 1)[-1].text.endswith("die späte antwort")


def test_a_template_that_is_refused_for_an_odd_reason_is_not_sent_over_and_over(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    shuts_the_door(server, newcomer, known=True)
    whatsapp.fails(TOO_LATE, to=newcomer.phone, type_="template", times=50)
    desk.writes(case, text="die späte antwort")
    eventually(lambda: desk.card(case)["door"]["not_knocked"])
    time.sleep(2.5)
    assert len([c for c in whatsapp.sends(newcomer.phone) if c.body["type"] == "template"]) == 1


def test_a_busy_meta_gets_the_template_again(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    shuts_the_door(server, newcomer, known=True)
    before = len(newcomer.got)
    whatsapp.fails(UNKNOWN, to=newcomer.phone, type_="template")
    desk.writes(case, text="die späte antwort")
    assert newcomer.reads(before + 1)[before].kind == "template"


def test_the_lotse_sees_until_when_the_door_is_open(newcomer: Newcomer, desk: Desk, chat: Chat) -> None:
    case = hand_off(newcomer, desk)
    until = desk.card(case)["door"]["open_until"]
    left = time.mktime(time.strptime(until[:19], "%Y-%m-%dT%H:%M:%S")) - time.mktime(time.gmtime())
    assert 23.9 * 3600 < left <= 24 * 3600


def test_the_desk_shows_as_it_happens_how_far_each_answer_has_come_and_what_waits(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    case = hand_off(newcomer, desk)
    with one_browser() as browser:
        visits = Visits(browser, server.url)
        page = logs_in(visits("/desk/login", SCREEN, "en"), "Lena").page
        page.goto(f"{server.url}/desk#case/{case}")
        log, hint = page.get_by_role("log"), page.locator("#hint")
        expect(hint).to_contain_text(re.compile("WhatsApp takes your words until .* left"))
        before = len(newcomer.got)
        desk.writes(case, text="guten tag")
        sent = newcomer.reads(before + 1)[before]
        for state, shown in (("sent", "Sent"), ("delivered", "Delivered"), ("read", "Read")):
            whatsapp.delivers(whatsapp.status(sent, state))
            expect(log.locator(".msg--lotse").last).to_contain_text(shown)
        whatsapp.fails(UNREACHABLE, to=newcomer.phone)
        desk.writes(case, text="kommt nicht an")
        expect(log.get_by_role("alert")).to_contain_text("This phone cannot be reached on WhatsApp. (131026)")
        shuts_the_door(server, newcomer, known=True)
        desk.writes(case, text="die späte antwort")
        expect(log.locator(".msg--lotse").last).to_contain_text("Waits until the newcomer writes")
        expect(hint).to_contain_text(
            "your answer waits until the newcomer taps the note WhatsApp shows. The note went out"
        )
        assert barriers(page) == []
        newcomer.reads(before + 2)
        newcomer.brings(newcomer.opens_the_door())
        expect(log.locator(".msg--lotse").last).to_contain_text("Sent")
        visits.end()


# ---- templates


def test_the_command_compares_the_templates_hands_in_the_missing_and_is_content_when_all_are_approved(
    server: Server,
) -> None:
    with FakeWhatsApp() as fresh:
        server_environment, server.environment = server.environment, server.environment | fresh.settings
        try:
            missing = server.run("whatsapp", "templates")
            assert (missing.returncode, missing.stdout.count("missing")) == (1, len(templates()))
            handed_in = server.run("whatsapp", "templates", "--submit")
            assert (handed_in.returncode, len(fresh.templates)) == (1, len(templates()))
            for template in templates().values():
                fresh.approves(template.submission())
            assert server.run("whatsapp", "templates", "--account", fresh.account).returncode == 0
            other = templates()["tr"].submission()
            other["components"][0]["text"] = "Başka bir metin"
            fresh.approves(other)
            differs = server.run("whatsapp", "templates")
            assert differs.returncode == 1
            assert "Başka bir metin" in differs.stdout
        finally:
            server.environment = server_environment


def test_every_template_keeps_metas_limits() -> None:
    for template in templates().values():
        assert 0 < len(template.body) <= 1024
        assert 0 < len(template.button) <= 25
        assert "{" not in template.body


# ---- kills, a refused token, and what stays behind


def test_a_refused_token_stops_the_sending_raises_the_alarm_and_loses_nothing(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, title: Callable[..., str]
) -> None:
    other = whatsapp.person()
    whatsapp.fails(WRONG_TOKEN, times=1000)
    newcomer.writes(title("find-doctor"))
    whatsapp.wait(lambda: whatsapp.sends(newcomer.phone))
    eventually(lambda: httpx.get(f"{server.url}/readyz").json()["channels"] != {"whatsapp": "ok"})
    other.writes(title("find-doctor"))
    time.sleep(0.7)
    assert not whatsapp.sends(other.phone), "no more tries with a token that is refused"
    assert 'lotsenbot_channel_stopped{channel="whatsapp"} 1.0' in httpx.get(f"{server.url}/metrics").text
    assert "whatsapp stopped" in server.log.read_text()
    whatsapp.recovers()
    change(server, "UPDATE outbox SET not_before = NULL WHERE state = 'waiting'")
    server.stop()
    server.start()  # with a new token
    for person in (newcomer, other):
        answers(person, [title("find-doctor")])
    assert httpx.get(f"{server.url}/readyz").json()["channels"] == {"whatsapp": "ok"}


def test_a_kill_between_sending_and_noting_it_doubles_that_reply_and_no_other(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp
) -> None:
    whatsapp.fails(Slow(2), to=newcomer.phone)
    for words in ("danke", "hallo", "tschüss"):
        whatsapp.insists(newcomer.message(words))
    newcomer.reads(1)
    server.kill()
    server.start()
    newcomer.reads(4)
    eventually(lambda: not rows(server, "SELECT 1 FROM outbox WHERE state = 'waiting'"))
    written = rows(
        server,
        """SELECT text FROM message JOIN alias USING (conversation_id)
           WHERE alias = ? AND sender = 'bot' ORDER BY message.id""",
        newcomer.phone,
    )
    assert newcomer.texts == [newcomer.texts[0], *(text for (text,) in written)]


def everything_kept(server: Server, *needles: str) -> dict[str, int]:
    """In which tables one of the needles stands, in any column."""
    found = {}
    for (table,) in rows(server, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        kept = [str(row) for row in rows(server, f'SELECT * FROM "{table}"')]
        if number := sum(any(needle in row for needle in needles) for row in kept):
            found[table] = number
    return found


def test_the_word_for_erasing_erases_everything_also_numbers_and_what_waited(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp, desk: Desk
) -> None:
    mark = uuid.uuid4().hex
    newcomer.shows_user = True
    newcomer.says(f"ich heiße {mark}")
    case = hand_off(newcomer, desk)
    shuts_the_door(server, newcomer, known=True)
    before = len(newcomer.got)
    desk.writes(case, text=f"guten tag {mark}")
    newcomer.reads(before + 1)
    mine = (mark, newcomer.phone, newcomer.user, wamids(newcomer)[0])
    assert {"inbox", "message", "conversation", "alias"} <= everything_kept(server, *mine).keys()
    newcomer.writes("alles löschen")
    farewell = phrases("de")("Everything is erased. You can start again at any time.")
    whatsapp.wait(lambda: newcomer.texts[-1] == farewell)
    eventually(lambda: not everything_kept(server, *mine))


def wamids(person: Newcomer) -> list[str]:
    """Ids of Meta's that hold the phone number."""
    return [id_ for id_, _ in person.whatsapp.shown if person.phone in base64_of(id_)]


def base64_of(wamid: str) -> str:
    """What stands inside an id of Meta's."""
    import base64

    return base64.b64decode(wamid.removeprefix("wamid.")).decode("utf-8", "replace")


def test_no_text_name_number_id_or_token_appears_in_the_log_whatever_goes_wrong(
    server: Server, newcomer: Newcomer, whatsapp: FakeWhatsApp
) -> None:
    mark = f"zeichen{uuid.uuid4().hex}"
    newcomer.name, newcomer.shows_user = "Gülsüm-Unverwechselbar", True
    newcomer.says(mark)
    for fault in (Cut(), RESET_BEFORE, UNREACHABLE, INVALID, TOO_LATE):
        whatsapp.fails(fault, to=newcomer.phone)
        newcomer.writes(mark)
        whatsapp.wait(lambda: not whatsapp.faults_left)
    whatsapp.posts(json.dumps(newcomer.message(mark)).encode()[:-2])
    with full_disk(server):
        assert whatsapp.delivers(newcomer.message(mark)).status_code >= 500
    text = server.log.read_text()
    log = text + text.encode().decode("unicode_escape", "replace")
    secrets = (whatsapp.token, whatsapp.app_secret, whatsapp.verify_token, mark, "Unverwechselbar", "wamid.")
    assert not [secret for secret in (*secrets, newcomer.phone, newcomer.user) if secret in log]
