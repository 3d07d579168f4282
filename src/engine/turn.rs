//! One turn of a conversation as a pure state machine: the customer's messages in, at most one reply and its effects
//! out.
//!
//! [`Turn`] never does anything itself. It says the next [`Step`] and is told what came of it as an [`Event`]; the
//! runner does the work. Whatever happens (a search that fails, a model that hangs or invents a price, a tool that
//! lies, a customer who writes on) every path ends in [`Step::Commit`] after a bounded number of steps.
//!
//! The order of a turn: is it ours to answer, what is in the message ([`opening`]), what do we know, what do we say
//! ([`answering`]), and what else is to happen ([`closing`]).

mod answering;
mod booking;
mod closing;
mod opening;
mod reply;
mod selling;

use std::sync::Arc;

use self::{
    answering::Asking,
    reply::Spoken,
    selling::{Sale, Shopping},
};
pub use super::prompt::{ModelRequest, Said};
use super::{
    analyze::Sight,
    booking::talk::Calendar,
    builtin::{Answer, Builtin, Question},
    desk::Desk,
    guard::Refusal,
    lead::LeadFindings,
    question,
};
use crate::{
    domain::{
        appointment::Appointment,
        business::Business,
        cart::Cart,
        conversation::ChannelKind,
        effect::{ContactFact, Effect},
        handoff::{HandoffReason, Owner},
        language::Language,
        lead::LeadRecord,
        message::Role,
        order::{Order, OrderRecord},
        product::{Product, ProductSearch},
        retrieval::Retrieval,
        tenant::TenantId,
        tool::{ToolCall, ToolSpec},
        turn::{Source, ToolRun},
    },
    prompts::Prompts,
    store::{appointment::BookingContext, turn::Newer},
    text::{language, words},
    tools::ledger::Ledger,
};

/// A message that was claimed this often without getting its turn is answered with an apology: it probably crashes
/// the process, and a sixth try would crash it again.
pub const MAX_ATTEMPTS: u32 = 5;

/// How often a turn starts over because the customer wrote on. After that the newer messages wait for the next turn.
pub const MAX_CONFLICTS: u32 = 3;

/// A message of at most this many words, in the middle of a talk about an appointment, is in the language of the talk.
const MAX_SHORT_WORDS: usize = 6;

/// What a turn starts from.
#[derive(Debug, Clone)]
pub struct TurnInput {
    /// The tenant that answers.
    pub tenant: TenantId,
    /// When the turn began, in milliseconds since 1970.
    pub now_ms: i64,
    /// The customer's new messages, oldest first; never empty.
    pub messages: Vec<Heard>,
    /// How often the messages were claimed before without getting their turn.
    pub attempts: u32,
    /// What was said before, oldest first.
    pub history: Vec<Said>,
    /// The name the customer goes by on the channel.
    pub contact_name: Option<String>,
    /// The language of the last reply.
    pub previous_language: Option<Language>,
    /// The business that answers.
    pub business: Arc<Business>,
    /// Its words.
    pub prompts: Arc<Prompts>,
    /// How it wants its customers served.
    pub desk: Arc<Desk>,
    /// How things stand in the conversation.
    pub standing: Standing,
    /// The tools of the tenant's own servers.
    pub remote_tools: Arc<Vec<ToolSpec>>,
    /// Ids for what this turn may make.
    pub fresh: FreshIds,
    /// Whether there is a model to ask.
    pub has_model: bool,
}

/// A message of the customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// The channel's own id of it.
    pub id: String,
    /// The words.
    pub text: String,
    /// What the customer is told of a file that came with it and could not be read.
    pub unread: Option<String>,
}

/// How things stand when a turn begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// Who speaks for the business.
    pub owner: Owner,
    /// For how long that has been so, in milliseconds.
    pub owner_for_ms: i64,
    /// Answers of "I do not know" in a row.
    pub fallbacks: u32,
    /// The agents of the turn before.
    pub agents: Vec<String>,
    /// The lead of the conversation.
    pub lead: Option<LeadRecord>,
    /// What is known of the contact.
    pub facts: Vec<ContactFact>,
    /// Whether the tenant sells anything.
    pub sells: bool,
    /// The order that waits for the customer's word; its status says so when its time is over.
    pub order: Option<OrderRecord>,
    /// The last orders of the contact that are not open, the newest first.
    pub orders: Vec<OrderRecord>,
    /// What the customer is choosing.
    pub cart: Cart,
    /// How the appointments of the contact stand.
    pub booking: BookingContext,
    /// Messages of the contact in the last minute, the new ones included.
    pub messages_last_minute: u32,
    /// Tokens spent today for all contacts of the tenant.
    pub tokens_today: u64,
    /// Tokens spent today for this contact.
    pub contact_tokens_today: u64,
    /// How the channel calls the contact.
    pub contact: String,
    /// The phone number, on a channel whose contacts are phone numbers.
    pub phone: Option<String>,
    /// The name that people find the contact by at its provider.
    pub username: Option<String>,
    /// The channel's name.
    pub channel: String,
    /// The conversation.
    pub conversation: String,
}

/// Ids for what a turn may make, so that the turn itself stays a function of its input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FreshIds {
    /// For a new lead.
    pub lead: String,
    /// For a case.
    pub ticket: String,
    /// For a handoff.
    pub handoff: String,
    /// For an order: the number that it is told by.
    pub order: String,
    /// For an appointment.
    pub appointment: String,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Do something that takes time and tell the result with [`Event::ToolsDone`], or [`Event::Failed`].
    Run(Call),
    /// Ask a model and tell its answer with [`Event::Replied`], or [`Event::Failed`], or [`Event::OutOfTime`].
    Ask(ModelRequest),
    /// Commit the outcome. The end, unless the customer wrote on: [`Event::Conflict`].
    Commit(Box<Outcome>),
}

/// Something that takes time.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Look at the message: language, mood, intents, threats; and recall what fits it.
    Look {
        /// The customer's words.
        text: String,
        /// Their language.
        language: Language,
        /// The customer's messages before, newest first.
        earlier: Vec<String>,
        /// The agents of the turn before.
        previous_agents: Vec<String>,
        /// What the product said last.
        last_reply: Option<String>,
    },
    /// Search the tenant's knowledge.
    SearchKnowledge {
        /// What to search for, with the subject of the conversation.
        query: String,
        /// The customer's language.
        language: Language,
        /// The categories to search in; empty for all.
        categories: Vec<String>,
    },
    /// Search the catalogue, and look products up.
    FindProducts {
        /// What to search for, each by itself.
        queries: Vec<String>,
        /// The numbers of the products to look up.
        skus: Vec<String>,
    },
    /// Look which time is taken, from then until then, in milliseconds since 1970.
    CheckCalendar {
        /// From when.
        from_ms: i64,
        /// Until when.
        to_ms: i64,
    },
    /// Call a tool of the tenant's own servers.
    Remote {
        /// The tool.
        name: String,
        /// Arguments that fit its schema.
        arguments: serde_json::Value,
    },
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A call gave its result.
    ToolsDone(ToolResult),
    /// The model answered.
    Replied(ModelReply),
    /// The step failed.
    Failed,
    /// The time for the turn is over.
    OutOfTime,
    /// The customer wrote again before the commit: all messages that wait now.
    Conflict(Vec<Heard>),
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolResult {
    /// What is in the message, and what earlier conversations say that fits it.
    Looked {
        /// What was seen.
        sight: Sight,
        /// Summaries of earlier conversations.
        memories: Vec<String>,
    },
    /// What the knowledge holds.
    Knowledge(Retrieval),
    /// What the catalogue holds.
    Products {
        /// What each search found, in their order.
        found: Vec<ProductSearch>,
        /// The products that were looked up and are there.
        known: Vec<Product>,
    },
    /// Which time is taken.
    Calendar(Calendar),
    /// What a tool of the tenant's said, or why it did not.
    Remote(Result<String, String>),
}

/// What a model said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelReply {
    /// Its words; may be empty when it asks for tools.
    pub text: String,
    /// The tools it asks for.
    pub calls: Vec<ToolCall>,
    /// The id of the key it was asked with.
    pub key: String,
    /// What it cost.
    pub usage: Usage,
}

/// Tokens of one answer of a model; zero where the provider does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// What it read.
    pub prompt_tokens: u64,
    /// What it wrote.
    pub completion_tokens: u64,
}

/// Who worded a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The product itself.
    Builtin,
    /// A model, by the id of its key.
    Model(String),
}

/// What a turn came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The reply; empty when a person has the conversation.
    pub reply: String,
    /// Answers to choose from, in a few words each; the reply names them too.
    pub choices: Vec<String>,
    /// Its language.
    pub language: Language,
    /// The passages it stands on, best first.
    pub sources: Vec<Source>,
    /// Who worded it.
    pub answered_by: AnsweredBy,
    /// What was seen in the message.
    pub sight: Sight,
    /// The agents that took part.
    pub agents: Vec<String>,
    /// The tools that ran.
    pub tools: Vec<ToolRun>,
    /// Why a person was called.
    pub handoff: Option<HandoffReason>,
    /// What else is to happen, in order.
    pub effects: Vec<Effect>,
    /// The lead that was touched.
    pub lead: Option<LeadTouched>,
    /// The order that was touched, as it is after the turn.
    pub order: Option<Order>,
    /// The appointment that was made or changed.
    pub appointment: Option<Appointment>,
    /// Whether the conversation comes back from the people, because they were silent for long.
    pub returned: bool,
    /// Answers of "I do not know" in a row, this one included.
    pub fallbacks: u32,
    /// What the models cost, by key.
    pub usage: Vec<(String, Usage)>,
    /// The question, when neither the knowledge nor the configuration had an answer.
    pub gap: Option<String>,
    /// Why a model's reply was not used, if one was refused.
    pub refused: Option<Refusal>,
    /// What to do when the customer wrote on meanwhile.
    pub newer: Newer,
}

/// A lead that a turn touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadTouched {
    /// Its id.
    pub id: String,
    /// What is known now.
    pub draft: crate::domain::lead::LeadDraft,
    /// Whether everything that is required is known.
    pub complete: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    /// The message is looked at.
    Looking,
    /// The catalogue is searched.
    Shopping(Box<Shopping>),
    /// The calendar is looked at.
    Consulting,
    /// A model says who the message is for.
    Routing,
    /// The protocol of an emergency is looked up.
    FindingProtocol,
    /// The knowledge is searched for the answer.
    Searching,
    /// A model is asked for the answer.
    Asking(Box<Asking>),
    /// A tool that a model asked for is at work.
    UsingTool(Box<Asking>),
    Committing(Box<Outcome>),
}

/// A turn under way.
#[derive(Debug, Clone)]
pub struct Turn {
    input: TurnInput,
    question: Question,
    conflicts: u32,
    sight: Sight,
    memories: Vec<String>,
    ledger: Ledger,
    /// What is about an appointment.
    booking: booking::Booking,
    /// What the message told of the customer.
    findings: LeadFindings,
    /// What is to happen with orders.
    sale: Sale,
    usage: Vec<(String, Usage)>,
    state: State,
}

impl Turn {
    /// Begins a turn and says its first step.
    pub fn begin(input: TurnInput) -> (Self, Step) {
        Self::start(input, 0, Vec::new())
    }

    /// Takes what came of the last step and says the next one.
    pub fn on(&mut self, event: Event) -> Step {
        let state = std::mem::replace(&mut self.state, State::Searching);
        match (state, event) {
            (state, Event::Conflict(messages)) if self.conflicts < MAX_CONFLICTS && !messages.is_empty() => {
                drop(state);
                let input = TurnInput { messages, ..self.input.clone() };
                // What the models cost was spent, whether their words are used or not.
                let (turn, step) = Self::start(input, self.conflicts + 1, std::mem::take(&mut self.usage));
                *self = turn;
                step
            }
            (State::Looking, Event::ToolsDone(ToolResult::Looked { sight, memories })) => {
                self.looked(sight, memories)
            }
            (State::Looking, _) => self.looked(Sight::default(), Vec::new()),
            (State::Shopping(shopping), Event::ToolsDone(ToolResult::Products { found, known })) => {
                self.shopped(*shopping, &found, &known)
            }
            // Without the catalogue nothing can be sold, but the rest can be answered.
            (State::Shopping(_), _) => self.after_sale(),
            (State::Consulting, Event::ToolsDone(ToolResult::Calendar(calendar))) => {
                self.consulted(&calendar)
            }
            (State::Consulting, _) => self.consulted(&Calendar { unreachable: true, ..Calendar::default() }),
            (State::Routing, Event::Replied(reply)) => self.routed(reply),
            (State::Routing, _) => self.search(),
            (State::FindingProtocol, Event::ToolsDone(ToolResult::Knowledge(retrieval))) => {
                self.emergency(Some(&retrieval))
            }
            (State::FindingProtocol, _) => self.emergency(None),
            (State::Searching, Event::ToolsDone(ToolResult::Knowledge(retrieval))) => self.found(retrieval),
            (State::Searching, _) => {
                let answer = self.builtin().trouble(&self.question);
                self.commit(Spoken { in_trouble: true, ..Spoken::answer(&answer) })
            }
            (State::Asking(asking), Event::Replied(reply)) => self.replied(*asking, reply),
            (State::Asking(asking), _) => self.conclude_without_model(&asking, None),
            (State::UsingTool(asking), Event::ToolsDone(result)) => self.tool_done(*asking, result),
            (State::UsingTool(asking), Event::OutOfTime) => self.conclude_without_model(&asking, None),
            (State::UsingTool(asking), _) => {
                self.tool_done(*asking, ToolResult::Remote(Err("the tool failed".to_owned())))
            }
            (State::Committing(outcome), _) => {
                self.state = State::Committing(outcome.clone());
                Step::Commit(outcome)
            }
        }
    }

    /// The language of the reply.
    pub fn language(&self) -> Language {
        self.question.language
    }

    fn start(input: TurnInput, conflicts: u32, usage: Vec<(String, Usage)>) -> (Self, Step) {
        let limit = input.desk.limits.message_chars;
        let joined = input.messages.iter().map(|heard| heard.text.as_str()).collect::<Vec<_>>().join("\n");
        let text: String = joined.chars().take(limit).collect();
        // "No, más tarde" is Portuguese too: a short answer is in the language of its question.
        let in_talk = input.standing.booking.talk.is_some() && words(&text).len() <= MAX_SHORT_WORDS;
        let language = match input.previous_language.filter(|_| in_talk) {
            Some(language) => language,
            None => language::detect(&text, input.previous_language.unwrap_or(input.business.language)),
        };
        let earlier = input.history.iter().rev().filter(|said| said.role == Role::Customer);
        let in_context =
            question::with_context(&text, earlier.map(|said| said.text.as_str()), &input.business.name);
        let question = Question { text, in_context, language };
        let lead = input.standing.lead.as_ref();
        let ledger = Ledger::over(
            lead.map(|lead| lead.draft.clone()).unwrap_or_default(),
            lead.is_some_and(|lead| lead.completed_ms.is_some()),
        );
        let mut turn = Self {
            input,
            question,
            conflicts,
            sight: Sight::default(),
            memories: Vec::new(),
            ledger,
            booking: booking::Booking::default(),
            findings: LeadFindings::default(),
            sale: Sale::default(),
            usage,
            state: State::Looking,
        };
        let step = turn.open();
        (turn, step)
    }

    fn builtin(&self) -> Builtin<'_> {
        Builtin {
            business: &self.input.business,
            prompts: &self.input.prompts,
            contact_name: self.contact_name(),
        }
    }

    /// The name to call the customer by: as they gave it, or as the channel has it.
    fn contact_name(&self) -> Option<&str> {
        self.ledger.draft.name.as_deref().or(self.input.contact_name.as_deref())
    }

    /// Whether the customer hears the reply on the phone.
    fn is_spoken(&self) -> bool {
        self.input.standing.channel == ChannelKind::Voice.as_str()
    }

    /// Whether models may be asked: there is one, and the limits leave room.
    fn may_ask(&self) -> bool {
        let (limits, standing) = (&self.input.desk.limits, &self.input.standing);
        let below = |spent: u64, limit: u64| limit == 0 || spent < limit;
        self.input.has_model
            && below(standing.tokens_today, limits.tokens_per_day)
            && below(standing.contact_tokens_today, limits.contact_tokens_per_day)
    }
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
