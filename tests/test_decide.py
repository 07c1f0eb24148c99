"""The decision's promises: the order of the rules, and that every path ends after at most two questions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Conversation, Mode
from bot.decide import MESSAGES_A_MINUTE, QUESTIONS_IN_A_ROW, Turn, decide
from bot.decision import (
    Answer,
    AskDanger,
    BackToBot,
    CannotRead,
    Clarify,
    Decision,
    Emergency,
    Erase,
    HandOff,
    Menu,
    NoteAdded,
    Rephrase,
    SetLanguage,
    Silent,
    SlowDown,
    Smalltalk,
    StillWaiting,
)
from bot.message import Kind, Message
from intents.understanding import Alarm, Candidate, Thresholds, Understanding

LIMITS = Thresholds(answer=60, ahead=10, ask=15)
TOPICS = frozenset(
    {
        "register-address",
        "change-address",
        "tax-id",
        "child-benefit",
        "emergency-police",
        "emergency-medical-fire",
        "talk-to-a-human",
        "what-can-you-do",
        "privacy",
    }
)
NOTHING = Understanding(text="", thresholds=LIMITS)
SURE = replace(
    NOTHING, candidates=(Candidate(id="register-address", confidence=80), Candidate(id="change-address", confidence=10))
)
NEARLY = replace(
    NOTHING,
    candidates=(
        Candidate(id="register-address", confidence=40),
        Candidate(id="change-address", confidence=35),
        Candidate(id="tax-id", confidence=10),
    ),
)
DANGER = replace(NOTHING, alarm=Alarm(topic="emergency-police", sure=True, why="test"))
PERHAPS = replace(NOTHING, alarm=Alarm(topic="emergency-police", sure=False, why="test"))
WISH = replace(NOTHING, wants_person=True)
FRESH = Conversation(id="c", channel="web", address="c", locale="de")


def turn(
    understood: Understanding = NOTHING,
    conversation: Conversation = FRESH,
    *,
    text: str = "etwas",
    button: str = "",
    kind: Kind | None = None,
    recent: int = 1,
) -> Turn:
    message = Message(kind=kind or (Kind.BUTTON if button else Kind.TEXT), text="" if button else text, button=button)
    return Turn(
        message=message, conversation=conversation, understood=understood, topics=TOPICS, chapters=frozenset({"first-steps"}),
        languages=frozenset({"de", "en", "ar"}), messages_last_minute=recent,
    )  # fmt: skip


def decided(*args: object, **kwargs: object) -> Decision:
    return decide(turn(*args, **kwargs))  # type: ignore[arg-type]


HUMAN, WAITING = replace(FRESH, mode=Mode.HUMAN), replace(FRESH, mode=Mode.WAITING)


@pytest.mark.parametrize("conversation", [FRESH, HUMAN, WAITING])
@pytest.mark.parametrize("recent", [1, MESSAGES_A_MINUTE + 5])
def test_danger_outranks_everything(conversation: Conversation, recent: int) -> None:
    assert decided(
        replace(DANGER, wants_person=True, candidates=SURE.candidates), conversation, recent=recent
    ).action == Emergency(topic="emergency-police")


def test_a_message_that_may_be_danger_is_asked_about_once_with_two_ways_on() -> None:
    asked = decided(PERHAPS)
    assert asked.action == AskDanger(topic="emergency-police")
    assert decided(NOTHING, asked.conversation, button="danger:yes:emergency-police").action == Emergency(
        topic="emergency-police"
    )
    assert decided(replace(SURE, alarm=PERHAPS.alarm), asked.conversation, button="danger:no").action == Answer(
        topics=("register-address",)
    )
    assert not isinstance(decided(PERHAPS, asked.conversation).action, AskDanger)


def test_while_a_lotse_has_the_conversation_the_bot_is_silent_except_for_commands() -> None:
    for understood in (SURE, NEARLY, NOTHING, WISH):
        assert decided(understood, HUMAN).action == Silent()
    assert decided(NOTHING, HUMAN, button="lang:en").action == SetLanguage(locale="en")
    assert decided(replace(NOTHING, command="erase"), HUMAN).action == Erase()


def test_back_to_the_bot_ends_the_lotses_turn_and_leaves_the_queue() -> None:
    assert decided(NOTHING, HUMAN, button="bot").action == BackToBot(waiting=False)
    left = decided(NOTHING, WAITING, button="bot")
    assert (left.action, left.conversation.mode) == (BackToBot(waiting=True), Mode.BOT)


def test_a_wish_for_a_person_is_granted_before_any_topic_is_answered() -> None:
    granted = decided(replace(SURE, wants_person=True))
    assert (granted.action, granted.conversation.mode) == (HandOff(reason="wish"), Mode.WAITING)
    assert decided(WISH, granted.conversation).action == StillWaiting()


def test_the_language_is_chosen_by_button_or_name_and_then_stays() -> None:
    chosen = decided(replace(NOTHING, language_named="ar")).conversation
    assert (chosen.locale, chosen.locale_chosen) == ("ar", True)
    assert decided(replace(SURE, locale="en"), chosen).conversation.locale == "ar"


def test_until_a_language_is_chosen_the_bot_follows_the_newcomers() -> None:
    assert decided(replace(SURE, locale="en")).conversation.locale == "en"
    assert decided(replace(SURE, locale="")).conversation.locale == "de"


def test_sure_is_answered_nearly_sure_is_asked_with_at_most_three() -> None:
    assert decided(SURE).action == Answer(topics=("register-address",))
    action = decided(replace(NEARLY, candidates=NEARLY.candidates * 3)).action
    assert isinstance(action, Clarify)
    assert len(action.topics) == 3


def test_two_candidates_too_close_are_asked_about_even_if_both_are_likely() -> None:
    close = replace(
        NOTHING,
        candidates=(Candidate(id="register-address", confidence=62), Candidate(id="change-address", confidence=58)),
    )
    assert isinstance(decided(close).action, Clarify)


def test_two_questions_in_one_message_are_both_answered() -> None:
    assert decided(replace(NEARLY, both=("tax-id", "child-benefit"))).action == Answer(
        topics=("tax-id", "child-benefit")
    )


def test_none_of_these_leads_to_other_words_and_then_to_a_person_and_never_offers_the_same_again() -> None:
    asked = decided(NEARLY)
    denied = decided(NOTHING, asked.conversation, button="none")
    assert denied.action == Rephrase()
    again = decided(NEARLY, denied.conversation)
    assert again.action == HandOff(reason="unsure")


def test_what_is_typed_after_a_question_is_understood_afresh() -> None:
    assert decided(SURE, decided(NEARLY).conversation).action == Answer(topics=("register-address",))


def test_a_second_miss_brings_a_person() -> None:
    first = decided(NOTHING)
    assert first.action == Rephrase()
    assert decided(NOTHING, first.conversation).action == HandOff(reason="unsure")


def test_a_cry_for_help_without_a_topic_gets_choices_not_a_scolding() -> None:
    assert decided(replace(NOTHING, vague=True)).action == Clarify(topics=())


def test_small_talk_is_answered_warmly() -> None:
    assert decided(replace(NOTHING, smalltalk="thanks")).action == Smalltalk(kind="thanks")


def test_while_waiting_the_bot_still_answers_and_keeps_what_it_cannot() -> None:
    answered = decided(SURE, WAITING)
    assert (answered.action, answered.conversation.mode) == (Answer(topics=("register-address",)), Mode.WAITING)
    assert decided(NOTHING, WAITING).action == NoteAdded()
    assert decided(NOTHING, WAITING, kind=Kind.PHOTO, text="").action == NoteAdded()


def test_what_the_bot_cannot_read_is_said_kindly() -> None:
    assert decided(NOTHING, kind=Kind.VOICE, text="").action == CannotRead(kind="voice")
    assert decided(SURE, kind=Kind.PHOTO, text="wo anmelden").action == Answer(topics=("register-address",))


def test_a_flood_gets_one_sentence_and_then_quiet_and_ends_by_itself() -> None:
    slowed = decided(SURE, recent=MESSAGES_A_MINUTE + 1)
    assert slowed.action == SlowDown()
    assert decided(SURE, slowed.conversation, recent=MESSAGES_A_MINUTE + 2).action == Silent()
    assert decided(SURE, slowed.conversation, recent=3).action == Answer(topics=("register-address",))


def test_a_button_nobody_knows_shows_the_menu() -> None:
    assert decided(NOTHING, button="topic:long-gone").action == Menu()


def test_erasing_by_button_asks_once_and_by_word_happens_at_once() -> None:
    assert decided(NOTHING, button="erase").outcome == "smalltalk"
    assert decided(NOTHING, button="erase:yes").action == Erase()
    assert decided(replace(NOTHING, command="erase")).action == Erase()


UNDERSTOOD = st.sampled_from(
    [
        NOTHING,
        SURE,
        NEARLY,
        WISH,
        replace(NOTHING, vague=True),
        replace(NOTHING, smalltalk="greeting"),
        replace(NOTHING, outside=90),
        PERHAPS,
        DANGER,
    ]
)
STEPS = st.lists(
    st.one_of(
        UNDERSTOOD.map(lambda understood: ("text", understood, "")),
        st.sampled_from(
            [
                "none",
                "menu",
                "menu:first-steps",
                "topic:tax-id",
                "more:tax-id",
                "person",
                "bot",
                "lang:en",
                "danger:no",
                "erase:no",
                "nonsense",
                "",
            ]
        ).map(lambda b: ("button", NOTHING, b)),
    ),
    max_size=12,
)


@given(STEPS)
def test_every_path_ends_after_at_most_two_questions_in_a_row(steps: list[tuple[str, Understanding, str]]) -> None:
    conversation, in_a_row = FRESH, 0
    for kind, understood, button in steps:
        decision = (
            decided(understood, conversation, button=button) if kind == "button" else decided(understood, conversation)
        )
        in_a_row = (
            in_a_row + 1
            if isinstance(decision.action, Clarify | Rephrase)
            else 0
            if not isinstance(decision.action, AskDanger)
            else in_a_row
        )
        assert in_a_row <= QUESTIONS_IN_A_ROW
        conversation = decision.conversation


@given(STEPS, st.sampled_from(list(Mode)))
def test_no_denied_topic_is_ever_offered_again_for_the_same_question(
    steps: list[tuple[str, Understanding, str]], mode: Mode
) -> None:
    conversation = replace(FRESH, mode=mode)
    for kind, understood, button in steps:
        before = conversation
        decision = (
            decided(understood, conversation, button=button) if kind == "button" else decided(understood, conversation)
        )
        if isinstance(decision.action, Clarify):
            assert not set(decision.action.topics) & set(before.denied)
        conversation = decision.conversation
