"""Damage done to the cloud's database after a run, to show that the report notices. Plain SQL, both databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from enum import StrEnum
from typing import Any

from deploy.demo.database import server_url


class Sabotage(StrEnum):
    """What is done."""

    LOSE = "lose"
    """One sale is gone."""
    DOUBLE = "double"
    """One sale is there twice, under another id."""
    MISPRICE = "misprice"
    """One line says a cent more."""
    MISLEDGER = "misledger"
    """One member's balance says a point more."""


Execute = Callable[[str], Any]
_PARTS = ("sale", "sale_line", "sale_tender")


def commit_sabotage(kind: Sabotage, url: str) -> None:
    """Do it, in one transaction, to a database that nobody else writes any more."""
    with _transaction(url) as execute:
        _ACTS[kind](execute)


def _lose(execute: Execute) -> None:
    chosen = _literal(_a_sale(execute))
    for table in reversed(_PARTS):
        execute(f"DELETE FROM {table} WHERE {_key(table)} = {chosen}")  # noqa: S608 - our own names and an id


def _double(execute: Execute) -> None:
    chosen = _a_sale(execute)
    copy = chosen[:-4] + ("0000" if chosen[-4:] != "0000" else "0001")
    for table in _PARTS:
        cursor = execute(f"SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608
        columns = [column[0] for column in cursor.description]
        values = ", ".join(_literal(copy) if column == _key(table) else column for column in columns)
        source = f"SELECT {values} FROM {table} WHERE {_key(table)} = {_literal(chosen)}"  # noqa: S608
        execute(f"INSERT INTO {table} ({', '.join(columns)}) {source}")


def _misprice(execute: Execute) -> None:
    chosen = _literal(_a_sale(execute))
    execute(f"UPDATE sale_line SET net_minor = net_minor + 1 WHERE sale_id = {chosen} AND n = 1")  # noqa: S608


def _misledger(execute: Execute) -> None:
    execute("UPDATE balance SET amount = amount + 1 WHERE account_id = (SELECT min(account_id) FROM balance)")


_ACTS: Mapping[Sabotage, Callable[[Execute], None]] = {
    Sabotage.LOSE: _lose,
    Sabotage.DOUBLE: _double,
    Sabotage.MISPRICE: _misprice,
    Sabotage.MISLEDGER: _misledger,
}


def _key(table: str) -> str:
    return "id" if table == "sale" else "sale_id"


def _a_sale(execute: Execute) -> str:
    """Return the id of some sale with a line, as the database writes it."""
    found = execute("SELECT sale_id FROM sale_line WHERE n = 1 ORDER BY sale_id LIMIT 1").fetchone()
    if found is None:
        raise LookupError("there is no sale to damage")
    return str(found[0])


def _literal(id_: str) -> str:
    return f"'{id_}'"


@contextmanager
def _transaction(url: str) -> Iterator[Execute]:
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            yield connection.execute
    else:
        import psycopg  # noqa: PLC0415 - only where the run used PostgreSQL

        with psycopg.connect(server_url(url)) as server:
            yield lambda query: server.execute(query.encode())
