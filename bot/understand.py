"""The matcher at work: loaded once, run beside the event loop in one thread, since its engines are not made for several."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from bot.errors import WrongSettings
from intents import catalogue
from intents.encoders import available
from intents.matcher import Matcher, make_matcher
from intents.model import StaleModel, load
from intents.understanding import Understanding
from locales import language_names


@cache
def load_matcher(root: Path = catalogue.ROOT) -> Matcher:
    """The matcher with everything loaded, from another copy of ``intents/`` if given.

    Raises:
        WrongSettings: if the model is missing or damaged.
    """
    try:
        model = load(root / "model")
    except StaleModel as error:
        raise WrongSettings(str(error)) from error
    return make_matcher(model, available(), language_names(), root)


class Reader:
    """Understands one message at a time without holding up the others."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")

    async def understand(self, text: str, locale: str) -> Understanding:
        """Understand a message; ``locale`` is the chosen language or empty."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: load_matcher().understand(text, locale)
        )

    async def warm_up(self) -> None:
        """Load everything before the first newcomer writes."""
        await self.understand("hallo, wo melde ich meine wohnung an?", "")

    def close(self) -> None:
        """Let the running message finish."""
        self._thread.shutdown(wait=True)
