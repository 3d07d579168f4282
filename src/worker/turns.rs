//! What answers a claimed conversation.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    attachments::AttachmentReader,
    runner::{RunError, TenantContext, TurnRunner},
};
use crate::{
    clock::{Clock, Ids},
    config::{Config, live::LiveConfig},
    domain::{conversation::ChannelKind, turn::TurnReport},
    llm::{client::Delta, pool::Pool},
    store::inbox::Claim,
};

/// What answers a claimed conversation.
#[derive(Debug, Clone)]
pub enum Turns {
    /// The engine.
    Engine(LiveRunner),
    /// What a test says.
    #[cfg(test)]
    Scripted(super::tests::Script),
}

impl Turns {
    pub(super) async fn run(
        &self,
        tenant: &TenantContext,
        claim: Claim,
        owner: &str,
    ) -> Result<TurnReport, RunError> {
        match self {
            Self::Engine(runner) => runner.run(tenant, claim, owner).await,
            #[cfg(test)]
            Self::Scripted(script) => script.run(tenant, claim, owner).await,
        }
    }
}

/// The runner of the configuration in force: a reload gives the next turns the new times. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LiveRunner {
    live: Arc<LiveConfig>,
    pool: Arc<Pool>,
    reader: AttachmentReader,
    clock: Clock,
    ids: Ids,
    /// Guards the configuration that the runner was made of, and the runner.
    made: Arc<Mutex<Option<Made>>>,
}

/// A runner and the configuration it was made of.
type Made = (Arc<Config>, TurnRunner);

impl LiveRunner {
    /// A runner of the configuration in force that asks the models of `pool`.
    pub fn new(
        live: Arc<LiveConfig>,
        pool: Arc<Pool>,
        reader: AttachmentReader,
        clock: Clock,
        ids: Ids,
    ) -> Self {
        Self { live, pool, reader, clock, ids, made: Arc::default() }
    }

    /// The models of the configuration in force.
    pub(super) fn pool(&self) -> Arc<Pool> {
        self.get().pool().clone()
    }

    /// Runs one turn. A visitor of the business's site watches the answer while it is written. A conversation that is a
    /// person's now gives its place at a model to another.
    async fn run(&self, tenant: &TenantContext, claim: Claim, owner: &str) -> Result<TurnReport, RunError> {
        let (runner, conversation) = (self.get(), claim.conversation.clone());
        let report = if claim.channel == ChannelKind::Web {
            let draft = self.reader.channels.web.begin(&tenant.id, &claim.contact, &conversation);
            let mut hear = |delta: Delta<'_>| draft.hear(delta);
            let report = runner.run(tenant, claim, owner, Some(&mut hear)).await?;
            draft.finish();
            report
        } else {
            runner.run(tenant, claim, owner, None).await?
        };
        if report.handoff.is_some() {
            self.pool.release(&tenant.id, &conversation);
        }
        Ok(report)
    }

    fn get(&self) -> TurnRunner {
        let config = self.live.get();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, runner)) = &*made
            && Arc::ptr_eq(of, &config)
        {
            return runner.clone();
        }
        let deadline = config.worker.turn_deadline;
        let runner = TurnRunner::new(self.pool.clone(), deadline, self.clock.clone(), self.ids.clone())
            .with_reader(self.reader.clone());
        *made = Some((config, runner.clone()));
        runner
    }
}
