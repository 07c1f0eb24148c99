"""What strangers send to the API: a clear refusal or a polite answer, never a 5xx, nothing lost, nothing executed."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server import Server
from tests.talk import Chat

CHATS = "/api/v1/chats"


def test_a_question_gets_the_sourced_answer_with_its_date(chat: Chat) -> None:
    answer = chat.says("wie melde ich meine wohnung an und was muss ich mitbringen")
    if answer["decision"] == "clarify":
        answer = chat.taps("topic:register-address")
    assert answer["topics"] == ["register-address"]
    assert "2 Wochen" in answer["text"]
    assert "Quelle: § 17" in answer["text"]
    assert "Zuletzt geprüft:" in answer["text"]
    assert answer["card"]["source"]


def test_unsure_facts_are_marked_and_name_whom_to_ask(chat: Chat) -> None:
    answer = chat.taps("topic:register-address")
    assert "(bitte prüfen)" in answer["text"]
    assert "Bürgeramt der Stadt Osnabrück" in answer["card"]["doubts"]


def test_the_same_client_id_changes_nothing(chat: Chat) -> None:
    key = str(uuid.uuid4())
    first = chat.post(key, text="guten tag")
    assert [chat.post(key, text="guten tag").json() for _ in range(3)] == [first.json()] * 3
    chat.wait(lambda: any(m["from"] == "bot" for m in chat.seen))
    chat.read()
    assert [m["from"] for m in chat.seen] == ["newcomer", "bot"]
    assert chat.seen[0]["client_id"] == key


def test_events_resume_without_a_gap_or_a_double(chat: Chat) -> None:
    for text in ("hallo", "danke", "kindergeld beantragen"):
        chat.says(text)
    whole, resumed = [m["id"] for m in chat.seen], Chat.__new__(Chat)
    resumed.__dict__ |= chat.__dict__ | {"seen": chat.seen[:2]}
    resumed.read()
    assert [m["id"] for m in resumed.seen] == whole


def test_erasing_a_chat_forgets_it(chat: Chat) -> None:
    chat.says("hallo")
    assert chat.http.delete(f"{CHATS}/{chat.id}", headers=chat.key).status_code == 204
    assert chat.post(text="noch da?").status_code == 404


@pytest.mark.parametrize("key", ["", "Bearer wrong", "Basic x", "Bearer"])
def test_a_chat_opens_only_with_its_own_key(chat: Chat, key: str) -> None:
    headers = {"Authorization": key} if key else {}
    assert chat.http.get(f"{CHATS}/{chat.id}/events", headers=headers).status_code == 401
    assert chat.http.delete(f"{CHATS}/{chat.id}", headers=headers).status_code == 401


BROKEN = {
    "no JSON": b"{",
    "broken UTF-8": b'{"text": "\xff\xfe"}',
    "a lone surrogate": b'{"client_id":"6f1f7d0e-5d7e-4f7c-9d4e-111111111111","text":"\\ud83d","button":"x"}',
    "too deep": b'{"text":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "a list": b"[]",
    "null": b"null",
    "empty": b"",
    "no text": b'{"client_id":"6f1f7d0e-5d7e-4f7c-9d4e-111111111111"}',
    "empty text": b'{"client_id":"6f1f7d0e-5d7e-4f7c-9d4e-111111111111","text":"  "}',
    "wrong id": b'{"client_id":"x","text":"hallo"}',
    "both": b'{"client_id":"6f1f7d0e-5d7e-4f7c-9d4e-111111111111","text":"a","button":"b"}',
    "wrong type": b'{"client_id":"6f1f7d0e-5d7e-4f7c-9d4e-111111111111","text":{"a":1}}',
    "100 kB": json.dumps({"client_id": str(uuid.uuid4()), "text": "a" * 100_000}).encode(),
    "2 MB": json.dumps({"client_id": str(uuid.uuid4()), "text": "a" * 2_000_000}).encode(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_body_is_refused_as_a_problem_and_changes_nothing(chat: Chat, name: str) -> None:
    refused = chat.http.post(
        f"{CHATS}/{chat.id}/messages", content=BROKEN[name], headers=chat.key | {"Content-Type": "application/json"}
    )
    assert 400 <= refused.status_code < 500
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["detail"]
    assert chat.read(seconds=0.3) == []


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/api/v1/chats/unknown/events",
        "/api/v1/nope",
        "/static/../settings.py",
        "/desk/setup/x",
        "/%00",
        "/api/v1/cases/x",
    ],
)
def test_unknown_paths_are_4xx(server: Server, path: str) -> None:
    assert 400 <= httpx.get(f"{server.url}{path}").status_code < 500


@pytest.mark.parametrize(
    "button", ["topic:gone", "none", "'; DROP TABLE inbox; --", "lang:xx", "menu:gone", "more:", "🙂", "danger:yes"]
)
def test_an_unknown_button_gets_a_polite_answer(chat: Chat, button: str) -> None:
    assert chat.taps(button)["text"]


def test_hostile_words_are_words(chat: Chat) -> None:
    said = "<script>alert(1)</script> {{7*7}} '; DROP TABLE inbox; -- \u202e\u0000\U0001f600"
    chat.says(said)
    assert chat.seen[0]["text"].startswith("<script>alert(1)</script> {{7*7}}")
    assert "\u0000" not in chat.seen[0]["text"]
    assert chat.says("hallo")["decision"] == "smalltalk"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_whatever_is_typed_nothing_is_5xx(server: Server, text: str) -> None:
    chat = Chat(server.url)
    assert chat.post(text=text).status_code in (202, 422)
    chat.http.close()


def test_twenty_messages_a_minute_are_answered_and_more_are_asked_to_slow_down(chat: Chat) -> None:
    for number in range(24):
        assert chat.post(text=f"hallo {number}").status_code == 202
    chat.wait(lambda: sum(m["from"] == "newcomer" for m in chat.seen) == 24)
    replies = [m for m in chat.seen if m["from"] == "bot"]
    assert len(replies) == 21
    assert "einen Moment" in replies[-1]["text"]


def test_the_service_says_how_it_is(server: Server) -> None:
    assert httpx.get(f"{server.url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{server.url}/readyz").json()["topics"] == 104
    assert "lotsenbot_turns_total" in httpx.get(f"{server.url}/metrics").text
    paths = httpx.get(f"{server.url}/api/v1/openapi.json").json()["paths"]
    assert "/api/v1/chats/{chat_id}/messages" in paths


def test_no_words_of_a_newcomer_reach_the_log(server: Server, chat: Chat) -> None:
    chat.says("mein geheimes wort ist xylophonkonzert")
    assert "xylophonkonzert" not in server.log.read_text()
    assert chat.id not in server.log.read_text() or "text" not in server.log.read_text()


AMBIGUOUS = (
    "geld vom amt für kinder oder miete",
    "brief vom gericht wegen wohnung",
    "papiere übersetzen anerkennen",
    "kurs abend",
    "hilfe frau allein kind",
)


def test_a_tap_after_a_question_back_is_counted_for_editors_without_a_word_of_hers(server: Server) -> None:
    tapped = ""
    for _ in range(5):
        chat = Chat(server.url)
        asked = next(
            answer
            for text in AMBIGUOUS
            if (answer := chat.says(text))["decision"] == "clarify"
            and sum(button["id"].startswith("topic:") for button in answer["buttons"]) > 1
        )
        second = [button for button in asked["buttons"] if button["id"].startswith("topic:")][1]
        chat.taps(second["id"])
        tapped = second["label"]
    report = server.run("report").stdout
    counted = report[report.index("did you mean") :]
    assert tapped in counted
    assert not any(text in report for text in AMBIGUOUS)
