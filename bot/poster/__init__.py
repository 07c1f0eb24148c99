"""Posters and slips that lead to the chat: front door of the package."""

from bot.poster.sheet import MOST_LANGUAGES, Poster, make_poster

__all__ = ["MOST_LANGUAGES", "Poster", "make_poster"]
