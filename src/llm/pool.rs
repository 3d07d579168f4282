//! All keys together: a question goes to the key of its conversation, and to another one when that fails.
//!
//! What is decided is decided by [`assignment`], [`health`], [`bucket`] and [`failure`], which are functions of moments
//! and outcomes. This module holds them under one lock, does the waiting and the talking, and tells how things are. It
//! outlives a reload of the configuration: keys that stay keep their state and their conversations.

mod ask;
mod assignment;
mod bucket;
mod failure;
mod health;
pub mod plan;
pub(super) mod single;
pub mod status;
pub mod traffic;
mod watch;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant as StdInstant,
};

use tokio::{sync::Notify, time::Instant};

use self::{
    assignment::{Assignments, KeyNumber, Seat, Terms},
    health::Shown,
    status::{KeyState, KeyStatus, PoolStatus, percent},
    traffic::Traffic,
    watch::{Threshold, Turned, Watch},
};
use super::{account::TenantAccount, client::KeyClient, transport::http_client};
use crate::{
    alerts::{Alert, Alerts},
    clock::Clock,
    config::llm::{Llm, LlmKey},
    domain::{conversation::ConversationId, tenant::TenantId},
    meters::{Gauge, Meters},
};

/// The most conversations of which it is remembered which turn asked last.
const MAX_TURNS: usize = 10_000;

/// The keys of a process.
pub struct Pool {
    /// Guards the books. Held for look-ups only.
    state: Mutex<State>,
    /// Rung when a request was settled or the keys changed: who waits looks again.
    changed: Notify,
    clock: Clock,
    meters: Meters,
    alerts: Alerts,
}

struct State {
    settings: Arc<Llm>,
    http: Option<reqwest::Client>,
    books: Assignments,
    keys: BTreeMap<KeyNumber, Held>,
    /// The tenants whose own keys are known, and what those keys were made of.
    tenants: BTreeMap<TenantId, Arc<Vec<LlmKey>>>,
    /// The deadline of the last turn that asked, which tells one turn's questions from the next one's.
    turns: HashMap<Seat, StdInstant>,
    traffic: Traffic,
    watch: Watch,
}

/// A key that is in use.
struct Held {
    client: Arc<KeyClient>,
    owner: Option<TenantId>,
    /// The kind of its last failure, while it is not ready.
    reason: Option<&'static str>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let ids: Vec<_> = state.keys.values().map(|held| held.client.id()).collect();
        f.debug_struct("Pool").field("keys", &ids).finish_non_exhaustive()
    }
}

impl Pool {
    /// The keys of a configuration; it may have none.
    ///
    /// # Errors
    /// When no HTTP client can be made, such as without any root certificates.
    pub fn new(llm: &Llm, clock: Clock, meters: Meters, alerts: Alerts) -> Result<Self, reqwest::Error> {
        let now = Instant::now().into_std();
        let pool = Self {
            state: Mutex::new(State {
                settings: Arc::new(llm.clone()),
                http: None,
                books: Assignments::new(llm.conversation_idle),
                keys: BTreeMap::new(),
                tenants: BTreeMap::new(),
                turns: HashMap::new(),
                traffic: Traffic::new(now),
                watch: Watch::default(),
            }),
            changed: Notify::new(),
            clock,
            meters,
            alerts,
        };
        pool.reconfigure(llm)?;
        Ok(pool)
    }

    /// Takes another configuration. Keys that stay the same keep their state and their conversations; one that was
    /// disabled gets another chance.
    ///
    /// # Errors
    /// When no HTTP client can be made; nothing is changed then.
    pub fn reconfigure(&self, llm: &Llm) -> Result<(), reqwest::Error> {
        let mut state = self.state();
        let now = Instant::now().into_std();
        state.set_keys(None, &llm.keys, &self.clock, now)?;
        let tenants: Vec<_> = state.tenants.iter().map(|(id, keys)| (id.clone(), keys.clone())).collect();
        for (tenant, keys) in tenants {
            state.set_keys(Some(&tenant), &keys, &self.clock, now)?;
        }
        state.books.set_idle(llm.conversation_idle);
        state.settings = Arc::new(llm.clone());
        drop(state);
        self.changed.notify_waiters();
        Ok(())
    }

    /// Lets go of the own keys of tenants that are no more.
    pub fn retain_tenants(&self, stays: impl Fn(&TenantId) -> bool) {
        let mut state = self.state();
        let gone: Vec<_> = state.tenants.keys().filter(|tenant| !stays(tenant)).cloned().collect();
        for tenant in gone {
            state.tenants.remove(&tenant);
            // Removing needs no client, so it cannot fail.
            drop(state.set_keys(Some(&tenant), &[], &self.clock, Instant::now().into_std()));
        }
    }

    /// Whether there is a key for a tenant, in whatever state.
    pub fn serves(&self, tenant: &TenantAccount) -> bool {
        !tenant.keys().is_empty() || self.state().books.serves(tenant.id(), tenant.shared_keys())
    }

    /// The conversation was closed, or nobody listens to it any more: another one may have its place.
    pub fn release(&self, tenant: &TenantId, conversation: &ConversationId) {
        let seat = Seat { tenant: tenant.clone(), conversation: conversation.clone() };
        let mut state = self.state();
        state.turns.remove(&seat);
        let had_place = state.books.release(&seat);
        drop(state);
        if had_place {
            self.changed.notify_waiters();
        }
    }

    /// Takes the places of conversations that are silent for long, and looks how full the pool is. To be called every
    /// few seconds.
    pub fn tend(&self) {
        let swept = self.state().books.sweep(Instant::now().into_std());
        if swept > 0 {
            self.changed.notify_waiters();
        }
        self.status();
        self.meters.tidy();
    }

    /// How the pool is. What turned since the last look is told to the operator.
    pub fn status(&self) -> PoolStatus {
        let now = Instant::now().into_std();
        let mut state = self.state();
        let mut status = state.status(now);
        let settings = state.settings.clone();
        let threshold = Threshold { pct: settings.alert_pct, after: settings.alert_after };
        let turned = state.watch.note(status.pool_capacity_pct, threshold, now);
        status.alert = state.watch.is_crowded();
        drop(state);
        let pct = status.pool_capacity_pct;
        match turned {
            Some(Turned::Crowded) => self.alerts.raise(Alert::PoolCrowded { pct }),
            Some(Turned::Relieved) => self.alerts.raise(Alert::PoolRelieved { pct }),
            None => {}
        }
        status
    }

    /// Everything that was counted, for Prometheus.
    pub fn metrics(&self) -> String {
        let status = self.status();
        for key in &status.pool_status {
            let labels = [("key", key.key_id.as_str())];
            self.meters.set(Gauge::PoolActive, &labels, f64::from(key.active_conversations));
            self.meters.set(Gauge::PoolCapacity, &labels, key.capacity_pct);
            for state in KeyState::ALL {
                let labels = [("key", key.key_id.as_str()), ("state", state.as_str())];
                self.meters.set(Gauge::PoolKeyState, &labels, f64::from(u8::from(state == key.state)));
            }
        }
        self.meters.set(Gauge::PoolTotalCapacity, &[], status.pool_capacity_pct);
        self.meters.set(Gauge::PoolAlert, &[], f64::from(u8::from(status.alert)));
        self.meters.render()
    }

    /// Where things are counted.
    pub(super) fn meters(&self) -> &Meters {
        &self.meters
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up the keys that a tenant brings, unless they are known.
    fn adopt(&self, account: &TenantAccount) {
        let mut state = self.state();
        let known = state.tenants.get(account.id());
        let is_same = known.map_or(account.keys().is_empty(), |keys| {
            Arc::ptr_eq(keys, account.keys()) || keys == account.keys()
        });
        if is_same {
            return;
        }
        let now = Instant::now().into_std();
        match state.set_keys(Some(account.id()), account.keys(), &self.clock, now) {
            Ok(()) => {
                state.tenants.insert(account.id().clone(), account.keys().clone());
            }
            Err(error) => {
                tracing::error!(tenant = %account.id(), %error, "the tenant's own keys cannot be used");
            }
        }
    }
}

impl State {
    /// Counts a message when the first of its questions comes: those of one turn share a deadline.
    fn note_turn(&mut self, seat: &Seat, deadline: StdInstant, now: StdInstant) {
        if self.turns.get(seat) == Some(&deadline) {
            return;
        }
        if self.turns.len() >= MAX_TURNS {
            self.turns.clear();
        }
        self.turns.insert(seat.clone(), deadline);
        self.traffic.message(now);
    }

    /// The keys that a tenant's questions may go to.
    fn keys_for(&self, tenant: &TenantAccount) -> impl Iterator<Item = &KeyClient> {
        let is_for = |held: &&Held| match &held.owner {
            Some(owner) => owner == tenant.id(),
            None => tenant.shared_keys(),
        };
        self.keys.values().filter(is_for).map(|held| held.client.as_ref())
    }

    /// Makes these the keys of the daemon or of a tenant.
    fn set_keys(
        &mut self,
        owner: Option<&TenantId>,
        wanted: &[LlmKey],
        clock: &Clock,
        now: StdInstant,
    ) -> Result<(), reqwest::Error> {
        if !wanted.is_empty() && self.http.is_none() {
            self.http = Some(http_client()?);
        }
        let mut known: Vec<KeyNumber> =
            self.keys.iter().filter(|(_, held)| held.owner.as_ref() == owner).map(|(key, _)| *key).collect();
        for key in wanted {
            let terms = Terms {
                owner: owner.cloned(),
                tier: key.tier,
                max_conversations: key.max_conversations,
                requests_per_minute: key.requests_per_minute,
            };
            let same = known.iter().position(|number| {
                self.keys.get(number).is_some_and(|held| is_same_account(held.client.key(), key))
            });
            if let Some(at) = same {
                self.books.keep(known.remove(at), terms, now);
                continue;
            }
            let Some(http) = self.http.clone() else { continue };
            let id = owner.map_or_else(|| key.id.clone(), |owner| format!("{owner}/{}", key.id));
            let client = Arc::new(KeyClient::new(key, id, http, clock.clone()));
            let number = self.books.add(terms, now);
            self.keys.insert(number, Held { client, owner: owner.cloned(), reason: None });
        }
        for gone in known {
            self.books.remove(gone);
            self.keys.remove(&gone);
        }
        Ok(())
    }

    fn status(&mut self, now: StdInstant) -> PoolStatus {
        let mut keys = Vec::with_capacity(self.keys.len());
        let (mut taken, mut places, mut is_shared) = (0, 0, false);
        for (number, held) in &mut self.keys {
            let Some(view) = self.books.view(*number, now) else { continue };
            if view.shown == Shown::Ready {
                held.reason = None;
            }
            let Some(terms) = self.books.terms(*number) else { continue };
            if held.owner.is_none() {
                is_shared = true;
                if view.shown == Shown::Ready {
                    taken += view.active;
                    places += terms.max_conversations;
                }
            }
            let (state, cooling_s) = KeyState::of(&view);
            keys.push((
                held.owner.is_some(),
                KeyStatus {
                    key_id: held.client.id().to_owned(),
                    active_conversations: view.active,
                    capacity_pct: percent(view.active, terms.max_conversations),
                    state,
                    cooling_s,
                    reason: held.reason.map(str::to_owned),
                    model: held.client.model().to_owned(),
                    tier: terms.tier,
                    max_conversations: terms.max_conversations,
                    requests_per_minute: terms.requests_per_minute,
                    requests_last_minute: view.sent_last_minute,
                    in_flight: view.in_flight,
                },
            ));
        }
        keys.sort_by_key(|(is_own, _)| *is_own);
        let keys: Vec<KeyStatus> = keys.into_iter().map(|(_, key)| key).collect();
        PoolStatus {
            total_active: keys.iter().map(|key| key.active_conversations).sum(),
            pool_capacity_pct: if is_shared && places == 0 { 100.0 } else { percent(taken, places) },
            pool_status: keys,
            alert: false,
            traffic: self.traffic.view(now),
        }
    }
}

/// Whether two configurations are of the same account and model, so that what is known of one is true of the other.
fn is_same_account(a: &LlmKey, b: &LlmKey) -> bool {
    a.id == b.id
        && a.base_url == b.base_url
        && a.provider == b.provider
        && a.api_key == b.api_key
        && a.model == b.model
}
