"""The pages newcomers see, rendered on the server in their language, and what all pages share."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader

from bot.compose import MOST_ASKED, compose, emergency_numbers, lost_link
from bot.conversation import Conversation
from bot.decide import decide
from bot.links import Link
from bot.message import Kind, Message
from bot.service import Service
from bot.web import shown
from bot.web.parts import Has, Parts
from faq import Catalogue, card_text, make_card, phone_words
from faq.portraits import day_in_the_city
from intents.understanding import Thresholds, Understanding
from locales import Language, known, offered, phrases

HERE = Path(__file__).parent
STAFF = ("de", "en")
LOCALE_COOKIE = "lang"

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(
    env=Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
)


@router.get("/", response_class=HTMLResponse)
async def chat(request: Request, parts: Has, topic: str = "", lang: str = "") -> Response:
    """The chat page; ``?topic=`` opens it at an entry, ``?lang=`` in a language."""
    catalogue, locale = parts.knowledge.catalogue, page_locale(request)
    lost = (topic and topic not in catalogue.topics) or (lang and not known(lang))
    say = phrases(locale)
    office = catalogue.town_hall
    return page(
        request,
        parts,
        "chat.html",
        lost=lost_link(say) if lost else "",
        opened=opened_at(Link(topic=topic, language=known(lang)), catalogue, locale, parts.clock()),
        suggestions=[
            {"id": id_, "label": catalogue.title(id_, locale)} for id_ in MOST_ASKED if id_ in catalogue.topics
        ],
        likely=[
            shown_language(language, locale)
            for language in offered()
            if language.tag in catalogue.city.languages and language.tag != locale
        ][:4],
        emergency=[{"number": number, "label": label} for number, label in emergency_numbers(catalogue, say)],
        office={"name": office.name, "phone": office.phone, "phone_text": phone_words(office.phone)},
        series=_series(parts, locale),
        privacy_url="/privacy",
        imprint_url="/imprint",
        card_words=shown.card_words(say),
    )


def opened_at(link: Link, catalogue: Catalogue, locale: str, now: datetime) -> dict[str, Any] | None:
    """What the bot answers to a link in a conversation that does not exist yet, or none if it names no topic."""
    if link.topic not in catalogue.topics:
        return None
    turn = Service.turn(
        Message(kind=Kind.START, button=link.button),
        Conversation(id="", channel="web", address="", locale=locale),
        Understanding(text="", thresholds=Thresholds(answer=100, ahead=100, ask=100)),
        catalogue,
    )
    decision = decide(turn)
    return shown.opened(link, decision, compose(decision, catalogue, now)[0], catalogue, now)


async def in_language(request: Request) -> Response:
    """An address short enough to be typed from a poster, ``chat.example/uk``."""
    return RedirectResponse(f"/?lang={request.url.path.strip('/')}", status_code=303)


for _language in offered():
    router.add_api_route(f"/{_language.tag}", in_language)


def _series(parts: Parts, locale: str) -> dict[str, str] | None:
    """The way to the portraits, where there is one to show."""
    series = parts.knowledge.portraits
    if not series.shown(day_in_the_city(parts.clock())):
        return None
    title, tag = series.title_in(locale)
    return {"title": title, "lang": tag}


@router.get("/privacy", response_class=HTMLResponse)
async def privacy(request: Request, parts: Has) -> Response:
    """What is stored, in the words of the FAQ's own entry."""
    card = make_card(parts.knowledge.catalogue, "privacy", page_locale(request), parts.clock())
    return notice(request, parts, 200, card.title, card_text(card, with_more=True))


@router.get("/imprint", response_class=HTMLResponse)
async def imprint(request: Request, parts: Has) -> Response:
    """Who is responsible: whoever runs this installation fills it in; until then the page says so."""
    say = phrases(page_locale(request))
    return notice(
        request,
        parts,
        200,
        say("Imprint"),
        say("Whoever runs this service must name the responsible office here before it is opened to the public."),
    )


def page(
    request: Request, parts: Parts, template: str, status: int = 200, *, staff: bool = False, **context: Any
) -> Response:
    """A page with what all pages share; the chosen language is remembered for the next one. Pages for ``staff`` are in two languages."""
    locale = page_locale(request, STAFF if staff else ())
    say = phrases(locale)
    response = templates.TemplateResponse(
        request,
        template,
        context
        | {
            "_": say,
            "ngettext": say.many,
            "locale": locale,
            "direction": say.direction,
            "city": parts.knowledge.catalogue.city.name(locale),
            "asset": asset,
            "languages": [shown_language(language, locale) for language in offered()],
        },
        status_code=status,
        headers={"Cache-Control": "no-store", "Content-Language": locale},
    )
    if known(request.query_params.get("lang", "")):
        response.set_cookie(LOCALE_COOKIE, locale, max_age=31536000, path="/", samesite="lax", httponly=True)
    return response


def notice(
    request: Request,
    parts: Parts,
    status: int,
    title: str,
    text: str,
    link: dict[str, str] | None = None,
    *,
    staff: bool = False,
) -> Response:
    """A page with a title, a few sentences and a way on (``url`` and ``label``), by default to the chat."""
    return page(request, parts, "notice.html", status, staff=staff, title=title, text=text, link=link)


def page_locale(request: Request, among: tuple[str, ...] = ()) -> str:
    """The language asked for, remembered, or preferred by the browser, among some if given; German otherwise."""
    wanted = [request.query_params.get("lang", ""), request.cookies.get(LOCALE_COOKIE, "")]
    wanted += [part.partition(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    return next((tag for tag in map(known, wanted) if tag and (not among or tag in among)), "de")


def shown_language(language: Language, current: str) -> dict[str, Any]:
    """A language for the switch."""
    return {
        "tag": language.tag,
        "name": language.name,
        "direction": language.direction,
        "current": language.tag == current,
    }


@cache
def asset(name: str) -> str:
    """The address of a static file, changing with its content so that browsers may keep it."""
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
