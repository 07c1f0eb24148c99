"""Where state lives: one SQL database, SQLite or PostgreSQL, behind a ``Store`` whose every step is one transaction."""

from bot.store.database import Database, open_database, upgrade
from bot.store.notes import Notes
from bot.store.store import Accepted, Asked, Store
from bot.store.transaction import Transaction
from bot.store.views import CaseRow, Lotse, Progress, Said

__all__ = [
    "Accepted",
    "Asked",
    "CaseRow",
    "Database",
    "Lotse",
    "Notes",
    "Progress",
    "Said",
    "Store",
    "Transaction",
    "open_database",
    "upgrade",
]
