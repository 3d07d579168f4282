//! What went through the pool in the last minutes, for whoever wants to know how many keys are needed.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

/// How far back is counted.
const WINDOW: Duration = Duration::from_mins(10);

/// How finely.
const STEP: Duration = Duration::from_secs(10);

/// Counts of the last minutes. Bounded by [`WINDOW`] over [`STEP`].
#[derive(Debug)]
pub(super) struct Traffic {
    began: Instant,
    steps: VecDeque<Step>,
}

#[derive(Debug)]
struct Step {
    began: Instant,
    messages: u32,
    calls: u32,
    /// The most conversations that were active.
    conversations: u32,
    seconds: f64,
}

/// What was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TrafficView {
    /// The span it was measured over, in minutes; 10 at most.
    pub minutes: f64,
    /// Messages of customers for which a model was asked, per minute.
    pub messages_per_minute: f64,
    /// Requests to providers per minute.
    pub calls_per_minute: f64,
    /// Requests to providers for one message; 0 while nothing was measured.
    pub calls_per_message: f64,
    /// The most conversations that held a place at a key.
    pub conversations: u32,
    /// How long a request took, on average, in seconds.
    pub seconds_per_call: f64,
}

impl Traffic {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, steps: VecDeque::new() }
    }

    /// A message for which a model is asked the first time.
    pub(super) fn message(&mut self, now: Instant) {
        self.step(now).messages += 1;
    }

    /// A request that was sent, with the conversations that hold a place at the time.
    pub(super) fn call(&mut self, took: Duration, conversations: u32, now: Instant) {
        let step = self.step(now);
        step.calls += 1;
        step.seconds += took.as_secs_f64();
        step.conversations = step.conversations.max(conversations);
    }

    pub(super) fn view(&mut self, now: Instant) -> TrafficView {
        self.forget(now);
        // The empty sum is -0, which would be printed with its sign.
        let sum = |of: fn(&Step) -> f64| self.steps.iter().map(of).sum::<f64>() + 0.0;
        let (messages, calls) = (sum(|step| f64::from(step.messages)), sum(|step| f64::from(step.calls)));
        let span = now.saturating_duration_since(self.began).min(WINDOW).max(STEP);
        let minutes = span.as_secs_f64() / 60.0;
        let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        TrafficView {
            minutes,
            messages_per_minute: messages / minutes,
            calls_per_minute: calls / minutes,
            calls_per_message: ratio(calls, messages),
            conversations: self.steps.iter().map(|step| step.conversations).max().unwrap_or_default(),
            seconds_per_call: ratio(sum(|step| step.seconds), calls),
        }
    }

    fn step(&mut self, now: Instant) -> &mut Step {
        self.forget(now);
        let is_current = |step: &Step| now.saturating_duration_since(step.began) < STEP;
        if !self.steps.back().is_some_and(is_current) {
            self.steps.push_back(Step { began: now, messages: 0, calls: 0, conversations: 0, seconds: 0.0 });
        }
        let last = self.steps.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "there is one, pushed if need be")]
        &mut self.steps[last]
    }

    fn forget(&mut self, now: Instant) {
        while self.steps.front().is_some_and(|step| now.saturating_duration_since(step.began) > WINDOW) {
            self.steps.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_minutes_count() {
        let start = Instant::now();
        let mut traffic = Traffic::new(start);
        assert_eq!(traffic.view(start), TrafficView { minutes: 1.0 / 6.0, ..TrafficView::default() });
        for second in 0..1200 {
            let now = start + Duration::from_secs(second);
            traffic.message(now);
            traffic.call(Duration::from_secs(2), 7, now);
            traffic.call(Duration::from_secs(1), 3, now);
        }
        let view = traffic.view(start + Duration::from_secs(1200));
        assert!((59.0..=61.5).contains(&view.messages_per_minute), "{view:?}");
        let ratios = [view.calls_per_message, view.seconds_per_call, view.minutes];
        assert_eq!((ratios, view.conversations), ([2.0, 1.5, 10.0], 7));
        let view = traffic.view(start + Duration::from_secs(3600));
        assert_eq!((view.calls_per_minute, view.conversations), (0.0, 0));
        assert!(view.calls_per_minute.is_sign_positive(), "no calls are not -0 calls");
        assert!(traffic.steps.is_empty(), "bounded");
    }
}
