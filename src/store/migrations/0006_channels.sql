-- What channels need beyond words: files that are still at the provider, how a conversation is answered and where it came
-- from, buttons, and what the provider tells of a reply it took.

-- The files of a message, a JSON list; null once they were turned into words, or when there are none.
alter table inbox add column attachments text;

-- What the channel needs to answer, in words only it understands.
alter table conversation add column route text;
-- The campaign or link that the customer came by.
alter table conversation add column source text;

alter table outbox add column kind text not null default 'reply' check (kind in ('reply', 'handoff'));
-- The answers to choose from, a JSON list.
alter table outbox add column choices text;
-- What the provider told of it last: sent, delivered, read or failed.
alter table outbox add column delivery text;
alter table outbox add column delivery_ms integer;

create index outbox_of_provider on outbox (channel, provider_id) where provider_id is not null;
