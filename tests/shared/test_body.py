"""Bodies: one hash for one content, deltas that arrive at it, and files that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.body import (
    BUCKETS,
    BodyError,
    BodyHeader,
    BodyKind,
    body_hash,
    bucket_hash,
    bucket_hashes,
    bucket_of,
    empty_hash,
    read_body,
    write_body,
)

KIND, SCOPE = BodyKind.PRICES, "zone-1"
keys = st.text(max_size=12)
rows = st.integers(min_value=0, max_value=10**6).map(lambda minor: f'{{"regular_minor":{minor}}}'.encode())
bodies = st.dictionaries(keys, rows, max_size=30)


def name_of(body: dict[str, bytes]) -> str:
    return body_hash(KIND, SCOPE, bucket_hashes(body.items()))


def header(body: dict[str, bytes] | dict[str, bytes | None], **fields: str) -> BodyHeader:
    return BodyHeader(kind=KIND, scope=SCOPE, rows=len(body), **{"hash": "h", **fields})


@given(bodies, st.randoms(use_true_random=False))
def test_the_hash_does_not_depend_on_order(body: dict[str, bytes], random: object) -> None:
    shuffled = list(body.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert name_of(dict(shuffled)) == name_of(body)
    assert bucket_hash(shuffled) == bucket_hash(body.items())


@given(bodies, bodies)
def test_two_contents_have_two_hashes(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (name_of(one) == name_of(other)) == (one == other)


@given(bodies)
def test_kind_and_scope_are_part_of_the_name(body: dict[str, bytes]) -> None:
    buckets = bucket_hashes(body.items())
    names = {body_hash(kind, scope, buckets) for kind in BodyKind for scope in ("zone-1", "zone-2")}
    assert len(names) == 2 * len(BodyKind)


@given(bodies, bodies)
def test_a_delta_leads_to_the_whole_by_hashing_only_its_buckets(
    base: dict[str, bytes], target: dict[str, bytes]
) -> None:
    delta: dict[str, bytes | None] = {key: row for key, row in target.items() if base.get(key) != row}
    delta.update(dict.fromkeys(base.keys() - target.keys()))
    file = write_body(header(delta, hash=name_of(target), base=name_of(base)), delta)

    read, changes = read_body(file)
    held, buckets = dict(base), bucket_hashes(base.items())
    touched = set()
    for key, row in changes:
        touched.add(bucket_of(key))
        if row is None:
            del held[key]
        else:
            held[key] = row
    for bucket in touched:
        buckets[bucket] = bucket_hash((key, row) for key, row in held.items() if bucket_of(key) == bucket)

    assert held == target
    assert body_hash(KIND, SCOPE, buckets) == read.hash == name_of(target)


@given(bodies)
def test_what_is_written_is_read(body: dict[str, bytes]) -> None:
    file = write_body(header(body), body)
    read, changes = read_body(file)
    assert read == header(body)
    assert dict(changes) == body
    assert file == write_body(header(body), dict(reversed(body.items())))


def test_a_row_keeps_fields_this_program_does_not_know() -> None:
    row = b'{"regular_minor":1, "from_the_future":[1.50]}'
    _, changes = read_body(write_body(header({"k": row}), {"k": row}))
    assert dict(changes) == {"k": row}


def test_the_empty_body_has_a_name_of_its_own() -> None:
    assert empty_hash(KIND, SCOPE) == name_of({})
    assert empty_hash(KIND, SCOPE) != empty_hash(BodyKind.ITEMS, SCOPE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"not json\n",
        b'{"kind":"prices","scope":"z","hash":"h","rows":0}',
        b'{"kind":"prices","scope":"z","hash":"h","rows":1}\n',
        b'{"kind":"prices","scope":"z","hash":"h","rows":1}\n["k",{}]',
        b'{"kind":"prices","scope":"z","hash":"h","rows":1}\n["k",{}]\n["l",{}]\n',
        b'{"kind":"prices","scope":"z","hash":"h","rows":-2}\n',
        b'{"kind":"unheard_of","scope":"z","hash":"h","rows":0}\n',
        b'{"kind":"prices","scope":"z","hash":"h","rows":"0"}\n',
        b"\xff\xfe\n",
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_at_once(content: bytes) -> None:
    with pytest.raises(BodyError):
        read_body(content)


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'["k"]', b"[1,{}]", b'["k",{}', b"\xff", b'["\xff",{}]'])
def test_a_malformed_line_is_named(line: bytes) -> None:
    content = b'{"kind":"prices","scope":"z","hash":"h","rows":2}\n["a",{}]\n' + line + b"\n"
    _, changes = read_body(content)
    with pytest.raises(BodyError, match="body h, line 3"):
        list(changes)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    try:
        _, changes = read_body(content)
        list(changes)
    except BodyError:
        pass


def test_a_body_has_all_its_buckets() -> None:
    assert len(bucket_hashes([])) == BUCKETS
    with pytest.raises(ValueError, match="256 buckets, got 3"):
        body_hash(KIND, SCOPE, [bytes(32)] * 3)
