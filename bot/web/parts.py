"""What the routes need, handed over by ``bot.app``, and how a route gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol, cast

from fastapi import Depends, Request

from bot.channels.telegram.account import Telegram
from bot.hub import Hub
from bot.ports import Clock, Jobs
from bot.service import Understand
from bot.settings import Settings
from bot.store import Store
from bot.unanswered import Grouping
from faq import Catalogue, Series

if TYPE_CHECKING:
    from bot.channels.whatsapp.account import WhatsApp


class Knowledge(Protocol):
    """The content that is live now, from the folder ``root``. ``broken`` says what is wrong with a newer state that could not be taken."""

    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def broken(self) -> tuple[str, ...]: ...
    @property
    def portraits(self) -> Series: ...
    @property
    def root(self) -> Path: ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything the web side works with. ``understand`` is the matcher, ``grouping`` finds what many asked in vain."""

    settings: Settings
    store: Store
    jobs: Jobs
    hub: Hub
    clock: Clock
    knowledge: Knowledge
    understand: Understand
    telegram: Telegram | None = None
    whatsapp: WhatsApp | None = None
    grouping: Grouping = field(default_factory=Grouping)


async def parts_of(request: Request) -> Parts:
    """The parts of the running site. (Async, or FastAPI would ask a thread.)"""
    return cast(Parts, request.app.state.parts)


Has = Annotated[Parts, Depends(parts_of)]
