//! What is counted and measured, for Prometheus: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
//!
//! A label is a tenant, the id of a key or a word out of a fixed set: never a secret, an address, a contact or anything
//! that was said. There is no global recorder: whoever counts was given the meters.

use std::{fmt, sync::Arc};

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder as _, SharedString};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// The bounds of the buckets of a duration, in seconds.
const SECONDS: &[f64] =
    &[0.001, 0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0];

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// Requests to providers, by tenant, key and outcome.
    LlmRequests,
    /// Failures of providers, by key and kind.
    LlmErrors,
    /// Questions that no key answered, by tenant and kind.
    LlmUnanswered,
    /// Tokens, by tenant, key and direction.
    LlmTokens,
    /// Money spent, in millionths of the currency, by tenant, key and currency.
    LlmCost,
    /// Conversations that moved to another key.
    PoolMoves,
    /// Voice notes and pictures, by tenant, kind and outcome.
    Media,
}

/// Something that goes up and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gauge {
    /// Conversations that hold a place, by key.
    PoolActive,
    /// Percent of the places that are taken, by key.
    PoolCapacity,
    /// 1 for the state that a key is in, 0 for the others, by key and state.
    PoolKeyState,
    /// Percent of the places of all ready keys that are taken.
    PoolTotalCapacity,
    /// 1 while the alert stands.
    PoolAlert,
}

/// Something that takes time, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// From a request to its whole answer, by tenant and key.
    LlmLatency,
    /// From a request to its first word, by tenant and key.
    LlmFirstToken,
    /// From a question to the key that may be asked, by tenant.
    PoolWait,
}

impl Counter {
    const ALL: [Self; 7] = [
        Self::LlmRequests,
        Self::LlmErrors,
        Self::LlmUnanswered,
        Self::LlmTokens,
        Self::LlmCost,
        Self::PoolMoves,
        Self::Media,
    ];

    fn series(self) -> (&'static str, &'static str) {
        match self {
            Self::LlmRequests => ("iass_llm_requests_total", "Requests to model providers."),
            Self::LlmErrors => ("iass_llm_errors_total", "Requests to model providers that failed, by kind."),
            Self::LlmUnanswered => ("iass_llm_unanswered_total", "Questions that no key answered, by kind."),
            Self::LlmTokens => ("iass_llm_tokens_total", "Tokens read and written by models."),
            Self::LlmCost => ("iass_llm_cost_micros_total", "Money spent with models, in millionths."),
            Self::PoolMoves => ("iass_pool_moves_total", "Conversations that moved to another key."),
            Self::Media => ("iass_media_total", "Voice notes and pictures."),
        }
    }
}

impl Gauge {
    const ALL: [Self; 5] =
        [Self::PoolActive, Self::PoolCapacity, Self::PoolKeyState, Self::PoolTotalCapacity, Self::PoolAlert];

    fn series(self) -> (&'static str, &'static str) {
        match self {
            Self::PoolActive => {
                ("iass_pool_active_conversations", "Conversations that hold a place at a key.")
            }
            Self::PoolCapacity => ("iass_pool_key_capacity_pct", "Percent of a key's places that are taken."),
            Self::PoolKeyState => ("iass_pool_key_state", "1 for the state that a key is in."),
            Self::PoolTotalCapacity => {
                ("iass_pool_capacity_pct", "Percent of all ready places that are taken.")
            }
            Self::PoolAlert => ("iass_pool_alert", "1 while the pool has been nearly full for long."),
        }
    }
}

impl Timer {
    const ALL: [Self; 3] = [Self::LlmLatency, Self::LlmFirstToken, Self::PoolWait];

    fn series(self) -> (&'static str, &'static str) {
        match self {
            Self::LlmLatency => ("iass_llm_latency_seconds", "From a request to its whole answer."),
            Self::LlmFirstToken => ("iass_llm_first_token_seconds", "From a request to its first word."),
            Self::PoolWait => ("iass_pool_wait_seconds", "From a question to the key that may be asked."),
        }
    }
}

/// Where things are counted. Cheap to clone.
#[derive(Clone)]
pub struct Meters {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meters")
    }
}

impl Default for Meters {
    fn default() -> Self {
        Self::new()
    }
}

/// Labels: names and values.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

impl Meters {
    /// Meters on which nothing was counted.
    pub fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // Only an empty list is refused, and then the quantiles of the library are used.
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let describe = |(name, help): (&'static str, &'static str)| {
            (KeyName::from_const_str(name), SharedString::const_str(help))
        };
        for counter in Counter::ALL {
            let (name, help) = describe(counter.series());
            recorder.describe_counter(name, None, help);
        }
        for gauge in Gauge::ALL {
            let (name, help) = describe(gauge.series());
            recorder.describe_gauge(name, None, help);
        }
        for timer in Timer::ALL {
            let (name, help) = describe(timer.series());
            recorder.describe_histogram(name, None, help);
        }
        Self { handle: recorder.handle(), recorder: Arc::new(recorder) }
    }

    /// Adds to a count.
    pub fn count(&self, counter: Counter, labels: Labels<'_>, by: u64) {
        self.recorder.register_counter(&key(counter.series().0, labels), &METADATA).increment(by);
    }

    /// Sets a gauge.
    pub fn set(&self, gauge: Gauge, labels: Labels<'_>, value: f64) {
        self.recorder.register_gauge(&key(gauge.series().0, labels), &METADATA).set(value);
    }

    /// Notes how long something took.
    pub fn time(&self, timer: Timer, labels: Labels<'_>, took: std::time::Duration) {
        let histogram = self.recorder.register_histogram(&key(timer.series().0, labels), &METADATA);
        histogram.record(took.as_secs_f64());
    }

    /// Everything, as Prometheus reads it.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Puts measurements together that nobody came to read, so that they do not pile up.
    pub fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

static METADATA: Metadata<'static> = Metadata::new("iass", Level::INFO, None);

fn key(name: &'static str, labels: Labels<'_>) -> Key {
    let labels: Vec<Label> =
        labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Key::from_parts(name, labels)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_counted_can_be_read() {
        let meters = Meters::new();
        let labels: Labels<'_> = &[("key", "key_a"), ("kind", "timeout")];
        meters.count(Counter::LlmErrors, labels, 2);
        meters.count(Counter::LlmErrors, labels, 1);
        meters.set(Gauge::PoolTotalCapacity, &[], 46.7);
        meters.time(Timer::LlmLatency, &[("key", "key_a")], Duration::from_millis(700));
        let text = meters.render();
        for line in [
            "# TYPE iass_llm_errors_total counter",
            "iass_llm_errors_total{key=\"key_a\",kind=\"timeout\"} 3",
            "iass_pool_capacity_pct 46.7",
            "iass_llm_latency_seconds_bucket{key=\"key_a\",le=\"0.5\"} 0",
            "iass_llm_latency_seconds_bucket{key=\"key_a\",le=\"1\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        assert!(!Meters::new().render().contains("key_a"), "no two meters share anything");
    }
}
