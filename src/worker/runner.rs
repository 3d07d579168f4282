//! Runs one turn against the world: searches, asks the model, commits, and tells the turn what came of it.
//!
//! The daemon and `iass chat` run their turns here, over the same claims and the same commit. It decides nothing that
//! a customer reads: that is [`Turn`]'s.

mod ask;
mod calls;
mod commit;
mod workbench;

use std::{sync::Arc, time::Duration};

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use self::{calls::Caller, commit::Ended, workbench::Workbench};
use super::{
    attachments::{AttachmentReader, MediaRules},
    observer::Observer,
    trace::Trace,
};
use crate::{
    calendar::RemoteCalendar,
    clock::{Clock, Ids},
    config::tenant::channels::Channels as ChannelsConfig,
    domain::{
        business::Business,
        language::Language,
        tenant::TenantId,
        turn::{Latency, TurnReport},
    },
    engine::{
        desk::Desk,
        turn::{Event, FreshIds, Heard, Said, Standing, Step, Turn, TurnInput},
    },
    knowledge::retrieve::Knowledge,
    llm::{
        account::{Asker, TenantAccount},
        client::{Delta, Listener},
        pool::Pool,
    },
    prompts::Prompts,
    remote::RemoteTools,
    store::{
        StoreError, TenantDb,
        inbox::{Claim, Pending},
        turn_context::TurnContext,
    },
};

/// How often a turn starts over because what it decided on was no longer so.
const MAX_CHANGES: u32 = 8;

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
    /// How it wants its customers served.
    pub desk: Arc<Desk>,
    /// What looks at its customers' messages.
    pub observer: Arc<Observer>,
    /// Where its customers write.
    pub channels: Arc<ChannelsConfig>,
    /// What of its customers' files is read.
    pub media: MediaRules,
    /// The tools of its own servers.
    pub remote: RemoteTools,
    /// Where its appointments are kept, if not in its own database.
    pub calendar: Option<RemoteCalendar>,
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
    /// What the turn decides on never stays the same for long enough.
    #[error("what the turn decides on keeps changing")]
    Restless,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs turns. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TurnRunner {
    pool: Arc<Pool>,
    /// What turns customers' files into words, where there is a channel that has files.
    reader: Option<AttachmentReader>,
    /// The time for one turn, from its begin to its commit.
    deadline: Duration,
    workbench: Workbench,
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
    /// When a person last did something in the conversation.
    owner_ms: i64,
    latency: Latency,
    trace: &'a mut Trace,
}

impl TurnRunner {
    /// A runner that asks the models of `pool` and ends a turn with what there is when `deadline` is over.
    pub fn new(pool: Arc<Pool>, deadline: Duration, clock: Clock, ids: Ids) -> Self {
        Self { pool, reader: None, deadline, workbench: Workbench::of_this_machine(), clock, ids }
    }

    /// With what turns customers' files into words.
    #[must_use]
    pub fn with_reader(self, reader: AttachmentReader) -> Self {
        Self { reader: Some(reader), ..self }
    }

    /// The models that it asks.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
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
        let mut claim = claim;
        let mut messages = std::mem::take(&mut claim.messages);
        self.read_files(tenant, &claim, &mut messages).await;
        claim.messages = messages;
        let result = self.try_run(tenant, &claim, owner, listener, trace).await;
        if let Err(error @ (RunError::Store(_) | RunError::Restless)) = &result {
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
        let mut place = self.workbench.place().await;
        let mut context = self.context(tenant, claim).await?;
        let input = self.input(tenant, claim, &context).await?;
        trace.history = input.history.len();
        let mut running = Running {
            tenant,
            claim,
            owner,
            waiting: claim.messages.clone(),
            owner_ms: context.owner_ms,
            latency: Latency::default(),
            trace,
        };
        let mut heard = false;
        let mut changes = 0;
        let (mut turn, mut step) = Turn::begin(input);
        loop {
            let event = match step {
                Step::Run(call) => {
                    place.leave_for(&call);
                    let contact_id = &context.contact_id;
                    let now_ms = self.clock.now_ms();
                    let caller = Caller { tenant, claim, contact_id, deadline, now_ms };
                    caller.run(call, &mut running.latency, running.trace).await
                }
                Step::Ask(request) => {
                    place.leave();
                    withdraw(&mut heard, listener.as_mut());
                    let asked = Instant::now();
                    let asker = Asker { tenant: &tenant.account, conversation: &claim.conversation };
                    let asking = ask::Asking { pool: &self.pool, asker, request: &request, deadline };
                    let event = asking.ask(listener.as_mut(), &mut heard, running.trace).await;
                    running.latency.llm += milliseconds(asked);
                    event
                }
                Step::Commit(outcome) => {
                    place.leave();
                    running.latency.total = milliseconds(begun);
                    match self.commit(&mut running, *outcome).await? {
                        Ended::Done(report) => return Ok(*report),
                        Ended::WroteOn(messages) => {
                            withdraw(&mut heard, listener.as_mut());
                            deadline = Instant::now() + self.deadline;
                            Event::Conflict(messages)
                        }
                        Ended::Changed if changes >= MAX_CHANGES => return Err(RunError::Restless),
                        Ended::Changed => {
                            changes += 1;
                            withdraw(&mut heard, listener.as_mut());
                            deadline = Instant::now() + self.deadline;
                            place.back().await;
                            context = self.context(tenant, claim).await?;
                            running.owner_ms = context.owner_ms;
                            let mut input = self.input(tenant, claim, &context).await?;
                            input.messages = self::heard(&running.waiting);
                            (turn, step) = Turn::begin(input);
                            continue;
                        }
                    }
                }
            };
            place.back().await;
            step = turn.on(event);
        }
    }

    /// Turns the files of waiting messages into words.
    async fn read_files(&self, tenant: &TenantContext, claim: &Claim, messages: &mut [Pending]) {
        if let Some(reader) = &self.reader {
            let deadline = Instant::now() + self.deadline;
            let language = claim.language.as_deref().and_then(Language::from_code);
            reader.read(tenant, &claim.conversation, claim.channel, language, messages, deadline).await;
        }
    }

    /// How things stand in the conversation.
    async fn context(&self, tenant: &TenantContext, claim: &Claim) -> Result<TurnContext, StoreError> {
        tenant.db.turn_context(&claim.conversation, self.clock.now_ms()).await
    }

    /// What the turn starts from.
    async fn input(
        &self,
        tenant: &TenantContext,
        claim: &Claim,
        context: &TurnContext,
    ) -> Result<TurnInput, StoreError> {
        let history = tenant.db.history(&claim.conversation, tenant.window).await?;
        let now_ms = self.clock.now_ms();
        let has_model = self.pool.serves(&tenant.account);
        let remote_tools = if has_model { tenant.remote.specs().await } else { Vec::new() };
        Ok(TurnInput {
            tenant: tenant.id.clone(),
            now_ms,
            messages: heard(&claim.messages),
            attempts: claim.messages.iter().map(|message| message.attempts).max().unwrap_or_default(),
            history: history.into_iter().map(|said| Said { role: said.role, text: said.text }).collect(),
            contact_name: claim.contact_name.clone(),
            previous_language: claim.language.as_deref().and_then(Language::from_code),
            business: tenant.business.clone(),
            prompts: tenant.prompts.clone(),
            desk: tenant.desk.clone(),
            standing: Standing {
                owner: context.owner,
                owner_for_ms: now_ms.saturating_sub(context.owner_ms),
                fallbacks: context.fallbacks,
                agents: context.agents.clone(),
                lead: context.lead.clone(),
                facts: context.facts.clone(),
                sells: context.sells,
                order: context.order.clone(),
                orders: context.orders.clone(),
                cart: context.cart.clone(),
                booking: context.booking.clone(),
                messages_last_minute: context.messages_last_minute,
                tokens_today: context.tokens_today,
                contact_tokens_today: context.contact_tokens_today,
                contact: claim.contact.clone(),
                phone: claim.channel.phone_of(&claim.contact),
                username: context.username.clone(),
                channel: claim.channel.as_str().to_owned(),
                conversation: claim.conversation.as_str().to_owned(),
            },
            remote_tools: Arc::new(remote_tools),
            fresh: FreshIds {
                lead: self.ids.next("lead"),
                ticket: self.ids.next("ticket"),
                handoff: self.ids.next("handoff"),
                order: order_number(&self.ids.next("order")),
                appointment: self.ids.next("appointment"),
            },
            has_model,
        })
    }
}

/// The number that an order is told by: eight letters and digits that no two orders share in practice, and that cannot
/// be counted up to see other people's.
fn order_number(id: &str) -> String {
    const BYTES: usize = 4;
    let digest = Sha256::digest(id.as_bytes());
    digest.iter().take(BYTES).fold(String::new(), |number, byte| number + &format!("{byte:02X}"))
}

/// Tells a listener that what it heard does not count. Nobody can stop a turn that starts over.
fn withdraw(heard: &mut bool, listener: Option<&mut Listener<'_>>) {
    if std::mem::take(heard)
        && let Some(listener) = listener
    {
        let _stop = listener(Delta::Withdrawn);
    }
}

fn heard(messages: &[Pending]) -> Vec<Heard> {
    messages
        .iter()
        .map(|message| Heard {
            id: message.message_id.clone(),
            text: message.text.clone(),
            unread: message.unread.clone(),
        })
        .collect()
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
