-- What a provider thought better of: it took a reply, and told later that it will not arrive.

-- A dead letter that goes out by itself when its customer writes again.
alter table outbox add column held integer not null default 0 check (held in (0, 1));
-- When the provider said that the customer wrote too long ago for free words.
alter table outbox add column window_closed_ms integer;
-- The provider's id of the try that failed after it was taken: news of it are no news of the next try.
alter table outbox add column refused_id text;

create index outbox_refused on outbox (channel, refused_id) where refused_id is not null;
create index outbox_held on outbox (conversation_id) where held = 1;
