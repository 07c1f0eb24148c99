"""The hand-off from the newcomer's question to a Lotse and back, on a real server."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.server import Server
from tests.talk import Chat, Desk


def case_of(desk: Desk, chat: Chat, state: str = "open") -> dict[str, Any]:
    """The newcomer's case: the one whose conversation holds her last words."""
    mine = [message["text"] for message in chat.seen if message["from"] == "newcomer"][-1]
    return next(case for case in desk.cases(state) if mine in [m["text"] for m in desk.card(case["id"])["messages"]])


def waiting_newcomer(server: Server) -> Chat:
    """Somebody who asked for a person, recognisable by her own words."""
    chat = Chat(server.url)
    chat.says("wo melde ich meine wohnung an?")
    chat.taps("person")
    chat.says(f"mein zeichen ist {uuid.uuid4().hex}")
    return chat


def test_a_lotse_answers_in_the_same_chat_and_the_newcomer_sees_who_speaks(
    server: Server, new_lotse: Callable[[], Desk]
) -> None:
    chat, desk = waiting_newcomer(server), new_lotse()
    case = case_of(desk, chat)
    assert desk.does(case["id"], "claim").status_code == 200
    assert desk.writes(case["id"], text="Guten Tag, ich lese Ihre Frage.").status_code == 202
    chat.wait(lambda: any(m["from"] == "lotse" for m in chat.seen))
    assert chat.last["text"] == "Guten Tag, ich lese Ihre Frage."
    assert chat.last["name"].startswith("Lotse ")


def test_the_case_card_shows_what_was_asked_and_what_the_bot_made_of_it(
    server: Server, new_lotse: Callable[[], Desk]
) -> None:
    chat, desk = waiting_newcomer(server), new_lotse()
    card = desk.card(case_of(desk, chat)["id"])
    assert {
        "id",
        "state",
        "channel",
        "locale",
        "waiting_since",
        "claimed_by",
        "question",
        "messages",
        "understood",
    } <= card.keys()
    assert card["question"] == "wo melde ich meine wohnung an?"
    assert card["understood"]["rule"] == "wish for a person"


def test_of_many_claims_at_once_exactly_one_wins_and_the_others_read_who(
    server: Server, new_lotse: Callable[[], Desk]
) -> None:
    chat, desks = waiting_newcomer(server), [new_lotse() for _ in range(4)]
    case = case_of(desks[0], chat)["id"]
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda i: desks[i % 4].does(case, "claim"), range(20)))
    winners = {i % 4 for i, result in enumerate(results) if result.status_code == 200}
    assert len(winners) == 1
    refused = [result for result in results if result.status_code != 200]
    assert refused
    assert all(r.status_code == 409 and r.json()["claimed_by"] in r.json()["detail"] for r in refused)


def test_the_bot_is_silent_while_a_lotse_has_the_conversation_but_not_in_danger(
    server: Server, new_lotse: Callable[[], Desk]
) -> None:
    chat, desk = waiting_newcomer(server), new_lotse()
    case = case_of(desk, chat)["id"]
    desk.does(case, "claim")
    chat.wait(lambda: chat.status.get("mode") == "human")
    before = chat.last_id
    chat.post(text="wie bekomme ich kindergeld?")
    chat.post(text="hilfe mein mann atmet nicht")
    chat.wait(lambda: any(m.get("decision") == "emergency" for m in chat.seen))
    spoken = [m for m in chat.seen if m["id"] > before and m["from"] == "bot"]
    assert [m["decision"] for m in spoken] == ["emergency"]
    assert "112" in spoken[0]["text"]
    assert desk.card(case)["urgent"] is True


def test_an_entry_is_sent_in_the_newcomers_language(server: Server, new_lotse: Callable[[], Desk]) -> None:
    chat, desk = Chat(server.url, "en"), new_lotse()
    chat.says("i want to talk to a human")
    chat.says(f"my sign is {uuid.uuid4().hex}")
    case = case_of(desk, chat)["id"]
    desk.does(case, "claim")
    assert desk.writes(case, topic="register-address").status_code == 202
    chat.wait(lambda: any(m["from"] == "lotse" for m in chat.seen))
    assert "2 weeks" in chat.last["text"]
    assert chat.last["topics"] == ["register-address"]


def test_the_same_message_of_a_lotse_arrives_once(server: Server, new_lotse: Callable[[], Desk]) -> None:
    chat, desk = waiting_newcomer(server), new_lotse()
    case, key = case_of(desk, chat)["id"], str(uuid.uuid4())
    desk.does(case, "claim")
    for _ in range(3):
        assert desk.writes(case, key, text="einmal").status_code == 202
    chat.wait(lambda: any(m["from"] == "lotse" for m in chat.seen))
    chat.read()
    assert [m["text"] for m in chat.seen if m["from"] == "lotse"] == ["einmal"]


def test_closing_returns_to_the_bot_and_so_does_the_newcomers_button(
    server: Server, new_lotse: Callable[[], Desk]
) -> None:
    desk = new_lotse()
    closed, left = waiting_newcomer(server), waiting_newcomer(server)
    first, second = case_of(desk, closed)["id"], case_of(desk, left)["id"]
    desk.does(first, "claim")
    desk.does(second, "claim")
    assert desk.does(first, "close", outcome="answered").json()["state"] == "closed"
    left.wait(lambda: left.status.get("mode") == "human")
    left.taps("bot")
    assert desk.card(second)["state"] == "closed"
    for chat in (closed, left):
        chat.wait(lambda chat=chat: chat.status.get("mode") == "bot")  # type: ignore[misc]
        assert chat.says("danke schön")["decision"] == "smalltalk"


def test_a_released_case_keeps_its_place_and_can_be_claimed_again(
    server: Server, new_lotse: Callable[[], Desk]
) -> None:
    chat, desk, other = waiting_newcomer(server), new_lotse(), new_lotse()
    case = case_of(desk, chat)
    desk.does(case["id"], "claim")
    released = desk.does(case["id"], "release", note="muss weg").json()
    assert (released["state"], released["waiting_since"]) == ("open", case["waiting_since"])
    assert other.does(case["id"], "claim").status_code == 200


def test_only_the_lotse_who_has_a_case_may_write_in_it(server: Server, new_lotse: Callable[[], Desk]) -> None:
    chat, desk, other = waiting_newcomer(server), new_lotse(), new_lotse()
    case = case_of(desk, chat)["id"]
    assert desk.writes(case, text="noch nicht übernommen").status_code == 409
    desk.does(case, "claim")
    assert other.writes(case, text="nicht meiner").status_code == 409
    assert other.does(case, "close").status_code == 409


def test_without_a_valid_token_the_desk_stays_shut(server: Server) -> None:
    stranger = Desk(server.url, "wrong")
    assert stranger.http.get("/cases").status_code == 401
    assert stranger.does("any", "claim").status_code == 401
