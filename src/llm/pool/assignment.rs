//! Which conversation talks over which key: a state machine over moments it is given, without any waiting of its own.
//!
//! A conversation gets the key with the fewest conversations among the usable keys of the best tier, and stays pinned
//! to it, because a provider's prompt cache knows only what came over the same account. It moves when its key rests,
//! is disabled or goes away, and gives its place back when it is released or silent for long.
//!
//! A pinned conversation whose key is out of requests for a moment waits for it; if that takes long, one request is
//! lent to another key and the pin stays. Where every key has all the conversations it may have, the one that was
//! silent longest makes room.

mod choice;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use super::{
    bucket::Bucket,
    failure::ForKey,
    health::{Health, Purpose, Shown, Usable},
};
use crate::domain::{conversation::ConversationId, tenant::TenantId};

/// How long a conversation must be silent before another one may take its place at a full key.
const YIELDS_AFTER: Duration = Duration::from_secs(30);

/// A key, as long as its configuration stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct KeyNumber(u32);

/// What is agreed about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    /// The tenant that brought it; nobody else uses it. None for a key of the daemon.
    pub(super) owner: Option<TenantId>,
    /// Lower ones are used first.
    pub(super) tier: u8,
    /// Conversations at once.
    pub(super) max_conversations: u32,
    /// Requests within a minute.
    pub(super) requests_per_minute: u32,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Seat {
    pub(super) tenant: TenantId,
    pub(super) conversation: ConversationId,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) seat: &'a Seat,
    /// Whether the daemon's keys may be used, beside the tenant's own.
    pub(super) shared: bool,
    /// Keys that must not be asked again for this question.
    pub(super) barred: &'a BTreeSet<KeyNumber>,
    /// The last moment at which a request is still worth sending.
    pub(super) latest: Instant,
}

/// The right to send one request over a key. It must be settled or called off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) key: KeyNumber,
    /// When the request may go out: now, or a moment that was reserved.
    pub(super) at: Instant,
    /// Whether the request finds out if the key is well.
    pub(super) purpose: Purpose,
}

/// What can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A key.
    Given(Grant),
    /// Nothing now, but perhaps at this moment, or sooner if a request is settled.
    Later(Option<Instant>),
    /// Nothing in time.
    Never,
}

/// The keys and the conversations pinned to them.
#[derive(Debug)]
pub(super) struct Assignments {
    keys: BTreeMap<KeyNumber, Slot>,
    pins: HashMap<Seat, Pin>,
    next: u32,
    /// Counts what was given, so that among equals the one that waited longest is next.
    given: u64,
    /// How long a conversation may be silent before it loses its place.
    idle: Duration,
}

#[derive(Debug)]
struct Slot {
    terms: Terms,
    health: Health,
    bucket: Bucket,
    /// Conversations pinned to it.
    active: u32,
    in_flight: u32,
    /// When it was given last, as a count.
    last_given: u64,
}

#[derive(Debug)]
struct Pin {
    key: KeyNumber,
    in_flight: u32,
    last_used: Instant,
}

/// A key as reports show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyView {
    pub(super) active: u32,
    pub(super) in_flight: u32,
    pub(super) sent_last_minute: usize,
    pub(super) shown: Shown,
}

impl Assignments {
    /// No keys.
    pub(super) fn new(idle: Duration) -> Self {
        Self { keys: BTreeMap::new(), pins: HashMap::new(), next: 0, given: 0, idle }
    }

    /// Changes how long a conversation may be silent.
    pub(super) fn set_idle(&mut self, idle: Duration) {
        self.idle = idle;
    }

    /// A new key.
    pub(super) fn add(&mut self, terms: Terms, now: Instant) -> KeyNumber {
        let number = KeyNumber(self.next);
        self.next = self.next.saturating_add(1);
        let bucket = Bucket::new(terms.requests_per_minute, now);
        let slot = Slot { terms, health: Health::new(), bucket, active: 0, in_flight: 0, last_given: 0 };
        self.keys.insert(number, slot);
        number
    }

    /// Other terms for a key that stays. It gets another chance if it was disabled.
    pub(super) fn keep(&mut self, key: KeyNumber, terms: Terms, now: Instant) {
        let Some(slot) = self.keys.get_mut(&key) else { return };
        if slot.bucket.per_minute() != terms.requests_per_minute {
            slot.bucket.set_per_minute(terms.requests_per_minute, now);
        }
        slot.terms = terms;
        slot.health.give_another_chance();
    }

    /// The key is no more. What is under way with it ends as it may.
    pub(super) fn remove(&mut self, key: KeyNumber) {
        self.keys.remove(&key);
        self.pins.retain(|_, pin| pin.key != key);
    }

    /// Whether a tenant has any key at all.
    pub(super) fn serves(&self, tenant: &TenantId, shared: bool) -> bool {
        self.keys.values().any(|slot| slot.is_for(tenant, shared))
    }

    /// A key for a request.
    pub(super) fn assign(&mut self, wish: &Wish<'_>, now: Instant) -> Verdict {
        let choice = self.choose(wish, now);
        let (key, at, purpose) = match choice {
            choice::Choice::Key { key, at, purpose } => (key, at, purpose),
            choice::Choice::InPlaceOf { key, at, purpose, other } => {
                self.unpin(&other);
                (key, at, purpose)
            }
            choice::Choice::Later(at) => return Verdict::Later(at),
            choice::Choice::Never => return Verdict::Never,
        };
        self.pin(wish.seat, key, at);
        Verdict::Given(self.give(key, at, purpose, now))
    }

    /// The given key for a request that belongs to no conversation's pin.
    pub(super) fn assign_key(&mut self, key: KeyNumber, latest: Instant, now: Instant) -> Verdict {
        let Some(slot) = self.keys.get_mut(&key) else { return Verdict::Never };
        match slot.open(now) {
            choice::Open::At(at, purpose) if at <= latest => Verdict::Given(self.give(key, at, purpose, now)),
            choice::Open::Resting(until) if until <= latest => Verdict::Later(Some(until)),
            choice::Open::Probed => Verdict::Later(None),
            _ => Verdict::Never,
        }
    }

    /// Whether the moment that was reserved may still be used.
    pub(super) fn stands(&self, grant: &Grant, now: Instant) -> bool {
        self.keys.get(&grant.key).is_some_and(|slot| match grant.purpose {
            Purpose::Work => slot.health.usable(now) == Usable::Yes,
            Purpose::Probe => slot.health.usable(now) == Usable::WhenProbed,
        })
    }

    /// The request was answered, or failed with something of which the remedy is known.
    pub(super) fn settle(&mut self, seat: &Seat, grant: &Grant, outcome: Result<(), ForKey>, now: Instant) {
        self.let_go(seat, grant, now);
        let Some(slot) = self.keys.get_mut(&grant.key) else { return };
        match outcome {
            Ok(()) => slot.health.succeeded(grant.purpose),
            Err(remedy) => slot.health.failed(grant.purpose, remedy, now),
        }
        if slot.health.usable(now) == Usable::No {
            slot.active = 0;
            self.pins.retain(|_, pin| pin.key != grant.key);
        }
    }

    /// The request was given up: before it was sent, if its moment has not come.
    pub(super) fn call_off(&mut self, seat: &Seat, grant: &Grant, was_sent: bool, now: Instant) {
        self.let_go(seat, grant, now);
        let Some(slot) = self.keys.get_mut(&grant.key) else { return };
        if grant.purpose == Purpose::Probe {
            slot.health.end_probe();
        }
        if !was_sent {
            slot.bucket.give_back(grant.at);
        }
    }

    /// The conversation is over, or nobody listens any more. Says whether it had a place.
    pub(super) fn release(&mut self, seat: &Seat) -> bool {
        let pinned = self.pins.contains_key(seat);
        self.unpin(seat);
        pinned
    }

    /// Takes the places of conversations that are silent for long. Says how many.
    pub(super) fn sweep(&mut self, now: Instant) -> usize {
        let silent: Vec<Seat> = self
            .pins
            .iter()
            .filter(|(_, pin)| pin.is_silent(self.idle, now))
            .map(|(seat, _)| seat.clone())
            .collect();
        for seat in &silent {
            self.unpin(seat);
        }
        silent.len()
    }

    /// The key a conversation is pinned to.
    pub(super) fn pinned(&self, seat: &Seat) -> Option<KeyNumber> {
        self.pins.get(seat).map(|pin| pin.key)
    }

    /// How many conversations hold a place.
    pub(super) fn conversations(&self) -> u32 {
        u32::try_from(self.pins.len()).unwrap_or(u32::MAX)
    }

    /// What is agreed about a key.
    pub(super) fn terms(&self, key: KeyNumber) -> Option<&Terms> {
        self.keys.get(&key).map(|slot| &slot.terms)
    }

    /// Whether another key could be asked within the wish's time, if this one failed.
    pub(super) fn has_other(&mut self, wish: &Wish<'_>, key: KeyNumber, now: Instant) -> bool {
        self.keys.iter_mut().any(|(number, slot)| {
            *number != key
                && !wish.barred.contains(number)
                && slot.is_for(&wish.seat.tenant, wish.shared)
                && matches!(slot.open(now), choice::Open::At(at, _) if at <= wish.latest)
        })
    }

    /// How a key is.
    pub(super) fn view(&self, key: KeyNumber, now: Instant) -> Option<KeyView> {
        let slot = self.keys.get(&key)?;
        Some(KeyView {
            active: slot.active,
            in_flight: slot.in_flight,
            sent_last_minute: slot.bucket.sent_last_minute(now),
            shown: slot.health.shown(now),
        })
    }

    fn give(&mut self, key: KeyNumber, at: Instant, purpose: Purpose, now: Instant) -> Grant {
        self.given += 1;
        let given = self.given;
        let mut grant = Grant { key, at, purpose };
        if let Some(slot) = self.keys.get_mut(&key) {
            grant.at = slot.bucket.take(now);
            slot.last_given = given;
            slot.in_flight += 1;
            if purpose == Purpose::Probe {
                slot.health.begin_probe();
            }
        }
        grant
    }

    /// Pins a conversation to a key, unless it is pinned to another one that is well: then this request is only lent.
    fn pin(&mut self, seat: &Seat, key: KeyNumber, at: Instant) {
        if let Some(pin) = self.pins.get_mut(seat) {
            if pin.key == key {
                pin.in_flight += 1;
                pin.last_used = pin.last_used.max(at);
                return;
            }
            let stays = self.keys.get(&pin.key).is_some_and(|slot| slot.health.usable(at) == Usable::Yes);
            if stays {
                return;
            }
            self.unpin(seat);
        }
        if let Some(slot) = self.keys.get_mut(&key) {
            slot.active += 1;
            self.pins.insert(seat.clone(), Pin { key, in_flight: 1, last_used: at });
        }
    }

    fn unpin(&mut self, seat: &Seat) {
        if let Some(slot) = self.pins.remove(seat).and_then(|pin| self.keys.get_mut(&pin.key)) {
            slot.active = slot.active.saturating_sub(1);
        }
    }

    fn let_go(&mut self, seat: &Seat, grant: &Grant, now: Instant) {
        if let Some(slot) = self.keys.get_mut(&grant.key) {
            slot.in_flight = slot.in_flight.saturating_sub(1);
        }
        if let Some(pin) = self.pins.get_mut(seat) {
            pin.last_used = pin.last_used.max(now);
            if pin.key == grant.key {
                pin.in_flight = pin.in_flight.saturating_sub(1);
            }
        }
    }
}

impl Slot {
    fn is_for(&self, tenant: &TenantId, shared: bool) -> bool {
        self.terms.owner.as_ref().map_or(shared, |owner| owner == tenant)
    }
}

impl Pin {
    /// Whether nothing was heard of it for so long.
    fn is_silent(&self, span: Duration, now: Instant) -> bool {
        self.in_flight == 0 && now.saturating_duration_since(self.last_used) >= span
    }
}
