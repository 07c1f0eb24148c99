"""`lotsenbot report`: what was asked and how it ended, from counts that hold no text. Small numbers stay hidden: nobody is recognisable."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot.ports import utc_now
from bot.service import CHOSEN, PASSED_OVER
from bot.settings import Settings
from bot.store import Store, open_database
from faq import load_usable as load

FLOOR = 5


async def report(settings: Settings, days: int) -> str:
    """Outcomes by language and the topics most asked for."""
    since = (utc_now() - timedelta(days=days)).date().isoformat()
    engine = await open_database(settings.database_url)
    try:
        counts = await Store(engine).tallies(since)
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
    return "\n".join(lines)


def _hidden(number: int) -> str:
    return str(number) if number >= FLOOR else f"<{FLOOR}"
