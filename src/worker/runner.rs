//! Runs one turn against the world: searches, asks the model, commits, and tells the turn what came of it.
//!
//! The daemon and `iass chat` run their turns here, over the same claims and the same commit. It decides nothing that
//! a customer reads: that is [`Turn`]'s.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::trace::Trace;
use crate::{
    clock::{Clock, Ids},
    crash,
    domain::{
        business::Business,
        language::Language,
        retrieval::Retrieval,
        tenant::TenantId,
        turn::{Latency, Threat, TurnReport},
    },
    engine::turn::{AnsweredBy, Call, Event, ModelRequest, Outcome, Said, Step, ToolResult, Turn, TurnInput},
    knowledge::retrieve::{Knowledge, KnowledgeError, SearchOptions},
    llm::{
        account::{Asker, TenantAccount},
        client::{Delta, Listener},
        pool::Pool,
    },
    prompts::Prompts,
    store::{
        StoreError, TenantDb,
        inbox::{Claim, Pending},
        turn::{Committed, TurnCommit},
    },
};

/// Passages that a turn looks at.
const PASSAGES: usize = 6;

/// The longest a search may take. It is milliseconds; this is for a disk that hangs.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(10);

/// What `answered_by` says when no model did.
const BUILTIN: &str = "builtin";

/// What a turn of a tenant works with.
#[derive(Debug, Clone)]
pub struct TenantContext {
    /// The tenant.
    pub id: TenantId,
    /// The business it is.
    pub business: Arc<Business>,
    /// Its database.
    pub db: TenantDb,
    /// What it knows.
    pub knowledge: Knowledge,
    /// Its words.
    pub prompts: Arc<Prompts>,
    /// What it is to the pool of models.
    pub account: Arc<TenantAccount>,
    /// How many messages of history a turn sees.
    pub window: u32,
}

/// Why a turn did not commit. The claim was let go, so that the messages are taken up again.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The conversation is somebody else's by now: there is nothing to do.
    #[error("the lease was lost")]
    LeaseLost,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs turns. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TurnRunner {
    pool: Arc<Pool>,
    /// The time for one turn, from its begin to its commit.
    deadline: Duration,
    clock: Clock,
    ids: Ids,
}

/// One turn under way.
struct Running<'a> {
    tenant: &'a TenantContext,
    claim: &'a Claim,
    owner: &'a str,
    /// The messages that the turn answers.
    waiting: Vec<Pending>,
    latency: Latency,
    trace: &'a mut Trace,
}

impl TurnRunner {
    /// A runner that asks the models of `pool` and ends a turn with what there is when `deadline` is over.
    pub fn new(pool: Arc<Pool>, deadline: Duration, clock: Clock, ids: Ids) -> Self {
        Self { pool, deadline, clock, ids }
    }

    /// Runs one turn to its commit. `listener` hears a model's answer while it is written; only words that have a
    /// source reach it.
    ///
    /// # Errors
    /// [`RunError`]: nothing was committed, and the claim is let go.
    pub async fn run(
        &self,
        tenant: &TenantContext,
        claim: Claim,
        owner: &str,
        listener: Option<Listener<'_>>,
    ) -> Result<TurnReport, RunError> {
        self.run_traced(tenant, claim, owner, listener, &mut Trace::default()).await
    }

    /// The same, noting in `trace` how it went.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_traced(
        &self,
        tenant: &TenantContext,
        claim: Claim,
        owner: &str,
        listener: Option<Listener<'_>>,
        trace: &mut Trace,
    ) -> Result<TurnReport, RunError> {
        let result = self.try_run(tenant, &claim, owner, listener, trace).await;
        if let Err(RunError::Store(error)) = &result {
            tracing::warn!(tenant = %tenant.id, conversation = %claim.conversation, %error, "a turn did not commit");
            // When even this fails the lease runs out by itself.
            drop(tenant.db.release(&claim.conversation, owner).await);
        }
        result
    }

    async fn try_run(
        &self,
        tenant: &TenantContext,
        claim: &Claim,
        owner: &str,
        mut listener: Option<Listener<'_>>,
        trace: &mut Trace,
    ) -> Result<TurnReport, RunError> {
        let begun = Instant::now();
        let mut deadline = begun + self.deadline;
        let history = tenant.db.history(&claim.conversation, tenant.window).await?;
        let input = TurnInput {
            messages: texts(&claim.messages),
            attempts: claim.messages.iter().map(|message| message.attempts).max().unwrap_or_default(),
            history: history.into_iter().map(|said| Said { role: said.role, text: said.text }).collect(),
            contact_name: claim.contact_name.clone(),
            previous_language: claim.language.as_deref().and_then(Language::from_code),
            business: tenant.business.clone(),
            prompts: tenant.prompts.clone(),
            has_model: self.pool.serves(&tenant.account),
        };
        trace.history = input.history.len();
        let mut running = Running {
            tenant,
            claim,
            owner,
            waiting: claim.messages.clone(),
            latency: Latency::default(),
            trace,
        };
        let (mut turn, mut step) = Turn::begin(input);
        loop {
            let event = match step {
                Step::Run(call) => running.run_tool(call).await,
                Step::Ask(request) => {
                    let asked = Instant::now();
                    let asker = Asker { tenant: &tenant.account, conversation: &claim.conversation };
                    let event = self.ask(&asker, &request, deadline, listener.as_mut(), running.trace).await;
                    running.latency.llm += milliseconds(asked);
                    event
                }
                Step::Commit(outcome) => {
                    running.latency.total = milliseconds(begun);
                    match self.commit(&mut running, outcome).await? {
                        Ended::Done(report) => return Ok(*report),
                        Ended::WroteOn(messages) => {
                            if let Some(listener) = &mut listener {
                                // Nobody can stop a turn that starts over.
                                let _stop = listener(Delta::Withdrawn);
                            }
                            deadline = Instant::now() + self.deadline;
                            Event::Conflict(messages)
                        }
                    }
                }
            };
            step = turn.on(event);
        }
    }

    /// Asks the model. What it writes is heard only as far as every figure in it has a source.
    async fn ask(
        &self,
        asker: &Asker<'_>,
        request: &ModelRequest,
        deadline: Instant,
        listener: Option<&mut Listener<'_>>,
        trace: &mut Trace,
    ) -> Event {
        trace.prompt_tokens = request.tokens();
        let answer = match listener.filter(|_| request.grounds.allows_parts()) {
            None => self.pool.ask(asker, request, deadline, None).await,
            Some(listener) => {
                let mut written = String::new();
                let mut told = 0;
                let mut hear = |delta: Delta<'_>| -> ControlFlow<()> {
                    let Delta::Text(text) = delta else {
                        written.clear();
                        told = 0;
                        return listener(delta);
                    };
                    written.push_str(text);
                    // A figure is whole only when something stands behind it.
                    let whole = written.rfind(char::is_whitespace).unwrap_or_default();
                    let Some(part) = written.get(..whole).filter(|_| whole > told) else {
                        return ControlFlow::Continue(());
                    };
                    if part.trim_start().starts_with("<think>") && !part.contains("</think>") {
                        return ControlFlow::Continue(());
                    }
                    if request.grounds.check_facts(part).is_err() {
                        return ControlFlow::Break(());
                    }
                    let new = part.get(told..).unwrap_or_default();
                    told = whole;
                    listener(Delta::Text(new))
                };
                let answer = self.pool.ask(asker, request, deadline, Some(&mut hear)).await;
                if answer.is_ok() && request.grounds.check_facts(&written).is_ok() {
                    // The last word had nothing behind it. Whether the listener still listens no longer matters.
                    let _stop = listener(Delta::Text(written.get(told..).unwrap_or_default()));
                }
                answer
            }
        };
        match answer {
            Ok(reply) => Event::Replied(reply),
            Err(error) => {
                trace.model_error = Some(error.to_string());
                if Instant::now() >= deadline { Event::OutOfTime } else { Event::Failed }
            }
        }
    }

    async fn commit(&self, running: &mut Running<'_>, outcome: Outcome) -> Result<Ended, RunError> {
        let (tenant, claim) = (running.tenant, running.claim);
        if let Some(refused) = &outcome.refused {
            tracing::warn!(tenant = %tenant.id, reason = %refused, "a model's reply was not used");
            running.trace.refused = Some(refused.to_string());
        }
        let report = TurnReport {
            tenant: tenant.id.clone(),
            conversation: claim.conversation.clone(),
            turn: self.ids.next("turn"),
            reply: outcome.reply.clone(),
            messages: vec![outcome.reply],
            language: outcome.language,
            sentiment: 0.0,
            intents: Vec::new(),
            agents: Vec::new(),
            tools: Vec::new(),
            sources: outcome.sources,
            handoff: None,
            lead: None,
            order: None,
            appointment: None,
            threat: Threat::default(),
            answered_by: match outcome.answered_by {
                AnsweredBy::Builtin => BUILTIN.to_owned(),
                AnsweredBy::Model(key) => key,
            },
            latency_ms: running.latency,
        };
        let commit = TurnCommit {
            report: report.clone(),
            owner: running.owner.to_owned(),
            channel: claim.channel,
            contact: claim.contact.clone(),
            answered: running.waiting.iter().map(|message| message.seq).collect(),
            newer: outcome.newer,
            now_ms: self.clock.now_ms(),
        };
        crash::point("turn.before_commit");
        match tenant.db.commit_turn(commit).await? {
            Committed::Done(_) => {
                crash::point("turn.after_commit");
                if let Some(question) = outcome.gap {
                    self.note_gap(tenant, question, running.trace.confidence).await;
                }
                Ok(Ended::Done(Box::new(report)))
            }
            Committed::Superseded(all) => {
                running.waiting = all;
                Ok(Ended::WroteOn(texts(&running.waiting)))
            }
            Committed::LeaseLost => Err(RunError::LeaseLost),
        }
    }

    /// Notes a question that nobody had an answer to. The customer has the reply already, so a failure is only told.
    async fn note_gap(&self, tenant: &TenantContext, question: String, confidence: f32) {
        let (db, now_ms) = (tenant.db.clone(), self.clock.now_ms());
        let noted = tokio::task::spawn_blocking(move || {
            let normalized = crate::engine::words::words(&question).join(" ");
            db.record_gap(&question, &normalized, confidence, now_ms)
        });
        match noted.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(tenant = %tenant.id, %error, "a knowledge gap was not noted"),
            Err(error) => tracing::warn!(tenant = %tenant.id, %error, "a knowledge gap was not noted"),
        }
    }
}

/// How a commit ended.
enum Ended {
    Done(Box<TurnReport>),
    /// The customer wrote on: all messages that wait now.
    WroteOn(Vec<String>),
}

impl Running<'_> {
    async fn run_tool(&mut self, call: Call) -> Event {
        let begun = Instant::now();
        let event = match call {
            Call::SearchKnowledge { query, language } => {
                self.trace.query.clone_from(&query);
                let options = SearchOptions { k: PASSAGES, language: Some(language), categories: Vec::new() };
                match search(&self.tenant.knowledge, query, options).await {
                    Ok(retrieval) => {
                        self.trace.confidence = retrieval.confidence;
                        self.trace.answerable = retrieval.answerable;
                        self.trace.passages.clone_from(&retrieval.passages);
                        Event::ToolsDone(ToolResult::Knowledge(retrieval))
                    }
                    Err(error) => {
                        tracing::error!(tenant = %self.tenant.id, %error, "the knowledge cannot be searched");
                        Event::Failed
                    }
                }
            }
        };
        self.latency.retrieval += milliseconds(begun);
        event
    }
}

async fn search(
    knowledge: &Knowledge,
    query: String,
    options: SearchOptions,
) -> Result<Retrieval, KnowledgeError> {
    tokio::time::timeout(SEARCH_TIMEOUT, knowledge.search_async(query, options))
        .await
        .unwrap_or_else(|_| Err(KnowledgeError::Interrupted("it took too long".to_owned())))
}

fn texts(messages: &[Pending]) -> Vec<String> {
    messages.iter().map(|message| message.text.clone()).collect()
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
