"""Why a reply did not arrive, in words for a Lotse."""

from __future__ import annotations

from bot.channels.whatsapp.remedies import TEMPLATE_MISSING
from locales import Phrases


def why_not(why: str, say: Phrases) -> str:
    """A sentence for what the store keeps as the reason; the platform's number stays visible for whoever looks it up."""
    if why in ("Stop", "Left"):
        return say("The newcomer has blocked this service or left.")
    if why == "too many tries":
        return say("The platform could not be reached for more than a day.")
    if why == "later":
        return say("The platform is busy. It is tried again.")
    sentence = {
        131026: say("This phone cannot be reached on WhatsApp."),
        131049: say("WhatsApp held this message back."),
        130472: say("WhatsApp held this message back."),
        131050: say("The newcomer does not want messages from this service."),
        **dict.fromkeys(TEMPLATE_MISSING, say("WhatsApp has not approved the note that tells of an answer.")),
    }.get(int(why) if why.isdecimal() else 0, say("The platform refused it. Please tell whoever runs this service."))
    return f"{sentence} ({why})" if why.isdecimal() else sentence
