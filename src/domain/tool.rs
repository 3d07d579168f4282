//! Tools as a model sees them: what there is, what it asks for, and what comes back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tool that is offered to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name: 1 to 64 of letters, digits, `-` and `_`.
    pub name: String,
    /// When to use it.
    pub description: String,
    /// The JSON schema of its arguments, an object.
    pub parameters: Value,
}

/// A tool that a model asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The model's name for this call, unique in its answer.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments; a text when what the model wrote is no JSON.
    pub arguments: Value,
}

/// One round of tools in a question to a model: what it asked for, and what came of each call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRound {
    /// What the model said besides.
    pub text: String,
    /// What it asked for.
    pub calls: Vec<ToolCall>,
    /// What came back, one for each call and in their order.
    pub results: Vec<String>,
}
