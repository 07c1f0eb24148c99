"""Texts fitted to a messenger: nothing is lost, nothing is broken inside a character, and people get whole sentences."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.channels.text import split_text, utf16_length

TELEGRAM = 4096
ALPHABET = st.sampled_from("abc ÄßЖ\n.!?؟۔።ابتم،ሰላም😀👨‍👩‍👧\u2066\u2069\u200d\u00a0\t")
TEXTS = st.one_of(st.text(ALPHABET, max_size=400), st.text(max_size=200))
LIMITS = st.integers(min_value=2, max_value=80)


def without_space(text: str) -> str:
    """What must never get lost."""
    return "".join(text.split())


@given(st.text())
@example("😀")
@example("\ud800")
def test_the_length_is_what_telegram_counts(text: str) -> None:
    assert utf16_length(text) == sum(2 if ord(character) > 0xFFFF else 1 for character in text)


@given(TEXTS, LIMITS)
def test_every_part_fits_and_says_something(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(0 < utf16_length(part) <= limit for part in parts)
    assert all(part.strip() for part in parts)


@given(TEXTS, LIMITS)
def test_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    assert without_space("".join(split_text(text, limit))) == without_space(text)


@given(TEXTS, LIMITS)
def test_the_parts_stand_in_the_text_one_after_the_other_with_only_white_space_between(text: str, limit: int) -> None:
    position = 0
    for part in split_text(text, limit):
        found = text.index(part, position)
        assert not text[position:found].strip()
        position = found + len(part)
    assert not text[position:].strip()


@given(st.text(st.characters(min_codepoint=0x10000), min_size=1), st.integers(min_value=2, max_value=9))
def test_no_character_is_cut_into_its_halves(text: str, limit: int) -> None:
    for part in split_text(text, limit):
        assert not any(0xD800 <= ord(character) <= 0xDFFF for character in part)
        assert part.encode("utf-16-le").decode("utf-16-le") == part


@given(TEXTS)
def test_a_text_that_fits_stays_as_it_is(text: str) -> None:
    limit = max(1, utf16_length(text))
    assert split_text(text, limit) == ([text.strip()] if text.strip() else [])


@given(TEXTS, LIMITS)
def test_what_was_split_is_not_split_again(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert [again for part in parts for again in split_text(part, limit)] == parts


@given(st.lists(st.text(st.sampled_from("abcäß"), min_size=1, max_size=12), min_size=1, max_size=60), LIMITS)
def test_a_word_is_cut_only_if_it_is_longer_than_the_limit_or_a_third_of_it(words: list[str], limit: int) -> None:
    text = " ".join(words)
    parts = split_text(text, limit)
    if max(map(len, words)) * 2 <= limit:
        assert [word for part in parts for word in part.split()] == words


def test_paragraphs_are_preferred_to_lines_lines_to_sentences_and_sentences_to_words() -> None:
    assert split_text("Eins. Zwei.\nDrei.\n\nVier. Fünf sechs", 30) == ["Eins. Zwei.\nDrei.", "Vier. Fünf sechs"]
    assert split_text("Eins. Zwei drei.\nVier. Fünf sechs", 27) == ["Eins. Zwei drei.", "Vier. Fünf sechs"]
    assert split_text("Eins zwei drei. Vier fünf sechs", 22) == ["Eins zwei drei.", "Vier fünf sechs"]
    assert split_text("Eins zwei drei vier", 12) == ["Eins zwei", "drei vier"]


def test_a_break_too_near_the_beginning_is_not_taken() -> None:
    assert split_text("Ja.\n\n" + "Wort " * 8, 30)[0] == "Ja.\n\nWort Wort Wort Wort Wort"


def test_an_arabic_text_is_cut_at_its_own_full_stop_and_question_mark() -> None:
    question, answer = "هل أحتاج إلى موعد؟", "نعم، احجزوا موعدًا في مكتب المواطنين."
    assert split_text(f"{question} {answer}", 45) == [question, answer]
    urdu, more = "پہلا جملہ یہاں ہے۔", "دوسرا جملہ یہاں ہے۔"
    assert split_text(f"{urdu} {more}", 25) == [urdu, more]


def test_a_long_arabic_answer_keeps_every_word_in_order() -> None:
    sentence = "سجّلوا عنوانكم خلال \u206814\u2069 يومًا من الانتقال، وهذا مجاني."
    text = "\n\n".join([" ".join([sentence] * 12)] * 12)
    parts = split_text(text, TELEGRAM)
    assert len(parts) == 2
    assert all(part.endswith(".") for part in parts)
    assert [word for part in parts for word in part.split()] == text.split()


def test_isolated_numbers_in_arabic_are_not_torn_from_their_marks() -> None:
    text = "اتصلوا بالرقم \u20680541 3230\u2069 أو \u2068112\u2069 الآن. " * 40
    for part in split_text(text, 200):
        assert part.count("\u2068") == part.count("\u2069")


@pytest.mark.parametrize("text", ["", " ", "\n\n\t "])
def test_of_nothing_there_are_no_parts(text: str) -> None:
    assert split_text(text, TELEGRAM) == []


def test_a_word_longer_than_the_limit_is_cut_inside() -> None:
    assert split_text("x" * 10, 4) == ["xxxx", "xxxx", "xx"]
    assert split_text("😀" * 5, 5) == ["😀😀", "😀😀", "😀"]
