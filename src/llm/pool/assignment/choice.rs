//! The choice of a key. Nothing is changed here, but that a bucket counts how much it holds by now.

use std::time::{Duration, Instant};

use super::{Assignments, KeyNumber, Purpose, Seat, Slot, Usable, Wish, YIELDS_AFTER};

/// How long a conversation waits for its own key's next free request before one is lent by another key.
const PIN_PATIENCE: Duration = Duration::from_secs(4);

/// How long a tier may keep a request waiting before the next tier is used.
const TIER_PATIENCE: Duration = Duration::from_millis(500);

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// A key, at a moment.
    Key { key: KeyNumber, at: Instant, purpose: Purpose },
    /// The same, in place of a conversation that is silent.
    InPlaceOf { key: KeyNumber, at: Instant, purpose: Purpose, other: Seat },
    /// Nothing before this moment, or before something happens.
    Later(Option<Instant>),
    /// Nothing in time.
    Never,
}

/// When a key may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// At this moment.
    At(Instant, Purpose),
    /// Not before it has rested.
    Resting(Instant),
    /// When it was probed.
    Probed,
    /// Not at all.
    No,
}

/// A key that may be asked.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    key: KeyNumber,
    at: Instant,
    purpose: Purpose,
    /// Own keys first, then by tier.
    rank: (bool, u8),
    active: u32,
    /// The share of its places that are taken.
    load: f64,
    is_full: bool,
    last_given: u64,
}

impl Candidate {
    fn choice(&self) -> Choice {
        Choice::Key { key: self.key, at: self.at, purpose: self.purpose }
    }
}

impl Slot {
    /// When the key may be asked.
    pub(super) fn open(&mut self, now: Instant) -> Open {
        match self.health.usable(now) {
            Usable::Yes => Open::At(self.bucket.earliest(now), Purpose::Work),
            Usable::Probe => Open::At(self.bucket.earliest(now), Purpose::Probe),
            Usable::At(until) => Open::Resting(until),
            Usable::WhenProbed => Open::Probed,
            Usable::No => Open::No,
        }
    }
}

impl Assignments {
    pub(super) fn choose(&mut self, wish: &Wish<'_>, now: Instant) -> Choice {
        let pinned = self.pinned(wish.seat);
        let mut candidates = Vec::with_capacity(self.keys.len());
        let mut wake: Option<Instant> = None;
        let mut may_change = false;
        for (number, slot) in &mut self.keys {
            if wish.barred.contains(number) || !slot.is_for(&wish.seat.tenant, wish.shared) {
                continue;
            }
            match slot.open(now) {
                Open::At(at, purpose) if at <= wish.latest => candidates.push(Candidate {
                    key: *number,
                    at,
                    purpose,
                    rank: (slot.terms.owner.is_none(), slot.terms.tier),
                    active: slot.active,
                    load: f64::from(slot.active) / f64::from(slot.terms.max_conversations.max(1)),
                    is_full: slot.active >= slot.terms.max_conversations && pinned != Some(*number),
                    last_given: slot.last_given,
                }),
                Open::Resting(until) if until <= wish.latest => {
                    wake = Some(wake.map_or(until, |wake| wake.min(until)));
                }
                Open::Probed => may_change = true,
                Open::At(..) | Open::Resting(_) | Open::No => {}
            }
        }
        let own = candidates.iter().find(|candidate| Some(candidate.key) == pinned);
        if let Some(own) = own.filter(|own| own.at <= now + PIN_PATIENCE) {
            return own.choice();
        }
        // Nobody has to make room for a single request.
        let may_displace = own.is_none();
        if let Some(choice) = self.of_best_tier(&candidates, may_displace, now) {
            return choice;
        }
        // Everybody has to wait: whoever has a place and is free first.
        if let Some(first) = candidates.iter().filter(|candidate| !candidate.is_full).min_by_key(|c| c.at) {
            return first.choice();
        }
        for candidate in &candidates {
            // A place becomes free when somebody leaves, or has been silent for long enough.
            may_change = true;
            if let Some(at) = self.yields_at(candidate.key).filter(|at| *at <= wish.latest) {
                let at = at.max(now);
                wake = Some(wake.map_or(at, |wake| wake.min(at)));
            }
        }
        if wake.is_some() || may_change { Choice::Later(wake) } else { Choice::Never }
    }

    /// The key with the fewest conversations in the best tier that has one to offer.
    fn of_best_tier(&self, candidates: &[Candidate], may_displace: bool, now: Instant) -> Option<Choice> {
        let mut ranks: Vec<_> = candidates.iter().map(|candidate| candidate.rank).collect();
        ranks.sort_unstable();
        ranks.dedup();
        for rank in ranks {
            let soon = || candidates.iter().filter(|c| c.rank == rank && c.at <= now + TIER_PATIENCE);
            let least = soon().filter(|candidate| !candidate.is_full).min_by(|a, b| {
                let order = a.active.cmp(&b.active).then(a.load.total_cmp(&b.load));
                order.then(a.last_given.cmp(&b.last_given))
            });
            if let Some(least) = least {
                return Some(least.choice());
            }
            let silent = self
                .pins
                .iter()
                .filter(|(_, pin)| may_displace && pin.is_silent(YIELDS_AFTER, now))
                .filter_map(|(seat, pin)| Some((pin.last_used, seat, soon().find(|c| c.key == pin.key)?)))
                .min_by_key(|(last_used, _, _)| *last_used);
            if let Some((_, other, &Candidate { key, at, purpose, .. })) = silent {
                return Some(Choice::InPlaceOf { key, at, purpose, other: other.clone() });
            }
        }
        None
    }

    /// When the first of a full key's conversations has been silent for long enough, if none of them writes.
    fn yields_at(&self, key: KeyNumber) -> Option<Instant> {
        let of_key = self.pins.values().filter(|pin| pin.key == key && pin.in_flight == 0);
        of_key.map(|pin| pin.last_used + YIELDS_AFTER).min()
    }
}
