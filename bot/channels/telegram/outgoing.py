"""How a reply looks on Telegram. Knows neither the library nor the network, so the editors' preview can show the same."""

from __future__ import annotations

from bot.message import Button, Reply

SHORT = 20


def keyboard_rows(reply: Reply) -> list[list[Button]]:
    """The buttons under a reply, one in a row; many short ones two in a row."""
    rows: list[list[Button]] = []
    for button in reply.buttons:
        if rows and len(rows[-1]) == 1 and len(button.label) <= SHORT and len(reply.buttons) > 4:
            rows[-1].append(button)
        else:
            rows.append([button])
    return rows
