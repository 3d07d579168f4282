//! What a key may send: a token bucket for the pace, and a count of the last minute for the limit itself.
//!
//! A bucket alone would let a full minute's worth through at once and as much again while it refills: twice the limit
//! within one minute, which a provider that counts answers with 429. So the bucket holds a quarter of a minute's worth,
//! and never more than the limit leaves within any minute.
//!
//! Whoever finds it empty reserves the next free moment and waits for it: nobody is overtaken, and nobody polls.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The time within which a provider counts, and a second for requests that travel at different speeds.
const WINDOW: Duration = Duration::from_secs(61);

/// The part of a minute's worth that may go out at once.
const BURST_SHARE: f64 = 0.25;

/// The requests of one key.
#[derive(Debug)]
pub(super) struct Bucket {
    per_minute: u32,
    /// Requests that may go out now; below zero when later ones are reserved.
    tokens: f64,
    /// When `tokens` was right.
    filled: Instant,
    /// When each request of the last [`WINDOW`] went out or will go out, in order. At most `per_minute` and what was
    /// reserved.
    departures: VecDeque<Instant>,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(per_minute: u32, now: Instant) -> Self {
        Self { per_minute, tokens: burst(per_minute), filled: now, departures: VecDeque::new() }
    }

    /// The limit that is kept.
    pub(super) fn per_minute(&self) -> u32 {
        self.per_minute
    }

    /// Keeps another limit from now on. What went out already counts against it.
    pub(super) fn set_per_minute(&mut self, per_minute: u32, now: Instant) {
        self.refill(now);
        self.tokens = self.tokens.min(burst(per_minute));
        self.per_minute = per_minute;
    }

    /// The first moment at which one more request may go out.
    pub(super) fn earliest(&mut self, now: Instant) -> Instant {
        self.refill(now);
        let paced = if self.tokens >= 1.0 {
            now
        } else {
            now + Duration::from_secs_f64((1.0 - self.tokens) / rate(self.per_minute))
        };
        let limit = usize::try_from(self.per_minute).unwrap_or(usize::MAX);
        let nth_last = self.departures.len().checked_sub(limit).and_then(|at| self.departures.get(at));
        nth_last.map_or(paced, |departure| paced.max(*departure + WINDOW))
    }

    /// Takes the first free moment and returns it.
    pub(super) fn take(&mut self, now: Instant) -> Instant {
        let at = self.earliest(now);
        self.tokens -= 1.0;
        let behind = self.departures.partition_point(|departure| *departure <= at);
        self.departures.insert(behind, at);
        at
    }

    /// Gives a moment back that was taken and not used.
    pub(super) fn give_back(&mut self, at: Instant) {
        if let Some(found) = self.departures.iter().rposition(|departure| *departure == at) {
            self.departures.remove(found);
            self.tokens = (self.tokens + 1.0).min(burst(self.per_minute));
        }
    }

    /// How many requests went out within the last minute.
    pub(super) fn sent_last_minute(&self, now: Instant) -> usize {
        let minute = Duration::from_secs(60);
        self.departures
            .iter()
            .filter(|at| **at <= now && now.saturating_duration_since(**at) < minute)
            .count()
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * rate(self.per_minute)).min(burst(self.per_minute));
        self.filled = self.filled.max(now);
        while self.departures.front().is_some_and(|at| *at + WINDOW <= now) {
            self.departures.pop_front();
        }
    }
}

fn burst(per_minute: u32) -> f64 {
    (f64::from(per_minute) * BURST_SHARE).max(1.0)
}

/// Requests a second.
fn rate(per_minute: u32) -> f64 {
    f64::from(per_minute.max(1)) / 60.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quarter_goes_at_once_and_the_rest_at_its_pace() {
        let now = Instant::now();
        let mut bucket = Bucket::new(60, now);
        let waits: Vec<u128> = (0..17).map(|_| (bucket.take(now) - now).as_millis()).collect();
        assert!(waits[..15].iter().all(|wait| *wait == 0), "{waits:?}");
        assert_eq!(waits[15..], [1000, 2000], "nobody is overtaken");
        assert_eq!(bucket.sent_last_minute(now), 15);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let now = Instant::now();
        let mut bucket = Bucket::new(4, now);
        assert_eq!(bucket.take(now), now);
        let reserved = bucket.take(now);
        assert_eq!(reserved - now, Duration::from_secs(15));
        bucket.give_back(reserved);
        bucket.give_back(reserved);
        assert_eq!(bucket.take(now), reserved, "once, and not twice");
    }

    #[test]
    fn another_limit_holds_at_once() {
        let now = Instant::now();
        let mut bucket = Bucket::new(600, now);
        for _ in 0..6 {
            bucket.take(now);
        }
        bucket.set_per_minute(6, now);
        assert_eq!(bucket.take(now) - now, WINDOW, "the six count");
    }

    proptest! {
        /// Whatever the limit and however requests come, no minute has more of them than the limit.
        #[test]
        fn no_minute_exceeds_the_limit(
            per_minute in 1_u32..90,
            steps in proptest::collection::vec((0_u64..4000, any::<bool>()), 1..400),
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut bucket = Bucket::new(per_minute, now);
            let mut sent = Vec::new();
            for (ms, give_back) in steps {
                now += Duration::from_millis(ms);
                let at = bucket.take(now);
                prop_assert!(at >= now);
                if give_back && at > now {
                    bucket.give_back(at);
                } else {
                    sent.push(at);
                }
            }
            sent.sort();
            for (first, last) in sent.iter().zip(sent.iter().skip(per_minute as usize)) {
                prop_assert!(*last - *first >= Duration::from_secs(60));
            }
        }

        /// A bucket that is asked all the time lets through what the limit allows, and not much less.
        #[test]
        fn the_limit_can_be_used_up(per_minute in 1_u32..600) {
            let start = Instant::now();
            let mut bucket = Bucket::new(per_minute, start);
            let mut at = start;
            for _ in 0..per_minute * 5 {
                at = bucket.take(at);
            }
            let minutes = (at - start).as_secs_f64() / 60.0;
            prop_assert!(minutes < 5.2, "{} minutes for five minutes' worth", minutes);
        }
    }
}
