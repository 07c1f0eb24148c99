"""The page of the portraits: whoever agreed is shown, as long as she agreed, and nobody else. Without portraits there is no page."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from bot.web.pages import page, page_locale
from bot.web.parts import Has, Parts
from faq import Portrait
from faq.portraits import day_in_the_city
from locales import languages

router = APIRouter(include_in_schema=False)
NOTHING = "There is nothing here."


@router.get("/portraits", response_class=HTMLResponse)
def portraits(request: Request, parts: Has) -> Response:
    """Everyone whose consent is valid today, each in the reader's language or the one it was told in."""
    locale = page_locale(request)
    shown = _shown(parts)
    if not shown:
        raise HTTPException(404, NOTHING)
    title, tag = parts.knowledge.portraits.title_in(locale)
    series = {"title": title, "lang": tag, "direction": languages()[tag].direction}
    return page(request, parts, "portraits.html", series=series, portraits=[_view(one, locale) for one in shown])


@router.get("/portraits/{id_}/picture")
def picture(id_: str, parts: Has) -> Response:
    """The picture, never kept by browsers: tomorrow it may no longer be shown."""
    found = next((portrait for portrait in _shown(parts) if portrait.id == id_), None)
    try:
        content = found.picture.path.read_bytes() if found else None
    except FileNotFoundError:  # the editor has just deleted it
        content = None
    if found is None or content is None:
        raise HTTPException(404, NOTHING)
    return Response(content, media_type=found.picture.type, headers={"Cache-Control": "no-store"})


def _shown(parts: Parts) -> tuple[Portrait, ...]:
    return parts.knowledge.portraits.shown(day_in_the_city(parts.clock()))


def _view(portrait: Portrait, locale: str) -> dict[str, Any]:
    tag = portrait.language(locale)
    return {
        "id": portrait.id,
        "lang": tag,
        "direction": languages()[tag].direction,
        "title": portrait.title[tag],
        "paragraphs": [line for line in portrait.text[tag].splitlines() if line.strip()],
        "alt": portrait.alt[tag],
        "width": portrait.picture.width,
        "height": portrait.picture.height,
    }
