"""Values of facts are read strictly and worded as the language does."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.placeholders import FactUse, fill, parse
from faq.values import parse_value, phone_words


@pytest.mark.parametrize(
    ("source", "german", "english"),
    [
        ("2 weeks", "2 Wochen", "2 weeks"),
        ("1 year", "1 Jahr", "1 year"),
        ("2-4 weeks", "2–4 Wochen", "2–4 weeks"),
        ("1000 EUR", "1.000\xa0€", "€1,000"),
        ("18.36 EUR", "18,36\xa0€", "€18.36"),
        ("10 %", "10\xa0%", "10%"),
        ("2027-03-04", "4. März 2027", "4 March 2027"),
        ("2026-12", "Dezember 2026", "December 2026"),
        ("22:00-06:00", "22:00–06:00 Uhr", "22:00–06:00"),
        ("135000", "135.000", "135,000"),
        ("code § 24 AufenthG", "§ 24 AufenthG", "§ 24 AufenthG"),
        ("phone +495413230", "0541 3230", "0541 3230"),
        ("phone 116117", "116 117", "116 117"),
    ],
)
def test_a_value_reads_naturally(source: str, german: str, english: str) -> None:
    value = parse_value(source)
    assert (value.words("de"), value.words("en")) == (german, english)


@pytest.mark.parametrize(
    "source", ["", "zwei Wochen", "2 Wochen", "EUR 5", "12.500,00 EUR", "soon", "2026-13-01", "phone abc"]
)
def test_what_is_no_value_is_refused(source: str) -> None:
    with pytest.raises(ValueError):
        parse_value(source)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(source: str) -> None:
    with suppress(ValueError):
        assert parse_value(source).words("de")


def test_short_codes_stay_as_they_are_dialled() -> None:
    assert (phone_words("112"), phone_words("116117"), phone_words("+4930123456")) == ("112", "116 117", "030 123456")


def test_a_silent_placeholder_leaves_no_trace() -> None:
    assert fill("Ein Mietvertrag reicht nicht {?landlord}.", "t", lambda use: "X") == "Ein Mietvertrag reicht nicht."


def test_the_number_alone_can_be_asked_for() -> None:
    assert parse("years|n", "citizenship") == FactUse("citizenship", "years", number_only=True)


@given(st.text(alphabet="{}?@|./abc-", max_size=12))
def test_a_wrong_placeholder_is_refused_and_nothing_else_happens(inside: str) -> None:
    with suppress(ValueError):
        assert parse(inside, "topic")
