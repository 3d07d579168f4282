//! The end of a turn: what was decided becomes a report and one transaction, or the turn learns why not.

use super::{BUILTIN, RunError, Running, TenantContext, TurnRunner, heard};
use crate::{
    crash,
    domain::{
        lead::LeadRecord,
        turn::{Handoff, TurnReport},
    },
    engine::turn::{AnsweredBy, Heard, LeadTouched, Outcome},
    store::{
        inbox::{Claim, Pending},
        turn::{Committed, TurnCommit},
        usage::KeyUsage,
    },
    text::words,
};

/// How a commit ended.
pub(super) enum Ended {
    Done(Box<TurnReport>),
    /// The customer wrote on: all messages that wait now.
    WroteOn(Vec<Heard>),
    /// A person took the conversation or gave it back, or what the turn decided on is no longer so.
    Changed,
}

impl TurnRunner {
    /// A lead that a turn touched, as its report shows it.
    fn lead(&self, tenant: &TenantContext, claim: &Claim, touched: &LeadTouched) -> serde_json::Value {
        let now_ms = self.clock.now_ms();
        let record = LeadRecord {
            id: touched.id.clone(),
            contact_id: String::new(),
            conversation: claim.conversation.clone(),
            draft: touched.draft.clone(),
            completed_ms: touched.complete.then_some(now_ms),
            created_ms: now_ms,
            updated_ms: now_ms,
        };
        serde_json::json!(record.public(&tenant.id))
    }

    pub(super) async fn commit(
        &self,
        running: &mut Running<'_>,
        outcome: Outcome,
    ) -> Result<Ended, RunError> {
        let (tenant, claim) = (running.tenant, running.claim);
        if let Some(refused) = &outcome.refused {
            tracing::warn!(tenant = %tenant.id, reason = %refused, "a model's reply was not used");
            running.trace.refused = Some(refused.to_string());
        }
        let handoff = outcome.handoff.map(|reason| Handoff { reason: reason.as_str().to_owned() });
        let lead = outcome.lead.as_ref().map(|touched| self.lead(tenant, claim, touched));
        let messages = if outcome.reply.is_empty() { Vec::new() } else { vec![outcome.reply.clone()] };
        let report = TurnReport {
            tenant: tenant.id.clone(),
            conversation: claim.conversation.clone(),
            turn: self.ids.next("turn"),
            reply: outcome.reply,
            messages,
            choices: outcome.choices,
            language: outcome.language,
            sentiment: outcome.sight.sentiment,
            intents: outcome.sight.routing.intents,
            agents: outcome.agents,
            tools: outcome.tools,
            sources: outcome.sources,
            handoff,
            lead,
            order: outcome.order.map(|order| serde_json::json!(order)),
            appointment: outcome.appointment.map(|appointment| serde_json::json!(appointment)),
            threat: outcome.sight.threat,
            answered_by: match outcome.answered_by {
                AnsweredBy::Builtin => BUILTIN.to_owned(),
                AnsweredBy::Model(key) => key,
            },
            latency_ms: running.latency,
        };
        let usage = outcome
            .usage
            .into_iter()
            .map(|(key_id, usage)| KeyUsage {
                key_id,
                prompt_tokens: usage.prompt_tokens,
                completion_tokens: usage.completion_tokens,
            })
            .collect();
        let commit = TurnCommit {
            report: report.clone(),
            owner: running.owner.to_owned(),
            answered: running.waiting.iter().map(|message| message.seq).collect(),
            newer: outcome.newer,
            owner_ms: running.owner_ms,
            effects: outcome.effects,
            fallbacks: outcome.fallbacks,
            returned: outcome.returned,
            agents: report.agents.clone(),
            usage,
            ids: self.ids.clone(),
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
            Committed::Superseded(mut all) => {
                for message in &mut all {
                    let same = |known: &&Pending| known.seq == message.seq;
                    if let Some(known) = running.waiting.iter().find(same) {
                        message.clone_from(known);
                    }
                }
                self.read_files(tenant, claim, &mut all).await;
                running.waiting = all;
                Ok(Ended::WroteOn(heard(&running.waiting)))
            }
            Committed::OwnerChanged | Committed::Stale => Ok(Ended::Changed),
            Committed::LeaseLost => Err(RunError::LeaseLost),
        }
    }

    /// Notes a question that nobody had an answer to. The customer has the reply already, so a failure is only told.
    async fn note_gap(&self, tenant: &TenantContext, question: String, confidence: f32) {
        let (db, now_ms) = (tenant.db.clone(), self.clock.now_ms());
        let noted = tokio::task::spawn_blocking(move || {
            let normalized = words(&question).join(" ");
            db.record_gap(&question, &normalized, confidence, now_ms)
        });
        match noted.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(tenant = %tenant.id, %error, "a knowledge gap was not noted"),
            Err(error) => tracing::warn!(tenant = %tenant.id, %error, "a knowledge gap was not noted"),
        }
    }
}
