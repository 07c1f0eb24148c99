"""What the routes need, handed over by ``bot.app``, and how a route gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol, cast

from fastapi import Depends, Request

from bot.channels.telegram.account import Telegram
from bot.hub import Hub
from bot.ports import Clock, Jobs
from bot.settings import Settings
from bot.store import Store
from faq import Catalogue, Series

if TYPE_CHECKING:
    from bot.channels.whatsapp.account import WhatsApp


class Knowledge(Protocol):
    """The content that is live now. ``broken`` says what is wrong with a newer state that could not be taken."""

    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def broken(self) -> tuple[str, ...]: ...
    @property
    def portraits(self) -> Series: ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything the web side works with."""

    settings: Settings
    store: Store
    jobs: Jobs
    hub: Hub
    clock: Clock
    knowledge: Knowledge
    telegram: Telegram | None = None
    whatsapp: WhatsApp | None = None


async def parts_of(request: Request) -> Parts:
    """The parts of the running site. (Async, or FastAPI would ask a thread.)"""
    return cast(Parts, request.app.state.parts)


Has = Annotated[Parts, Depends(parts_of)]
