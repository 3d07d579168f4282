-- What the tenant knows. `document` and `chunk` are the truth; everything named `chunk_…`, `term` and
-- `language_total` is derived from the chunks and can be made again at any time.
-- Times are milliseconds since 1970 UTC.

create table document (
    id            integer primary key,
    name          text    not null unique,
    source        text,
    title         text,
    category      text,
    metadata      text,
    language      text    not null,
    format        text    not null,
    content_hash  blob    not null,
    bytes         integer not null,
    chunks        integer not null,
    created_ms    integer not null,
    updated_ms    integer not null
) strict;

create index document_of_source on document (source) where source is not null;

create table chunk (
    id           integer primary key,
    document_id  integer not null references document (id) on delete cascade,
    position     integer not null,
    heading      text    not null,
    text         text    not null,
    sentences    text    not null,
    language     text    not null,
    unique (document_id, position)
) strict;

-- The stems of a chunk: one line for its title and headings, then one line for each sentence.
create table chunk_terms (
    chunk_id  integer primary key references chunk (id) on delete cascade,
    language  text    not null,
    words     integer not null,
    terms     text    not null
) strict;

-- Which chunks have a stem. The stems come separated by spaces already.
create virtual table chunk_fts using fts5 (
    terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- Every stem there ever was, to find the one that a mistyped word means.
create table term (
    term  text primary key
) strict, without rowid;

-- One bit for each dimension: the sign of the sum of the sentences' vectors.
create table chunk_sketch (
    chunk_id  integer primary key references chunk (id) on delete cascade,
    bits      blob    not null
) strict;

-- The vectors of the sentences, one byte a dimension.
create table chunk_vectors (
    chunk_id  integer primary key references chunk (id) on delete cascade,
    vectors   blob    not null
) strict;

create table language_total (
    language  text    primary key,
    chunks    integer not null,
    words     integer not null
) strict, without rowid;

-- What the derived tables were made with.
create table index_stamp (
    id        integer primary key check (id = 1),
    analyzer  integer not null,
    model     text    not null
) strict;

insert into index_stamp (id, analyzer, model) values (1, 0, '');

create table knowledge_gap (
    id          integer primary key,
    question    text    not null,
    normalized  text    not null unique,
    count       integer not null,
    confidence  real    not null,
    first_ms    integer not null,
    last_ms     integer not null
) strict;

create index knowledge_gap_by_count on knowledge_gap (count desc, last_ms desc);
