-- Who a contact is where its channel calls it by several names, or by another one than before.

-- The name that people find the contact by at the provider, without an at sign, as the last message told it.
alter table contact add column username text;

-- Other names of a contact that its provider states: an id that stays when the number changes, the conversation at a desk.
create table contact_alias (
    channel     text not null,
    alias       text not null,
    contact_id  text not null references contact (id),
    primary key (channel, alias)
) strict, without rowid;

create index contact_alias_of_contact on contact_alias (contact_id);
