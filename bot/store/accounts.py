"""Accounts of Lotsen and the keys that open the desk: sessions and bearer tokens, kept as hashes only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from bot.errors import Refused, Unknown
from bot.roles import Role
from bot.store import tables as t
from bot.store.store import Store
from bot.store.transaction import as_lotse
from bot.store.views import Account, Lotse


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a login compares."""

    id: int
    name: str
    password_hash: str | None
    active: bool


async def add_lotse(
    store: Store,
    *,
    name: str,
    languages: tuple[str, ...],
    telegram: str | None,
    password_hash: str | None,
    setup_hash: str | None,
    setup_until: datetime | None,
    now: datetime,
    roles: Iterable[Role] = (Role.LOTSE,),
) -> int:
    """A new account, of a Lotse if nothing else is said.

    Raises:
        Refused: if the name is taken.
    """
    async with store.begin() as transaction:
        if await transaction.one(select(t.lotse.c.id).where(t.lotse.c.name == name)):
            raise Refused(f"There is a Lotse named {name} already: choose another name")
        result = await transaction.connection.execute(
            insert(t.lotse).values(
                name=name,
                languages=list(languages),
                roles=sorted(set(roles)),
                telegram=telegram,
                password_hash=password_hash,
                setup_hash=setup_hash,
                setup_until=setup_until,
                active=True,
                created_at=now,
            )
        )
        assert result.inserted_primary_key is not None
        return int(result.inserted_primary_key[0])


async def count_lotsen(store: Store) -> int:
    """How many accounts there are."""
    async with store.read() as reading:
        return len(await reading.all(select(t.lotse.c.id)))


async def all_accounts(store: Store) -> list[Account]:
    """Every account by name."""
    async with store.read() as reading:
        rows = await reading.all(select(t.lotse).order_by(t.lotse.c.name))
    return [
        Account(lotse=as_lotse(row), active=row["active"], has_password=row["password_hash"] is not None)
        for row in rows
    ]


async def set_roles(store: Store, name: str, roles: Iterable[Role]) -> None:
    """Give an account these roles instead of those it has; open pages lose theirs with the next request.

    Raises:
        Unknown: if there is no such account.
    """
    async with store.begin() as transaction:
        done = await transaction.connection.execute(
            update(t.lotse).where(t.lotse.c.name == name).values(roles=sorted(set(roles)))
        )
        if done.rowcount != 1:
            raise Unknown(f"There is no account named {name}; see `lotsenbot lotse list`")


async def credentials(store: Store, name: str) -> Credentials | None:
    """What to compare a password with."""
    async with store.read() as reading:
        row = await reading.one(select(t.lotse).where(t.lotse.c.name == name))
    return (
        Credentials(id=row["id"], name=row["name"], password_hash=row["password_hash"], active=row["active"])
        if row
        else None
    )


async def invited(store: Store, setup_hash: str, now: datetime) -> Lotse | None:
    """The account a set-up link belongs to, while it is valid."""
    async with store.read() as reading:
        row = await reading.one(
            select(t.lotse).where(t.lotse.c.setup_hash == setup_hash, t.lotse.c.setup_until > now, t.lotse.c.active)
        )
    return as_lotse(row) if row else None


async def set_password(store: Store, setup_hash: str, password_hash: str, now: datetime) -> Lotse:
    """Use a set-up link, once.

    Raises:
        Unknown: if the link was used or is too old.
    """
    async with store.begin() as transaction:
        row = await transaction.one(
            select(t.lotse).where(t.lotse.c.setup_hash == setup_hash, t.lotse.c.setup_until > now, t.lotse.c.active)
        )
        if row is None:
            raise Unknown("This link was used already or is too old.")
        await transaction.connection.execute(
            update(t.lotse)
            .where(t.lotse.c.id == row["id"])
            .values(password_hash=password_hash, setup_hash=None, setup_until=None)
        )
        return as_lotse(row)


async def invite_again(store: Store, lotse: int, setup_hash: str, setup_until: datetime) -> None:
    """A new set-up link in place of the old one."""
    async with store.begin() as transaction:
        await transaction.connection.execute(
            update(t.lotse).where(t.lotse.c.id == lotse).values(setup_hash=setup_hash, setup_until=setup_until)
        )


async def add_key(store: Store, *, lotse: int, key_hash: str, kind: str, until: datetime | None, now: datetime) -> None:
    """A session or a bearer token."""
    async with store.begin() as transaction:
        await transaction.connection.execute(
            insert(t.key).values(hash=key_hash, lotse_id=lotse, kind=kind, until=until, created_at=now)
        )


async def holder(store: Store, key_hash: str, kind: str, now: datetime) -> Lotse | None:
    """The active Lotse a key belongs to."""
    query = (
        select(t.lotse)
        .join(t.key, t.key.c.lotse_id == t.lotse.c.id)
        .where(
            t.key.c.hash == key_hash,
            t.key.c.kind == kind,
            t.lotse.c.active,
            (t.key.c.until.is_(None)) | (t.key.c.until > now),
        )
    )
    async with store.read() as reading:
        row = await reading.one(query)
    return as_lotse(row) if row else None


async def drop_key(store: Store, key_hash: str) -> None:
    """Log out."""
    async with store.begin() as transaction:
        await transaction.connection.execute(delete(t.key).where(t.key.c.hash == key_hash))
