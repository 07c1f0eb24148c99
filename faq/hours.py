"""Opening hours in OpenStreetMap notation: the week in a language's own words, and what holds today.

Notation: https://wiki.openstreetmap.org/wiki/Key:opening_hours. Public holidays are those of the federal state; where the
hours say nothing about them, nothing is promised for such a day.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo

import holidays
from babel.dates import format_date, format_time
from opening_hours import OpeningHours, State, validate

from locales import Phrases, cldr

ZONE = ZoneInfo("Europe/Berlin")
ALWAYS = "24/7"
_HOLIDAY_RULE = re.compile(r"\bPH\b\s*(off|closed|[\d:,\s-]+)")
_NEXT_OPENING = timedelta(days=14)

Span = tuple[time, time]


def is_opening_hours(source: str) -> bool:
    """Whether a text is in the notation."""
    return bool(validate(source))


@cache
def parsed(source: str) -> OpeningHours:
    """The hours of a text that is in the notation."""
    return OpeningHours(source)


def monday_of(now: datetime) -> date:
    """The Monday of the week it is in the city."""
    here = now.astimezone(ZONE).date()
    return here - timedelta(days=here.weekday())


def week(source: str, monday: date, say: Phrases) -> tuple[str, ...]:
    """The hours of the week that begins on ``monday``, one line for days alike: ``Mon–Fri 08:00–16:00``. Closed days are left out."""
    if source == ALWAYS:
        return (say("around the clock, every day"),)
    days = [(day, tuple(_spans(parsed(source), day))) for day in (monday + timedelta(days=i) for i in range(7))]
    lines = []
    for spans, alike in groupby(days, key=lambda one: one[1]):
        if spans:
            run = [day for day, _ in alike]
            names = [_day(day, "ccc", say) for day in ([run[0]] if len(run) == 1 else [run[0], run[-1]])]
            times = [f"{_clock(a, say)}–{_clock(b, say)}" for a, b in spans]
            lines.append(f"{'–'.join(names)} {say.isolate(', '.join(times))}{_hour_word(say)}")
    return tuple(lines)


def today(source: str, now: datetime, say: Phrases, land: str = "NI") -> str:
    """What holds at ``now``, in one sentence that names the day; empty for what is open around the clock."""
    if source == ALWAYS:
        return ""
    here = now.astimezone(ZONE)
    day, hours = here.date(), parsed(source)
    spans = _spans(hours, day)
    if holiday := public_holidays(day.year, land).get(day):
        rule = _HOLIDAY_RULE.search(source)
        if rule is None:
            return say("Today is a public holiday ({name}). Please ask first whether it is open.").format(
                name=say.isolate(holiday)
            )
        spans = [] if rule[1] in ("off", "closed") else _spans(parsed(rule[1].strip()), day)
    name = _day(day, "cccc", say)
    for opens, closes in spans:
        if here.time() < opens:
            return say("Today ({day}) it opens at {time}.").format(day=name, time=_said(opens, say))
        if here.time() < closes or closes == time(0):
            end = _end_of_night(hours, day) if closes == time(0) else closes
            return say("Today ({day}) it is open until {time}.").format(day=name, time=_said(end, say))
    again = _next_opening(hours, day, land)
    if again is None:
        return say("Closed today ({day}).").format(day=name)
    return say("Closed now. It opens again: {day}, {time}.").format(
        day=_day(again, "cccc", say), time=_said(again.time(), say)
    )


@cache
def public_holidays(year: int, land: str) -> holidays.HolidayBase:
    """The public holidays of one federal state, with their German names."""
    return holidays.country_holidays("DE", subdiv=land, years=year, language="de")


def _next_opening(hours: OpeningHours, after: date, land: str) -> datetime | None:
    for day in (after + timedelta(days=i) for i in range(1, _NEXT_OPENING.days)):
        if day not in public_holidays(day.year, land) and (spans := _spans(hours, day)):
            return datetime.combine(day, spans[0][0], ZONE)
    return None


def _spans(hours: OpeningHours, day: date) -> list[Span]:
    """When it is open on a day, as written for an ordinary one; an end at midnight is 00:00."""
    start = datetime.combine(day, time())
    found = hours.intervals(start=start, end=start + timedelta(days=1))
    return [(begin.time(), end.time()) for begin, end, state, _ in found if state == State.OPEN and begin < end]


def _end_of_night(hours: OpeningHours, day: date) -> time:
    """When it closes after a midnight at which it stays open."""
    tomorrow = _spans(hours, day + timedelta(days=1))
    return tomorrow[0][1] if tomorrow and tomorrow[0][0] == time(0) else time(0)


def _day(day: date, pattern: str, say: Phrases) -> str:
    return str(format_date(day, pattern, locale=cldr(say.locale))).removesuffix(".")


def _clock(at: time, say: Phrases) -> str:
    return "24:00" if at == time(0) else str(format_time(at, "HH:mm", locale=cldr(say.locale)))


def _said(at: time, say: Phrases) -> str:
    return say.isolate(_clock(at, say)) + _hour_word(say)


def _hour_word(say: Phrases) -> str:
    return " Uhr" if cldr(say.locale) == "de" else ""
