"""The content that is live: loaded at the start, taken anew when the files change, kept when a change is broken."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import structlog

from bot.errors import place_of
from faq import ROOT, Catalogue, ContentError, Series, content_files, load_usable
from faq.portraits import load_series, series_files

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0


class LiveKnowledge:
    """The last good content of the folder ``root``. ``broken`` names the defects of newer files that could not be taken.

    Of the portraits only those are taken that are whole now: an old state could show a person who has changed her mind.
    """

    def __init__(self, city: str, root: Path = ROOT) -> None:
        self._city, self.root = city, root
        self._stamp = self._now()
        self.catalogue: Catalogue = load_usable(city, root)
        self.broken: tuple[str, ...] = ()
        self.portraits = self._portraits()

    async def watch(self) -> None:
        """Look for changed files every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await asyncio.to_thread(self.refresh)
            except Exception as error:  # whatever an editor saved, the bot goes on with what it has, and looks again
                self.broken = (f"the content cannot be read ({type(error).__name__}); run lotsenbot faq check",)
                log.error("content cannot be read", error=type(error).__name__, where=place_of(error))

    def refresh(self) -> None:
        """Take changed files, if they are whole."""
        stamp = self._now()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.catalogue = load_usable(self._city, self.root)
        except ContentError as error:
            self.broken = tuple(str(defect) for defect in error.defects)
            log.error("new content is broken, the last good one stays", defects=list(self.broken[:5]))
        else:
            self.broken = ()
            log.info("content taken anew", topics=len(self.catalogue.topics))
        self.portraits = self._portraits()

    def _portraits(self) -> Series:
        series, defects = load_series(self._city, self.root)
        self.broken += tuple(str(defect) for defect in defects)
        return series

    def _now(self) -> dict[Path, int]:
        stamps = {}
        for path in (*content_files(self._city, self.root), *series_files(self._city, self.root)):
            with suppress(FileNotFoundError):  # a file may vanish for a moment while an editor saves it
                stamps[path] = path.stat().st_mtime_ns
        return stamps
