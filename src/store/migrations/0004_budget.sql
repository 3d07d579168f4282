-- What models cost a tenant, and what is set aside for answers under way. Months are those of the tenant's time zone,
-- such as 2026-11; money is in billionths of the currency of the price table.

create table spending (
    month              text    not null,
    key_id             text    not null,
    calls              integer not null,
    prompt_tokens      integer not null,
    completion_tokens  integer not null,
    cost_nanos         integer not null,
    primary key (month, key_id)
) strict, without rowid;

-- A process that dies leaves its rows; they count until they expire.
create table budget_reservation (
    id          integer primary key,
    tokens      integer not null,
    cost_nanos  integer not null,
    expires_ms  integer not null
) strict;

-- What the operator was told, with the limits of that time: other limits are worth another word.
create table budget_notice (
    month       text    not null,
    level       text    not null check (level in ('soft', 'hard')),
    tokens      integer not null,
    cost_nanos  integer not null,
    told_ms     integer not null,
    primary key (month, level)
) strict, without rowid;
