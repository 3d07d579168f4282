//! Time, ids and chance, injected so that tests are deterministic. The only place that asks the machine for either.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use jiff::{SignedDuration, Timestamp};

/// Where the time comes from. Cheap to clone; clones of a manual clock move together.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that moves only when told to.
    Manual(ManualClock),
}

/// A clock for tests: stands still until it is advanced.
#[derive(Debug, Clone)]
pub struct ManualClock {
    /// Guards the current instant.
    now: Arc<Mutex<Timestamp>>,
}

impl Clock {
    /// The current instant.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Self::System => Timestamp::now(),
            Self::Manual(clock) => *clock.now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// The current instant in whole milliseconds since 1970 UTC, as the database keeps it.
    pub fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// A clock that stands at `start`, and the handle that moves it.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let handle = ManualClock { now: Arc::new(Mutex::new(start)) };
        (Self::Manual(handle.clone()), handle)
    }
}

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
    }
}

/// Where new ids come from. Cheap to clone; clones of a counter share it.
#[derive(Debug, Clone)]
pub enum Ids {
    /// Time-ordered random ids (UUID version 7, RFC 9562).
    Random,
    /// 1, 2, 3 … for tests.
    Counter(Arc<AtomicU64>),
}

impl Ids {
    /// A new id with a readable prefix, such as `turn_0197…`. Ids of one process sort by the time they were made.
    pub fn next(&self, prefix: &str) -> String {
        match self {
            Self::Random => format!("{prefix}_{}", uuid::Uuid::now_v7().simple()),
            Self::Counter(last) => format!("{prefix}_{}", last.fetch_add(1, Ordering::Relaxed) + 1),
        }
    }

    /// 128 bits that nobody can guess, as 32 hexadecimal digits. None when the machine has no randomness to give.
    pub fn unguessable(&self) -> Option<String> {
        match self {
            Self::Random => {
                let mut bits = [0; 16];
                getrandom::fill(&mut bits).ok()?;
                Some(format!("{:032x}", u128::from_be_bytes(bits)))
            }
            Self::Counter(last) => Some(format!("{:032x}", last.fetch_add(1, Ordering::Relaxed) + 1)),
        }
    }

    /// Ids that count from 1.
    pub fn counter() -> Self {
        Self::Counter(Arc::new(AtomicU64::new(0)))
    }
}

/// Where chance comes from. Cheap to clone.
#[derive(Debug, Clone, Copy)]
pub enum Chance {
    /// The machine's randomness.
    System,
    /// Always the same, for tests.
    Fixed(f64),
}

impl Chance {
    /// A number from 0 up to but not including 1. Good for spreading things out, not for secrets.
    pub fn next(self) -> f64 {
        match self {
            Self::System => {
                use std::hash::{BuildHasher, Hasher};
                let bits = std::hash::RandomState::new().build_hasher().finish() >> 11;
                #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
                let fraction = bits as f64 / (1_u64 << 53) as f64;
                fraction
            }
            Self::Fixed(fraction) => fraction,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_advanced() {
        let (clock, handle) = Clock::manual(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now_ms(), 0);
        handle.advance(SignedDuration::from_millis(1500));
        assert_eq!(clock.clone().now_ms(), 1500);
    }

    #[test]
    fn chance_stays_in_its_range_and_differs() {
        let drawn: Vec<f64> = (0..1000).map(|_| Chance::System.next()).collect();
        assert!(drawn.iter().all(|n| (0.0..1.0).contains(n)));
        let mean = drawn.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }

    #[test]
    fn random_ids_sort_by_age() {
        let ids: Vec<_> = (0..100).map(|_| Ids::Random.next("t")).collect();
        assert!(ids.is_sorted());
    }
}
