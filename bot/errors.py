"""What can go wrong, sorted by what the caller can do about it.

LotsenbotError
├── OurFault            the request we made was wrong; trying again does not help, an engineer must look
│   └── WrongSettings   a setting cannot be used; the start stops and names it
├── Unfinished          the reply, or the rest of it, did not go out this time
│   ├── RetryLater      the other side is busy or away; the same thing may work later
│   │   └── Moved       the chat has another address now
│   ├── MoreToSend      a part went out; the next one follows as soon as the chat may get it
│   └── DoorClosed      the platform takes no free text until the newcomer writes: it waits at the door
├── Stop                the other side will never take this: give up on it, visibly
│   └── Left            the newcomer blocked us or the chat is gone, so nothing else arrives there either
└── Refused             somebody asked for something that is not possible now; the sentence says why
    ├── Unknown         there is no such thing (any more)
    └── AlreadyClaimed  another Lotse has the case; names who
"""

from __future__ import annotations


class LotsenbotError(Exception):
    """Root of everything Lotsenbot raises on purpose."""


class OurFault(LotsenbotError):
    """Our own request was wrong. ``code`` is the platform's number for the reason, 0 if it has none."""

    def __init__(self, why: str, *, code: int = 0) -> None:
        super().__init__(why)
        self.code = code


class WrongSettings(OurFault):
    """A setting is missing or cannot be used."""


class Unfinished(LotsenbotError):
    """Not all of it went out. ``sent`` counts the parts that did, ``receipts`` are the platform's keys for those of this attempt."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.sent = 0
        self.receipts: tuple[str, ...] = ()


class RetryLater(Unfinished):
    """Try again, after ``seconds`` if the other side named a time."""

    def __init__(self, why: str, *, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


class MoreToSend(Unfinished):
    """The next part follows; ``sent`` counts those that went out."""

    def __init__(self, sent: int) -> None:
        super().__init__("there is more of it to send")
        self.sent = sent


class DoorClosed(Unfinished):
    """Keep it until the newcomer writes."""


class Moved(RetryLater):
    """The chat has moved to ``address``; there it works at once."""

    def __init__(self, address: str) -> None:
        super().__init__("the chat has moved", seconds=0.0)
        self.address = address


class Stop(LotsenbotError):
    """Never try this again. ``code`` is the platform's number for the reason, 0 if it has none."""

    def __init__(self, why: str, *, code: int = 0) -> None:
        super().__init__(why)
        self.code = code


class Left(Stop):
    """Nothing arrives in this chat until its owner comes back."""


class Refused(LotsenbotError):
    """Not possible now; the text is for the person who asked."""


class Unknown(Refused):
    """No such chat, case, topic or person."""


class AlreadyClaimed(Refused):
    """The case belongs to another Lotse."""

    def __init__(self, claimed_by: str) -> None:
        super().__init__(f"{claimed_by} has this case already.")
        self.claimed_by = claimed_by


def place_of(error: BaseException) -> str:
    """File and line where an error arose, for logs; never its message, which may hold what a newcomer wrote."""
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    return f"{last.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{last.tb_lineno}" if last else ""
