"""Who is at the desk: passwords with argon2, sessions in a cookie, bearer tokens, and protection of forms against other sites."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from fastapi import Depends, Header, HTTPException, Request

from bot.roles import Role
from bot.store import Lotse, accounts
from bot.web.keys import form_token, key_hash, new_key, same
from bot.web.parts import Has, Parts

COOKIE = "lotse"
SESSION_DAYS = 14
SETUP_DAYS = 3
SHORTEST_PASSWORD = 10
TRIES, PAUSE_SECONDS, MOST_NAMES = 5, 60.0, 10_000
_hasher = PasswordHasher()


@dataclass(frozen=True, kw_only=True)
class AtDesk:
    """The Lotse of a request. ``key`` is the session's, empty for a bearer token; ``proof`` is what is kept of either."""

    lotse: Lotse
    proof: tuple[str, str]
    key: str = ""


class Tries:
    """Slows down guessing: after five failures for a name, a minute of pause."""

    def __init__(self) -> None:
        self._failed: dict[str, list[float]] = {}

    def blocked(self, name: str) -> bool:
        """Too many failures lately."""
        recent = [at for at in self._failed.get(name, []) if at > time.monotonic() - PAUSE_SECONDS]
        self._failed[name] = recent
        return len(recent) >= TRIES

    def failed(self, name: str) -> None:
        """Count a failure; the memory stays small whatever names are tried."""
        while len(self._failed) >= MOST_NAMES:
            self._failed.pop(next(iter(self._failed)))
        self._failed.setdefault(name, []).append(time.monotonic())

    def forget(self, name: str) -> None:
        """The right password: start counting afresh."""
        self._failed.pop(name, None)


def hash_password(password: str) -> str:
    """For the database."""
    return _hasher.hash(password)


async def check_password(parts: Parts, name: str, password: str) -> Lotse | None:
    """The Lotse, if name and password fit; takes the same time if there is no such name."""
    found = await accounts.credentials(parts.store, name)
    stored = found.password_hash if found and found.password_hash and found.active else _NOBODY
    fits = await asyncio.to_thread(_verify, stored, password)
    if not fits or found is None or stored == _NOBODY:
        return None
    async with parts.store.read() as reading:
        return await reading.lotse(found.id)


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except VerificationError:
        return False


_NOBODY = _hasher.hash(new_key())


async def open_session(parts: Parts, lotse: Lotse) -> str:
    """A new session; the key goes into the cookie."""
    key, now = new_key(), parts.clock()
    await accounts.add_key(
        parts.store,
        lotse=lotse.id,
        key_hash=key_hash(key),
        kind="session",
        until=now + timedelta(days=SESSION_DAYS),
        now=now,
    )
    return key


async def signed_in(
    request: Request,
    parts: Has,
    authorization: Annotated[str, Header()] = "",
    csrf: Annotated[str, Header(alias="X-CSRF-Token")] = "",
) -> AtDesk:
    """Who is behind a bearer token or a session; a session that changes something must show that our page asked for it."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer":
        if lotse := await accounts.holder(parts.store, key_hash(token.strip()), "bearer", parts.clock()):
            return AtDesk(lotse=lotse, proof=(key_hash(token.strip()), "bearer"))
        raise HTTPException(401, "This token is not valid.", {"WWW-Authenticate": "Bearer"})
    found = await session_of(request, parts)
    if found is None:
        raise HTTPException(401, "Please log in.", {"WWW-Authenticate": "Bearer"})
    if request.method not in ("GET", "HEAD") and not same(csrf, token_for(parts, found.key)):
        raise HTTPException(403, "This request does not come from the desk page. Reload the page and try again.")
    return found


SignedIn = Annotated[AtDesk, Depends(signed_in)]


async def at_desk(found: SignedIn) -> AtDesk:
    """Somebody with the role of a Lotse."""
    return _with(Role.LOTSE, found, "The desk is for Lotsen, and this account is not one of a Lotse.")


async def at_workbench(found: SignedIn) -> AtDesk:
    """Somebody with the role of an editor."""
    return _with(Role.EDITOR, found, "These pages are for editors, and this account is not one of an editor.")


def _with(role: Role, found: AtDesk, otherwise: str) -> AtDesk:
    if role not in found.lotse.roles:
        raise HTTPException(403, otherwise)
    return found


async def session_of(request: Request, parts: Parts) -> AtDesk | None:
    """The Lotse of the session cookie."""
    key = request.cookies.get(COOKIE, "")
    lotse = await accounts.holder(parts.store, key_hash(key), "session", parts.clock()) if key else None
    return AtDesk(lotse=lotse, key=key, proof=(key_hash(key), "session")) if lotse else None


def token_for(parts: Parts, key: str) -> str:
    """The form token of a session or of the cookie that stands in before the login."""
    return form_token(parts.settings.secret_key.get_secret_value(), key)


Desk = Annotated[AtDesk, Depends(at_desk)]
Editor = Annotated[AtDesk, Depends(at_workbench)]
