"""Opening hours: the week in words, what holds today, holidays of Lower Saxony."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from faq.hours import monday_of, today, week
from locales import offered, phrases

OFFICE = "Mo,We,Fr 09:00-14:00; Tu,Th 15:00-20:00"
SHOP = "Mo-Th 08:00-16:00; Fr 08:00-13:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "when", "said"),
    [
        (SHOP, "11-25T06:30", "Heute (Mittwoch) öffnet es um 08:00 Uhr."),
        (SHOP, "11-25T12:00", "Heute (Mittwoch) bis 16:00 Uhr geöffnet."),
        (SHOP, "11-25T15:00", "Jetzt geschlossen. Wieder geöffnet: Donnerstag, 08:00 Uhr."),
        (SHOP, "11-28T10:00", "Jetzt geschlossen. Wieder geöffnet: Montag, 08:00 Uhr."),
        (SHOP, "12-24T20:00", "Jetzt geschlossen. Wieder geöffnet: Montag, 08:00 Uhr."),
        ("Mo-Su 22:00-06:00", "11-25T22:30", "Heute (Mittwoch) bis 06:00 Uhr geöffnet."),
        ("Dec 01-06 10:00-12:00", "11-05T12:00", "Heute (Donnerstag) geschlossen."),
        ("24/7", "11-25T03:00", ""),
    ],
)
def test_what_holds_now_is_said_with_the_day(hours: str, when: str, said: str) -> None:
    assert today(hours, at(when), phrases("de")) == said


def test_summer_time_counts() -> None:
    assert "09:00" in today("Mo-Su 09:00-12:00", at("07-01T06:59"), phrases("de"))
    assert "12:00" in today("Mo-Su 09:00-12:00", at("07-01T07:01"), phrases("de"))


@pytest.mark.parametrize("holiday", ["10-31T10:00", "05-14T10:00", "12-25T10:00"])
def test_nothing_is_promised_on_a_public_holiday_of_lower_saxony(holiday: str) -> None:
    assert "ob geöffnet ist" in today("Mo-Su 08:00-20:00", at(holiday), phrases("de"))


def test_hours_that_speak_of_holidays_decide() -> None:
    assert today("Mo-Su 08:00-20:00; PH off", at("10-31T10:00"), phrases("en")).startswith("Closed now.")
    assert "until 12:00" in today("Mo-Su 08:00-20:00; PH 10:00-12:00", at("10-31T10:00"), phrases("en"))


def test_an_ordinary_day_in_another_state_stays_ordinary() -> None:
    assert "open until" in today("Mo-Su 08:00-20:00", at("11-01T10:00"), phrases("en"))  # All Saints: not in the north


def test_days_alike_share_a_line() -> None:
    monday = monday_of(at("11-25T12:00"))
    assert week(SHOP, monday, phrases("de")) == ("Mo–Do 08:00–16:00 Uhr", "Fr 08:00–13:00 Uhr")
    assert week("Mo-Fr 09:00-12:00,13:00-16:00", monday, phrases("en")) == ("Mon–Fri 09:00–12:00, 13:00–16:00",)
    assert len(week(OFFICE, monday, phrases("de"))) == 5


@pytest.mark.parametrize("locale", [language.tag for language in offered()])
def test_every_language_says_it_in_its_own_words(locale: str) -> None:
    say = phrases(locale)
    lines = [today(SHOP, at(when), say) for when in ("11-25T06:30", "11-25T12:00", "11-28T10:00", "12-25T10:00")]
    assert len(set(lines)) == 4
    assert "{" not in "".join(lines)
    if locale != "en":
        assert not any("open" in line.lower() or "holiday" in line for line in lines)
    assert week("24/7", monday_of(at("11-25T12:00")), say)[0]
