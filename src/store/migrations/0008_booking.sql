-- The appointment book. Times are milliseconds since 1970 UTC.

create table appointment (
    id               text    primary key,
    conversation_id  text    not null references conversation (id),
    contact_id       text    not null references contact (id),
    service          text    not null,
    service_name     text    not null,
    resource         text    not null,
    resource_name    text    not null,
    start_ms         integer not null,
    end_ms           integer not null,
    -- The time that its resource is not free for others: the appointment and the buffers around it.
    blocked_from_ms  integer not null,
    blocked_to_ms    integer not null,
    -- How many customers may share this very time.
    capacity         integer not null,
    status           text    not null
        check (status in ('held', 'booked', 'confirmed', 'cancelled', 'done', 'no_show')),
    -- Until when a held time is kept; null when it waits for a calendar elsewhere.
    held_until_ms    integer,
    details          text    not null,
    -- How often it was changed: the SEQUENCE of its calendar entry.
    sequence         integer not null default 0,
    -- The appointment that this one takes the place of, while a calendar elsewhere is asked.
    replaces         text,
    -- What the calendar elsewhere calls it, and which version of it we know.
    remote_id        text,
    remote_version   text,
    created_ms       integer not null,
    updated_ms       integer not null,
    check (blocked_from_ms <= start_ms and start_ms < end_ms and end_ms <= blocked_to_ms)
) strict;

create index appointment_taking_time on appointment (resource, blocked_to_ms)
    where status in ('held', 'booked', 'confirmed');
create index appointment_by_start on appointment (start_ms, id);
create index appointment_of_contact on appointment (contact_id, start_ms);
create index appointment_of_conversation on appointment (conversation_id);

-- The slots that a conversation may take: nothing else can be booked.
create table offered_slot (
    conversation_id  text    not null references conversation (id),
    place            integer not null,
    service          text    not null,
    resource         text    not null,
    start_ms         integer not null,
    end_ms           integer not null,
    blocked_from_ms  integer not null,
    blocked_to_ms    integer not null,
    capacity         integer not null,
    offered_ms       integer not null,
    primary key (conversation_id, start_ms, service)
) strict, without rowid;

-- Where the talk about an appointment is.
create table booking_talk (
    conversation_id  text    primary key references conversation (id),
    talk             text    not null,
    updated_ms       integer not null
) strict, without rowid;

create table appointment_reminder (
    appointment_id   text    not null references appointment (id),
    conversation_id  text    not null references conversation (id),
    due_ms           integer not null,
    primary key (appointment_id, due_ms)
) strict, without rowid;
create index appointment_reminder_due on appointment_reminder (due_ms);

-- What is still to be done in a calendar elsewhere, in this order for each appointment.
create table calendar_job (
    seq              integer primary key autoincrement,
    appointment_id   text    not null references appointment (id),
    conversation_id  text    not null references conversation (id),
    action           text    not null check (action in ('create', 'cancel')),
    attempts         integer not null default 0,
    due_ms           integer not null,
    last_error       text,
    created_ms       integer not null
) strict;
create index calendar_job_due on calendar_job (due_ms);
