//! What a model is asked: the rules and facts as a system prompt, the conversation so far, and the new message, kept
//! within a budget of tokens.

use std::sync::Arc;

use super::{facts, guard::Grounds};
use crate::{
    domain::{
        business::Business,
        language::Language,
        message::Role,
        retrieval::Retrieval,
        tool::{ToolRound, ToolSpec},
        turn::Source,
    },
    prompts::{PassageFacts, Prompts, Task},
};

/// Passages given to a model. More cost time and money, and weak models lose the thread.
const MAX_PASSAGES: usize = 5;
/// Tokens for the passages.
const PASSAGE_TOKENS: usize = 2_000;
/// Tokens for what was said before.
const HISTORY_TOKENS: usize = 1_500;
/// Tokens for the new message; what is beyond is not shown to the model.
const MESSAGE_TOKENS: usize = 1_500;

/// One thing said, as a model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who said it.
    pub role: Role,
    /// The words.
    pub text: String,
}

/// A question to a model. It holds no key and no address: who answers is not its business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRequest {
    /// Rules and facts.
    pub system: String,
    /// The conversation, oldest first; the last one is the customer's new message.
    pub messages: Vec<Said>,
    /// The tools it may ask for; none for plain words.
    pub tools: Vec<ToolSpec>,
    /// The rounds of tools since the customer's message, oldest first.
    pub rounds: Vec<ToolRound>,
    /// What the reply may state.
    pub grounds: Arc<Grounds>,
}

impl ModelRequest {
    /// The length of the prompt, roughly, in tokens.
    pub fn tokens(&self) -> usize {
        tokens(&self.system) + self.messages.iter().map(|said| tokens(&said.text) + 4).sum::<usize>()
    }
}

/// The length of a text in tokens, estimated for Latin scripts: about 3.5 characters each.
pub fn tokens(text: &str) -> usize {
    (text.chars().count() * 2).div_ceil(7)
}

/// What a request is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brief<'a> {
    pub(super) business: &'a Business,
    pub(super) prompts: &'a Prompts,
    pub(super) contact_name: Option<&'a str>,
    pub(super) language: Language,
    pub(super) history: &'a [Said],
    pub(super) text: &'a str,
}

/// The request, and the passages it shows.
pub(super) fn answer_request(brief: &Brief<'_>, retrieval: &Retrieval) -> (ModelRequest, Vec<Source>) {
    let mut facts = facts::of_business(brief.business, brief.prompts, brief.contact_name, brief.language);
    let mut sources = Vec::new();
    let mut room = PASSAGE_TOKENS;
    if retrieval.answerable {
        for passage in retrieval.passages.iter().take(MAX_PASSAGES) {
            let cost = tokens(&passage.text);
            if cost > room && !sources.is_empty() {
                break;
            }
            room = room.saturating_sub(cost);
            let text = shorten(&passage.text, PASSAGE_TOKENS);
            facts.passages.push(PassageFacts {
                source: fenced(&facts::source_name(passage)).replace('"', "'"),
                text: fenced(&text),
            });
            sources.push(facts::source(passage));
        }
    }
    facts.answerable = !facts.passages.is_empty();

    let mut messages: Vec<Said> = Vec::new();
    let mut room = HISTORY_TOKENS;
    for said in brief.history.iter().rev() {
        let cost = tokens(&said.text);
        if cost > room {
            break;
        }
        room -= cost;
        messages.push(said.clone());
    }
    messages.reverse();
    messages.push(Said { role: Role::Customer, text: shorten(brief.text, MESSAGE_TOKENS) });

    let own = [&facts.business, &facts.description, &facts.address, &facts.phone, &facts.hours];
    let grounds = Grounds::of(
        own.into_iter()
            .chain(facts.passages.iter().flat_map(|passage| [&passage.source, &passage.text]))
            .chain(messages.iter().filter(|said| said.role == Role::Assistant).map(|said| &said.text))
            .map(String::as_str),
    );
    let customer = messages.iter().filter(|said| said.role == Role::Customer);
    let mut grounds = grounds.and_customer(customer.map(|said| said.text.as_str()));
    if !facts.answerable {
        grounds = grounds.with_nothing_found();
    }
    let system = brief.prompts.render(Task::Answer, brief.language, &facts);
    let request =
        ModelRequest { system, messages, tools: Vec::new(), rounds: Vec::new(), grounds: Arc::new(grounds) };
    (request, sources)
}

/// Text that cannot close the fence it stands in.
fn fenced(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›")
}

/// The beginning of a text that is not longer than `limit` tokens.
fn shorten(text: &str, limit: usize) -> String {
    if tokens(text) <= limit {
        return text.to_owned();
    }
    text.chars().take(limit * 7 / 2).chain(std::iter::once('…')).collect()
}
