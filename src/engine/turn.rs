//! One turn of a conversation as a pure state machine: the customer's messages in, one reply out.
//!
//! [`Turn`] never does anything itself. It says the next [`Step`] and is told what came of it as an [`Event`]; the
//! runner does the work. Whatever happens (a search that fails, a model that hangs or invents a price, a customer who
//! writes on) every path ends in [`Step::Commit`] after a bounded number of steps.

use std::sync::Arc;

pub use super::prompt::{ModelRequest, Said};
use super::{
    builtin::{Answer, Builtin, Question},
    guard::{Grounds, Refusal},
    language, prompt, question,
    smalltalk::{self, SmallTalk},
};
use crate::{
    domain::{
        business::Business, language::Language, message::Role, retrieval::Retrieval, tool::ToolCall,
        turn::Source,
    },
    prompts::{Prompts, Text},
    store::turn::Newer,
};

/// A message that was claimed this often without getting its turn is answered with an apology: it probably crashes
/// the process, and a sixth try would crash it again.
pub const MAX_ATTEMPTS: u32 = 5;

/// How often a turn starts over because the customer wrote on. After that the newer messages wait for the next turn.
pub const MAX_CONFLICTS: u32 = 3;

/// What a turn starts from.
#[derive(Debug, Clone)]
pub struct TurnInput {
    /// The customer's new messages, oldest first.
    pub messages: Vec<String>,
    /// How often the messages were claimed before without getting their turn.
    pub attempts: u32,
    /// What was said before, oldest first.
    pub history: Vec<Said>,
    /// The name the customer goes by.
    pub contact_name: Option<String>,
    /// The language of the last reply.
    pub previous_language: Option<Language>,
    /// The business that answers.
    pub business: Arc<Business>,
    /// Its words.
    pub prompts: Arc<Prompts>,
    /// Whether there is a model to ask.
    pub has_model: bool,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Run a tool and tell the result with [`Event::ToolsDone`], or [`Event::Failed`].
    Run(Call),
    /// Ask a model and tell its answer with [`Event::Replied`], or [`Event::Failed`], or [`Event::OutOfTime`].
    Ask(ModelRequest),
    /// Commit the outcome. The end, unless the customer wrote on: [`Event::Conflict`].
    Commit(Outcome),
}

/// A tool to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Search the tenant's knowledge.
    SearchKnowledge {
        /// What to search for, with the subject of the conversation.
        query: String,
        /// The customer's language.
        language: Language,
    },
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A tool gave its result.
    ToolsDone(ToolResult),
    /// The model answered.
    Replied(ModelReply),
    /// The step failed.
    Failed,
    /// The time for the turn is over.
    OutOfTime,
    /// The customer wrote again before the commit: all messages that wait now.
    Conflict(Vec<String>),
}

/// The result of a tool.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolResult {
    /// What the knowledge holds.
    Knowledge(Retrieval),
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
    /// The reply; never empty.
    pub reply: String,
    /// Its language.
    pub language: Language,
    /// The passages it stands on, best first.
    pub sources: Vec<Source>,
    /// Who worded it.
    pub answered_by: AnsweredBy,
    /// The question, when neither the knowledge nor the configuration had an answer.
    pub gap: Option<String>,
    /// Why a model's reply was not used, if one was refused.
    pub refused: Option<Refusal>,
    /// What to do when the customer wrote on meanwhile.
    pub newer: Newer,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Searching,
    Asking { retrieval: Retrieval, sources: Vec<Source>, grounds: Arc<Grounds> },
    Committing(Outcome),
}

/// A turn under way.
#[derive(Debug, Clone)]
pub struct Turn {
    input: TurnInput,
    question: Question,
    conflicts: u32,
    state: State,
}

impl Turn {
    /// Begins a turn and says its first step.
    pub fn begin(input: TurnInput) -> (Self, Step) {
        Self::start(input, 0)
    }

    /// Takes what came of the last step and says the next one.
    pub fn on(&mut self, event: Event) -> Step {
        let state = std::mem::replace(&mut self.state, State::Searching);
        match (state, event) {
            (state, Event::Conflict(messages)) if self.conflicts < MAX_CONFLICTS && !messages.is_empty() => {
                drop(state);
                let input = TurnInput { messages, ..self.input.clone() };
                let (turn, step) = Self::start(input, self.conflicts + 1);
                *self = turn;
                step
            }
            (State::Searching, Event::ToolsDone(ToolResult::Knowledge(retrieval))) => self.found(retrieval),
            (State::Searching, _) => self.commit(self.builtin().trouble(&self.question)),
            (State::Asking { retrieval, sources, grounds }, Event::Replied(reply)) => {
                self.replied(reply, &retrieval, sources, &grounds)
            }
            (State::Asking { retrieval, .. }, _) => self.commit_builtin(&retrieval, None),
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

    fn start(input: TurnInput, conflicts: u32) -> (Self, Step) {
        let text = input.messages.join("\n");
        let language = language::detect(&text, input.previous_language.unwrap_or(input.business.language));
        let earlier = input.history.iter().rev().filter(|said| said.role == Role::Customer);
        let in_context =
            question::with_context(&text, earlier.map(|said| said.text.as_str()), &input.business.name);
        let question = Question { text, in_context, language };
        let mut turn = Self { input, question, conflicts, state: State::Searching };
        let step = turn.first_step();
        (turn, step)
    }

    fn first_step(&mut self) -> Step {
        let (builtin, question) = (self.builtin(), &self.question);
        let at_once = if self.input.attempts >= MAX_ATTEMPTS {
            Some(builtin.apology(question.language))
        } else if self.accepts_offer() {
            Some(builtin.person(question.language))
        } else {
            builtin.courtesy(&question.text, question.language)
        };
        match at_once {
            Some(answer) => self.commit(answer),
            None => Step::Run(Call::SearchKnowledge {
                query: question.in_context.clone(),
                language: question.language,
            }),
        }
    }

    /// Whether the customer says yes to the person that the last reply offered.
    fn accepts_offer(&self) -> bool {
        const YES: [&str; 10] =
            ["si", "sim", "yes", "claro", "dale", "sure", "ok", "please", "por favor", "bueno"];
        let Some(last) = self.input.history.last().filter(|said| said.role == Role::Assistant) else {
            return false;
        };
        let small = smalltalk::recognise(&self.question.text, &self.input.business.name);
        let said = super::words::words(&self.question.text).join(" ");
        let is_yes = YES.iter().any(|yes| said == *yes || said.starts_with(&format!("{yes} ")));
        let builtin = self.builtin();
        let offers = |language| [Text::Unknown, Text::Trouble].map(|text| builtin.text(text, language));
        small == Some(SmallTalk::Acknowledgement)
            && is_yes
            && Language::ALL.into_iter().flat_map(offers).any(|offer| last.text.contains(&offer))
    }

    fn found(&mut self, retrieval: Retrieval) -> Step {
        if !self.input.has_model {
            return self.commit_builtin(&retrieval, None);
        }
        let brief = prompt::Brief {
            business: &self.input.business,
            prompts: &self.input.prompts,
            contact_name: self.input.contact_name.as_deref(),
            language: self.question.language,
            history: &self.input.history,
            text: &self.question.text,
        };
        let (request, sources) = prompt::answer_request(&brief, &retrieval);
        self.state = State::Asking { retrieval, sources, grounds: request.grounds.clone() };
        Step::Ask(request)
    }

    fn replied(
        &mut self,
        reply: ModelReply,
        retrieval: &Retrieval,
        sources: Vec<Source>,
        grounds: &Grounds,
    ) -> Step {
        let text = without_thoughts(&reply.text).trim();
        if let Err(refusal) = grounds.check(text) {
            return self.commit_builtin(retrieval, Some(refusal));
        }
        let gap = if self.builtin().answer(&self.question, retrieval).known {
            None
        } else {
            Some(self.question.in_context.clone())
        };
        self.end(Outcome {
            reply: text.to_owned(),
            language: self.question.language,
            sources,
            answered_by: AnsweredBy::Model(reply.key),
            gap,
            refused: None,
            newer: self.newer(),
        })
    }

    fn commit_builtin(&mut self, retrieval: &Retrieval, refused: Option<Refusal>) -> Step {
        let answer = self.builtin().answer(&self.question, retrieval);
        let gap = if answer.known { None } else { Some(self.question.in_context.clone()) };
        self.end(Outcome { gap, refused, ..self.outcome(answer) })
    }

    fn commit(&mut self, answer: Answer) -> Step {
        self.end(self.outcome(answer))
    }

    fn outcome(&self, answer: Answer) -> Outcome {
        Outcome {
            reply: answer.reply(),
            language: self.question.language,
            sources: answer.sources,
            answered_by: AnsweredBy::Builtin,
            gap: None,
            refused: None,
            newer: self.newer(),
        }
    }

    fn end(&mut self, outcome: Outcome) -> Step {
        self.state = State::Committing(outcome.clone());
        Step::Commit(outcome)
    }

    fn newer(&self) -> Newer {
        if self.conflicts < MAX_CONFLICTS { Newer::Supersede } else { Newer::Leave }
    }

    fn builtin(&self) -> Builtin<'_> {
        Builtin {
            business: &self.input.business,
            prompts: &self.input.prompts,
            contact_name: self.input.contact_name.as_deref(),
        }
    }
}

/// What a reasoning model says aloud before its answer is not for the customer.
fn without_thoughts(text: &str) -> &str {
    match text.rsplit_once("</think>") {
        Some((_, answer)) => answer,
        None => text,
    }
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
