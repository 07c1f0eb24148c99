"""Values of facts: a small notation for editors (``2 weeks``, ``18.36 EUR``, ``2027-03-04``) and its wording in every language.

Formats follow the Unicode CLDR through Babel. Digits stay 0-9 in every language: they match keypads and letters from offices.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

import phonenumbers
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from locales import cldr, duration
from locales.defects import sentence

DURATIONS = ("minute", "hour", "day", "week", "month", "year")
MEASURES = {
    "m2": "area-square-meter",
    "km2": "area-square-kilometer",
    "cm": "length-centimeter",
    "km": "length-kilometer",
    "kg": "mass-kilogram",
}
_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"
_QUANTITY = re.compile(rf"({_NUMBER})(?:-({_NUMBER}))?(?: ([A-Za-z0-9%]+))?")
_DAY = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")
_CLOCK = re.compile(r"(\d\d):(\d\d)(?:-(\d\d):(\d\d))?")


@dataclass(frozen=True)
class Value:
    """A parsed value. ``source`` is the notation; ``words(locale)`` and ``number(locale)`` give it to people."""

    source: str
    words: Callable[[str], str]
    number: Callable[[str], str]


def parse_value(source: str) -> Value:
    """Read the notation of one value.

    Raises:
        ValueError: with a sentence that says how to write it.
    """
    source = source.strip()
    if source.startswith("code "):
        return _same(source, source.removeprefix("code "))
    if source.startswith("phone "):
        number = source.removeprefix("phone ")
        if not re.fullmatch(r"\+?\d{3,15}", number):
            raise ValueError(
                sentence(
                    "“{number}” has signs a phone cannot dial: write digits only, +495413230 or 116117", number=number
                )
            )
        return _same(source, phone_words(number))
    if match := _DAY.fullmatch(source):
        return _day(source, match)
    if match := _CLOCK.fullmatch(source):
        return _clock(source, match)
    if match := _QUANTITY.fullmatch(source):
        return _quantity(source, match)
    raise ValueError(
        sentence(
            "“{source}” is no value: write for example 2 weeks, 18.36 EUR, 10 %, 2027-03-04, 22:00-06:00, 16, 50 m2, code B1 or phone +495413230",
            source=source,
        )
    )


def phone_words(number: str) -> str:
    """A phone number as people in Germany write it; short codes as they are dialled. ``+495413230`` gives ``0541 3230``."""
    if not number.startswith("+"):
        return f"{number[:3]} {number[3:]}" if len(number) == 6 and number.startswith("116") else number
    parsed = phonenumbers.parse(number)
    style = (
        phonenumbers.PhoneNumberFormat.NATIONAL
        if parsed.country_code == 49
        else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(parsed, style)


def _same(source: str, text: str) -> Value:
    return Value(source, lambda _: text, lambda _: text)


def _day(source: str, match: re.Match[str]) -> Value:
    year, month, day = int(match[1]), int(match[2]), match[3]
    when = date(year, month, int(day) if day else 1)

    def words(locale: str) -> str:
        return format_date(when, "long", locale=cldr(locale)) if day else month_words(when, locale)

    return Value(source, words, words)


def month_words(when: date, locale: str) -> str:
    """Month and year, for example “November 2026”."""
    return format_skeleton("yMMMM", when, locale=cldr(locale))


def _clock(source: str, match: re.Match[str]) -> Value:
    times = [time(int(match[i]) % 24, int(match[i + 1])) for i in (1, 3) if match[i]]

    def words(locale: str) -> str:
        return "–".join(format_time(t, "HH:mm", locale=cldr(locale)) for t in times) + (
            " Uhr" if cldr(locale) == "de" else ""
        )

    return Value(source, words, words)


def _quantity(source: str, match: re.Match[str]) -> Value:
    numbers, unit = [Decimal(n) for n in match.groups()[:2] if n], match[3] or ""
    single = unit.removesuffix("s")
    if unit and unit not in ("EUR", "%") and unit not in MEASURES and single not in DURATIONS:
        raise ValueError(
            sentence(
                "“{unit}” is no unit: use minutes, hours, days, weeks, months, years, EUR, %, m2, km2, cm, km or kg",
                unit=unit,
            )
        )

    def number(locale: str) -> str:
        return "–".join(format_decimal(n, locale=cldr(locale)) for n in numbers)

    def words(locale: str) -> str:
        lead = "".join(f"{format_decimal(n, locale=cldr(locale))}–" for n in numbers[:-1])
        last = numbers[-1]
        if unit == "EUR":
            digits = "#,##0" if last == last.to_integral() else "#,##0.00"
            amount = format_decimal(last, digits, locale=cldr(locale))
            return lead + (f"€{amount}" if locale == "en" else f"{amount}\u00a0€")
        if unit == "%":
            return lead + format_percent(last / 100, locale=cldr(locale), decimal_quantization=False)
        if unit:
            if single in DURATIONS:
                return duration(last, single, locale, lead)
            return lead + format_unit(last, MEASURES[unit], "short", locale=cldr(locale))
        return number(locale)

    return Value(source, words, number)
