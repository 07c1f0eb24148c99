"""WhatsApp through Meta's Cloud API: webhooks to messages and reports, replies to texts, buttons, lists and templates.

Formatting is never wanted: what newcomers, Lotsen and editors write is shown as written. ``account`` is the only module that
imports pywa, and is itself imported only where WhatsApp is switched on.
"""

from bot.channels.whatsapp.incoming import Arrived, read_webhook, signature
from bot.channels.whatsapp.remedies import remedy

__all__ = ["Arrived", "read_webhook", "remedy", "signature"]
