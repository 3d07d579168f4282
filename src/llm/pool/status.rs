//! The pool as reports show it: `GET /api/v1/pool`, `/metrics` with `Accept: application/json`, `iass pool status`.

use serde::{Deserialize, Serialize};

use super::{assignment::KeyView, health::Shown, traffic::TrafficView};

/// How the pool is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolStatus {
    /// The keys, in the order of the configuration, those of tenants behind.
    pub pool_status: Vec<KeyStatus>,
    /// Conversations that hold a place at a key.
    pub total_active: u32,
    /// How many percent of the places at the daemon's keys that are ready are taken; 100 when none of them is ready, 0
    /// when there are none.
    pub pool_capacity_pct: f64,
    /// Whether it has been at or above `llm.alert_pct` for `llm.alert_after_s`.
    pub alert: bool,
    /// What was measured in the last minutes.
    #[serde(default)]
    pub traffic: TrafficView,
}

/// How a key is. Its secret is nowhere near.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyStatus {
    /// The key's id; `tenant/id` for one that a tenant brought.
    pub key_id: String,
    /// Conversations that hold a place at it.
    pub active_conversations: u32,
    /// How many percent of its places are taken.
    pub capacity_pct: f64,
    /// Whether it is used.
    pub state: KeyState,
    /// How many seconds it still rests; 0 when it is ready, disabled, or waits to be probed.
    pub cooling_s: u64,
    /// What is wrong with it, if something is: the kind of its last failure.
    pub reason: Option<String>,
    /// The model.
    pub model: String,
    /// The tier.
    pub tier: u8,
    /// Conversations it may have.
    pub max_conversations: u32,
    /// Requests it may send within a minute.
    pub requests_per_minute: u32,
    /// Requests it sent within the last minute.
    pub requests_last_minute: usize,
    /// Requests under way.
    pub in_flight: u32,
}

/// Whether a key is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It is used.
    Ready,
    /// It rests after a failure.
    Cooling,
    /// It is not used until the configuration is read again.
    Disabled,
}

impl KeyState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ready, Self::Cooling, Self::Disabled];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Cooling => "cooling",
            Self::Disabled => "disabled",
        }
    }

    /// The state, and the seconds that a key rests, rounded up.
    pub(super) fn of(view: &KeyView) -> (Self, u64) {
        match view.shown {
            Shown::Ready => (Self::Ready, 0),
            Shown::Cooling(rest) => (Self::Cooling, rest.as_secs() + u64::from(rest.subsec_nanos() > 0)),
            Shown::Disabled => (Self::Disabled, 0),
        }
    }
}

/// A part of a whole in percent, to one decimal.
pub(super) fn percent(part: u32, whole: u32) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (f64::from(part) / f64::from(whole) * 1000.0).round() / 10.0
}
