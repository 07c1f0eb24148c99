"""Patterns of danger: matched with gaps, beginnings and small typos, cancelled where a person said so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.alarm import Detector, make_detector
from intents.normalise import folded, gentle

DETECTOR = make_detector(
    [
        (
            "de",
            {
                "emergency-medical-fire": ["atmet nicht", "will ... sterben|umbringen"],
                "emergency-crisis": ["suizid*"],
                "emergency-poison": ["*tabletten geschluckt"],
            },
            ["langeweile"],
        ),
        ("en", {"emergency-medical-fire": ["want ... die"]}, []),
    ]
)


@pytest.mark.parametrize(
    "text",
    [
        "Mein Mann ATMET NICHT!!",
        "mein mann atmett nicht",
        "ich will heute nacht sterben",
        "er will sich umbrinegn",
        "suizidgedanken",
        "sie hat schlaftabletten geschluckt",
        "a\u200btmet nicht",
    ],
)
def test_danger_is_found(text: str) -> None:
    assert DETECTOR.find(text)


@pytest.mark.parametrize(
    "text",
    [
        "der hund atmet ruhig nicht laut",
        "will ich wirklich ganz bestimmt nie im leben sterben",
        "ich will vor langeweile sterben",
        "hallo",
        "",
    ],
)
def test_what_is_no_danger_is_left_alone(text: str) -> None:
    assert DETECTOR.find(text) is None


def test_words_of_another_language_do_not_count() -> None:
    assert DETECTOR.find("want to die", ["en"])
    assert DETECTOR.find("wann kommt die tonne, want die", ["de"]) is None


def test_nothing_cancels_words_of_suicide() -> None:
    assert DETECTOR.find("langeweile und suizid")


@given(st.text(max_size=200))
def test_any_text_can_be_folded_and_searched(text: str) -> None:
    assert " ".join(folded(text).split()) == folded(text)
    assert len(gentle(text)) <= 300
    detector: Detector = DETECTOR
    detector.find(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Führerschein", "fuehrerschein"),
        ("Straße", "strasse"),
        ("İş", "is"),
        ("إقامة", "اقامه"),
        ("ёлка", "елка"),
        ("کی", "كي"),
        ("١٢", "12"),
    ],
)
def test_spellings_of_the_same_word_fold_together(one: str, other: str) -> None:
    assert folded(one) == folded(other)
