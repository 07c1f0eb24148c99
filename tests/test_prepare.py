"""What was typed becomes what the layers read: own script, meant keyboard, official words, one script in a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understand import load_matcher
from intents.normalise import gentle
from intents.prepare import example
from intents.romanised import LANGUAGES, in_own_script, is_latin
from intents.vocabulary import Vocabulary, make_vocabulary


@pytest.mark.parametrize(
    ("language", "typed", "read"),
    [
        ("ru", "gde oformit grazhdanstvo", "где оформит гражданство"),
        ("uk", "dobryi den, de shkola", "добрий ден, де школа"),
        ("bg", "kude e uchilishteto, trqbva mi", "куде е училището, трябва ми"),
        ("ar", "shu lazem jib ma3i", "شو لزم جيب معي"),
        ("fa", "madreseye bacheha kojast", "مدرسیه بچهه كوجست"),
    ],
)
def test_romanised_words_come_near_to_their_own_script(language: str, typed: str, read: str) -> None:
    assert gentle(in_own_script(typed, language)).replace("ک", "ك") == read.replace("ک", "ك")


def test_german_words_and_numbers_stay_as_they_are_in_a_romanised_message() -> None:
    words = make_vocabulary({"Jobcenter": ["jopcenter"]})
    assert example("skolko platit jopcenter za 2 komnaty", "ru", words) == "сколко платит jobcenter за 2 комнаты"


@given(text=st.text(max_size=80), language=st.sampled_from(sorted(LANGUAGES)))
def test_any_text_can_be_converted(text: str, language: str) -> None:
    converted = in_own_script(gentle(text), language)
    assert isinstance(converted, str)
    if not is_latin(gentle(text)):
        assert not is_latin(converted) or is_latin(gentle(text))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("anmldung wo", "anmeldung wo"),
        ("termin bei auslanderbehörde", "termin bei ausländerbehörde"),
        ("انميلدونغ وين", "anmeldung وين"),
        ("в джобцентре", "в jobcenter"),
        ("wbschein beantragen", "wohnberechtigungsschein beantragen"),
    ],
)
def test_official_words_are_read_through_their_misspellings(typed: str, read: str) -> None:
    assert load_matcher().vocabulary.read(typed) == read


def test_ordinary_words_are_left_alone() -> None:
    text = "my landlord wants money and my boss says no, what now"
    assert load_matcher().vocabulary.read(text) == text


@given(text=st.text(max_size=200))
def test_reading_official_words_twice_changes_nothing_more(text: str) -> None:
    words: Vocabulary = load_matcher().vocabulary
    once = words.read(gentle(text))
    assert words.read(once) == once


@pytest.mark.parametrize(
    ("typed", "language"),
    [("rfr gjkexbnm dbl yf ;bntkmcndj", "ru"), ("lt yf'nb gjkexbnb ljdslre ghj ghj;bdfyyz", "uk")],
)
def test_a_message_typed_on_the_wrong_keyboard_is_read_as_meant(typed: str, language: str) -> None:
    read = load_matcher().read(typed)
    assert not is_latin(read.text)
    assert load_matcher().understand(typed).locale == language


def test_look_alike_letters_of_another_script_make_no_difference() -> None:
    assert gentle("пacпopт") == gentle("паспорт")
    assert gentle("pаssport") == "passport"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ما هي Aufenthaltserlaubnis", "ar"),
        ("gdzie jest Ausländerbehörde i Jobcenter", "pl"),
        ("I got a letter from the Jobcenter about Bürgergeld", "en"),
        ("як отримати Wohnberechtigungsschein", "uk"),
    ],
)
def test_a_german_office_word_does_not_change_the_language(text: str, language: str) -> None:
    assert load_matcher().understand(text).locale == language
