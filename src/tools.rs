//! What a model may have done. A tool is described by a schema, its arguments are checked against it, and what it
//! decides is applied by code.

pub mod schema;

/// The names of the product's own tools, which no tool of a tenant may have.
pub const OWN: [&str; 7] = [
    "search_knowledge",
    "capture_lead",
    "verify_email",
    "push_lead_to_crm",
    "create_support_ticket",
    "request_handoff",
    "remember_preference",
];
