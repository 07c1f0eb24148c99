"""What a Lotse does with a case: claim, release, close, write, send an entry. Each step is one transaction."""

from bot.desk.steps import CLOSINGS, claim, close, release, send_entry, write

__all__ = ["CLOSINGS", "claim", "close", "release", "send_entry", "write"]
