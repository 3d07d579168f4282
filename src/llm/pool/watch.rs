//! Tells when the pool has been nearly full for long, once, and when that is over.

use std::time::{Duration, Instant};

/// From when on the operator is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Threshold {
    /// Percent of the places that are taken.
    pub(super) pct: u8,
    /// For how long.
    pub(super) after: Duration,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// It has been nearly full for long.
    Crowded,
    /// There is room again.
    Relieved,
}

/// How full the pool has been.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Since when it has been over the threshold without a break.
    since: Option<Instant>,
    is_told: bool,
}

impl Watch {
    /// Notes how full the pool is, in percent.
    pub(super) fn note(&mut self, pct: f64, threshold: Threshold, now: Instant) -> Option<Turned> {
        if pct < f64::from(threshold.pct) {
            self.since = None;
            return std::mem::take(&mut self.is_told).then_some(Turned::Relieved);
        }
        let since = *self.since.get_or_insert(now);
        if !self.is_told && now.saturating_duration_since(since) >= threshold.after {
            self.is_told = true;
            return Some(Turned::Crowded);
        }
        None
    }

    /// Whether the alert stands.
    pub(super) fn is_crowded(&self) -> bool {
        self.is_told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lasts_is_told_and_only_once() {
        let threshold = Threshold { pct: 80, after: Duration::from_secs(300) };
        let start = Instant::now();
        let mut watch = Watch::default();
        let mut at = |second: u64, pct: f64| watch.note(pct, threshold, start + Duration::from_secs(second));
        assert_eq!([at(0, 80.0), at(299, 95.0), at(299, 79.9), at(300, 100.0)], [None; 4], "a short peak");
        assert_eq!(at(599, 80.0), None);
        assert_eq!(at(600, 80.0), Some(Turned::Crowded));
        assert_eq!([at(601, 90.0), at(9000, 90.0)], [None; 2]);
        assert_eq!(at(9001, 79.0), Some(Turned::Relieved));
        assert_eq!(at(9002, 79.0), None);
    }

    #[test]
    fn without_a_time_it_is_told_at_once() {
        let threshold = Threshold { pct: 1, after: Duration::ZERO };
        let mut watch = Watch::default();
        assert_eq!(watch.note(1.0, threshold, Instant::now()), Some(Turned::Crowded));
        assert!(watch.is_crowded());
    }
}
