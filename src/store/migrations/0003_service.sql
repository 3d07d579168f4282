-- The service desk: who speaks in a conversation, leads, cases, calls for a person, what is remembered of a contact,
-- what the business is told, and the audit log. Times are milliseconds since 1970 UTC.

-- A person speaks too, and what a person says has no turn.
create table new_message (
    id               integer primary key autoincrement,
    conversation_id  text    not null references conversation (id),
    turn_id          text    references turn (id),
    role             text    not null check (role in ('customer', 'assistant', 'person')),
    message_id       text,
    text             text    not null,
    created_ms       integer not null
) strict;
insert into new_message (id, conversation_id, turn_id, role, message_id, text, created_ms)
    select id, conversation_id, turn_id, role, message_id, text, created_ms from message;
drop table message;
alter table new_message rename to message;
create index message_of_conversation on message (conversation_id, id);

create table new_outbox (
    seq              integer primary key autoincrement,
    conversation_id  text    not null references conversation (id),
    turn_id          text    references turn (id),
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
insert into new_outbox (seq, conversation_id, turn_id, channel, contact, text, state, attempts, due_ms, claimed_by,
                        provider_id, last_error, created_ms, sent_ms)
    select seq, conversation_id, turn_id, channel, contact, text, state, attempts, due_ms, claimed_by,
           provider_id, last_error, created_ms, sent_ms from outbox;
drop table outbox;
alter table new_outbox rename to outbox;
create index outbox_open on outbox (conversation_id, seq) where state in ('pending', 'sending');

alter table conversation add column owner text not null default 'bot'
    check (owner in ('bot', 'waiting', 'human', 'returned'));
-- When a person was called, came, spoke last, or gave the conversation back.
alter table conversation add column owner_ms integer not null default 0;
-- Answers of "I do not know" in a row.
alter table conversation add column fallbacks integer not null default 0;
-- The agents of the last turn, a JSON list of names.
alter table conversation add column agents text not null default '[]';
-- The last message that a summary covers, and the state of the conversation that it was made of.
alter table conversation add column summarised_id integer not null default 0;
alter table conversation add column summarised_ms integer not null default 0;
create index conversation_by_time on conversation (updated_ms, id);
create index conversation_to_summarise on conversation (updated_ms) where summarised_ms < updated_ms;

create index contact_by_time on contact (created_ms, id);
create index contact_by_address on contact (address);

create table handoff (
    id               text    primary key,
    conversation_id  text    not null references conversation (id),
    contact_id       text    not null references contact (id),
    reason           text    not null,
    priority         text    not null check (priority in ('normal', 'high')),
    state            text    not null check (state in ('waiting', 'taken', 'released')),
    brief            text    not null,
    taken_by         text,
    created_ms       integer not null,
    taken_ms         integer,
    released_ms      integer
) strict;
create unique index handoff_open on handoff (conversation_id) where state in ('waiting', 'taken');
create index handoff_by_time on handoff (created_ms, id);
create index handoff_of_contact on handoff (contact_id);

create table lead (
    id               text    primary key,
    conversation_id  text    not null unique references conversation (id),
    contact_id       text    not null references contact (id),
    draft            text    not null,
    completed_ms     integer,
    created_ms       integer not null,
    updated_ms       integer not null
) strict;
create index lead_by_time on lead (created_ms, id);
create index lead_of_contact on lead (contact_id);

create table ticket (
    id               text    primary key,
    conversation_id  text    not null references conversation (id),
    contact_id       text    not null references contact (id),
    subject          text    not null,
    detail           text    not null,
    urgency          text    not null,
    state            text    not null check (state in ('open', 'closed')),
    created_ms       integer not null,
    updated_ms       integer not null
) strict;
create index ticket_by_time on ticket (created_ms, id);
create index ticket_of_contact on ticket (contact_id);

create table contact_fact (
    id          integer primary key,
    contact_id  text    not null references contact (id),
    kind        text    not null check (kind in ('preference', 'fact')),
    name        text    not null,
    value       text    not null,
    message_id  text    not null,
    created_ms  integer not null,
    updated_ms  integer not null,
    expires_ms  integer,
    unique (contact_id, kind, name)
) strict;

create index contact_fact_expiring on contact_fact (expires_ms) where expires_ms is not null;

-- What earlier stretches of a conversation were about.
create table memory (
    id               integer primary key,
    conversation_id  text    not null references conversation (id),
    contact_id       text    not null references contact (id),
    text             text    not null,
    -- Of the built-in model, one byte a dimension.
    vector           blob    not null,
    first_id         integer not null,
    last_id          integer not null,
    created_ms       integer not null
) strict;
create index memory_of_contact on memory (contact_id, id);

-- What people and systems of the business are told, once each.
create table delivery (
    id          text    primary key,
    target      text    not null,
    event       text    not null,
    subject     text    not null,
    contact_id  text    references contact (id),
    payload     text    not null,
    urgent      integer not null default 0,
    state       text    not null check (state in ('pending', 'sending', 'sent', 'dead')),
    attempts    integer not null default 0,
    due_ms      integer not null,
    claimed_by  text,
    last_error  text,
    created_ms  integer not null,
    sent_ms     integer,
    unique (target, event, subject)
) strict;
create index delivery_of_contact on delivery (contact_id);
create index delivery_open on delivery (due_ms) where state in ('pending', 'sending');

-- Append-only; each line holds the hash of the one before it.
create table audit (
    seq       integer primary key,
    at_ms     integer not null,
    actor     text    not null,
    action    text    not null,
    subject   text    not null,
    detail    text    not null,
    previous  text    not null,
    hash      text    not null
) strict;

-- Where the log ends, so that lines cut off at the end are missed too.
create table audit_head (
    id    integer primary key check (id = 1),
    seq   integer not null,
    hash  text    not null
) strict;
insert into audit_head (id, seq, hash) values (1, 0, '');

-- Tokens spent with models.
create table usage (
    day         text    not null,
    contact_id  text    not null,
    key_id      text    not null,
    calls       integer not null,
    prompt_tokens      integer not null,
    completion_tokens  integer not null,
    primary key (day, contact_id, key_id)
) strict, without rowid;
create index usage_of_contact on usage (contact_id);

-- Whether pages of a forgotten contact may still be in the file: what was deleted is gone from the tables at once, and
-- from the bytes of the file when it has been written anew.
create table erasure (
    id   integer primary key check (id = 1),
    due  integer not null
) strict;
insert into erasure (id, due) values (1, 0);
