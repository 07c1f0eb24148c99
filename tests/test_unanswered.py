"""Questions nobody answers: shown when enough people ask them, in the words they share, and never in anybody's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.message import Kind, Message
from bot.ports import Update
from bot.service import Heard, Service
from bot.store import Store, Unanswered, open_database
from bot.unanswered import Group, Grouping, Missed, group, scrubbed
from faq import Catalogue
from intents.understanding import Candidate, Thresholds, Understanding
from tests.server import Server
from tests.talk import Chat

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DRONES = (
    "kann man hier drohne fliegen",
    "wo darf ich meine Drohne fliegen lassen",
    "Drohne fliegen im Park erlaubt?",
    "ist eine drohne erlaubt in osnabrück",
    "brauche ich für die Drohne einen schein",
)
OTHERS = ("wie spät ist es in tokio", "lieblingsfarbe des bürgermeisters", "rezept für apfelkuchen bitte")


def asked(texts: Iterable[str], locale: str = "de", first: int = 0) -> list[Missed]:
    """Each text by somebody else."""
    return [Missed(person=first + i, locale=locale, text=scrubbed(text)) for i, text in enumerate(texts)]


def shown(messages: Sequence[Missed], minimum: int = 5) -> tuple[Group, ...]:
    """What an editor would see."""
    return group(messages, minimum).groups


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("schreib an amira.k@example.org", "amira"),
        ("siehe www.example.org/meine-seite", "example"),
        ("mein Telefon 0541 / 32 34 500", "32"),
        ("Aktenzeichen 12-AB-7788", "ab"),
        ("folge @amira_k", "amira"),
        ("Ich heiße Amira Kaya, wo ist der Kurs", "amira kaya"),
        ("my name is John and I need help", "john"),
        ("меня зовут Иван Петров, где курсы", "иван петров"),
        ("اسمي محمد علي", "محمد علي"),
        ("Zugangscode abcdefghijklmnopqrstuvwxyzabcdefgh", "abcdefghijklmnop"),
    ],
)
def test_what_names_a_person_is_taken_out(text: str, gone: str) -> None:
    assert gone not in scrubbed(text)


def test_a_text_is_cut() -> None:
    assert len(scrubbed("wort " * 200)) <= 200


def test_five_people_who_ask_alike_are_a_group_in_the_words_they_share() -> None:
    found = shown(asked((*DRONES, *OTHERS)))
    assert [(one.locale, one.people) for one in found] == [("de", 5)]
    assert "drohne" in found[0].words
    assert not {"osnabrück", "park", "schein"} & set(found[0].words.split())


def test_four_people_are_not_shown_nor_is_one_person_who_asks_five_times() -> None:
    assert shown(asked(DRONES[:4])) == ()
    assert shown([Missed(person=1, locale="de", text=scrubbed(text)) for text in DRONES]) == ()


def test_a_name_that_one_of_them_wrote_is_not_shown() -> None:
    texts = [
        f"{text} für {name}" for text, name in zip(DRONES, ("Kemal", "Olga", "Hans", "Aylin", "Kemal"), strict=True)
    ]
    words = shown(asked(texts))[0].words
    assert not {"kemal", "olga", "hans", "aylin"} & set(words.split())


def test_what_all_of_them_wrote_is_shown_whole() -> None:
    assert shown(asked(["Wo ist das Fundbüro?"] * 5))[0].words == "wo ist das fundbüro"


def test_words_with_different_endings_meet_in_what_they_share() -> None:
    turkish = (
        "balıkçılık belgesi nereden",
        "balıkçılık izni",
        "balıkçılığa başlamak",
        "balıkçılıkla ilgili",
        "balıkçılığı nasıl",
    )
    assert "balıkçılı…" in shown(asked(turkish, "tr"))[0].words


def test_each_language_is_counted_by_itself_and_zero_switches_it_off() -> None:
    mixed = asked(DRONES[:3]) + asked(DRONES[3:], "en", first=3)
    assert shown(mixed) == ()
    assert group(mixed, 5).others == 5
    assert shown(asked(DRONES), 0) == ()


def rows(texts: Iterable[str]) -> list[Unanswered]:
    """As the store gives them."""
    return [
        Unanswered(id=i, conversation=f"c{i}", text=text, locale="de", topics=("sports-clubs",))
        for i, text in enumerate(texts)
    ]


async def test_grouping_in_a_process_of_its_own_follows_what_is_erased() -> None:
    grouping = Grouping()
    before = await grouping.of(rows(DRONES), 5)
    assert [(one.people, one.topics) for one in before.groups] == [(5, ("sports-clubs",))]
    assert await grouping.of(rows(DRONES), 5) is before
    assert (await grouping.of(rows(DRONES[:4]), 5)).groups == ()


# ---- which messages are marked


LIMITS = Thresholds(answer=70, ahead=20, ask=30)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store."""
    engine = await open_database(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    yield Store(engine)
    await engine.dispose()


class Talk:
    """One newcomer whose messages mean what the test says."""

    def __init__(self, store: Store, catalogue: Catalogue, *, marks: bool = True) -> None:
        self.store, self.number = store, 0
        self.service = Service(self._understand, lambda: catalogue, lambda: NOW, mark_unanswered=marks)
        self.means = Understanding(text="", thresholds=LIMITS)

    async def _understand(self, text: str, locale: str) -> Understanding:
        return self.means

    async def says(self, message: Message, *candidates: Candidate, wants_person: bool = False) -> str:
        """Take one turn; what kind of step followed."""
        self.number += 1
        self.means = Understanding(
            text=message.text, thresholds=LIMITS, candidates=candidates, wants_person=wants_person
        )
        update = Update(channel="telegram", id=str(self.number), address="7", raw={})
        accepted = await self.store.accept(update, locale="de", now=NOW)
        heard = Heard(inbox=accepted.inbox, message=message, received_at=NOW)
        async with self.store.begin() as transaction:
            decision = await self.service.handle(heard, self.means, transaction, accepted.conversation)
        assert decision
        return decision.outcome

    async def marked(self) -> list[str]:
        """What was asked in vain."""
        return [one.text for one in await self.store.unanswered(NOW - timedelta(days=1))]


async def test_a_question_is_marked_when_other_words_or_a_person_are_needed(store: Store, catalogue: Catalogue) -> None:
    talk = Talk(store, catalogue)
    assert await talk.says(Message(text="drohne")) == "rephrase"
    assert await talk.says(Message(text="fliegen mit drohne")) == "handoff"
    assert sorted(await talk.marked()) == ["drohne", "fliegen mit drohne"]


async def test_none_of_these_marks_the_question_that_was_asked(store: Store, catalogue: Catalogue) -> None:
    talk = Talk(store, catalogue)
    assert await talk.says(Message(text="drohne"), Candidate(id="pets", confidence=40)) == "clarify"
    assert await talk.marked() == []
    await talk.says(Message(kind=Kind.BUTTON, button="none"))
    assert await talk.marked() == ["drohne"]


async def test_an_answer_and_a_wish_for_a_person_are_not_marked(store: Store, catalogue: Catalogue) -> None:
    talk = Talk(store, catalogue)
    assert await talk.says(Message(text="steuer-id"), Candidate(id="tax-id", confidence=99)) == "answer"
    assert await talk.says(Message(text="ich will einen menschen"), wants_person=True) == "handoff"
    assert await talk.says(Message(text="mein brief ist von der bank")) == "handoff"  # a note for the Lotse
    assert await talk.marked() == []


async def test_switched_off_nothing_is_marked(store: Store, catalogue: Catalogue) -> None:
    talk = Talk(store, catalogue, marks=False)
    await talk.says(Message(text="drohne"))
    assert await talk.marked() == []


def asks_in_vain(server: Server, text: str) -> Chat:
    """A newcomer who gets no answer, nor finds it among the choices."""
    chat = Chat(server.url)
    if chat.says(text)["decision"] == "clarify":
        chat.taps("none")
    assert chat.last["decision"] in ("rephrase", "handoff")
    return chat


def test_the_report_shows_a_question_until_one_of_those_who_asked_erases_it(server: Server) -> None:
    words = ("zeppelin", "mit dem zeppelin", "zeppelin rundflug", "zeppelin tickets", "wann kommt der zeppelin")
    chats = [asks_in_vain(server, f"{text} über dem dom") for text in words]
    report = server.run("report").stdout
    assert "zeppelin" in report
    assert "tickets" not in report
    chats[0].http.delete(f"/api/v1/chats/{chats[0].id}", headers=chats[0].key)
    assert "zeppelin" not in server.run("report").stdout
