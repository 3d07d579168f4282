//! What one turn of a conversation came to, in the shape that the API and `iass chat --json` print.

use serde::{Deserialize, Serialize};

use super::{conversation::ConversationId, language::Language, tenant::TenantId};

/// The record of a turn: one or more messages of a customer in, one reply out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TurnReport {
    /// The tenant that answered.
    pub tenant: TenantId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The id of the turn.
    pub turn: String,
    /// The whole reply.
    pub reply: String,
    /// The reply as the separate messages that went to the outbox.
    pub messages: Vec<String>,
    /// Answers to choose from; the reply names them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The language of the reply.
    pub language: Language,
    /// The customer's mood, -1 (furious) to 1 (delighted).
    pub sentiment: f32,
    /// What the customer wanted, best first.
    pub intents: Vec<Intent>,
    /// The agents that took part.
    pub agents: Vec<String>,
    /// The tools that were run.
    pub tools: Vec<ToolRun>,
    /// The passages the reply stands on, best first.
    pub sources: Vec<Source>,
    /// Why a person was called in, if one was.
    pub handoff: Option<Handoff>,
    /// The lead that was captured.
    pub lead: Option<serde_json::Value>,
    /// The order that was touched.
    pub order: Option<serde_json::Value>,
    /// The appointment that was touched.
    pub appointment: Option<serde_json::Value>,
    /// How much the message looks like an attack.
    pub threat: Threat,
    /// `builtin`, or the id of the model key that answered.
    pub answered_by: String,
    /// Where the time went.
    pub latency_ms: Latency,
}

/// One thing a customer wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The agent that serves it.
    pub agent: String,
    /// How sure the router is, 0 to 1.
    pub score: f32,
}

/// One run of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolRun {
    /// The tool.
    pub name: String,
    /// What it was called with.
    pub arguments: serde_json::Value,
    /// What it gave back.
    pub result: serde_json::Value,
}

/// A passage that a reply stands on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The document's name.
    pub document: String,
    /// The headings above the passage, outermost first, joined by ` › `.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub heading: String,
    /// The chunk's position in the document, from 0.
    pub chunk: u32,
    /// How well it answers, 0 to 1.
    pub score: f32,
}

/// A handoff to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// Why.
    pub reason: String,
}

/// How much a message looks like an attack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Threat {
    /// 0 (harmless) to 1.
    pub score: f32,
    /// Whether the tenant's policy was applied.
    pub flagged: bool,
    /// What was seen.
    pub reasons: Vec<String>,
}

/// Where a turn's time went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// From claim to commit.
    pub total: f64,
    /// Waiting for the model.
    pub llm: f64,
    /// Finding passages, the query's embedding included.
    pub retrieval: f64,
    /// Choosing the agents.
    pub routing: f64,
}
