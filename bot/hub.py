"""Tells open pages of this process that something changed. Only a hint: pages read the truth from the store."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

DESK = "desk"
SET_ASIDE = "set aside"
EASE_OFF = "ease off"


class Hub:
    """Subscribers wait on a key (a conversation's id, ``DESK``, ``SET_ASIDE`` or ``EASE_OFF``); ``tell`` wakes all of them."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)

    def tell(self, key: str, what: str = "change") -> None:
        """Wake everybody who listens to the key. A slow listener misses hints, never content."""
        for queue in self._waiting.get(key, ()):
            if not queue.full():
                queue.put_nowait(what)

    @contextmanager
    def listen(self, key: str) -> Iterator[asyncio.Queue[str]]:
        """A queue of hints for one key."""
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=100)
        self._waiting[key].add(queue)
        try:
            yield queue
        finally:
            self._waiting[key].discard(queue)
            if not self._waiting[key]:
                del self._waiting[key]

    def close(self) -> None:
        """Tell every listener to end."""
        for key in list(self._waiting):
            self.tell(key, "stop")
