//! Questions that only one key can answer, because of the model behind it: voice notes and pictures.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::{
    Pool,
    ask::{END_MARGIN, Hold, MIN_ATTEMPT},
    assignment::{Seat, Verdict},
    failure::ForKey,
};
use crate::{
    config::llm::{Llm, MediaModel},
    domain::{conversation::ConversationId, cost::Cost},
    engine::{prompt::tokens, turn::Usage},
    llm::{
        account::{Asker, TenantAccount},
        answer::Answer,
        client::{KeyClient, Manner, Picture, Recording},
        error::LlmError,
    },
    store::budget::{Amount, KeySpending},
};

/// Requests that are sent for one file at most.
const MAX_ATTEMPTS: usize = 3;

/// How long a file may take at least, whatever an answer may: listening takes longer than writing.
const MIN_TIMEOUT: Duration = Duration::from_secs(60);

/// What a picture is charged as, in tokens: that of a large one at most providers.
const PICTURE_TOKENS: u64 = 1_600;

/// What is to be read.
pub(in crate::llm) enum Task<'a> {
    /// A recording of some length is written down.
    Hear { recording: Recording, length: Duration },
    /// A picture is described.
    See { rules: &'a str, question: &'a str, picture: Picture<'a> },
}

/// What an answer brought and took.
struct Got {
    text: String,
    usage: Usage,
    cost: Cost,
}

impl Task<'_> {
    /// What it may cost at most.
    fn most(&self, model: &MediaModel, settings: &Llm) -> Amount {
        let price = settings.prices.of(&model.model);
        match self {
            Self::Hear { length, .. } => Amount { tokens: 0, cost: price.of_sound(whole_ms(*length)) },
            Self::See { .. } => {
                let (prompt, answer) = (self.prompt_tokens(), u64::from(settings.max_output_tokens));
                Amount { tokens: prompt + answer, cost: price.of_tokens(prompt, answer) }
            }
        }
    }

    fn prompt_tokens(&self) -> u64 {
        match self {
            Self::Hear { .. } => 0,
            Self::See { rules, question, .. } => {
                u64::try_from(tokens(rules) + tokens(question)).unwrap_or(u64::MAX) + PICTURE_TOKENS
            }
        }
    }

    /// Asks once.
    async fn ask(&self, client: &KeyClient, model: &MediaModel, settings: &Llm) -> Result<Got, LlmError> {
        let price = settings.prices.of(&model.model);
        match self {
            Self::Hear { recording, length } => {
                let text = client.transcribe(recording.clone(), &model.model).await?;
                Ok(Got { text, usage: Usage::default(), cost: price.of_sound(whole_ms(*length)) })
            }
            Self::See { rules, question, picture } => {
                let manner = Manner {
                    model: &model.model,
                    temperature: settings.temperature,
                    max_tokens: settings.max_output_tokens,
                    stream: false,
                };
                let Answer { text, usage, .. } = client.look(rules, question, *picture, manner).await?;
                let written = u64::try_from(tokens(&text)).unwrap_or(u64::MAX);
                let usage = if usage == Usage::default() {
                    Usage { prompt_tokens: self.prompt_tokens(), completion_tokens: written }
                } else {
                    usage
                };
                let cost = price.of_tokens(usage.prompt_tokens, usage.completion_tokens);
                Ok(Got { text, usage, cost })
            }
        }
    }
}

fn whole_ms(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

impl Pool {
    /// The model that writes down voice notes, if the tenant may use it.
    pub(in crate::llm) fn speech_model(&self, tenant: &TenantAccount) -> Option<MediaModel> {
        self.state().settings.speech.clone().filter(|_| tenant.shared_keys())
    }

    /// The model that looks at pictures, if the tenant may use it.
    pub(in crate::llm) fn vision_model(&self, tenant: &TenantAccount) -> Option<MediaModel> {
        self.state().settings.vision.clone().filter(|_| tenant.shared_keys())
    }

    /// Asks the key of a model until it answers, it cannot, or the time is over. Returns the words and the key's id.
    pub(in crate::llm) async fn read_media(
        &self,
        asker: &Asker<'_>,
        model: &MediaModel,
        task: Task<'_>,
        deadline: Instant,
    ) -> Result<(String, String), LlmError> {
        let settings = self.state().settings.clone();
        let lasts = deadline.saturating_duration_since(Instant::now());
        let most = task.most(model, &settings);
        let reservation = asker.tenant.reserve(most, lasts, &self.clock, &self.alerts).await?;
        let answered = self.try_one(asker, model, &settings, &task, deadline).await;
        let spending = answered.iter().map(|(got, key)| KeySpending {
            key_id: key.clone(),
            calls: 1,
            prompt_tokens: got.usage.prompt_tokens,
            completion_tokens: got.usage.completion_tokens,
            cost: got.cost,
        });
        asker.tenant.settle(reservation, spending.collect(), &self.clock, &self.alerts).await;
        if let Ok((got, key)) = &answered {
            let labels = [("tenant", asker.tenant.id().as_str()), ("key", key.as_str())];
            self.count_spending(&settings, &labels, got.usage, got.cost);
        }
        answered.map(|(got, key)| (got.text, key))
    }

    async fn try_one(
        &self,
        asker: &Asker<'_>,
        model: &MediaModel,
        settings: &Llm,
        task: &Task<'_>,
        deadline: Instant,
    ) -> Result<(Got, String), LlmError> {
        // Of no conversation: a file is read once, and no prompt is cached for it.
        let seat = Seat { tenant: asker.tenant.id().clone(), conversation: ConversationId::new("media") };
        let deadline = deadline - END_MARGIN;
        let mut waited_until = Instant::now() + settings.wait_for_key;
        let mut last = None;
        for _ in 0..MAX_ATTEMPTS {
            let left = deadline.saturating_duration_since(Instant::now());
            if left < MIN_ATTEMPT {
                return Err(last.unwrap_or(LlmError::Timeout));
            }
            let latest = waited_until.min(deadline - MIN_ATTEMPT);
            let mut hold = match self.acquire_key(&model.key, &seat, latest).await {
                Ok(hold) => hold,
                Err(none) => return Err(last.unwrap_or(none)),
            };
            let begun = Instant::now();
            hold.was_sent = true;
            let limit = deadline.saturating_duration_since(begun).min(settings.timeout.max(MIN_TIMEOUT));
            let answer = timeout(limit, task.ask(&hold.client, model, settings)).await;
            let answer = answer.unwrap_or(Err(LlmError::Timeout));
            let key = hold.client.id().to_owned();
            let took = begun.elapsed();
            waited_until += took;
            match answer {
                Ok(got) => {
                    self.settle(&mut hold, Ok(()), None, took);
                    return Ok((got, key));
                }
                // A file that is broken or empty says nothing about the key.
                Err(error @ (LlmError::Refused(_) | LlmError::BadAnswer | LlmError::ContextTooLong)) => {
                    self.settle(&mut hold, Err(&error), Some(ForKey::Keep), took);
                    return Err(error);
                }
                Err(error) => {
                    self.settle(&mut hold, Err(&error), None, took);
                    if error == LlmError::ContentFilter {
                        return Err(error);
                    }
                    last = Some(error);
                }
            }
        }
        Err(last.unwrap_or(LlmError::Exhausted))
    }

    async fn acquire_key<'a>(
        &'a self,
        id: &str,
        seat: &'a Seat,
        latest: Instant,
    ) -> Result<Hold<'a>, LlmError> {
        loop {
            // Begin to listen before looking, so that what happens in between is not missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            let (client, verdict) = {
                let mut state = self.state();
                let of_daemon =
                    state.keys.iter().find(|(_, held)| held.owner.is_none() && held.client.key().id == id);
                let Some((key, client)) = of_daemon.map(|(key, held)| (*key, held.client.clone())) else {
                    return Err(LlmError::NoKey);
                };
                let verdict = state.books.assign_key(key, latest.max(now).into_std(), now.into_std());
                (client, verdict)
            };
            match verdict {
                Verdict::Given(grant) => {
                    let hold = Hold { pool: self, seat, grant, client, was_sent: false, is_settled: false };
                    let at = Instant::from_std(grant.at);
                    if at > now {
                        sleep_until(at).await;
                        if !self.state().books.stands(&grant, at.into_std()) {
                            continue;
                        }
                    }
                    return Ok(hold);
                }
                Verdict::Later(wake) if now < latest => {
                    let wake = wake.map_or(latest, Instant::from_std).min(latest);
                    // Whether it was rung or time passed: look again.
                    drop(timeout_at(wake, changed).await);
                }
                Verdict::Later(_) | Verdict::Never => return Err(LlmError::Exhausted),
            }
        }
    }
}
