"""Opening hours as people write them in German, and as machines read them: sure or not at all."""

from __future__ import annotations

import opening_hours
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.importing.hours import DAYS, find_hours, read_hours, same_hours

SURE = {
    "Mo–Fr 8–12 Uhr, Do auch 14–18 Uhr": "Mo-Fr 08:00-12:00, Th 14:00-18:00",
    "montags bis donnerstags von 9 bis 16 Uhr": "Mo-Th 09:00-16:00",
    "Öffnungszeiten: Mo, Di, Do 8.00 – 12.30 Uhr und 14–16 Uhr, Fr 8–12 Uhr, Mi geschlossen": (
        "Mo,Tu,Th 08:00-12:30,14:00-16:00; Fr 08:00-12:00; We off"
    ),
    "Mo.–Fr.: 08:00–12:00 Uhr; Do. zusätzlich 13:30–17:00 Uhr": "Mo-Fr 08:00-12:00, Th 13:30-17:00",
    "Mo 8-12, Mo 14-16": "Mo 08:00-12:00, Mo 14:00-16:00",
    "täglich außer montags 10–18 Uhr": "Tu-Su 10:00-18:00",
    "Mo–Fr 8–12 Uhr, außer mittwochs": "Mo-Fr 08:00-12:00; We off",
    "Di - So 11-17 Uhr, an Feiertagen geschlossen": "Tu-Su 11:00-17:00; PH off",
    "Sonn- und Feiertage 10–12 Uhr": "Su,PH 10:00-12:00",
    "jeden 1. Dienstag im Monat 10–12 Uhr": "Tu[1] 10:00-12:00",
    "jeden letzten Freitag im Monat 15 bis 17 Uhr": "Fr[-1] 15:00-17:00",
    "9 bis 16 Uhr, montags bis donnerstags": "Mo-Th 09:00-16:00",
    "von Montag bis Freitag von 8 Uhr bis 12 Uhr": "Mo-Fr 08:00-12:00",
    "Montag | 8–12 Uhr\nDienstag | geschlossen": "Mo 08:00-12:00; Tu off",
    "Mo bis Do 9 bis 16 Uhr, Fr 9 bis 13 Uhr sowie nach Vereinbarung": (
        'Mo-Th 09:00-16:00; Fr 09:00-13:00 || "nach Vereinbarung"'
    ),
    "nach Vereinbarung": '"nach Vereinbarung"',
    "rund um die Uhr": "24/7",
    "Mo–Fr 8–24 Uhr": "Mo-Fr 08:00-24:00",
}
UNCLEAR = [
    "Mo-Fr 8-12, Do 14-18",  # both, or on Thursday only in the afternoon
    "werktags 9–17 Uhr",
    "8–12 Uhr",
    "Mo–Fr ab 9 Uhr",
    "Do bis 18 Uhr",
    "jeden zweiten Dienstag 10–12 Uhr",
    "Mo–Fr 12–14 Uhr geschlossen",
    "Mo–Fr 8–12 Uhr nach Vereinbarung",
    "April bis Oktober Mo–Fr 8–12 Uhr",
    "Telefonisch erreichbar: Mo–Fr 8–12 Uhr",
    "Sa 22–4 Uhr",
    "Fr–Mo 8–12 Uhr",
    "Mo 8–27 Uhr",
    "Mo 8–12, 11–14 Uhr",
]


@pytest.mark.parametrize("text", SURE)
def test_what_can_be_read_in_one_way_becomes_notation(text: str) -> None:
    assert (read_hours(text).osm, read_hours(text).why) == (SURE[text], "")
    assert opening_hours.validate(SURE[text])


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_can_be_read_in_two_ways_stays_as_written_with_the_reason(text: str) -> None:
    hours = read_hours(text)
    assert (hours.osm, hours.text) == ("", text)
    assert hours.why


NAMES = {
    day: (short, long, f"{long.lower()}s")
    for day, short, long in zip(
        DAYS,
        ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
        ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        strict=True,
    )
}


@st.composite
def weeks(draw: st.DrawFn) -> tuple[str, str]:
    """A week as somebody writes it, and the same in notation."""
    days = sorted(draw(st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True)))
    style, dash = draw(st.integers(0, 2)), draw(st.sampled_from(["–", "-", " - ", " bis "]))
    clock = draw(st.sampled_from(["{0}:{1:02d}", "{0:02d}:{1:02d}", "{0}.{1:02d}"]))
    uhr, colon = draw(st.sampled_from([" Uhr", ""])), draw(st.sampled_from([" ", ": ", " von "]))
    written, notation = [], []
    while days:
        run = draw(st.integers(1, len(days)))
        group, days = days[:run], days[run:]
        hours = sorted(draw(st.lists(st.integers(0, 47), min_size=2, max_size=4, unique=True)))
        hours = hours[: len(hours) // 2 * 2]
        spans = [(hours[i], hours[i + 1]) for i in range(0, len(hours), 2)]
        if len(group) > 2 and group[-1] - group[0] == len(group) - 1:
            said = dash.join(NAMES[DAYS[n]][style] for n in (group[0], group[-1]))
        else:
            said = draw(st.sampled_from([", ", " und ", " + "])).join(NAMES[DAYS[n]][style] for n in group)
        times = draw(st.sampled_from([" und ", ", "])).join(
            dash.join(clock.format(n // 2, n % 2 * 30) for n in span) + uhr for span in spans
        )
        written.append(said + colon + times)
        notation.append(
            ",".join(DAYS[n] for n in group)
            + " "
            + ",".join("-".join(f"{n // 2:02d}:{n % 2 * 30:02d}" for n in span) for span in spans)
        )
    return draw(st.sampled_from(["; ", ", ", "\n"])).join(written), "; ".join(notation)


@given(weeks())
def test_any_week_comes_back_with_the_same_meaning(week: tuple[str, str]) -> None:
    text, notation = week
    assert same_hours(read_hours(text).osm, notation), (text, read_hours(text))


WORDS = st.sampled_from(
    [
        "Mo",
        "Di",
        "Do",
        "So",
        "montags",
        "täglich",
        "Wochenende",
        "feiertags",
        "jeden",
        "1.",
        "ersten",
        "im",
        "Monat",
        "8",
        "12",
        "8.30",
        "24",
        "25:00",
        "99",
        "0",
        "Uhr",
        "–",
        "-",
        "bis",
        "von",
        "und",
        ",",
        ";",
        "|",
        "auch",
        "außer",
        "geschlossen",
        "nach",
        "Vereinbarung",
        "Termin",
        "rund",
        "um",
        "die",
        "Uhr",
        "Öffnungszeiten:",
        "ab",
        "ca.",
        "(",
        ")",
        "Ferien",
        "12.03.",
        "\n",
    ]
)


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=60))
def test_no_text_breaks_the_reader_and_whatever_it_reads_is_valid(text: str) -> None:
    hours = read_hours(text)
    assert bool(hours.osm) != bool(hours.why)
    assert not hours.osm or opening_hours.validate(hours.osm)
    for start, end, found in find_hours(text):
        assert text[start:end] == found.text


@given(weeks(), st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=9).map(lambda word: f"x{word}"))
def test_a_word_that_is_not_understood_makes_the_hours_unclear(week: tuple[str, str], word: str) -> None:
    assert not read_hours(f"{week[0]} {word}").osm


@pytest.mark.parametrize(
    ("sentence", "notation"),
    [
        ("Der Unterricht findet montags bis donnerstags von 9 bis 16 Uhr statt.", "Mo-Th 09:00-16:00"),
        ("Sprechstunde: Di 10–12 Uhr", "Tu 10:00-12:00"),
        ("Das Fest ist am Samstag von 14 bis 18 Uhr im Park.", ""),
        ("Montags bis freitags von 9 bis 12 Uhr, in den Ferien nur bis 11 Uhr.", ""),
    ],
)
def test_in_a_sentence_only_a_habit_counts(sentence: str, notation: str) -> None:
    [(start, end, hours)] = find_hours(sentence)
    assert hours.osm == notation
    assert sentence[start:end] == hours.text


@pytest.mark.parametrize(
    "sentence",
    ["So melden Sie sich an: 1. Termin buchen", "Samstag, 12. September, 14–18 Uhr", "Die Kita ist so gut. Do it."],
)
def test_ordinary_words_are_no_hours(sentence: str) -> None:
    assert not list(find_hours(sentence))
