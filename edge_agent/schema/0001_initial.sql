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
    desired_hash     TEXT NOT NULL DEFAULT '', -- of the document followed
    parked           INTEGER NOT NULL DEFAULT 0, -- the store's events that HQ has put aside, as it last said
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
    at_ms     INTEGER NOT NULL,
    shift     BLOB,                           -- whose drawer it belongs to, however late its answer comes
    cashier   TEXT NOT NULL DEFAULT '',
    pays_back TEXT NOT NULL DEFAULT ''        -- a refund: the gateway's reference of the payment it gives back
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_attempt_basket ON payment_attempt (basket);
CREATE INDEX payment_attempt_unresolved ON payment_attempt (till) WHERE state IN ('asked', 'unknown');

-- Rows of price-book bodies. A row counts from its version until a later version of the same key; a null row takes
-- the key away. Exact bytes as HQ wrote them, so that hashes hold. With a rowid: a key of this length and a row of a few
-- hundred bytes would spill out of an index's small pages, each row into a page of its own.
CREATE TABLE body_row (
    kind    TEXT NOT NULL,
    scope   TEXT NOT NULL,
    key     TEXT NOT NULL,
    version INTEGER NOT NULL,
    bucket  INTEGER NOT NULL,
    row     BLOB,
    PRIMARY KEY (kind, scope, key, version)
) STRICT;
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
    points      INTEGER NOT NULL,
    segments    TEXT NOT NULL DEFAULT '[]',   -- JSON, codes
    birthday_month INTEGER,
    purchases   INTEGER,                      -- of HQ's count and the sales made here since, the higher
    blocks      TEXT NOT NULL DEFAULT '[]',   -- JSON: what they may not do for now (buy, coupons, points)
    next_tier   BLOB                          -- JSON: what is missing to the tier above; null: nothing is
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

-- ---------------------------------------------------------------------------------------------------------------
-- The till's people, shifts, returns and look-ups (edge_agent/till).

-- Who stands at a till, in which shift, and whether they only practise. A till without a row: nobody, none, no.
CREATE TABLE till_stand (
    till     TEXT PRIMARY KEY,
    state    TEXT NOT NULL DEFAULT 'out',     -- out, in, locked, break
    staff    TEXT NOT NULL DEFAULT '',
    since_ms INTEGER NOT NULL DEFAULT 0,      -- business time
    shift    BLOB,
    practice INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Wrong PINs since the last right one: counted before a PIN is looked at, so that no two tries count as one.
CREATE TABLE pin_try (
    staff    TEXT PRIMARY KEY,
    pin      TEXT NOT NULL,                   -- the hash that was tried: a new PIN from HQ starts anew
    failures INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL                 -- machine wall time
) STRICT, WITHOUT ROWID;

-- Shifts. The till's receipts of it come after receipt `number` of `series`; its other events are in shift_event.
CREATE TABLE shift (
    id            BLOB PRIMARY KEY,
    till          TEXT NOT NULL,
    staff         TEXT NOT NULL,
    opened_ms     INTEGER NOT NULL,
    business_date TEXT NOT NULL,
    series        TEXT NOT NULL,
    number        INTEGER NOT NULL,
    counted       BLOB NOT NULL DEFAULT x'',  -- the last count, JSON
    counted_of    INTEGER NOT NULL DEFAULT 0, -- what should have been in the drawer then
    version       INTEGER NOT NULL DEFAULT 0, -- of its last Z report; 0: open
    report        BLOB NOT NULL DEFAULT x''   -- that report's event
) STRICT, WITHOUT ROWID;

CREATE TABLE shift_event (
    shift   BLOB NOT NULL,
    n       INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (shift, n)
) STRICT, WITHOUT ROWID;

-- What came back of a sale of this store so far, by line, and what of it went to which of its tenders.
CREATE TABLE returned_line (
    original     BLOB NOT NULL,
    of_line      INTEGER NOT NULL,
    quantity     INTEGER NOT NULL,
    refund_minor INTEGER NOT NULL,
    tax_minor    INTEGER NOT NULL,
    PRIMARY KEY (original, of_line)
) STRICT, WITHOUT ROWID;

CREATE TABLE refunded_tender (
    original BLOB NOT NULL,
    n        INTEGER NOT NULL,
    minor    INTEGER NOT NULL,
    PRIMARY KEY (original, n)
) STRICT, WITHOUT ROWID;

-- Returns whose money a gateway is asked to give back: on the disk before it is asked, gone when the receipt is made.
CREATE TABLE return_begun (
    id      BLOB PRIMARY KEY,
    till    TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX return_begun_till ON return_begun (till);

-- Practice sales: numbers of their own, never sent.
CREATE TABLE practice_receipt (
    till    TEXT NOT NULL,
    number  INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (till, number)
) STRICT, WITHOUT ROWID;

-- How often a receipt was printed again.
CREATE TABLE reprint (
    event  BLOB PRIMARY KEY,
    copies INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Items by name and initials, over all versions: only the item's row says what a version sells.
CREATE TABLE item_search (
    item     TEXT PRIMARY KEY,
    initials TEXT NOT NULL,
    names    TEXT NOT NULL                    -- in lower case, one a line
) STRICT, WITHOUT ROWID;
CREATE INDEX item_search_initials ON item_search (initials);

-- ---------------------------------------------------------------------------------------------------------------
-- Receipts on paper and cash drawers (edge_agent/receipt).

-- Print jobs: the receipt of an event, or a document. "sending" is here before the first byte leaves. No index: a sale
-- writes a row here three times, and jobs are taken in the order of their numbers.
CREATE TABLE print_job (
    n        INTEGER PRIMARY KEY,
    till     TEXT NOT NULL,
    event    BLOB,
    copy     INTEGER NOT NULL DEFAULT 0,      -- 0: the first paper; then as marked on it
    document BLOB,                            -- a report's content, JSON
    state    TEXT NOT NULL DEFAULT 'queued',  -- queued, sending, printed, failed, unconfirmed, cancelled
    reason   TEXT NOT NULL DEFAULT '',
    by       TEXT NOT NULL,
    at_ms    INTEGER NOT NULL                 -- business time
) STRICT;

-- Openings of drawers that no event tells of, and kicks that did not reach the drawer.
CREATE TABLE drawer_opening (
    n      INTEGER PRIMARY KEY,
    till   TEXT NOT NULL,
    reason TEXT NOT NULL,
    by     TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,                  -- business time
    cause  BLOB,                              -- the event behind it
    kicked INTEGER NOT NULL
) STRICT;

-- How the switch of a till's drawer is wired, learnt once.
CREATE TABLE drawer (
    till           TEXT PRIMARY KEY,
    open_when_high INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------------------------------------------------------
-- Devices (edge_agent/devices).

-- How each device stood when it last changed, and what was counted of it.
CREATE TABLE device (
    name      TEXT PRIMARY KEY,               -- till/device
    report    BLOB NOT NULL,                  -- as HQ is told, JSON
    online_ms INTEGER NOT NULL,
    since_ms  INTEGER NOT NULL                -- machine time
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------------------------------------------------------
-- Scans (edge_agent/till/scanning).

-- How often labels of each format were remarkable on a business day: a check digit ignored, an old price on the scale.
CREATE TABLE label_tally (
    business_date TEXT NOT NULL,
    format        TEXT NOT NULL,
    finding       TEXT NOT NULL,
    times         INTEGER NOT NULL,
    PRIMARY KEY (business_date, format, finding)
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------------------------------------------------------
-- Members' value (edge_agent/value).

-- What HQ lets this agent spend of its members' value offline; it goes with the member's row.
CREATE TABLE allowance (
    id             BLOB PRIMARY KEY,
    member         BLOB NOT NULL REFERENCES member (member) ON DELETE CASCADE,
    unit           TEXT NOT NULL,             -- POINTS or a currency
    amount         INTEGER NOT NULL,
    valid_until_ms INTEGER NOT NULL,          -- HQ's wall time
    epoch          BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX allowance_member ON allowance (member);

-- What baskets took of it. It outlives the allowance's own row, which HQ may send again.
CREATE TABLE allowance_use (
    allowance BLOB NOT NULL,
    attempt   BLOB NOT NULL,
    basket    BLOB NOT NULL,
    unit      TEXT NOT NULL,
    amount    INTEGER NOT NULL,
    until_ms  INTEGER NOT NULL,               -- when the allowance ends; forgotten long after
    PRIMARY KEY (allowance, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX allowance_use_basket ON allowance_use (basket);
CREATE INDEX allowance_use_attempt ON allowance_use (attempt);

-- What is set aside for baskets not yet paid, and until when a sale may be committed against it.
CREATE TABLE value_hold (
    id          BLOB PRIMARY KEY,             -- the question's, and the tender's attempt
    basket      BLOB NOT NULL,
    till        TEXT NOT NULL,
    kind        TEXT NOT NULL,                -- points, money, coupon
    amount      INTEGER NOT NULL,
    until_ms    INTEGER NOT NULL,             -- HQ's wall time; 0: let go since, to be asked for anew
    member      BLOB,
    sealed_card BLOB,
    code        TEXT NOT NULL DEFAULT ''      -- the coupon's
) STRICT, WITHOUT ROWID;
CREATE INDEX value_hold_basket ON value_hold (basket);

-- What HQ has yet to let go: one hold, one coupon, or everything of a basket. Gone when HQ has answered.
CREATE TABLE value_release (
    n       INTEGER PRIMARY KEY,
    basket  BLOB NOT NULL,
    till    TEXT NOT NULL,
    hold    BLOB,
    coupon  TEXT NOT NULL DEFAULT '',
    made_ms INTEGER NOT NULL                  -- machine wall time
) STRICT;

-- ---------------------------------------------------------------------------------------------------------------
-- Budgets of promotions (edge_agent/till/selling/budgets.py).

-- What the store's own sales used of each promotion that has a budget, by what the budget is counted over.
CREATE TABLE promotion_use (
    promotion TEXT NOT NULL,
    per       TEXT NOT NULL,                  -- store, day, member, member_day; chain: under the share
    day       TEXT NOT NULL,                  -- business date; empty: always
    member    BLOB NOT NULL,                  -- empty: anybody; of chain: the share's id
    uses      INTEGER NOT NULL,
    minor     INTEGER NOT NULL,
    PRIMARY KEY (promotion, per, day, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX promotion_use_day ON promotion_use (day) WHERE day <> '';

-- What baskets in payment are going to use of it: nobody else may, until they are sold or given up.
CREATE TABLE promotion_hold (
    basket    BLOB NOT NULL,
    promotion TEXT NOT NULL,
    per       TEXT NOT NULL,
    day       TEXT NOT NULL,
    member    BLOB NOT NULL,
    uses      INTEGER NOT NULL,
    minor     INTEGER NOT NULL,
    PRIMARY KEY (basket, promotion, per)
) STRICT, WITHOUT ROWID;
CREATE INDEX promotion_hold_promotion ON promotion_hold (promotion, per, day, member);

-- What this agent may use of chains' budgets, as HQ signed it with the desired state.
CREATE TABLE budget_share (
    promotion TEXT PRIMARY KEY,
    share     BLOB NOT NULL,
    epoch     BLOB NOT NULL,                  -- it counts in this one alone
    serial    INTEGER NOT NULL,
    uses      INTEGER,                        -- NULL: not limited by it
    minor     INTEGER
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------------------------------------------------------
-- Terminals of the store's network (edge_agent/terminals).

-- Who is paired with which till. A number is never used again: what is done with it is done to one terminal.
CREATE TABLE terminal (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash BLOB NOT NULL UNIQUE,          -- SHA-256 of what the terminal holds
    till       TEXT NOT NULL,
    name       TEXT NOT NULL,
    generation INTEGER NOT NULL,              -- head office's when it was paired
    paired_by  TEXT NOT NULL,
    paired_ms  INTEGER NOT NULL,              -- machine time, as seen_ms
    seen_ms    INTEGER NOT NULL,
    seen_from  TEXT NOT NULL
) STRICT;

-- ---------------------------------------------------------------------------------------------------------------
-- Stored value at a service desk (edge_agent/till/service/).

-- What is being sold or undone: there before money is asked for, gone with the event it becomes.
CREATE TABLE value_plan (
    id      BLOB PRIMARY KEY,                 -- the event's
    till    TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX value_plan_till ON value_plan (till);

-- Which event each of HQ's offers was sold by: a second tap finds the first.
CREATE TABLE value_sold (
    offer BLOB PRIMARY KEY,
    event BLOB NOT NULL,
    at_ms INTEGER NOT NULL                    -- business time; forgotten with what else is settled
) STRICT, WITHOUT ROWID;

-- What money was paid back for, a top-up or an application: each once, whatever a till is told twice.
CREATE TABLE value_paid_back (
    of    BLOB PRIMARY KEY,
    event BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------------------------------------------------------
-- Pictures of items (edge_agent/pictures). The pictures themselves are files beside this database.

-- Which list of pictures HQ wants followed, and which one is: its hash and its 256 bucket hashes. Empty: none.
CREATE TABLE picture_list (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    wanted  TEXT NOT NULL DEFAULT '',
    hash    TEXT NOT NULL DEFAULT '',         -- empty, too, while a list is only half here
    buckets BLOB NOT NULL DEFAULT x''
) STRICT;
INSERT INTO picture_list (one) VALUES (1);

CREATE TABLE picture_item (
    item   TEXT PRIMARY KEY,
    bucket INTEGER NOT NULL,
    row    BLOB NOT NULL                      -- exact bytes, as they are hashed
) STRICT, WITHOUT ROWID;
CREATE INDEX picture_item_bucket ON picture_item (bucket);
