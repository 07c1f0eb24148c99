"""Put the routes together into one site."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from bot.web import chat_api, desk_api, desk_pages, health, pages, problems, webhooks
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
    for module in (pages, chat_api, desk_api, desk_pages, webhooks, health):
        site.include_router(module.router)
    site.mount("/static", StaticFiles(directory=pages.HERE / "static"), name="static")
    site.add_middleware(Guard, https=parts.settings.public_url.startswith("https://"))
    return site
