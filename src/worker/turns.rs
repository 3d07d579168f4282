//! What answers a claimed conversation.

use super::runner::{RunError, TenantContext, TurnRunner};
use crate::{domain::turn::TurnReport, store::inbox::Claim};

/// What answers a claimed conversation.
#[derive(Debug, Clone)]
pub enum Turns {
    /// The engine.
    Engine(TurnRunner),
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
