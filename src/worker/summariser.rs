//! Sums up quiet conversations, so that the next one knows what the last was about.
//!
//! A model words the summary where there is one, the engine's rules where there is none, it fails, or it writes a figure
//! that nobody said. The vectors are always those of the built-in model: what recalls a summary is compared with them.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::runner::TenantContext;
use crate::{
    clock::Clock,
    crash,
    domain::message::Role,
    engine::{
        guard::Grounds,
        memory::summarise,
        prompt::{ModelRequest, Said, tokens},
    },
    knowledge::{
        embed::{EmbedError, Embedder},
        vectors::pack,
    },
    llm::pool::Pool,
    prompts::{Facts, Task},
    store::{
        StoreError,
        memory::{NewMemory, Stretch},
        usage::KeyUsage,
    },
};

/// Tokens of a transcript that a model is shown: the end of a longer one.
const TRANSCRIPT_TOKENS: usize = 3_000;

/// The longest summary that is taken from a model, in characters.
const MAX_SUMMARY_CHARS: usize = 1_200;

/// The time that a model has for one summary. Nobody waits for it.
const MODEL_TIMEOUT: Duration = Duration::from_secs(30);

/// What a model answers when nothing is worth remembering.
const NOTHING: &str = "-";

/// Why a stretch was not summed up.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The built-in model is damaged.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The work died on its way.
    #[error("summing up was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// Whether a model may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// It may.
    Model,
    /// The tenant has spent what it wants to spend today, or there is none.
    Rules,
}

/// Sums conversations up. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Summariser {
    /// The models.
    pub pool: Arc<Pool>,
    /// Any embedder: its built-in model is used.
    pub embedder: Arc<Embedder>,
    /// The time.
    pub clock: Clock,
}

impl Summariser {
    /// How a tenant's summaries are worded now, with `tokens_per_day` as its limit; 0 is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn wording(&self, tenant: &TenantContext, tokens_per_day: u64) -> Result<Wording, StoreError> {
        if self.pool.is_empty() {
            return Ok(Wording::Rules);
        }
        let spent =
            tokens_per_day > 0 && tenant.db.tokens_today(self.clock.now_ms()).await? >= tokens_per_day;
        Ok(if spent { Wording::Rules } else { Wording::Model })
    }

    /// Sums one stretch up. Says whether a summary was kept: courtesies leave none, nor does what somebody else has
    /// summed up meanwhile.
    ///
    /// # Errors
    /// [`SummaryError`]: the stretch stays to be summed up.
    pub async fn sum_up(
        &self,
        tenant: &TenantContext,
        stretch: &Stretch,
        wording: Wording,
    ) -> Result<bool, SummaryError> {
        let said: Vec<Said> = stretch
            .messages
            .iter()
            .map(|message| Said { role: message.role, text: message.text.clone() })
            .collect();
        let by_rules = summarise(&said);
        let mut text = by_rules.clone();
        if wording == Wording::Model
            && !by_rules.is_empty()
            && let Some(worded) = self.ask(tenant, stretch, &said).await?
        {
            text = worded;
        }
        let memory = if text.is_empty() { None } else { Some(self.memory(text).await?) };
        let is_kept = memory.is_some();
        crash::point("memory.before_keep");
        let is_done = tenant.db.keep_summary(stretch, memory, self.clock.now_ms()).await?;
        Ok(is_kept && is_done)
    }

    /// Asks a model for a summary. None when it gives none that can be used.
    async fn ask(
        &self,
        tenant: &TenantContext,
        stretch: &Stretch,
        said: &[Said],
    ) -> Result<Option<String>, StoreError> {
        let language = stretch.language.unwrap_or(tenant.business.language);
        let facts = Facts {
            business: tenant.business.name.clone(),
            description: tenant.business.description.clone(),
            ..Facts::default()
        };
        let grounds = Arc::new(Grounds::of(said.iter().map(|said| said.text.as_str())));
        let request = ModelRequest {
            system: tenant.prompts.render(Task::Summary, language, &facts),
            messages: vec![Said { role: Role::Customer, text: transcript(said) }],
            tools: Vec::new(),
            rounds: Vec::new(),
            heard: false,
            grounds: grounds.clone(),
        };
        let reply = match self.pool.ask(&request, Instant::now() + MODEL_TIMEOUT, None).await {
            Ok(reply) => reply,
            Err(error) => {
                tracing::warn!(tenant = %tenant.id, conversation = %stretch.conversation, %error, "no model summed up; the rules do");
                return Ok(None);
            }
        };
        let usage = KeyUsage {
            key_id: reply.key,
            prompt_tokens: reply.usage.prompt_tokens,
            completion_tokens: reply.usage.completion_tokens,
        };
        tenant.db.add_usage(&stretch.conversation, vec![usage], self.clock.now_ms()).await?;
        let text = reply.text.rsplit("</think>").next().unwrap_or_default().trim().to_owned();
        if text == NOTHING {
            return Ok(Some(String::new()));
        }
        if let Err(refusal) = grounds.check(&text) {
            tracing::warn!(tenant = %tenant.id, conversation = %stretch.conversation, reason = %refusal, "a model's summary was not used");
            return Ok(None);
        }
        Ok(Some(text).filter(|text| text.chars().count() <= MAX_SUMMARY_CHARS))
    }

    /// The summary with the vectors of the whole and of each of its lines.
    async fn memory(&self, text: String) -> Result<NewMemory, SummaryError> {
        let embedder = self.embedder.clone();
        let made = tokio::task::spawn_blocking(move || {
            let model = embedder.built_in()?;
            let whole = model.embed(&text);
            let lines: Vec<Vec<f32>> = text.lines().map(|line| model.embed(line)).collect();
            Ok(NewMemory { vectors: pack(Some(&whole), &lines).sentences, text })
        });
        made.await?
    }
}

/// What was said, a line each, for a model: the end of it, if it is too long.
fn transcript(said: &[Said]) -> String {
    let mut lines = Vec::new();
    let mut room = TRANSCRIPT_TOKENS;
    for said in said.iter().rev() {
        let text = said.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = format!("{}: {text}", said.role.as_str());
        let cost = tokens(&line);
        if cost > room {
            break;
        }
        room -= cost;
        lines.push(line);
    }
    lines.reverse();
    lines.join("\n")
}
