"""Put the routes together into one site."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.web import (
    chat_api,
    desk_api,
    desk_pages,
    editor_api,
    editor_pages,
    health,
    pages,
    portraits,
    problems,
    webhooks,
    whatsapp_webhook,
)
from bot.web.desk_auth import Tries
from bot.web.guard import Guard
from bot.web.parts import Parts


def make_site(parts: Parts) -> FastAPI:
    """The site of one process."""
    site = FastAPI(
        title="Lotsenbot",
        summary="The welcome chatbot of the city: chats of newcomers and the desk of the guides",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    site.state.parts = parts
    site.state.tries = Tries()
    problems.install(site)
    doors = (webhooks, whatsapp_webhook, health)
    for module in (pages, portraits, chat_api, desk_api, desk_pages, editor_api, editor_pages, *doors):
        site.include_router(module.router)
    site.mount("/static", _Static(directory=pages.HERE / "static"), name="static")
    site.add_middleware(GZipMiddleware, minimum_size=1000)
    site.add_middleware(Guard, https=parts.settings.public_url.startswith("https://"))
    return site


class _Static(StaticFiles):
    """Modules import each other by plain names, so browsers ask each time whether they changed (304 if not)."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response
