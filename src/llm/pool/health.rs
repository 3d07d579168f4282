//! Whether a key can be used: ready, resting after a failure, or disabled.
//!
//! A key that has rested is tried with one request, the probe. Until that is answered nobody else uses the key, so that
//! a provider that just came back is not run over by all who waited.

use std::time::{Duration, Instant};

use super::failure::{ForKey, REFUSALS_IN_A_ROW};

/// The shortest rest, whatever a provider says: "come again in 0 seconds" must not become a loop.
const SHORTEST: Duration = Duration::from_millis(250);

/// How a key is.
#[derive(Debug)]
pub(super) struct Health {
    state: State,
    /// Failures since the last success.
    failures: u32,
    /// Requests refused as wrong since the last success.
    refusals: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Resting { until: Instant, is_probed: bool },
    Disabled,
}

/// Whether a key may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usable {
    /// By anybody.
    Yes,
    /// By one request, to see whether it is well again.
    Probe,
    /// Not before this moment.
    At(Instant),
    /// When the probe that is under way was answered.
    WhenProbed,
    /// Not at all.
    No,
}

/// What a key is asked for: an ordinary request, or the one that finds out whether it is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An ordinary request.
    Work,
    /// The probe.
    Probe,
}

/// How a key is, as reports show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// It is used.
    Ready,
    /// It rests for this long, zero when it waits for its probe.
    Cooling(Duration),
    /// It is not used.
    Disabled,
}

impl Health {
    /// A key of which nothing is known, which counts as well.
    pub(super) fn new() -> Self {
        Self { state: State::Ready, failures: 0, refusals: 0 }
    }

    /// Whether the key may be asked.
    pub(super) fn usable(&self, now: Instant) -> Usable {
        match self.state {
            State::Ready => Usable::Yes,
            State::Resting { is_probed: true, .. } => Usable::WhenProbed,
            State::Resting { until, .. } if until <= now => Usable::Probe,
            State::Resting { until, .. } => Usable::At(until),
            State::Disabled => Usable::No,
        }
    }

    /// How it is for reports.
    pub(super) fn shown(&self, now: Instant) -> Shown {
        match self.state {
            State::Ready => Shown::Ready,
            State::Resting { until, .. } => Shown::Cooling(until.saturating_duration_since(now)),
            State::Disabled => Shown::Disabled,
        }
    }

    /// The probe goes out.
    pub(super) fn begin_probe(&mut self) {
        if let State::Resting { is_probed, .. } = &mut self.state {
            *is_probed = true;
        }
    }

    /// The probe was called off before anything was learned.
    pub(super) fn end_probe(&mut self) {
        if let State::Resting { is_probed, .. } = &mut self.state {
            *is_probed = false;
        }
    }

    /// The key answered. An answer to what was asked before it began to rest ends the rest of nobody.
    pub(super) fn succeeded(&mut self, purpose: Purpose) {
        if self.state == State::Ready || purpose == Purpose::Probe && self.state != State::Disabled {
            *self = Self::new();
        }
    }

    /// The key failed, and this is done about it.
    pub(super) fn failed(&mut self, purpose: Purpose, remedy: ForKey, now: Instant) {
        if purpose == Purpose::Probe {
            self.end_probe();
        }
        // Those that were under way when the first one failed tell nothing new about how bad it is.
        let is_news = self.state == State::Ready || purpose == Purpose::Probe;
        let rest = match remedy {
            ForKey::Keep => {
                // It did answer, so it is there.
                return self.succeeded(purpose);
            }
            ForKey::Disable => {
                self.state = State::Disabled;
                return;
            }
            ForKey::RestFor(rest) => rest.max(SHORTEST),
            ForKey::Rest(pause) => {
                self.failures = self.failures.saturating_add(u32::from(is_news));
                pause.after(self.failures)
            }
            ForKey::Suspect(pause) => {
                self.refusals = self.refusals.saturating_add(1);
                if self.refusals < REFUSALS_IN_A_ROW {
                    if purpose == Purpose::Probe {
                        self.state = State::Ready;
                    }
                    return;
                }
                pause.after(1)
            }
        };
        let until = now + rest;
        self.state = match self.state {
            State::Disabled => State::Disabled,
            State::Resting { until: already, is_probed } => {
                State::Resting { until: already.max(until), is_probed }
            }
            State::Ready => State::Resting { until, is_probed: false },
        };
    }

    /// The configuration was read again: perhaps it was repaired.
    pub(super) fn give_another_chance(&mut self) {
        if self.state == State::Disabled {
            *self = Self::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::{error::LlmError, pool::failure::remedy};

    fn fail(health: &mut Health, purpose: Purpose, error: &LlmError, now: Instant) {
        health.failed(purpose, remedy(error).key, now);
    }

    const SERVER: LlmError = LlmError::Server { status: 500, retry_after: None };

    #[test]
    fn a_key_that_rested_is_probed_by_one_and_rests_longer_each_time() {
        let mut now = Instant::now();
        let mut health = Health::new();
        let mut rests = Vec::new();
        let mut purpose = Purpose::Work;
        for _ in 0..8 {
            fail(&mut health, purpose, &SERVER, now);
            let Usable::At(until) = health.usable(now) else { panic!("{:?}", health.usable(now)) };
            rests.push((until - now).as_secs());
            now = until;
            assert_eq!(health.usable(now), Usable::Probe);
            health.begin_probe();
            assert_eq!(health.usable(now), Usable::WhenProbed);
            purpose = Purpose::Probe;
        }
        assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
        health.succeeded(Purpose::Probe);
        assert_eq!(health.usable(now), Usable::Yes);
        fail(&mut health, Purpose::Work, &SERVER, now);
        assert_eq!(health.usable(now), Usable::At(now + Duration::from_secs(1)), "a success forgives");
    }

    #[test]
    fn those_that_were_under_way_make_nothing_worse_or_better() {
        let now = Instant::now();
        let mut health = Health::new();
        for _ in 0..10 {
            fail(&mut health, Purpose::Work, &SERVER, now);
        }
        assert_eq!(health.usable(now), Usable::At(now + Duration::from_secs(1)));
        let long = LlmError::RateLimited { retry_after: Some(Duration::from_secs(30)) };
        fail(&mut health, Purpose::Work, &long, now);
        assert_eq!(health.usable(now), Usable::At(now + Duration::from_secs(30)), "the longest counts");
        health.succeeded(Purpose::Work);
        assert_eq!(health.usable(now), Usable::At(now + Duration::from_secs(30)));
    }

    #[test]
    fn a_refused_key_is_out_until_the_configuration_is_read_again() {
        let now = Instant::now();
        let mut health = Health::new();
        fail(&mut health, Purpose::Work, &LlmError::Unauthorized(401), now);
        health.succeeded(Purpose::Work);
        fail(&mut health, Purpose::Work, &SERVER, now);
        assert_eq!(health.usable(now + Duration::from_hours(99)), Usable::No);
        health.give_another_chance();
        assert_eq!(health.usable(now), Usable::Yes);
    }

    #[test]
    fn one_wrong_question_rests_nobody_but_three_do() {
        let now = Instant::now();
        let mut health = Health::new();
        let refused = LlmError::Refused(400);
        fail(&mut health, Purpose::Work, &refused, now);
        fail(&mut health, Purpose::Work, &refused, now);
        health.succeeded(Purpose::Work);
        fail(&mut health, Purpose::Work, &refused, now);
        fail(&mut health, Purpose::Work, &refused, now);
        assert_eq!(health.usable(now), Usable::Yes);
        fail(&mut health, Purpose::Work, &refused, now);
        assert_eq!(health.usable(now), Usable::At(now + Duration::from_mins(1)));
    }

    #[test]
    fn a_probe_that_was_called_off_leaves_the_place_to_the_next() {
        let now = Instant::now();
        let mut health = Health::new();
        fail(&mut health, Purpose::Work, &SERVER, now);
        let later = now + Duration::from_secs(2);
        health.begin_probe();
        health.end_probe();
        assert_eq!(health.usable(later), Usable::Probe);
        health.begin_probe();
        fail(&mut health, Purpose::Probe, &LlmError::ContentFilter, later);
        assert_eq!(health.usable(later), Usable::Yes, "who filters is there");
    }
}
