-- The way of a message: who wrote, what came in, what was decided, what goes out.
-- Times are milliseconds since 1970 UTC.

create table contact (
    id          text    primary key,
    channel     text    not null,
    address     text    not null,
    name        text,
    created_ms  integer not null,
    unique (channel, address)
) strict;

create table conversation (
    id              text    primary key,
    contact_id      text    not null references contact (id),
    language        text,
    lease_owner     text,
    lease_until_ms  integer not null default 0,
    created_ms      integer not null,
    updated_ms      integer not null
) strict;

create index conversation_of_contact on conversation (contact_id, created_ms);

-- A row is a message that its channel was told is safe. It leaves `pending` in the transaction of its turn.
create table inbox (
    seq              integer primary key autoincrement,
    channel          text    not null,
    message_id       text    not null,
    conversation_id  text    not null references conversation (id),
    text             text    not null,
    priority         integer not null default 2,
    received_ms      integer not null,
    ready_ms         integer not null,
    turn_id          text    references turn (id),
    attempts         integer not null default 0,
    unique (channel, message_id)
) strict;

create index inbox_pending on inbox (conversation_id, seq) where turn_id is null;

create table turn (
    id               text    primary key,
    conversation_id  text    not null references conversation (id),
    report           text    not null,
    created_ms       integer not null
) strict;

create index turn_of_conversation on turn (conversation_id, created_ms);

create table message (
    id               integer primary key autoincrement,
    conversation_id  text    not null references conversation (id),
    turn_id          text    not null references turn (id),
    role             text    not null check (role in ('customer', 'assistant')),
    message_id       text,
    text             text    not null,
    created_ms       integer not null
) strict;

create index message_of_conversation on message (conversation_id, id);

create table outbox (
    seq              integer primary key autoincrement,
    conversation_id  text    not null references conversation (id),
    turn_id          text    not null references turn (id),
    channel          text    not null,
    contact          text    not null,
    text             text    not null,
    state            text    not null check (state in ('pending', 'sending', 'sent', 'dead')),
    attempts         integer not null default 0,
    due_ms           integer not null,
    claimed_by       text,
    provider_id      text,
    last_error       text,
    created_ms       integer not null,
    sent_ms          integer
) strict;

create index outbox_open on outbox (conversation_id, seq) where state in ('pending', 'sending');
