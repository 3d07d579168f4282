//! One contact's conversation at the terminal, over the durable path.

use std::{
    fs::{File, TryLockError},
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::{errands::Errands, screen::Screen};
use crate::{
    cli::{
        context::Context,
        exit::{ExitStatus, Failure},
    },
    clock::{Chance, Clock, Ids},
    config::tenant::TenantConfig,
    domain::{
        contact::Identity,
        conversation::{ChannelKind, ConversationId},
        message::Inbound,
        turn::TurnReport,
    },
    llm::client::Delta,
    notify::Notifier,
    store::{TenantDb, inbox::ClaimRules, outbox::OnUnknown},
    worker::{
        delivery::{Courier, Sender},
        on_unknown,
        runner::{RunError, TenantContext, TurnRunner},
        trace::Trace,
    },
};

/// A chat under way.
pub(super) struct Session {
    tenant: TenantContext,
    runner: TurnRunner,
    contact: String,
    /// The name to call the contact by.
    name: Option<String>,
    rules: ClaimRules,
    screen: Screen,
    clock: Clock,
    ids: Ids,
    /// Held as long as the chat lives: nobody else talks as this contact.
    _lock: File,
}

impl Session {
    /// Takes the contact's conversation, and frees what a chat that was killed still holds of it.
    pub(super) async fn begin(
        context: &Context,
        tenant: TenantContext,
        runner: TurnRunner,
        contact: String,
        name: Option<String>,
        screen: Screen,
    ) -> anyhow::Result<Self> {
        let mark = mark_of(&contact);
        let lock = lock(&tenant.db, &mark, &contact)?;
        // Whoever has the lock is the only owner with this beginning of a name.
        let prefix = format!("terminal:{mark}:");
        tenant.db.release_all(&prefix).await?;
        // A terminal shows what it is given; a reply that may have been shown is better shown twice than never.
        tenant.db.settle_unknown(&prefix, OnUnknown::Resend).await?;
        tenant.db.settle_unknown_deliveries(&prefix, on_unknown(&context.config)).await?;
        let rules = ClaimRules {
            owner: context.ids.next(&prefix),
            channels: vec![ChannelKind::Terminal],
            lease_ms: i64::try_from(context.config.worker.lease.as_millis()).unwrap_or(i64::MAX),
            max_burst_ms: 0,
            limit: 1,
        };
        let (clock, ids) = (context.clock.clone(), context.ids.clone());
        Ok(Self { tenant, runner, contact, name, rules, screen, clock, ids, _lock: lock })
    }

    /// What tells the business of this chat's turns.
    pub(super) fn errands(
        &self,
        context: &Context,
        config: Arc<TenantConfig>,
        notifier: Notifier,
    ) -> Errands {
        let (owner, clock) = (self.rules.owner.clone(), self.clock.clone());
        let courier = Courier { notifier, owner, clock, chance: Chance::System };
        let TenantContext { id, db, prompts, .. } = self.tenant.clone();
        Errands::begin(courier, Sender { id, db, config, prompts }, context.config.clone())
    }

    /// Answers what an earlier chat left unanswered and shows what it left unshown.
    pub(super) async fn finish_earlier(&mut self) -> anyhow::Result<()> {
        let conversation = self.tenant.db.conversation_of(ChannelKind::Terminal, &self.contact).await?;
        if let Some(conversation) = conversation {
            self.answer(&conversation).await?;
        }
        Ok(())
    }

    /// Sends a message and shows the reply.
    pub(super) async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let message = Inbound {
            channel: ChannelKind::Terminal,
            message_id: self.ids.next("terminal"),
            contact: self.contact.clone(),
            contact_name: self.name.clone(),
            text: text.to_owned(),
            attachments: Vec::new(),
            route: None,
            source: None,
            identity: Identity::default(),
            quiet_ms: 0,
        };
        let accepted = self
            .tenant
            .db
            .accept(vec![message], &self.clock, &self.ids)
            .await
            .map_err(anyhow::Error::new)
            .context("the message could not be stored")?;
        for accepted in accepted {
            self.answer(&accepted.conversation).await?;
        }
        Ok(())
    }

    /// Runs turns until nothing waits, and shows all replies of the conversation that were not shown yet.
    async fn answer(&mut self, conversation: &ConversationId) -> anyhow::Result<()> {
        self.show_replies(conversation, None).await?;
        loop {
            let now_ms = self.clock.now_ms();
            let claim = self.tenant.db.claim_conversation(conversation, &self.rules, now_ms).await?;
            let Some(claim) = claim else { return Ok(()) };
            let mut trace = Trace::default();
            let mut lost = None;
            let screen = &mut self.screen;
            let streams = screen.streams();
            let mut listen = |delta: Delta<'_>| {
                let shown = match delta {
                    Delta::Text(text) => screen.part(text),
                    Delta::Withdrawn => screen.withdraw(),
                };
                match shown {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        lost = Some(error);
                        ControlFlow::Break(())
                    }
                }
            };
            let ran = if streams {
                self.runner
                    .run_traced(&self.tenant, claim, &self.rules.owner, Some(&mut listen), &mut trace)
                    .await
            } else {
                self.runner.run_traced(&self.tenant, claim, &self.rules.owner, None, &mut trace).await
            };
            if let Some(error) = lost {
                return Err(error.into());
            }
            match ran {
                Ok(report) => {
                    self.screen.model_failed(&trace);
                    if report.messages.is_empty() {
                        self.screen.silence(conversation, self.tenant.id.as_str());
                        self.screen.turn(&report, Some(&trace))?;
                    }
                    self.show_replies(conversation, Some((&report, &trace))).await?;
                }
                Err(RunError::LeaseLost) => return Ok(()),
                Err(error) => {
                    return Err(anyhow::Error::new(error).context(
                        "the message is stored, but could not be answered; the next chat answers it",
                    ));
                }
            }
        }
    }

    /// Shows the replies that wait and marks each as sent.
    async fn show_replies(
        &mut self,
        conversation: &ConversationId,
        just_run: Option<(&TurnReport, &Trace)>,
    ) -> anyhow::Result<()> {
        loop {
            let db = &self.tenant.db;
            let claimed = db.claim_reply_of(&self.rules.owner, conversation, self.clock.now_ms()).await?;
            let Some(reply) = claimed else { return Ok(()) };
            let just_run = just_run.filter(|(report, _)| Some(&report.turn) == reply.turn.as_ref());
            let stored = match &reply.turn {
                Some(turn) if just_run.is_none() => db.turn_report(turn).await?,
                _ => None,
            };
            let report = just_run.map(|(report, _)| report).or(stored.as_ref());
            self.screen.reply(&reply.text, report)?;
            if let Some(report) = report {
                self.screen.turn(report, just_run.map(|(_, trace)| trace))?;
            }
            db.mark_sent(reply.seq, None, self.clock.now_ms()).await?;
        }
    }
}

/// What stands for a contact in names of files and owners.
fn mark_of(contact: &str) -> String {
    /// Enough of the digest to tell the contacts of a tenant apart.
    const BYTES: usize = 6;
    let digest = Sha256::digest(contact.as_bytes());
    digest.iter().take(BYTES).fold(String::new(), |mark, byte| mark + &format!("{byte:02x}"))
}

/// Takes the contact for this process. The lock ends with the process, however that ends.
fn lock(db: &TenantDb, mark: &str, contact: &str) -> anyhow::Result<File> {
    let mut path = db.path().as_os_str().to_owned();
    path.push(format!(".chat-{mark}.lock"));
    let path = PathBuf::from(path);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let message = format!("another `iass chat` is talking as \"{contact}\"");
            Err(Failure::new(ExitStatus::TryAgain, message)
                .hint("leave that one, or use --contact NAME")
                .into())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}
