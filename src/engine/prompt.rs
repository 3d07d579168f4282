//! What a model is asked: the rules and facts as a system prompt, the conversation so far, and the new message, kept
//! within a budget of tokens.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    agent::{Agent, Team},
    facts,
    guard::{Grounds, correction},
};
use crate::{
    domain::{
        business::Business,
        language::Language,
        message::Role,
        retrieval::Retrieval,
        tool::{ToolRound, ToolSpec},
        turn::Source,
    },
    prompts::{Facts, PassageFacts, Prompts, Task},
};

/// Passages given to a model. More cost time and money, and weak models lose the thread.
const MAX_PASSAGES: usize = 5;
/// Tokens for the passages.
const PASSAGE_TOKENS: usize = 2_000;
/// Tokens for what was said before.
const HISTORY_TOKENS: usize = 1_500;
/// Tokens for the new message; what is beyond is not shown to the model.
const MESSAGE_TOKENS: usize = 1_500;
/// Characters that tell a model what an agent does when it sorts messages.
const ROUTE_CHARS: usize = 200;

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
    /// Whether the customer may hear the answer while it is written.
    pub heard: bool,
    /// What the reply may state.
    pub grounds: Arc<Grounds>,
}

impl ModelRequest {
    /// The length of the prompt, roughly, in tokens.
    pub fn tokens(&self) -> usize {
        let rounds = self.rounds.iter().flat_map(|round| round.results.iter().chain([&round.text]));
        tokens(&self.system)
            + self.messages.iter().map(|said| tokens(&said.text) + 4).sum::<usize>()
            + rounds.map(|text| tokens(text) + 4).sum::<usize>()
    }
}

/// The length of a text in tokens, estimated for Latin scripts: about 3.5 characters each.
pub fn tokens(text: &str) -> usize {
    (text.chars().count() * 2).div_ceil(7)
}

/// What a request is made from.
#[derive(Debug, Clone)]
pub(super) struct Brief<'a> {
    pub(super) business: &'a Business,
    pub(super) prompts: &'a Prompts,
    pub(super) contact_name: Option<&'a str>,
    pub(super) language: Language,
    pub(super) history: &'a [Said],
    pub(super) text: &'a str,
    /// The agents that answer together, best first.
    pub(super) agents: Vec<&'a Agent>,
    /// What is known of the customer from before.
    pub(super) known: Vec<String>,
    /// Whether the customer hears the reply on the phone.
    pub(super) spoken: bool,
}

/// The request for an answer, and the passages it shows.
pub(super) fn answer_request(
    brief: &Brief<'_>,
    retrieval: &Retrieval,
    tools: Vec<ToolSpec>,
) -> (ModelRequest, Vec<Source>) {
    let mut facts = facts::of_business(brief.business, brief.prompts, brief.contact_name, brief.language);
    let (passages, sources) = shown_passages(retrieval);
    facts.passages = passages;
    facts.answerable = !facts.passages.is_empty();
    facts.tools = !tools.is_empty();
    facts.spoken = brief.spoken;
    facts.known = brief.known.iter().map(|line| fenced(line)).collect();
    facts.agents = brief.agents.iter().filter_map(|agent| instruction(brief, agent, &facts)).collect();
    let messages = conversation(brief);

    let own = [&facts.business, &facts.description, &facts.address, &facts.phone, &facts.hours];
    let grounds = Grounds::of(
        own.into_iter()
            .chain(facts.passages.iter().flat_map(|passage| [&passage.source, &passage.text]))
            .chain(messages.iter().filter(|said| said.role != Role::Customer).map(|said| &said.text))
            .map(String::as_str)
            .chain(brief.agents.iter().map(|agent| agent.persona.as_str())),
    );
    let customer = messages.iter().filter(|said| said.role == Role::Customer).map(|said| said.text.as_str());
    let mut grounds = grounds.and_customer(customer.chain(facts.known.iter().map(String::as_str)));
    if !facts.answerable {
        grounds = grounds.with_nothing_found();
    }
    // The rules without the facts are nobody's business.
    let rules = Facts { business: facts.business.clone(), agents: facts.agents.clone(), ..Facts::default() };
    grounds = grounds
        .and_system_rules(&brief.prompts.render(Task::Answer, brief.language, &rules))
        .and_tools(tools.iter().map(|tool| tool.name.as_str()));
    let system = brief.prompts.render(Task::Answer, brief.language, &facts);
    let request =
        ModelRequest { system, messages, tools, rounds: Vec::new(), heard: true, grounds: Arc::new(grounds) };
    (request, sources)
}

/// The request to say who a message is for.
pub(super) fn route_request(brief: &Brief<'_>, team: &Team) -> ModelRequest {
    let mut facts = facts::of_business(brief.business, brief.prompts, None, brief.language);
    facts.agents = team
        .agents
        .iter()
        .map(|agent| {
            let about = instruction(brief, agent, &facts).unwrap_or_default();
            let about: String = about.chars().take(ROUTE_CHARS).collect();
            format!("{}: {about}", agent.name)
        })
        .collect();
    ModelRequest {
        system: brief.prompts.render(Task::Route, brief.language, &facts),
        messages: vec![Said { role: Role::Customer, text: shorten(brief.text, MESSAGE_TOKENS) }],
        tools: Vec::new(),
        rounds: Vec::new(),
        heard: false,
        grounds: Arc::default(),
    }
}

/// The rules and facts again, with what was wrong with the last reply.
pub(super) fn with_correction(brief: &Brief<'_>, request: &ModelRequest, reply: &str) -> String {
    let correction = correction(&request.grounds.findings(reply));
    let mut facts = facts::of_business(brief.business, brief.prompts, None, brief.language);
    facts.draft = fenced(&shorten(reply, MESSAGE_TOKENS));
    facts.findings = correction.invented;
    facts.leaked = correction.leaked;
    format!("{}\n{}", request.system, brief.prompts.render(Task::Correct, brief.language, &facts))
}

/// What a search brought, for a model, and the passages it shows.
pub(super) fn passages_result(retrieval: &Retrieval) -> (Value, Vec<Source>) {
    let (passages, sources) = shown_passages(retrieval);
    let found: Vec<Value> =
        passages.iter().map(|passage| json!({"source": passage.source, "text": passage.text})).collect();
    (json!({"found": found}), sources)
}

/// Who an agent is and what it does: its persona and its own prompt.
fn instruction(brief: &Brief<'_>, agent: &Agent, facts: &Facts) -> Option<String> {
    let own = agent.prompt.clone().unwrap_or_else(|| format!("agent_{}", agent.name));
    let prompt = brief.prompts.agent(&own, brief.language, facts);
    let text = format!("{} {}", agent.persona, prompt.trim());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// The passages that a model may see of what was found.
fn shown_passages(retrieval: &Retrieval) -> (Vec<PassageFacts>, Vec<Source>) {
    let (mut shown, mut sources) = (Vec::new(), Vec::new());
    let mut room = PASSAGE_TOKENS;
    if retrieval.answerable {
        for passage in retrieval.passages.iter().take(MAX_PASSAGES) {
            let cost = tokens(&passage.text);
            if cost > room && !sources.is_empty() {
                break;
            }
            room = room.saturating_sub(cost);
            let text = shorten(&passage.text, PASSAGE_TOKENS);
            shown.push(PassageFacts {
                source: fenced(&facts::source_name(passage)).replace('"', "'"),
                text: fenced(&text),
            });
            sources.push(facts::source(passage));
        }
    }
    (shown, sources)
}

/// What was said before as far as there is room for it, and the new message.
fn conversation(brief: &Brief<'_>) -> Vec<Said> {
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
    messages
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
