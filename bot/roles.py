"""What an account may open."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The desk, the editors' pages; the last two are for those who lead the team. An account has a set of them."""

    LOTSE = "lotse"
    EDITOR = "editor"
    COORDINATOR = "coordinator"
    ADMIN = "admin"
