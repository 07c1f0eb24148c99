"""Where state lives: one SQL database, SQLite or PostgreSQL, behind a ``Store`` whose every step is one transaction."""

from bot.store.database import Database, open_database, upgrade
from bot.store.notes import Notes
from bot.store.store import Accepted, Asked, Store
from bot.store.transaction import Transaction
from bot.store.views import Account, CaseRow, Lotse, Progress, Said, Unanswered

__all__ = [
    "Accepted",
    "Account",
    "Asked",
    "CaseRow",
    "Database",
    "Lotse",
    "Notes",
    "Progress",
    "Said",
    "Store",
    "Transaction",
    "Unanswered",
    "open_database",
    "upgrade",
]
