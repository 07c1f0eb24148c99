"""Plain language, measured."""

from __future__ import annotations

import pytest

from faq import Catalogue
from faq.reading import GRADE_AT_MOST, chapters, measure, syllables


@pytest.mark.parametrize(
    ("word", "number"),
    [("Amt", 1), ("Bürgeramt", 3), ("Familie", 3), ("neue", 2), ("Aufenthaltstitel", 5), ("hm", 1)],
)
def test_syllables_are_counted_as_spoken(word: str, number: int) -> None:
    assert syllables(word) == number


def test_the_formulas_give_the_figures_of_their_definition() -> None:
    # 8 words, 2 sentences; long words: Wohnung, Bürgeramt; three syllables: Bürgeramt; one syllable: Sie, Ihre has two.
    found = measure("Melden Sie Ihre Wohnung an. Das Bürgeramt hilft.", "de")
    assert (found.words, found.words_a_sentence, found.lix) == (8, 4, 4 + 25)
    assert found.grade == pytest.approx(0.1935 * 12.5 + 0.1672 * 4 + 0.1297 * 25 - 0.0327 * 50 - 0.875)


def test_nothing_is_measured_where_there_is_nothing() -> None:
    assert measure("", "de").words == 0


def test_simple_german_is_simpler_than_german_in_every_chapter(catalogue: Catalogue) -> None:
    german, simple = chapters(catalogue, "de"), chapters(catalogue, "de-x-simple")
    for chapter, found in simple.items():
        grade, other = found.grade, german[chapter].grade
        assert grade is not None
        assert other is not None
        assert grade < other <= GRADE_AT_MOST["de"]
