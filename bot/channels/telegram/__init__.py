"""Telegram's Bot API: updates to messages, replies to texts with inline buttons, groups, and the account's own words.

Texts go out without any parse mode, so nothing a newcomer, a Lotse or an editor writes can break or inject formatting.
``account``, ``profile`` and ``remedies`` know python-telegram-bot, ``incoming`` does not.
"""
