"""The editors' pages: topics by language, one entry as every channel shows it, a message tried, questions nobody answers. Only to read."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot import workbench
from bot.compose import chapter_name
from bot.errors import RetryLater
from bot.roles import Role
from bot.web import editor_shown
from bot.web.desk_auth import AtDesk, session_of, token_for
from bot.web.pages import STAFF, notice, page, page_locale, shown_language
from bot.web.parts import Has, Parts
from faq.translations import Translations, load_translations
from locales import Phrases, languages, phrases

router = APIRouter(prefix="/editor", include_in_schema=False)


@router.get("", response_class=HTMLResponse)
async def topics(request: Request, parts: Has) -> Response:
    """Every topic with its state in every language."""
    found = await _editor(request, parts)
    if isinstance(found, Response):
        return found
    say, catalogue = _say(request), parts.knowledge.catalogue
    states = workbench.states(catalogue, await _translations(parts), parts.clock().date())
    chapters = [
        {
            "name": chapter_name(chapter, say),
            "topics": [
                {
                    "id": topic.id,
                    "title": catalogue.title(topic.id, say.locale),
                    "words": f"{topic.id} {catalogue.title(topic.id, 'de')} {catalogue.title(topic.id, 'en')}".lower(),
                    "states": states[topic.id],
                }
                for topic in catalogue.topics.values()
                if topic.chapter == chapter
            ],
        }
        for chapter in catalogue.chapters
    ]
    sums = Counter(state for by_language in states.values() for state in by_language.values())
    return _page(request, parts, found, "editor.html", chapters=chapters, sums=sums)


@router.get("/topics/{topic}", response_class=HTMLResponse)
async def entry(request: Request, parts: Has, topic: str) -> Response:
    """One entry in all languages, on all channels, with what is missing or doubtful in it."""
    found = await _editor(request, parts)
    if isinstance(found, Response):
        return found
    say, catalogue = _say(request), parts.knowledge.catalogue
    if topic not in catalogue.topics:
        link = {"url": "/editor", "label": say("All topics")}
        return notice(
            request, parts, 404, say("There is no such topic"), say("It may have another name now."), link, staff=True
        )
    today, translations = parts.clock().date(), await _translations(parts)
    versions = await asyncio.to_thread(_versions, parts, translations, topic, say)
    ids, facts = list(catalogue.topics), workbench.facts(catalogue, topic, today)
    here = ids.index(topic)
    return _page(
        request,
        parts,
        found,
        "editor_topic.html",
        topic={
            "id": topic,
            "title": catalogue.title(topic, say.locale),
            "chapter": chapter_name(catalogue.topics[topic].chapter, say),
            "owner": catalogue.contacts[catalogue.topics[topic].owner].name,
        },
        before=ids[here - 1] if here else "",
        after=ids[here + 1] if here + 1 < len(ids) else "",
        versions=versions,
        sums=Counter(version["state"] for version in versions),
        facts=[editor_shown.fact(state, catalogue, say) for state in facts],
        doubtful=sum(not state.fact.is_sure for state in facts),
        due=sum(state.overdue and state.fact.is_sure for state in facts),
        contacts=[
            {"state": state, "confidence": editor_shown.confidence(state.contact.confidence, say)}
            for state in workbench.contacts(catalogue, topic)
        ],
        parts_of=editor_shown.parts(say),
        web={version["tag"]: version["web"] for version in versions},
        words=editor_shown.words_for({reply["lang"] for version in versions for reply in version["web"]}),
    )


def _versions(parts: Parts, translations: Translations, topic: str, say: Phrases) -> list[dict[str, Any]]:
    """Outside the event loop: git may have to look for an earlier text."""
    catalogue = parts.knowledge.catalogue
    found = workbench.versions(catalogue, translations, topic, parts.clock().date(), parts.knowledge.root)
    return [editor_shown.version(catalogue, topic, version, parts.clock(), say) for version in found]


@router.get("/try", response_class=HTMLResponse)
async def try_page(request: Request, parts: Has) -> Response:
    """A message, and what the bot makes of it."""
    found = await _editor(request, parts)
    return found if isinstance(found, Response) else _page(request, parts, found, "editor_try.html")


@router.get("/questions", response_class=HTMLResponse)
async def questions(request: Request, parts: Has) -> Response:
    """What many asked and nobody answered."""
    found = await _editor(request, parts)
    if isinstance(found, Response):
        return found
    settings, catalogue, say = parts.settings, parts.knowledge.catalogue, _say(request)
    failed, groups, others = False, [], 0
    if settings.unanswered_minimum:
        rows = await parts.store.unanswered(parts.clock() - timedelta(days=settings.retention_days))
        try:
            asked = await parts.grouping.of(rows, settings.unanswered_minimum)
        except RetryLater:
            failed = True
        else:
            others = asked.others
            groups = [
                {
                    "group": group,
                    "language": shown_language(languages()[group.locale], ""),
                    "topics": [
                        {"id": topic, "title": catalogue.title(topic, say.locale)}
                        for topic in group.topics
                        if topic in catalogue.topics
                    ],
                }
                for group in asked.groups
            ]
    return _page(
        request,
        parts,
        found,
        "editor_questions.html",
        groups=groups,
        others=others if others >= settings.unanswered_minimum else 0,
        failed=failed,
        minimum=settings.unanswered_minimum,
        days=settings.retention_days,
    )


def _say(request: Request) -> Phrases:
    return phrases(page_locale(request, STAFF))


async def _translations(parts: Parts) -> Translations:
    return await asyncio.to_thread(load_translations, parts.knowledge.root)


async def _editor(request: Request, parts: Parts) -> AtDesk | Response:
    """The editor of the session; somebody else reads why not, a stranger logs in first and comes back."""
    found = await session_of(request, parts)
    if found is None:
        return RedirectResponse(f"/desk/login?next={quote(request.url.path)}", 303)
    if Role.EDITOR in found.lotse.roles:
        return found
    say = _say(request)
    text = say("These pages are for editors. Your account has another role; a coordinator can change that.")
    return notice(
        request,
        parts,
        403,
        say("This page is not for your account"),
        text,
        {"url": "/desk", "label": say("To the desk")},
        staff=True,
    )


def _page(request: Request, parts: Parts, found: AtDesk, template: str, **context: Any) -> Response:
    say = _say(request)
    return page(
        request,
        parts,
        template,
        staff=True,
        csrf_token=token_for(parts, found.key),
        editor={"name": found.lotse.name, "guides": Role.LOTSE in found.lotse.roles},
        broken=parts.knowledge.broken,
        states=editor_shown.states(say),
        all_languages=[shown_language(language, "") for language in languages().values()],
        **context,
    )
