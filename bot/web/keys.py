"""Keys of chats and desk sessions: random, kept as hashes; form protection derived from the session."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_key() -> str:
    """256 random bits in letters that fit a header, a cookie and a link."""
    return secrets.token_urlsafe(32)


def key_hash(key: str) -> str:
    """What is kept of a key. The key is random, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def form_token(secret: str, key: str) -> str:
    """The token a form or request carries to show that it comes from our own page."""
    return hmac.new(secret.encode(), f"form:{key}".encode(), hashlib.sha256).hexdigest()
