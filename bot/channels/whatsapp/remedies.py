"""Meta's error codes by what can be done about them.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes; a code that is not listed
there is sorted by its HTTP status.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Remedy(StrEnum):
    """What helps."""

    LATER = "later"  # the same request may work later
    DOOR = "door"  # more than 24 hours since the newcomer wrote: a template, then the answer
    STOP = "stop"  # this person cannot be reached: give up on this reply, visibly
    ACCOUNT = "account"  # the city's account may not send at all: stop sending, raise the alarm, lose nothing
    FAULT = "fault"  # our request was wrong

    @property
    def after_failing(self) -> Literal["later", "door", "never"]:
        """The same for a message that Meta took first and could not bring afterwards."""
        return "later" if self in (Remedy.LATER, Remedy.ACCOUNT) else "door" if self is Remedy.DOOR else "never"


TOKEN_REFUSED = 190
TEMPLATE_MISSING = frozenset({132001, 132005, 132007, 132015, 132016})
_LATER = {1, 2, 4, 613, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 131064, 133004}
_DOOR = {131047}
_STOP = {130472, 130497, 131021, 131026, 131030, 131049, 131050}
_ACCOUNT = {0, 3, 10, TOKEN_REFUSED, *range(200, 300), 368, 131005, 131031, 131037, 131042, 131045, 133010}
_BY_CODE: dict[int, Remedy] = (
    dict.fromkeys(_LATER, Remedy.LATER)
    | dict.fromkeys(_DOOR, Remedy.DOOR)
    | dict.fromkeys(_STOP, Remedy.STOP)
    | dict.fromkeys(_ACCOUNT, Remedy.ACCOUNT)
)


def remedy(code: int, status: int = 400) -> Remedy:
    """What helps against an error of Meta's."""
    if status >= 500 or status in (408, 429):
        return Remedy.LATER
    return _BY_CODE.get(code, Remedy.ACCOUNT if status in (401, 403) else Remedy.FAULT)
