//! Which tenant's work is looked at next: fair, without polling, and one round per tenant at a time.
//!
//! Pure: it is told the time and never waits. The dispatcher and the outbox have one each.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use crate::domain::tenant::TenantId;

/// The tenants that may have work, in the order in which they get their turn.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Tenants to look at now, each once, the longest waiting first.
    ready: VecDeque<TenantId>,
    /// The same, to find one quickly.
    is_ready: HashSet<TenantId>,
    /// When to look at a tenant next, earliest first, in milliseconds since 1970.
    timers: BTreeSet<(i64, TenantId)>,
    /// The same by tenant.
    due: HashMap<TenantId, i64>,
    /// Tenants whose round is under way.
    busy: HashSet<TenantId>,
    /// Tenants that were woken during their round: they come again when it ends.
    again: HashSet<TenantId>,
}

impl Schedule {
    /// Looks at a tenant as soon as its place in the row comes.
    pub(super) fn wake(&mut self, tenant: TenantId) {
        if self.busy.contains(&tenant) {
            self.again.insert(tenant);
        } else if self.is_ready.insert(tenant.clone()) {
            self.ready.push_back(tenant);
        }
    }

    /// Looks at a tenant at `due_ms`, or earlier if that was said before.
    pub(super) fn wake_at(&mut self, tenant: TenantId, due_ms: i64) {
        match self.due.get(&tenant).copied() {
            Some(earlier) if earlier <= due_ms => return,
            Some(later) => {
                self.timers.remove(&(later, tenant.clone()));
            }
            None => {}
        }
        self.timers.insert((due_ms, tenant.clone()));
        self.due.insert(tenant, due_ms);
    }

    /// The next tenant to look at. It is busy until [`Self::finished`].
    pub(super) fn next(&mut self, now_ms: i64) -> Option<TenantId> {
        while self.timers.first().is_some_and(|(due_ms, _)| *due_ms <= now_ms) {
            let Some((_, tenant)) = self.timers.pop_first() else { break };
            self.due.remove(&tenant);
            self.wake(tenant);
        }
        let tenant = self.ready.pop_front()?;
        self.is_ready.remove(&tenant);
        self.busy.insert(tenant.clone());
        Some(tenant)
    }

    /// The round of a tenant is over.
    pub(super) fn finished(&mut self, tenant: TenantId) {
        self.busy.remove(&tenant);
        if self.again.remove(&tenant) {
            self.wake(tenant);
        }
    }

    /// How many tenants wait for their place in the row.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// When the next tenant becomes due, in milliseconds since 1970.
    pub(super) fn next_due_ms(&self) -> Option<i64> {
        self.timers.first().map(|(due_ms, _)| *due_ms)
    }

    /// Makes everything that waits for its time ready now.
    pub(super) fn hurry(&mut self) {
        while let Some((_, tenant)) = self.timers.pop_first() {
            self.due.remove(&tenant);
            self.wake(tenant);
        }
    }

    /// Whether nothing is ready, due or under way.
    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.timers.is_empty() && self.busy.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(name: &str) -> TenantId {
        TenantId::parse(name).unwrap()
    }

    #[test]
    fn a_busy_tenant_does_not_keep_the_others_from_their_turn() {
        let mut schedule = Schedule::default();
        for tenant in ["loud", "quiet", "loud", "loud"] {
            schedule.wake(id(tenant));
        }
        assert_eq!(schedule.next(0), Some(id("loud")));
        schedule.wake(id("loud"));
        assert_eq!(schedule.next(0), Some(id("quiet")));
        assert_eq!(schedule.next(0), None, "its round is still under way");
        schedule.finished(id("loud"));
        assert_eq!(schedule.next(0), Some(id("loud")), "it was woken during its round");
    }

    #[test]
    fn a_tenant_is_looked_at_at_the_earliest_time_asked_for_and_once() {
        let mut schedule = Schedule::default();
        schedule.wake_at(id("a"), 500);
        schedule.wake_at(id("a"), 900);
        schedule.wake_at(id("a"), 300);
        schedule.wake_at(id("b"), 400);
        assert_eq!(schedule.next_due_ms(), Some(300));
        assert_eq!(schedule.next(299), None);
        assert_eq!(schedule.next(300), Some(id("a")));
        schedule.finished(id("a"));
        assert_eq!(schedule.next(1000), Some(id("b")));
        schedule.finished(id("b"));
        assert_eq!(schedule.next(1000), None);
        assert!(schedule.is_idle());
    }

    proptest! {
        /// Whatever happens in whatever order, no wake-up is lost and no tenant has two rounds at once.
        #[test]
        fn every_wake_up_is_followed_by_a_round(steps in prop::collection::vec((0_u8..4, 0_usize..4), 0..200)) {
            let names = ["a", "b", "c", "d"];
            let mut schedule = Schedule::default();
            let mut owed: HashSet<TenantId> = HashSet::new();
            let mut running: HashSet<TenantId> = HashSet::new();
            for (now, (step, which)) in (0_i64..).zip(steps) {
                let tenant = id(names[which]);
                match step {
                    0 => { schedule.wake(tenant.clone()); owed.insert(tenant); }
                    1 => { schedule.wake_at(tenant.clone(), now + 3); owed.insert(tenant); }
                    2 => if let Some(next) = schedule.next(now) {
                        prop_assert!(running.insert(next.clone()), "two rounds of {next}");
                        owed.remove(&next);
                    },
                    _ => if running.remove(&tenant) { schedule.finished(tenant); },
                }
            }
            for tenant in running { schedule.finished(tenant); }
            while let Some(next) = schedule.next(i64::MAX) {
                owed.remove(&next);
                schedule.finished(next);
            }
            prop_assert!(schedule.is_idle());
            prop_assert!(owed.is_empty(), "forgotten: {owed:?}");
        }
    }
}
