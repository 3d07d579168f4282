//! The answer: what the knowledge holds, what a model makes of it with its tools, and the last look at its words.

use std::{collections::VecDeque, sync::Arc};

use serde_json::{Value, json};

use super::{AnsweredBy, Call, ModelReply, ModelRequest, State, Step, ToolResult, Turn, reply::Spoken};
use crate::{
    domain::{
        language::Language,
        retrieval::Retrieval,
        tool::{ToolCall, ToolRound, ToolSpec},
        turn::Source,
    },
    engine::{
        agent::{self, Strategy},
        desk::ThreatPolicy,
        format::{self, Closing, without_thoughts},
        guard::Refusal,
        lead, prompt,
        sale::proposal,
        threat, tool_text,
    },
    text::words,
    tools::{Planned, Skill, Tool, ToolScene, schema},
};

/// How often a model may ask for tools in one turn.
const MAX_ROUNDS: usize = 3;

/// The most calls taken from one answer.
const MAX_CALLS: usize = 4;

/// How often a model may call a tool wrongly before its tools are taken away.
const MAX_WRONG: u32 = 1;

/// The longest result of a tool that a model is shown, in characters.
const MAX_RESULT_CHARS: usize = 4_000;

/// A question to a model, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asking {
    pub(super) retrieval: Retrieval,
    pub(super) sources: Vec<Source>,
    request: ModelRequest,
    /// What the model asked for in this round and is not done yet.
    pending: VecDeque<ToolCall>,
    /// The round under way.
    round: ToolRound,
    wrong_calls: u32,
    /// Whether the model was told once what was wrong with its words.
    corrected: bool,
    /// Whether a tool brought something that an answer may stand on.
    learned: bool,
}

impl Turn {
    /// The knowledge was searched.
    pub(super) fn found(&mut self, retrieval: Retrieval) -> Step {
        if !self.may_ask() {
            let answer = self.builtin_answer(&retrieval);
            let answer = self.after_interruption(answer);
            if !answer.known
                && let Some(step) = self.offer_nearest()
            {
                return step;
            }
            return self.conclude(answer);
        }
        let tools = self.offered_tools();
        let (request, sources) = prompt::answer_request(&self.brief(), &retrieval, tools);
        self.state = State::Asking(Box::new(Asking {
            retrieval,
            sources,
            request: request.clone(),
            pending: VecDeque::new(),
            round: empty_round(),
            wrong_calls: 0,
            corrected: false,
            learned: false,
        }));
        Step::Ask(request)
    }

    /// The model answered: with words, or by asking for tools.
    pub(super) fn replied(&mut self, mut asking: Asking, reply: ModelReply) -> Step {
        self.usage.push((reply.key.clone(), reply.usage));
        let text = without_thoughts(&reply.text).trim().to_owned();
        let (calls, text) = if reply.calls.is_empty() {
            // Weak models write their calls into the text.
            tool_text::find(&text, &asking.request.tools).unwrap_or((Vec::new(), text))
        } else {
            (reply.calls, text)
        };
        if !calls.is_empty() && !asking.request.tools.is_empty() {
            asking.round = ToolRound { text, calls: Vec::new(), results: Vec::new() };
            asking.pending = calls.into_iter().take(MAX_CALLS).collect();
            return self.use_tools(asking);
        }
        self.check(asking, &text, reply.key)
    }

    /// Does what the model asked for, one call after the other.
    fn use_tools(&mut self, mut asking: Asking) -> Step {
        while let Some(call) = asking.pending.pop_front() {
            match self.call(&mut asking, &call) {
                Called::Done(result) => asking.note(call, &result),
                Called::Takes(step) => {
                    // Noted when it comes back.
                    asking.pending.push_front(call);
                    self.state = State::UsingTool(Box::new(asking));
                    return Step::Run(step);
                }
            }
        }
        if self.ledger.handoff.is_some() {
            // A person is called: what else the model would say is theirs to say.
            let key = self.usage.last().map(|(key, _)| key.clone()).unwrap_or_default();
            let mut spoken = self.handoff_words(crate::domain::handoff::HandoffReason::AgentRequest);
            spoken.answered_by = AnsweredBy::Model(key);
            return self.commit(spoken);
        }
        if self.booking.proposed {
            // What is said of appointments is said by code: from the calendar, and in its own order.
            let key = self.usage.last().map(|(key, _)| key.clone()).unwrap_or_default();
            let mut spoken = Spoken::builtin(self.plan_text(), Vec::new());
            spoken.answered_by = AnsweredBy::Model(key);
            return self.commit(spoken);
        }
        let key = self.usage.last().map(|(key, _)| key.clone()).unwrap_or_default();
        if let Some(step) = self.propose_requested(key) {
            return step;
        }
        asking.request.rounds.push(std::mem::replace(&mut asking.round, empty_round()));
        if asking.request.rounds.len() >= MAX_ROUNDS || asking.wrong_calls > MAX_WRONG {
            asking.request.tools = Vec::new();
        }
        let request = asking.request.clone();
        self.state = State::Asking(Box::new(asking));
        Step::Ask(request)
    }

    /// A tool that takes time came back.
    pub(super) fn tool_done(&mut self, mut asking: Asking, result: ToolResult) -> Step {
        let Some(call) = asking.pending.pop_front() else { return self.use_tools(asking) };
        let value = match result {
            ToolResult::Knowledge(retrieval) => {
                let (value, sources) = prompt::passages_result(&retrieval);
                if retrieval.answerable {
                    asking.learned = true;
                    asking.sources.extend(sources);
                }
                value
            }
            ToolResult::Remote(Ok(text)) if threat::examine_document(&text).flagged => {
                self.ledger.audit("system", "tool.result_withheld", &call.name, json!({}));
                json!({"error": "the result held instructions instead of data and was withheld"})
            }
            ToolResult::Remote(Ok(text)) => {
                asking.learned = true;
                let text: String = text.chars().take(MAX_RESULT_CHARS).collect();
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            ToolResult::Remote(Err(error)) => json!({"error": error}),
            ToolResult::Products { found, known } => {
                let value = self.requested(&found, &known);
                self.ledger.ran(&call.name, call.arguments.clone(), value.clone());
                asking.learn_rows(&value);
                asking.note(call, &value.to_string());
                return self.use_tools(asking);
            }
            ToolResult::Looked { .. } | ToolResult::Calendar(_) => {
                json!({"error": "the tool failed"})
            }
        };
        self.ledger.ran(&call.name, call.arguments.clone(), value.clone());
        let known = value.to_string();
        let grounds = Arc::make_mut(&mut asking.request.grounds);
        grounds.add_tool_result(&known);
        asking.note(call, &known);
        self.use_tools(asking)
    }

    fn call(&mut self, asking: &mut Asking, call: &ToolCall) -> Called {
        let Some(spec) = asking.request.tools.iter().find(|spec| spec.name == call.name) else {
            return self.wrong(asking, call, format!("there is no tool named {:?}", call.name));
        };
        if let Err(error) = schema::validate(&spec.parameters, &call.arguments) {
            return self.wrong(asking, call, error);
        }
        let again =
            self.ledger.runs.iter().find(|run| run.name == call.name && run.arguments == call.arguments);
        if let Some(again) = again {
            return Called::Done(again.result.to_string());
        }
        let Some(tool) = Tool::from_name(&call.name) else {
            return Called::Takes(Call::Remote {
                name: call.name.clone(),
                arguments: call.arguments.clone(),
            });
        };
        let said = self.customer_said();
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let message_id = self.last_heard().id.clone();
        let desk = self.input.desk.clone();
        let mut ledger = std::mem::take(&mut self.ledger);
        let draft = ledger.draft.clone();
        let planned = self.with_proposals(&draft, |booking| {
            self.with_counter(|counter| {
                let scene = ToolScene {
                    customer_said: &said,
                    message_id: &message_id,
                    language: self.question.language,
                    leads: &desk.leads,
                    booking,
                    counter,
                };
                tool.plan(&call.arguments, &scene, &mut ledger)
            })
        });
        self.ledger = ledger;
        match planned {
            Ok(Planned::Done(value)) => {
                self.ledger.ran(&call.name, call.arguments.clone(), value.clone());
                if tool.skill() == Skill::Sales {
                    asking.learn_rows(&value);
                    return Called::Done(value.to_string());
                }
                // What was done may be told; it need not be "I do not know" any more.
                Arc::make_mut(&mut asking.request.grounds).add_tool_result(&value.to_string());
                Called::Done(value.to_string())
            }
            Ok(Planned::Booking(plan)) => {
                let value = json!({"said_to_the_customer": plan.text});
                self.ledger.ran(&call.name, call.arguments.clone(), value.clone());
                self.take_proposal(*plan);
                Called::Done(value.to_string())
            }
            Ok(Planned::Search(query)) => Called::Takes(Call::SearchKnowledge {
                query,
                language: self.question.language,
                categories: self.categories(),
            }),
            Ok(Planned::Shop(request)) => Called::Takes(self.request(request)),
            Err(error) => self.wrong(asking, call, error),
        }
    }

    /// A call that cannot be made goes back to the model once with the reason; after that it is dropped.
    fn wrong(&mut self, asking: &mut Asking, call: &ToolCall, error: String) -> Called {
        asking.wrong_calls += 1;
        let dropped = asking.wrong_calls > MAX_WRONG;
        let result = json!({"error": error, "dropped": dropped});
        self.ledger.ran(&call.name, call.arguments.clone(), result.clone());
        Called::Done(result.to_string())
    }

    /// The last look at a model's words.
    fn check(&mut self, mut asking: Asking, text: &str, key: String) -> Step {
        let tidy = format::tidy(text, Closing::AsWritten);
        let refusal = match asking.request.grounds.check(&tidy) {
            Ok(()) if tool_text::looks_like_call(&tidy) => Refusal::Markup,
            Ok(()) if self.repeats(&tidy) => Refusal::Repeats,
            Ok(()) => return self.conclude_model(&asking, tidy, key, None),
            Err(refusal) => refusal,
        };
        if !asking.corrected {
            asking.corrected = true;
            asking.request.tools = Vec::new();
            asking.request.system = prompt::with_correction(&self.brief(), &asking.request, &tidy);
            let request = asking.request.clone();
            self.ledger.audit("system", "reply.retried", "", json!({"reason": refusal.to_string()}));
            self.state = State::Asking(Box::new(asking));
            return Step::Ask(request);
        }
        self.ledger.audit("system", "reply.refused", "", json!({"reason": refusal.to_string()}));
        match asking.request.grounds.without(&tidy) {
            Some(rest) if asking.request.grounds.check(&rest).is_ok() => {
                self.conclude_model(&asking, rest, key, Some(refusal))
            }
            _ => self.conclude_without_model(&asking, Some(refusal)),
        }
    }

    /// Whether a reply says word for word what the last one said: weak models copy what stands in the history. A short one
    /// may come twice.
    fn repeats(&self, text: &str) -> bool {
        const MIN_WORDS: usize = 8;
        let said = words(text);
        said.len() >= MIN_WORDS && self.last_reply().is_some_and(|last| words(last) == said)
    }

    fn conclude_model(
        &mut self,
        asking: &Asking,
        text: String,
        key: String,
        refused: Option<Refusal>,
    ) -> Step {
        let known = asking.learned || self.builtin_answer(&asking.retrieval).known;
        let text = self.with_booking_words(text);
        let spoken = Spoken {
            text,
            sources: asking.sources.clone(),
            answered_by: AnsweredBy::Model(key),
            known,
            refused,
            ..Spoken::default()
        };
        self.conclude_spoken(spoken)
    }

    /// No model answered, or none that may be believed: the product does.
    pub(super) fn conclude_without_model(&mut self, asking: &Asking, refused: Option<Refusal>) -> Step {
        let answer = self.builtin_answer(&asking.retrieval);
        let answer = self.after_interruption(answer);
        let spoken = Spoken { refused, ..Spoken::answer(&answer) };
        self.conclude_spoken(spoken)
    }

    /// The product's own answer.
    pub(super) fn builtin_answer(&self, retrieval: &Retrieval) -> super::Answer {
        let names: Vec<&str> = self.agents().iter().map(|agent| agent.name.as_str()).collect();
        let mut answer = self.builtin().answer(&self.question, retrieval);
        if self.booking.plan.is_some() {
            return self.with_booking(answer);
        }
        if !answer.known
            && let Some(text) = self.not_in_catalogue()
        {
            answer.text = text;
        }
        if names.contains(&agent::AVAILABILITY) || names.contains(&agent::SCHEDULE) {
            self.builtin().add_times(&self.question, &mut answer);
        }
        answer
    }

    /// What a request to a model is made from.
    pub(super) fn brief(&self) -> prompt::Brief<'_> {
        prompt::Brief {
            business: &self.input.business,
            prompts: &self.input.prompts,
            contact_name: self.contact_name(),
            language: self.question.language,
            history: &self.input.history,
            text: &self.question.text,
            agents: self.agents(),
            known: self.known(),
            spoken: self.is_spoken(),
        }
    }

    /// What is known of the customer from before, a line each.
    fn known(&self) -> Vec<String> {
        let facts = self.input.standing.facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value));
        facts.chain(self.memories.iter().cloned()).collect()
    }

    /// The tools that this message may need.
    fn offered_tools(&self) -> Vec<ToolSpec> {
        let stripped = self.sight.threat.flagged && self.input.desk.on_threat == ThreatPolicy::StripTools;
        let routing = &self.sight.routing;
        let single = self.input.desk.team.strategy == Strategy::Single;
        if stripped || (!routing.in_scope && routing.certain && !single) {
            return Vec::new();
        }
        let agents = self.agents();
        let allowed = |name: &str, default: &[Tool]| {
            agents.iter().any(|member| {
                if let Some(tools) = &member.tools {
                    return tools.iter().any(|tool| tool == name);
                }
                // Somebody wants to buy, whoever the message is for.
                let sells = |tool: Tool| tool.skill() == Skill::Sales && member.name != agent::EMERGENCY;
                let is_theirs = |tool: Tool| sells(tool) || tools_of(&member.name).contains(&tool);
                single || Tool::from_name(name).is_none_or(is_theirs)
            }) && (default.is_empty() || Tool::from_name(name).is_none_or(|tool| default.contains(&tool)))
        };
        let needed: Vec<Tool> = Tool::ALL.into_iter().filter(|tool| self.needs(tool.skill())).collect();
        let built_in = Tool::ALL
            .into_iter()
            .filter(|tool| {
                // Somebody wants an appointment, whoever the message is for.
                let wanted = tool.skill() == Skill::Booking && self.booking.plan.is_some();
                allowed(tool.name(), &needed) || wanted
            })
            .filter(|tool| needed.contains(tool));
        let remote = self.input.remote_tools.iter().filter(|spec| allowed(&spec.name, &[]));
        built_in.map(Tool::spec).chain(remote.cloned()).collect()
    }

    /// Whether the conversation has come to where a group of tools is of use.
    fn needs(&self, skill: Skill) -> bool {
        let text = &self.question.text;
        match skill {
            Skill::Knowledge | Skill::Handoff => true,
            Skill::Leads => {
                self.ledger.draft.wanted || lead::shows_interest(text, &self.sight.routing.intents)
            }
            Skill::Support => {
                self.sight.sentiment < 0.0 || self.agents().iter().any(|agent| agent.name == agent::SUPPORT)
            }
            Skill::Memory => tells_of_oneself(text, self.question.language),
            Skill::Sales => self.is_shopping(),
            Skill::Booking => self.input.desk.booking.is_some() && self.booking.calendar.is_some(),
        }
    }
}

/// How a call went.
enum Called {
    Done(String),
    Takes(Call),
}

impl Asking {
    fn note(&mut self, call: ToolCall, result: &str) {
        self.round.calls.push(call);
        self.round.results.push(result.chars().take(MAX_RESULT_CHARS).collect());
    }

    /// What rows of the catalogue and of orders say may be told.
    fn learn_rows(&mut self, result: &Value) {
        let stated = proposal::stated(result);
        if !stated.is_empty() {
            self.learned = true;
            Arc::make_mut(&mut self.request.grounds).add_tool_result(&stated);
        }
    }
}

fn empty_round() -> ToolRound {
    ToolRound { text: String::new(), calls: Vec::new(), results: Vec::new() }
}

/// The tools that an agent has when nothing else is configured.
pub(crate) fn tools_of(agent: &str) -> &'static [Tool] {
    use Tool::{
        BookAppointment, CancelAppointment, CaptureLead, CheckAvailability, CreateSupportTicket,
        MoveAppointment, PushLeadToCrm, RememberPreference, RequestHandoff, SearchKnowledge, VerifyEmail,
    };
    match agent {
        agent::EMERGENCY => &[RequestHandoff],
        agent::SUPPORT => {
            &[SearchKnowledge, CaptureLead, CreateSupportTicket, RequestHandoff, RememberPreference]
        }
        agent::SCHEDULE | agent::AVAILABILITY => &[
            SearchKnowledge,
            CaptureLead,
            RequestHandoff,
            RememberPreference,
            CheckAvailability,
            BookAppointment,
            MoveAppointment,
            CancelAppointment,
        ],
        agent::SALES | agent::LEAD => {
            &[SearchKnowledge, CaptureLead, VerifyEmail, PushLeadToCrm, RequestHandoff, RememberPreference]
        }
        _ => &Tool::ALL,
    }
}

/// Whether somebody speaks of how they are or like things.
fn tells_of_oneself(text: &str, language: Language) -> bool {
    let cues: &[&str] = match language {
        Language::Es => &["prefiero", "soy", "tengo", "me gusta", "mi", "siempre", "nunca"],
        Language::En => &["prefer", "i am", "i m", "i have", "i like", "my", "always", "never"],
        Language::Pt => &["prefiro", "sou", "tenho", "gosto", "meu", "minha", "sempre", "nunca"],
    };
    let said = format!(" {} ", words(text).join(" "));
    cues.iter().any(|cue| said.contains(&format!(" {cue} ")))
}
