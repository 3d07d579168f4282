//! Runs one turn against the world.

use crate::{
    clock::{Clock, Ids},
    crash,
    domain::{
        business::Business,
        language::Language,
        tenant::TenantId,
        turn::{Latency, Threat, TurnReport},
    },
    store::{
        StoreError, TenantDb,
        inbox::Claim,
        turn::{Committed, Newer, TurnCommit},
    },
};

/// What a turn of a tenant works with.
#[derive(Debug, Clone)]
pub struct TenantContext {
    /// The tenant.
    pub id: TenantId,
    /// The business it is.
    pub business: Business,
    /// Its database.
    pub db: TenantDb,
    /// How many messages of history a turn sees.
    pub window: u32,
}

/// Why a turn did not commit.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The conversation is somebody else's by now.
    #[error("the lease was lost")]
    LeaseLost,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs turns.
#[derive(Debug, Clone)]
pub struct TurnRunner {
    clock: Clock,
    ids: Ids,
}

impl TurnRunner {
    /// A runner.
    pub fn new(clock: Clock, ids: Ids) -> Self {
        Self { clock, ids }
    }

    /// Runs one turn to its commit.
    pub async fn run(
        &self,
        tenant: &TenantContext,
        claim: Claim,
        owner: &str,
    ) -> Result<TurnReport, RunError> {
        let mut waiting = claim.messages;
        let mut newer = Newer::Supersede;
        loop {
            let reply = waiting.iter().map(|m| m.text.as_str()).collect::<Vec<_>>().join("\n");
            let report = TurnReport {
                tenant: tenant.id.clone(),
                conversation: claim.conversation.clone(),
                turn: self.ids.next("turn"),
                reply: reply.clone(),
                messages: vec![reply],
                language: Language::Es,
                sentiment: 0.0,
                intents: vec![],
                agents: vec![],
                tools: vec![],
                sources: vec![],
                handoff: None,
                lead: None,
                order: None,
                appointment: None,
                threat: Threat::default(),
                answered_by: "builtin".to_owned(),
                latency_ms: Latency::default(),
            };
            let commit = TurnCommit {
                report: report.clone(),
                owner: owner.to_owned(),
                channel: claim.channel,
                contact: claim.contact.clone(),
                answered: waiting.iter().map(|m| m.seq).collect(),
                newer,
                now_ms: self.clock.now_ms(),
            };
            crash::point("turn.before_commit");
            match tenant.db.commit_turn(commit).await? {
                Committed::Done(_) => {
                    crash::point("turn.after_commit");
                    return Ok(report);
                }
                Committed::Superseded(all) => {
                    waiting = all;
                    newer = Newer::Leave;
                }
                Committed::LeaseLost => return Err(RunError::LeaseLost),
            }
        }
    }
}
