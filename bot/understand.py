"""The matcher at work: loaded once, run beside the event loop in two threads, so that one encoder reads while the other waits."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path

from prometheus_client import Counter
from threadpoolctl import threadpool_limits

from bot.errors import WrongSettings
from faq import HOME, City
from intents import catalogue
from intents.encoders import available
from intents.matcher import Matcher, make_matcher
from intents.model import StaleModel, load
from intents.understanding import Understanding
from locales import language_names

KEPT = 4096
MANY = 4  # messages that wait to be read: from then on a clear one is read more quickly
CPU_SECONDS = Counter(
    "lotsenbot_understanding_cpu_seconds", "CPU time of understanding, without that of the encoder's own process"
)


def matcher_for(city: City) -> Matcher:
    """The matcher that knows which town is ours.

    Raises:
        WrongSettings: if the model is missing or damaged.
    """
    return load_matcher(city=() if city.slug == HOME else city.written)


@cache
def load_matcher(root: Path = catalogue.ROOT, city: tuple[str, ...] = ()) -> Matcher:
    """The matcher with everything loaded, from another copy of ``intents/`` and for another city than home if given.

    Raises:
        WrongSettings: if the model is missing or damaged.
    """
    threadpool_limits(1, "blas")  # a second thread waits busily for products this small: five times the CPU, and slower
    try:
        model = load(root / "model")
    except StaleModel as error:
        raise WrongSettings(str(error)) from error
    return make_matcher(model, available(), language_names(), root, city)


class Reader:
    """Understands messages without holding up the event loop; each encoder takes one at a time.

    What was understood lately is kept under a keyed hash of the words, without them: many people ask the same.
    """

    def __init__(self, city: City | None = None) -> None:
        self._city = city
        self._thread = ThreadPoolExecutor(max_workers=2, thread_name_prefix="reader")
        self._lately: OrderedDict[bytes, Understanding] = OrderedDict()
        self._waiting = 0
        self._key = secrets.token_bytes(32)

    async def understand(self, text: str, locale: str) -> Understanding:
        """Understand a message; ``locale`` is the chosen language or empty. ``text`` and ``notes`` of the result are empty."""
        key = blake2b(f"{locale}\0{text}".encode(), key=self._key, digest_size=16).digest()
        if key in self._lately:
            self._lately.move_to_end(key)
            return self._lately[key]
        hurried = self._waiting >= MANY
        self._waiting += 1
        try:
            work = partial(_understand, self._city, text, locale, hurried=hurried)
            found = await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1
        found = replace(found, text="", notes=())
        if not hurried:
            self._lately[key] = found
            if len(self._lately) > KEPT:
                self._lately.popitem(last=False)
        return found

    async def warm_up(self) -> None:
        """Load everything before the first newcomer writes."""
        await self.understand("hallo, wo melde ich meine wohnung an?", "")

    def close(self) -> None:
        """Let the running message finish."""
        self._thread.shutdown(wait=True)


def _understand(city: City | None, text: str, locale: str, *, hurried: bool) -> Understanding:
    began = time.thread_time()
    found = (matcher_for(city) if city else load_matcher()).understand(text, locale, hurried=hurried)
    CPU_SECONDS.inc(time.thread_time() - began)
    return found
