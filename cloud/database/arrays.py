"""Columns of values as PostgreSQL's binary arrays, packed here: the driver's own way takes several times as long.

The form is that of PostgreSQL's `array_recv`: dimensions, whether there are nulls, the elements' type, then of the one
dimension its length and first index, then each element behind its length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import chain, repeat
from struct import Struct, pack
from typing import Any
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.uuid import UUIDBinaryDumper
from sqlalchemy import BigInteger, Date, Integer, String, Uuid
from sqlalchemy.types import TypeEngine, UserDefinedType

_HEAD = Struct(">iiIii")
_EPOCH = date(2000, 1, 1).toordinal()
"""PostgreSQL counts its days from here."""


class _Packed(bytes):
    """An array in its binary form, so that the driver hands it on as it is."""

    __slots__ = ()


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Packed) -> bytes:
        return obj


class _UuidDumper(UUIDBinaryDumper):
    """A sale is thirty ids among its rows, and the driver asks each for its bytes by a property written in Python."""

    def dump(self, obj: UUID) -> bytes:
        return obj.int.to_bytes(16, "big")


psycopg.adapters.register_dumper(_Packed, _PackedDumper)
psycopg.adapters.register_dumper(UUID, _UuidDumper)


def _uuids(values: Sequence[UUID]) -> bytes:
    return b"\0\0\0\x10".join([b"", *[value.int.to_bytes(16, "big") for value in values]])


def _bigints(values: Sequence[int]) -> bytes:
    return pack(">" + "iq" * len(values), *chain.from_iterable(zip(repeat(8), values)))


def _integers(values: Sequence[int]) -> bytes:
    return pack(">" + "ii" * len(values), *chain.from_iterable(zip(repeat(4), values)))


def _dates(values: Sequence[date]) -> bytes:
    return _integers([value.toordinal() - _EPOCH for value in values])


def _texts(values: Sequence[str]) -> bytes:
    encoded = [value.encode() for value in values]
    return b"".join([len(value).to_bytes(4, "big") + value for value in encoded])


_FORMS: Sequence[tuple[type[TypeEngine[Any]], str, Callable[[Any], bytes]]] = (
    (Uuid, "uuid", _uuids),
    (BigInteger, "int8", _bigints),
    (Integer, "int4", _integers),
    (Date, "date", _dates),
    (String, "text", _texts),
)
"""Columns that can be packed: PostgreSQL's name of their type, and how. BigInteger is an Integer, so it comes first."""


class PackedArray(UserDefinedType[Sequence[Any]]):
    """An array parameter without nulls that travels packed: `name` is PostgreSQL's name for the elements' type."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_options: Any) -> str:
        """Return the type's name in SQL."""
        return f"{self.name}[]"

    def bind_processor(self, dialect: object) -> Callable[[Sequence[Any] | None], _Packed | None]:  # noqa: ARG002
        """Return what packs values."""
        oid = psycopg.adapters.types[self.name].oid
        elements = next(form for _, name, form in _FORMS if name == self.name)

        def packed(values: Sequence[Any] | None) -> _Packed | None:
            return None if values is None else _Packed(_HEAD.pack(1, 0, oid, len(values), 1) + elements(values))

        return packed


def array_of(kind: TypeEngine[Any]) -> PackedArray | None:
    """Return the type of an array of a column's values, None where it cannot be packed."""
    return next((PackedArray(name) for form, name, _ in _FORMS if isinstance(kind, form)), None)
