-- What voice notes and pictures were read as, so that the same file is not paid for twice.
create table media_text (
    -- Of the file, the model, and what was asked about it.
    hash        text    primary key,
    text        text    not null,
    key_id      text    not null,
    created_ms  integer not null,
    used_ms     integer not null
) strict, without rowid;
create index media_text_by_use on media_text (used_ms);
