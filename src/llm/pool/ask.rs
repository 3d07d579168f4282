//! One question: a key is waited for, asked, and when it fails the next, until there is an answer or no time is left.

use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant as StdInstant},
};

use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::{
    Pool,
    assignment::{Grant, KeyNumber, Seat, Verdict, Wish},
    failure::{ForKey, ForQuestion, remedy},
    health::Purpose,
};
use crate::{
    alerts::{Alert, KeyTrouble},
    config::llm::Llm,
    domain::cost::Cost,
    engine::{
        prompt::{ModelRequest, tokens},
        turn::{ModelReply, Usage},
    },
    llm::{
        account::Asker,
        answer::Answer,
        client::{Delta, KeyClient, Listener, Manner},
        error::LlmError,
    },
    meters::{Counter, Timer},
    store::budget::{Amount, KeySpending, ReservationId},
};

/// Less time than this is not worth a call.
pub(super) const MIN_ATTEMPT: Duration = Duration::from_millis(200);

/// What is left of a turn's time for writing down how it ended.
pub(super) const END_MARGIN: Duration = Duration::from_millis(250);

/// Requests that are sent for one question at most.
const MAX_ATTEMPTS: usize = 8;

/// The part of the time left that one key may take while others could be asked.
const SHARE: f64 = 0.6;

/// The same for a key of which it is not known whether it is well again.
const PROBE_SHARE: f64 = 0.3;

/// The messages that stay when a prompt was too long.
const SHORT_HISTORY: usize = 3;

/// The right to send a request, called off when it is dropped unsettled: a turn may be given up at any await.
pub(super) struct Hold<'a> {
    pub(super) pool: &'a Pool,
    pub(super) seat: &'a Seat,
    pub(super) grant: Grant,
    pub(super) client: Arc<KeyClient>,
    pub(super) was_sent: bool,
    pub(super) is_settled: bool,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            let now = Instant::now().into_std();
            self.pool.state().books.call_off(self.seat, &self.grant, self.was_sent, now);
            self.pool.changed.notify_waiters();
        }
    }
}

/// A question on its way.
struct Question<'a> {
    asker: &'a Asker<'a>,
    seat: Seat,
    settings: Arc<Llm>,
    deadline: Instant,
    /// Keys that are not asked again.
    barred: BTreeSet<KeyNumber>,
    /// How long keys were waited for.
    waited: Duration,
    /// What was spent so far.
    spending: Vec<KeySpending>,
    /// The same question with less of the conversation, once it was found too long.
    shorter: Option<ModelRequest>,
}

impl Pool {
    /// Asks until a key answers. With a listener the answer is streamed; when a key fails after it has begun to answer,
    /// the listener is told that its words do not count.
    ///
    /// # Errors
    /// The last failure of a key when none answered; [`LlmError::NoKey`] and [`LlmError::Exhausted`] when none could
    /// be asked, [`LlmError::Timeout`] when the deadline came first.
    pub async fn ask(
        &self,
        asker: &Asker<'_>,
        request: &ModelRequest,
        deadline: Instant,
        listener: Option<Listener<'_>>,
    ) -> Result<ModelReply, LlmError> {
        self.adopt(asker.tenant);
        let mut question = self.question(asker, deadline);
        let answered = match self.set_aside(&question, request).await {
            Ok(reservation) => {
                let answered = self.ask_keys(&mut question, request, listener).await;
                let spending = std::mem::take(&mut question.spending);
                asker.tenant.settle(reservation, spending, &self.clock, &self.alerts).await;
                answered
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &answered {
            let labels = [("tenant", asker.tenant.id().as_str()), ("kind", error.kind())];
            self.meters.count(Counter::LlmUnanswered, &labels, 1);
        }
        answered
    }

    /// Takes a key for a conversation and gives it back without asking anything: what the books cost, for measuring.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn rehearse(&self, asker: &Asker<'_>, deadline: Instant) -> Result<(), LlmError> {
        self.adopt(asker.tenant);
        let mut question = self.question(asker, deadline);
        let seat = question.seat.clone();
        let mut hold = self.acquire(&mut question, &seat).await?;
        self.settle(&mut hold, Ok(()), None, Duration::ZERO);
        Ok(())
    }

    fn question<'a>(&self, asker: &'a Asker<'a>, deadline: Instant) -> Question<'a> {
        let now = Instant::now();
        let seat = Seat { tenant: asker.tenant.id().clone(), conversation: asker.conversation.clone() };
        let margin = END_MARGIN.min(deadline.saturating_duration_since(now) / 10);
        let mut state = self.state();
        state.note_turn(&seat, deadline.into_std(), now.into_std());
        Question {
            asker,
            seat,
            settings: state.settings.clone(),
            deadline: deadline - margin,
            barred: BTreeSet::new(),
            waited: Duration::ZERO,
            spending: Vec::new(),
            shorter: None,
        }
    }

    async fn ask_keys(
        &self,
        question: &mut Question<'_>,
        request: &ModelRequest,
        mut listener: Option<Listener<'_>>,
    ) -> Result<ModelReply, LlmError> {
        let mut last = None;
        for _ in 0..MAX_ATTEMPTS {
            if question.deadline.saturating_duration_since(Instant::now()) < MIN_ATTEMPT {
                return Err(last.unwrap_or(LlmError::Timeout));
            }
            let (seat, shorter) = (question.seat.clone(), question.shorter.take());
            let hold = match self.acquire(question, &seat).await {
                Ok(hold) => hold,
                Err(none) => return Err(last.unwrap_or(none)),
            };
            let request = shorter.as_ref().unwrap_or(request);
            let mut heard = false;
            let (key, client) = (hold.grant.key, hold.client.clone());
            match self.attempt(question, hold, request, &mut listener, &mut heard).await {
                Ok(reply) => return Ok(reply),
                Err(error) => {
                    if let Some(listener) = &mut listener
                        && heard
                        && listener(Delta::Withdrawn).is_break()
                    {
                        return Err(error);
                    }
                    match remedy(&error).question {
                        ForQuestion::AnotherKey => question.shorter = shorter,
                        ForQuestion::Shorter if shorter.is_none() && request.messages.len() > 1 => {
                            question.shorter = Some(with_less(request));
                        }
                        ForQuestion::Shorter => {
                            question.barred.insert(key);
                            self.bar(question, |other| other.model() == client.model());
                            question.shorter = shorter;
                        }
                        ForQuestion::AnotherProvider => {
                            question.barred.insert(key);
                            self.bar(question, |other| other.provider() == client.provider());
                            question.shorter = shorter;
                        }
                    }
                    last = Some(error);
                }
            }
        }
        Err(last.unwrap_or(LlmError::Exhausted))
    }

    /// Sets aside what the question may cost at the dearest key that it may go to.
    async fn set_aside(
        &self,
        question: &Question<'_>,
        request: &ModelRequest,
    ) -> Result<Option<ReservationId>, LlmError> {
        let tenant = question.asker.tenant;
        if !tenant.is_limited() {
            return Ok(None);
        }
        let (prompt, answer) = (prompt_tokens(request), u64::from(question.settings.max_output_tokens));
        let prices = &question.settings.prices;
        let costs = self
            .state()
            .keys_for(tenant)
            .map(|client| prices.of(client.model()).of_tokens(prompt, answer))
            .max();
        let Some(cost) = costs else { return Ok(None) };
        let lasts = question.deadline.saturating_duration_since(Instant::now());
        tenant.reserve(Amount { tokens: prompt + answer, cost }, lasts, &self.clock, &self.alerts).await
    }

    /// Waits for a key that may be asked.
    async fn acquire<'a>(
        &'a self,
        question: &mut Question<'_>,
        seat: &'a Seat,
    ) -> Result<Hold<'a>, LlmError> {
        let begun = Instant::now();
        let patience = question.settings.wait_for_key.saturating_sub(question.waited);
        let latest = (begun + patience).min(question.deadline - MIN_ATTEMPT);
        let found = loop {
            // Begin to listen before looking, so that what happens in between is not missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            let (verdict, moved) = {
                let mut state = self.state();
                let before = state.books.pinned(seat);
                let wish = Wish {
                    seat,
                    shared: question.asker.tenant.shared_keys(),
                    barred: &question.barred,
                    latest: latest.max(now).into_std(),
                };
                let verdict = state.books.assign(&wish, now.into_std());
                let after = state.books.pinned(seat);
                let verdict = match verdict {
                    Verdict::Given(grant) => match state.keys.get(&grant.key) {
                        Some(held) => Ok((grant, held.client.clone())),
                        None => Err(Verdict::Never),
                    },
                    other => Err(other),
                };
                (verdict, before.is_some() && before != after)
            };
            if moved {
                self.meters.count(Counter::PoolMoves, &[], 1);
            }
            match verdict {
                Ok((grant, client)) => {
                    let hold = Hold { pool: self, seat, grant, client, was_sent: false, is_settled: false };
                    let at = Instant::from_std(grant.at);
                    if at > now {
                        sleep_until(at).await;
                        if !self.state().books.stands(&grant, at.into_std()) {
                            continue;
                        }
                    }
                    break Ok(hold);
                }
                Err(Verdict::Later(wake)) if now < latest => {
                    let wake = wake.map_or(latest, Instant::from_std).min(latest);
                    // Whether it was rung or time passed: look again.
                    drop(timeout_at(wake, changed).await);
                }
                Err(_) => {
                    let has_keys = self.serves(question.asker.tenant);
                    break Err(if has_keys { LlmError::Exhausted } else { LlmError::NoKey });
                }
            }
        };
        let waited = begun.elapsed();
        question.waited += waited;
        self.meters.time(Timer::PoolWait, &[("tenant", seat.tenant.as_str())], waited);
        found
    }

    /// Sends one request over a key and settles what came of it.
    async fn attempt(
        &self,
        question: &mut Question<'_>,
        mut hold: Hold<'_>,
        request: &ModelRequest,
        listener: &mut Option<Listener<'_>>,
        heard: &mut bool,
    ) -> Result<ModelReply, LlmError> {
        let begun = Instant::now();
        let limit = self.limit(question, &hold, begun);
        let client = hold.client.clone();
        let manner = Manner {
            model: client.model(),
            temperature: question.settings.temperature,
            max_tokens: question.settings.max_output_tokens,
            stream: listener.is_some(),
        };
        hold.was_sent = true;
        let mut first_word = None;
        let call = async {
            match listener {
                Some(listener) => {
                    let mut hear = |delta: Delta<'_>| -> ControlFlow<()> {
                        *heard = true;
                        first_word.get_or_insert_with(|| begun.elapsed());
                        listener(delta)
                    };
                    client.ask(request, manner, Some(&mut hear)).await
                }
                None => client.ask(request, manner, None).await,
            }
        };
        let answer = timeout(limit, call).await.unwrap_or(Err(LlmError::Timeout));
        let took = begun.elapsed();
        self.settle(&mut hold, answer.as_ref().map(|_| ()), None, took);
        let labels = [("tenant", hold.seat.tenant.as_str()), ("key", client.id())];
        if let Some(first_word) = first_word {
            self.meters.time(Timer::LlmFirstToken, &labels, first_word);
        }
        let spent = match &answer {
            Ok(answer) if answer.usage == Usage::default() => Some(estimated(request, &answer.text)),
            Ok(answer) => Some(answer.usage),
            // It was read, so it is charged for.
            Err(LlmError::Timeout | LlmError::Broken | LlmError::BadAnswer) => Some(estimated(request, "")),
            Err(_) => None,
        };
        if let Some(usage) = spent {
            let cost = question.settings.prices.of(client.model());
            let cost = cost.of_tokens(usage.prompt_tokens, usage.completion_tokens);
            self.count_spending(&question.settings, &labels, usage, cost);
            question.spending.push(KeySpending {
                key_id: client.id().to_owned(),
                calls: 1,
                prompt_tokens: usage.prompt_tokens,
                completion_tokens: usage.completion_tokens,
                cost,
            });
        }
        let Answer { text, calls, .. } = answer?;
        let usage = spent.unwrap_or_default();
        Ok(ModelReply { text, calls, usage, key: client.id().to_owned() })
    }

    /// Counts what was spent.
    pub(super) fn count_spending(
        &self,
        settings: &Llm,
        labels: &[(&'static str, &str); 2],
        usage: Usage,
        cost: Cost,
    ) {
        let [tenant, key] = *labels;
        let tokens = [("prompt", usage.prompt_tokens), ("completion", usage.completion_tokens)];
        for (direction, tokens) in tokens {
            self.meters.count(Counter::LlmTokens, &[tenant, key, ("direction", direction)], tokens);
        }
        let micros = u64::try_from(cost.nanos.saturating_add(999) / 1000).unwrap_or_default();
        let currency = ("currency", settings.prices.currency_code());
        self.meters.count(Counter::LlmCost, &[tenant, key, currency], micros);
    }

    /// How long a key may take. One that hangs must leave time for another.
    fn limit(&self, question: &Question<'_>, hold: &Hold<'_>, now: Instant) -> Duration {
        let left = question.deadline.saturating_duration_since(now);
        let wish = Wish {
            seat: &question.seat,
            shared: question.asker.tenant.shared_keys(),
            barred: &question.barred,
            latest: now.into_std(),
        };
        let has_other = self.state().books.has_other(&wish, hold.grant.key, now.into_std());
        let share = match (has_other, hold.grant.purpose) {
            (false, _) => 1.0,
            (true, Purpose::Work) => SHARE,
            (true, Purpose::Probe) => PROBE_SHARE,
        };
        question.settings.timeout.min(left.mul_f64(share))
    }

    /// Writes down what came of a request. `instead` is done with the key in place of what the table says.
    pub(super) fn settle(
        &self,
        hold: &mut Hold<'_>,
        outcome: Result<(), &LlmError>,
        instead: Option<ForKey>,
        took: Duration,
    ) {
        hold.is_settled = true;
        let now: StdInstant = Instant::now().into_std();
        let key = hold.grant.key;
        let fixed = outcome.map_err(remedy);
        {
            let mut state = self.state();
            state.books.settle(
                hold.seat,
                &hold.grant,
                fixed.map_err(|remedy| instead.unwrap_or(remedy.key)),
                now,
            );
            let conversations = state.books.conversations();
            state.traffic.call(took, conversations, now);
            if let Some(held) = state.keys.get_mut(&key) {
                held.reason = outcome.err().map(LlmError::kind);
            }
        }
        self.changed.notify_waiters();
        let (tenant, key) = (hold.seat.tenant.as_str(), hold.client.id());
        let word = outcome.err().map_or("ok", LlmError::kind);
        self.meters.count(Counter::LlmRequests, &[("tenant", tenant), ("key", key), ("outcome", word)], 1);
        self.meters.time(Timer::LlmLatency, &[("tenant", tenant), ("key", key)], took);
        if let (Err(error), Err(remedy)) = (outcome, fixed) {
            self.meters.count(Counter::LlmErrors, &[("key", key), ("kind", error.kind())], 1);
            let took_ms = took.as_millis();
            tracing::warn!(tenant, key, %error, took_ms, "a model key did not answer");
            if remedy.alert {
                self.tell(hold, error);
            }
        }
    }

    fn tell(&self, hold: &Hold<'_>, error: &LlmError) {
        let trouble = match error {
            LlmError::Quota => KeyTrouble::Quota,
            LlmError::NoModel(_) => KeyTrouble::NoModel,
            _ => KeyTrouble::Refused,
        };
        let key = hold.client.id().to_owned();
        // The keys of a tenant are named after it.
        let tenant = key.contains('/').then(|| hold.seat.tenant.clone());
        self.alerts.raise(Alert::KeyFailed { key, tenant, trouble });
    }

    /// Asks none of these keys again for this question.
    fn bar(&self, question: &mut Question<'_>, is_barred: impl Fn(&KeyClient) -> bool) {
        let state = self.state();
        let keys = state.keys.iter().filter(|(_, held)| is_barred(&held.client)).map(|(key, _)| *key);
        question.barred.extend(keys);
    }
}

/// The question without the older part of the conversation.
fn with_less(request: &ModelRequest) -> ModelRequest {
    let keep = SHORT_HISTORY.min(request.messages.len() / 2).max(1);
    let mut shorter = request.clone();
    shorter.messages.drain(..request.messages.len() - keep);
    shorter
}

/// What a provider that does not count would have counted.
fn estimated(request: &ModelRequest, answer: &str) -> Usage {
    let completion_tokens = u64::try_from(tokens(answer)).unwrap_or(u64::MAX);
    Usage { prompt_tokens: prompt_tokens(request), completion_tokens }
}

/// The length of a whole prompt with its tools, roughly, in tokens.
fn prompt_tokens(request: &ModelRequest) -> u64 {
    let tools = request
        .tools
        .iter()
        .map(|tool| tokens(&tool.name) + tokens(&tool.description) + tokens(&tool.parameters.to_string()));
    u64::try_from(request.tokens() + tools.sum::<usize>()).unwrap_or(u64::MAX)
}
