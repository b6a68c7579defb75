-- The agent's disk. WAL, synchronous=FULL: what a customer has paid for is on the platter before the till says so.
-- Hashes and ids are BLOBs (UUIDs 16 bytes); times are milliseconds since 1970 UTC; money is minor units.

-- Who this agent is, where its outbox stands, what HQ last said. One row.
CREATE TABLE agent (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    agent            TEXT NOT NULL,
    store            TEXT NOT NULL,
    epoch            BLOB NOT NULL,
    incarnation      BLOB,                    -- of HQ, as last seen
    acked_seq        INTEGER NOT NULL DEFAULT 0,
    acked_head       BLOB NOT NULL DEFAULT x'', -- that ack's head and HQ's proof of it; empty: not proven
    acked_proof      BLOB NOT NULL DEFAULT x'',
    desired_serial   INTEGER NOT NULL DEFAULT 0,
    desired_incarnation BLOB,                  -- of HQ, when it set desired_serial
    settings         BLOB,                    -- StoreSettings, JSON
    members_version  INTEGER NOT NULL DEFAULT 0,
    hq_offset_ms     INTEGER NOT NULL DEFAULT 0,
    hq_offset_at_ms  INTEGER,                 -- wall time of the estimate; null: never
    business_high_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every event, exact bytes, in one sequence: event n is number n - base of its epoch. Sent until acked, kept for
-- retain_days after. No index: a sale writes each page twice (log, then file), and the newest row says all there is to
-- know. Content last: the columns before it are read without its overflow pages.
CREATE TABLE event (
    n        INTEGER PRIMARY KEY,
    id       BLOB NOT NULL,
    kind     TEXT NOT NULL,
    head     BLOB NOT NULL,                   -- chain head after this event
    made_ms  INTEGER NOT NULL,                -- machine wall time
    content  BLOB NOT NULL
) STRICT;

-- Epochs this disk has numbered in, and those a lost copy of it had (their base is null).
CREATE TABLE epoch (
    epoch     BLOB PRIMARY KEY,
    base      INTEGER,
    opened_ms INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    last_seq  INTEGER,                        -- set when the epoch was closed
    kept_seq  INTEGER                         -- then: its events up to here stayed, the rest was numbered anew
) STRICT, WITHOUT ROWID;

-- Receipt series per till: gapless numbers, hash-linked. The last receipt says where the series stands.
CREATE TABLE receipt_series (
    till   TEXT NOT NULL,
    series TEXT NOT NULL,
    open   INTEGER NOT NULL DEFAULT 1,
    opened INTEGER NOT NULL,                  -- 1, 2, ...: the order of the till's series
    PRIMARY KEY (till, series)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX receipt_series_open ON receipt_series (till) WHERE open = 1;

-- One line per receipt number: the sale's short form, for look-up, reprint and returns. The bytes are in event n,
-- while it is kept.
CREATE TABLE receipt (
    till          TEXT NOT NULL,
    series        TEXT NOT NULL,
    number        INTEGER NOT NULL,
    head          BLOB NOT NULL,              -- the series' chain head after this receipt
    event         BLOB NOT NULL UNIQUE,
    n             INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    business_date TEXT NOT NULL,
    at_ms         INTEGER NOT NULL,
    total_minor   INTEGER NOT NULL,
    printed       TEXT NOT NULL DEFAULT 'pending', -- pending, printed, unconfirmed, failed
    PRIMARY KEY (till, series, number)
) STRICT, WITHOUT ROWID;

-- Baskets not yet paid: an append-only list of changes, so that a power cut resumes and a deleted line stays deleted.
CREATE TABLE basket (
    id           BLOB PRIMARY KEY,
    till         TEXT NOT NULL,
    state        TEXT NOT NULL,               -- open (one a till at most), held
    opened_ms    INTEGER NOT NULL,            -- business time
    book_version INTEGER,                     -- pinned by the first line
    name         TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE basket_change (
    basket  BLOB NOT NULL REFERENCES basket (id) ON DELETE CASCADE,
    n       INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (basket, n)
) STRICT, WITHOUT ROWID;

-- Asked of a payment gateway: on disk before it is called, resolved on restart before anything else at that till.
CREATE TABLE payment_attempt (
    id        BLOB PRIMARY KEY,
    basket    BLOB NOT NULL,
    till      TEXT NOT NULL,
    method    TEXT NOT NULL,
    minor     INTEGER NOT NULL,
    state     TEXT NOT NULL,                  -- asked, unknown, paid, refused, cancelled
    reference TEXT NOT NULL DEFAULT '',
    at_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_attempt_basket ON payment_attempt (basket);
CREATE INDEX payment_attempt_unresolved ON payment_attempt (till) WHERE state IN ('asked', 'unknown');

-- Rows of price-book bodies. A row counts from its version until a later version of the same key; a null row takes
-- the key away. Exact bytes as HQ wrote them, so that hashes hold.
CREATE TABLE body_row (
    kind    TEXT NOT NULL,
    scope   TEXT NOT NULL,
    key     TEXT NOT NULL,
    version INTEGER NOT NULL,
    bucket  INTEGER NOT NULL,
    row     BLOB,
    PRIMARY KEY (kind, scope, key, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX body_row_bucket ON body_row (kind, scope, bucket);

-- What each body hashes to at each version this agent holds, with its 256 bucket hashes.
CREATE TABLE body (
    kind    TEXT NOT NULL,
    scope   TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash    TEXT NOT NULL,
    buckets BLOB NOT NULL,
    PRIMARY KEY (kind, scope, version)
) STRICT, WITHOUT ROWID;

-- Barcodes of the items, by version like their rows.
CREATE TABLE barcode (
    code    TEXT NOT NULL,
    item    TEXT NOT NULL,
    pieces  INTEGER NOT NULL,
    PRIMARY KEY (code, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX barcode_item ON barcode (item);

-- The store's price timeline. A version with all its bodies here is ready; one that took over is latched for good.
CREATE TABLE timeline (
    version       INTEGER PRIMARY KEY,
    manifest      BLOB NOT NULL,
    hash          TEXT NOT NULL,
    activates_ms  INTEGER NOT NULL,
    ready         INTEGER NOT NULL DEFAULT 0,
    latched_ms    INTEGER                     -- business time at which it took over here
) STRICT;

-- Members this store may know, and their cards as hashes keyed for this agent.
CREATE TABLE member (
    member      BLOB PRIMARY KEY,
    masked_name TEXT NOT NULL,
    tier        TEXT NOT NULL,
    points      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE member_card (
    hash   BLOB PRIMARY KEY,
    member BLOB NOT NULL REFERENCES member (member) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX member_card_member ON member_card (member);

-- Questions to HQ: the id is stored before it is sent, the answer remembered.
CREATE TABLE question (
    id      BLOB PRIMARY KEY,
    till    TEXT NOT NULL,
    body    BLOB NOT NULL,
    answer  BLOB,
    made_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
