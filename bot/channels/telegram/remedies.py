"""Errors of Telegram's library, sorted by what we can do about them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.errors import Left, Moved, OurFault, RetryLater, Stop

T = TypeVar("T")
_CHAT_GONE = ("chat not found", "peer_id_invalid", "user not found", "group chat was deactivated")
_MAY_NOT = ("not enough rights", "have no rights", "need administrator rights", "topic_closed", "chat_write_forbidden")


class TokenRefused(RetryLater):
    """Telegram does not take our token; replies wait for whoever mends it."""


async def translated(call: Awaitable[T]) -> T:
    """The result of a call to the library.

    Raises:
        RetryLater: Telegram or the network is in trouble, or asks us to wait (with the time).
        TokenRefused: the same, until somebody mends the token.
        Moved: the group has another number.
        Left: the newcomer blocked the bot, or the chat is gone.
        Stop: this chat does not take the message.
        OurFault: Telegram refuses the request as it is.
    """
    try:
        return await call
    except RetryAfter as error:
        wait = error.retry_after
        seconds = wait if isinstance(wait, int) else wait.total_seconds()
        raise RetryLater("Telegram asks us to wait", seconds=float(seconds)) from error
    except ChatMigrated as error:
        raise Moved(str(error.new_chat_id)) from error
    except Forbidden as error:
        raise Left("the newcomer blocked the bot or left") from error
    except BadRequest as error:
        said = error.message.lower()
        if any(words in said for words in _CHAT_GONE):
            raise Left("the chat is gone") from error
        if any(words in said for words in _MAY_NOT):
            raise Stop("the bot may not write there") from error
        raise OurFault("Telegram refused the request") from error
    except InvalidToken as error:
        raise TokenRefused("TELEGRAM_TOKEN is not valid") from error
    except TelegramError as error:
        raise RetryLater(type(error).__name__) from error
