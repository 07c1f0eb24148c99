"""The web side: chat page and its API, the Lotse desk, webhooks, health. Speaks HTTP and knows the parts, decides nothing."""

from bot.web.parts import Knowledge, Parts
from bot.web.site import make_site

__all__ = ["Knowledge", "Parts", "make_site"]
