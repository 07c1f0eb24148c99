"""The pages of the desk: log in, set the first password, the desk itself, log out."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot.errors import Unknown
from bot.message import clean_text
from bot.roles import Role
from bot.store import Lotse, accounts
from bot.web.desk_auth import (
    COOKIE,
    SESSION_DAYS,
    SHORTEST_PASSWORD,
    check_password,
    hash_password,
    open_session,
    session_of,
    token_for,
)
from bot.web.keys import key_hash, new_key, same
from bot.web.pages import STAFF, notice, page, page_locale
from bot.web.parts import Has, Parts
from locales import phrases

router = APIRouter(prefix="/desk", include_in_schema=False)
BEFORE_LOGIN = "form"
WAY_BACK = re.compile(r"/desk|/editor(?:/[a-z0-9-]+)*")
Next = Annotated[str, Query(alias="next", max_length=200)]


@router.get("", response_class=HTMLResponse)
async def desk(request: Request, parts: Has) -> Response:
    """The desk, or the way to the login."""
    found = await session_of(request, parts)
    if found is None:
        return RedirectResponse("/desk/login", 303)
    if Role.LOTSE not in found.lotse.roles:
        say = phrases(page_locale(request, STAFF))
        link = {"url": "/editor", "label": say("Editors' pages")} if Role.EDITOR in found.lotse.roles else None
        text = say("The desk is for Lotsen. Your account has another role; a coordinator can change that.")
        return notice(request, parts, 403, say("This page is not for your account"), text, link, staff=True)
    return page(
        request,
        parts,
        "desk.html",
        csrf_token=token_for(parts, found.key),
        lotse={"name": found.lotse.name, "languages": list(found.lotse.languages)},
        edits=Role.EDITOR in found.lotse.roles,
        broken=parts.knowledge.broken,
    )


@router.get("/login", response_class=HTMLResponse)
async def login_page(request: Request, parts: Has, next_: Next = "") -> Response:
    """The login form; ``next`` is where somebody wanted to go."""
    if found := await session_of(request, parts):
        return RedirectResponse(_way(found.lotse, next_), 303)
    return _form(request, parts, "login.html")


@router.post("/login", response_class=HTMLResponse)
async def login(
    request: Request,
    parts: Has,
    name: Annotated[str, Form(max_length=80)] = "",
    password: Annotated[str, Form(max_length=500)] = "",
    csrf_token: Annotated[str, Form(max_length=100)] = "",
    next_: Next = "",
) -> Response:
    """Check name and password; five failures mean a minute of pause."""
    say = phrases(page_locale(request))
    if not _ours(request, parts, csrf_token):
        return _form(
            request, parts, "login.html", 403, say("This form was open too long. Please try again."), name=name
        )
    tries = request.app.state.tries
    name = clean_text(name)
    if tries.blocked(name):
        return _form(request, parts, "login.html", 429, say("Too many tries. Please wait one minute."), name=name)
    tries.failed(name)  # counted before the slow check, so that many at once are counted too
    lotse = await check_password(parts, name, password)
    if lotse is None:
        return _form(request, parts, "login.html", 401, say("Name or password is not right."), name=name)
    tries.forget(name)
    return await _enter(parts, lotse, next_)


@router.get("/setup/{token}", response_class=HTMLResponse)
async def setup_page(request: Request, parts: Has, token: str) -> Response:
    """The form behind a set-up link."""
    lotse = await accounts.invited(parts.store, key_hash(token), parts.clock())
    return _form(request, parts, "setup.html", lotse=lotse) if lotse else _used_up(request, parts)


@router.post("/setup/{token}", response_class=HTMLResponse)
async def setup(
    request: Request,
    parts: Has,
    token: str,
    password: Annotated[str, Form(max_length=500)] = "",
    password2: Annotated[str, Form(max_length=500)] = "",
    csrf_token: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Set the password; the link works once."""
    say = phrases(page_locale(request))
    lotse = await accounts.invited(parts.store, key_hash(token), parts.clock())
    if lotse is None:
        return _used_up(request, parts)
    if not _ours(request, parts, csrf_token):
        return _form(
            request, parts, "setup.html", 403, say("This form was open too long. Please try again."), lotse=lotse
        )
    if len(password) < SHORTEST_PASSWORD:
        return _form(
            request,
            parts,
            "setup.html",
            422,
            say("The password needs at least {number} characters.").format(number=SHORTEST_PASSWORD),
            lotse=lotse,
        )
    if password != password2:
        return _form(request, parts, "setup.html", 422, say("The two passwords are not the same."), lotse=lotse)
    try:
        lotse = await accounts.set_password(
            parts.store, key_hash(token), await asyncio.to_thread(hash_password, password), parts.clock()
        )
    except Unknown:
        return _used_up(request, parts)
    return await _enter(parts, lotse)


@router.post("/logout")
async def logout(request: Request, parts: Has, csrf_token: Annotated[str, Form(max_length=100)] = "") -> Response:
    """End the session."""
    found = await session_of(request, parts)
    if found and same(csrf_token, token_for(parts, found.key)):
        await accounts.drop_key(parts.store, key_hash(found.key))
    response = RedirectResponse("/desk/login", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


async def _enter(parts: Parts, lotse: Lotse, wanted: str = "") -> Response:
    response = RedirectResponse(_way(lotse, wanted), 303)
    _set_cookie(response, parts, COOKIE, await open_session(parts, lotse), SESSION_DAYS * 86400)
    return response


def _way(lotse: Lotse, wanted: str) -> str:
    """Back to our own page that was asked for, or to the one the account is for."""
    if WAY_BACK.fullmatch(wanted):
        return wanted
    return "/editor" if Role.EDITOR in lotse.roles and Role.LOTSE not in lotse.roles else "/desk"


def _form(
    request: Request,
    parts: Parts,
    template: str,
    status: int = 200,
    error: str | None = None,
    lotse: Lotse | None = None,
    name: str = "",
) -> Response:
    key = request.cookies.get(BEFORE_LOGIN) or new_key()
    response = page(
        request,
        parts,
        template,
        status,
        csrf_token=token_for(parts, key),
        error=error,
        name=name,
        keeps=f"&next={wanted}" if WAY_BACK.fullmatch(wanted := request.query_params.get("next", "")) else "",
        lotse={"name": lotse.name, "languages": list(lotse.languages)} if lotse else None,
    )
    _set_cookie(response, parts, BEFORE_LOGIN, key, 3600)
    return response


def _ours(request: Request, parts: Parts, token: str) -> bool:
    key = request.cookies.get(BEFORE_LOGIN, "")
    return bool(key) and same(token, token_for(parts, key))


def _set_cookie(response: Response, parts: Parts, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=parts.settings.public_url.startswith("https://"),
    )


def _used_up(request: Request, parts: Parts) -> Response:
    say = phrases(page_locale(request))
    return notice(
        request,
        parts,
        410,
        say("This link does not work any more"),
        say("It was used already or is too old. Ask the person who invited you for a new one."),
    )
