"""`lotsenbot report`: what was asked and how it ended, from counts, and what many asked in vain. Small numbers stay hidden: nobody is recognisable."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot.ports import utc_now
from bot.service import CHOSEN, PASSED_OVER
from bot.settings import Settings
from bot.store import Store, Unanswered, open_database
from bot.unanswered import group, missed
from faq import Catalogue
from faq import load_usable as load

FLOOR = 5


async def report(settings: Settings, days: int) -> str:
    """Outcomes by language and the topics most asked for."""
    begin = utc_now() - timedelta(days=days)
    since = begin.date().isoformat()
    engine = await open_database(settings.database_url)
    try:
        counts = await Store(engine).tallies(since)
        vain = await Store(engine).unanswered(begin)
    finally:
        await engine.dispose()
    outcomes, topics, catalogue = Counter[tuple[str, str]](), Counter[str](), load(settings.city)
    taps: dict[str, Counter[str]] = {CHOSEN: Counter(), PASSED_OVER: Counter()}
    for locale, outcome, topic, number in counts:
        if outcome in taps:
            taps[outcome][topic] += number
            continue
        outcomes[locale, outcome] += number
        if topic:
            topics[topic] += number
    lines = [
        f"The last {days} days, since {since}. Numbers under {FLOOR} are shown as “<{FLOOR}”.",
        "",
        "language  outcome      turns",
    ]
    lines += [f"{locale:9} {outcome:10} {_hidden(number):>7}" for (locale, outcome), number in sorted(outcomes.items())]
    lines += ["", "topics most asked for"]
    lines += [
        f"{number:7d}  {catalogue.title(topic, 'de')}" for topic, number in topics.most_common(30) if number >= FLOOR
    ]
    lines += ["", "“did you mean”: how often a topic was chosen, and how often it was the first guess and passed over"]
    offered = sorted(taps[CHOSEN].keys() | taps[PASSED_OVER].keys(), key=lambda topic: -taps[PASSED_OVER][topic])
    lines += [
        f"{_hidden(taps[CHOSEN][topic]):>7} {_hidden(taps[PASSED_OVER][topic]):>7}  {catalogue.title(topic, 'de')}"
        for topic in offered
        if taps[CHOSEN][topic] + taps[PASSED_OVER][topic] >= FLOOR
    ]
    return "\n".join([*lines, "", *_questions(vain, settings.unanswered_minimum, catalogue)])


def _questions(vain: list[Unanswered], minimum: int, catalogue: Catalogue) -> list[str]:
    """What many asked in vain, in the words they have in common."""
    if not minimum:
        return ["questions nobody answers: switched off (UNANSWERED_MINIMUM)"]
    asked = group(missed(vain), minimum)
    lines = [f"questions nobody answers: conversations, language, the words at least {minimum} of them share"]
    lines += [
        f"{one.people:7d}  {one.locale:9}  {one.words}"
        + (f"  (near: {', '.join(catalogue.title(topic, 'de') for topic in one.topics)})" if one.topics else "")
        for one in asked.groups
    ]
    return [*lines, f"{_hidden(asked.others, minimum):>7}  asked something that too few others asked"]


def _hidden(number: int, floor: int = FLOOR) -> str:
    return str(number) if number >= floor else f"<{floor}"
