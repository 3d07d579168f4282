//! What a turn has planned so far: written by the tools and by the engine's own rules, applied at the commit.

use serde_json::{Value, json};

use crate::domain::{
    effect::{AuditEntry, FactChange},
    handoff::HandoffReason,
    lead::{LeadDraft, Urgency},
    turn::ToolRun,
};

/// The most lines of the audit log that one turn writes.
const MAX_AUDIT: usize = 32;

/// The plans of one turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    /// The lead as it is now.
    pub draft: LeadDraft,
    /// The lead as it was when the turn began.
    pub draft_before: LeadDraft,
    /// Whether the lead was complete when the turn began.
    pub was_complete: bool,
    /// A case to open.
    pub ticket: Option<TicketPlan>,
    /// Why a person is called.
    pub handoff: Option<HandoffReason>,
    /// What is to be kept of the contact.
    pub facts: Vec<FactChange>,
    /// The tools that ran, in order.
    pub runs: Vec<ToolRun>,
    /// What goes into the audit log besides what the effects say by themselves.
    pub audit: Vec<AuditEntry>,
}

/// A case to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketPlan {
    /// One line.
    pub subject: String,
    /// The customer's words.
    pub detail: String,
    /// How soon.
    pub urgency: Urgency,
}

impl Ledger {
    /// A ledger over the lead that the conversation has.
    pub fn over(draft: LeadDraft, was_complete: bool) -> Self {
        Self { draft_before: draft.clone(), draft, was_complete, ..Self::default() }
    }

    /// Whether the lead is another than when the turn began.
    pub fn lead_changed(&self) -> bool {
        self.draft != self.draft_before
    }

    /// Writes a line for the audit log.
    pub fn audit(&mut self, actor: &str, action: &str, subject: &str, detail: Value) {
        if self.audit.len() < MAX_AUDIT {
            self.audit.push(AuditEntry {
                actor: actor.to_owned(),
                action: action.to_owned(),
                subject: subject.to_owned(),
                detail,
            });
        }
    }

    /// Keeps something about the contact; the last word on a subject counts.
    pub fn remember(&mut self, fact: FactChange) {
        self.facts.retain(|known| (known.kind, &known.name) != (fact.kind, &fact.name));
        self.facts.push(fact);
    }

    /// Notes that a tool ran.
    pub fn ran(&mut self, name: &str, arguments: Value, result: Value) {
        self.audit("bot", "tool.called", name, json!({"error": result.get("error").is_some()}));
        self.runs.push(ToolRun { name: name.to_owned(), arguments, result });
    }
}
