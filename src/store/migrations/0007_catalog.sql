-- The catalogue and what is sold of it. Times are milliseconds since 1970 UTC, amounts whole minor units.

-- What the names of products mean, once for all that differ in sizes only. Derived; a vector that is missing is made
-- again.
create table product_meaning (
    id       integer primary key,
    core     text    not null unique,
    sketch   blob,
    vectors  blob
) strict;
create index product_meaning_to_make on product_meaning (id) where vectors is null;

create table product (
    id           integer primary key,
    sku          text    not null,
    -- The number as it is compared.
    sku_key      text    not null unique,
    name         text    not null,
    description  text    not null,
    price_minor  integer not null check (price_minor >= 0),
    currency     text    not null,
    stock        integer not null check (stock >= 0),
    category     text    not null,
    active       integer not null check (active in (0, 1)),
    image_url    text    not null,
    -- What it is found by, derived: a line each for the name, the category and the description.
    terms        text    not null,
    meaning_id   integer references product_meaning (id),
    updated_ms   integer not null
) strict;
create index product_of_meaning on product (meaning_id);

-- Which products have a term. Derived.
create virtual table product_fts using fts5 (
    terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- Every word there ever was in the catalogue, its stem, and how it sounds, to find the one that a mistyped word means.
create table product_word (
    word   text primary key,
    stem   text not null,
    sound  text not null
) strict, without rowid;
create index product_word_by_sound on product_word (sound, stem);

-- What the derived parts were made with.
create table catalog_stamp (
    id        integer primary key check (id = 1),
    analyzer  integer not null,
    language  text    not null,
    model     text    not null
) strict;
insert into catalog_stamp (id, analyzer, language, model) values (1, 0, '', '');

create table sales_order (
    id               text    primary key,
    conversation_id  text    not null references conversation (id),
    contact_id       text    not null references contact (id),
    status           text    not null check (status in ('proposed', 'confirmed', 'fulfilled', 'cancelled', 'expired')),
    currency         text    not null,
    total_minor      integer not null check (total_minor >= 0),
    -- Counts the changes.
    version          integer not null,
    expires_ms       integer not null,
    created_ms       integer not null,
    updated_ms       integer not null
) strict;
-- A conversation has one open order.
create unique index one_open_order on sales_order (conversation_id) where status = 'proposed';
create index sales_order_by_time on sales_order (created_ms, id);
create index sales_order_of_contact on sales_order (contact_id, created_ms);
create index sales_order_to_expire on sales_order (expires_ms) where status = 'proposed';

create table order_item (
    order_id     text    not null references sales_order (id) on delete cascade,
    position     integer not null,
    sku          text    not null,
    name         text    not null,
    quantity     integer not null check (quantity > 0),
    unit_minor   integer not null check (unit_minor >= 0),
    total_minor  integer not null check (total_minor = unit_minor * quantity),
    primary key (order_id, position)
) strict, without rowid;

-- Pieces that are set aside for a proposed order until it expires.
create table stock_hold (
    order_id    text    not null references sales_order (id) on delete cascade,
    product_id  integer not null references product (id) on delete cascade,
    quantity    integer not null check (quantity > 0),
    expires_ms  integer not null,
    primary key (order_id, product_id)
) strict, without rowid;
create index stock_hold_of_product on stock_hold (product_id, expires_ms);

-- What a customer is choosing and was not proposed yet; one JSON object for each conversation.
create table cart (
    conversation_id  text    primary key references conversation (id),
    content          text    not null,
    updated_ms       integer not null
) strict, without rowid;
