//! Which tables hold something of a contact, and how to find it: what an export shows and what forgetting deletes.
//!
//! A test holds the list against the schema, so that a table that is added later cannot be left out.

/// One table that holds something of a contact.
pub(super) struct Holding {
    /// The table.
    pub(super) table: &'static str,
    /// What an export calls it.
    pub(super) name: &'static str,
    /// The columns that an export shows.
    pub(super) columns: &'static str,
    /// Which rows are the contact's, whose id is `?1`.
    pub(super) whose: &'static str,
}

/// Rows of the contact's conversations.
const OF_CONVERSATION: &str = "conversation_id in (select id from conversation where contact_id = ?1)";

/// Rows that name the contact.
const OF_CONTACT: &str = "contact_id = ?1";

/// Rows of the contact's orders.
const OF_ORDER: &str = "order_id in (select id from sales_order where contact_id = ?1)";

/// Every table with something of a contact, the ones that point to others first: the order in which rows are deleted.
pub(super) const HOLDINGS: [Holding; 23] = [
    Holding {
        table: "calendar_job",
        name: "calendar_jobs",
        columns: "seq, appointment_id, action, attempts, due_ms, last_error, created_ms",
        whose: OF_CONVERSATION,
    },
    Holding {
        table: "appointment_reminder",
        name: "reminders",
        columns: "appointment_id, due_ms",
        whose: OF_CONVERSATION,
    },
    Holding {
        table: "offered_slot",
        name: "offered_slots",
        columns: "conversation_id, place, service, resource, start_ms, end_ms, offered_ms",
        whose: OF_CONVERSATION,
    },
    Holding {
        table: "booking_talk",
        name: "booking_talks",
        columns: "conversation_id, talk, updated_ms",
        whose: OF_CONVERSATION,
    },
    Holding {
        table: "appointment",
        name: "appointments",
        columns: "id, conversation_id, service, service_name, resource, resource_name, start_ms, end_ms, status, held_until_ms, details, remote_id, created_ms, updated_ms",
        whose: OF_CONTACT,
    },
    Holding {
        table: "outbox",
        name: "outbox",
        columns: "seq, conversation_id, turn_id, channel, contact, text, state, attempts, last_error, created_ms, sent_ms",
        whose: OF_CONVERSATION,
    },
    Holding {
        table: "message",
        name: "messages",
        columns: "id, conversation_id, turn_id, role, message_id, text, created_ms",
        whose: OF_CONVERSATION,
    },
    Holding {
        table: "inbox",
        name: "inbox",
        columns: "seq, conversation_id, channel, message_id, text, received_ms, turn_id",
        whose: OF_CONVERSATION,
    },
    Holding {
        table: "turn",
        name: "turns",
        columns: "id, conversation_id, report, created_ms",
        whose: OF_CONVERSATION,
    },
    Holding {
        table: "lead",
        name: "leads",
        columns: "id, conversation_id, draft, completed_ms, created_ms, updated_ms",
        whose: OF_CONTACT,
    },
    Holding {
        table: "ticket",
        name: "tickets",
        columns: "id, conversation_id, subject, detail, urgency, state, created_ms, updated_ms",
        whose: OF_CONTACT,
    },
    Holding {
        table: "handoff",
        name: "handoffs",
        columns: "id, conversation_id, reason, priority, state, brief, taken_by, created_ms, taken_ms, released_ms",
        whose: OF_CONTACT,
    },
    Holding {
        table: "contact_fact",
        name: "facts",
        columns: "kind, name, value, message_id, created_ms, updated_ms, expires_ms",
        whose: OF_CONTACT,
    },
    Holding {
        table: "memory",
        name: "memories",
        columns: "conversation_id, text, vector, created_ms",
        whose: OF_CONTACT,
    },
    Holding {
        table: "delivery",
        name: "deliveries",
        columns: "id, target, event, subject, payload, state, last_error, created_ms, sent_ms",
        whose: OF_CONTACT,
    },
    Holding {
        table: "usage",
        name: "usage",
        columns: "day, key_id, calls, prompt_tokens, completion_tokens",
        whose: OF_CONTACT,
    },
    Holding {
        table: "stock_hold",
        name: "stock_holds",
        columns: "order_id, product_id, quantity, expires_ms",
        whose: OF_ORDER,
    },
    Holding {
        table: "order_item",
        name: "order_items",
        columns: "order_id, position, sku, name, quantity, unit_minor, total_minor",
        whose: OF_ORDER,
    },
    Holding {
        table: "sales_order",
        name: "orders",
        columns: "id, conversation_id, status, currency, total_minor, expires_ms, created_ms, updated_ms",
        whose: OF_CONTACT,
    },
    Holding {
        table: "cart",
        name: "carts",
        columns: "conversation_id, content, updated_ms",
        whose: OF_CONVERSATION,
    },
    Holding {
        table: "conversation",
        name: "conversations",
        columns: "id, language, owner, owner_ms, fallbacks, agents, created_ms, updated_ms",
        whose: OF_CONTACT,
    },
    Holding { table: "contact_alias", name: "aliases", columns: "channel, alias", whose: OF_CONTACT },
    Holding {
        table: "contact",
        name: "contact",
        columns: "id, channel, address, name, username, created_ms",
        whose: "id = ?1",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fixture::Fixture;

    #[test]
    fn no_table_that_points_to_a_contact_is_left_out() {
        let fixture = Fixture::new();
        let tables = fixture.text(
            "select group_concat(distinct s.name) from sqlite_schema s join pragma_table_info(s.name) c
             where s.type = 'table' and (c.name in ('contact_id', 'conversation_id', 'turn_id', 'lead_id', 'order_id', 'address')
                or exists (select 1 from pragma_foreign_key_list(s.name) f
                           where f.\"table\" in ('contact', 'conversation', 'turn', 'lead', 'sales_order')))",
        );
        let mut found: Vec<&str> = tables.split(',').collect();
        let mut listed: Vec<&str> = HOLDINGS.iter().map(|holding| holding.table).collect();
        found.sort_unstable();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }
}
