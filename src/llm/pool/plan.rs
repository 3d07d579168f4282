//! How many conversations a key carries: arithmetic over the limit of the provider and the traffic.

use serde::Serialize;

use super::traffic::TrafficView;

/// The part of a key's limit that is planned with. The rest is for messages that come together.
const USABLE: f64 = 0.8;

/// Requests for one message while nothing was measured: most messages take one, those with tools two or three.
const USUAL_CALLS: f64 = 2.0;

/// Seconds of one request while nothing was measured.
const USUAL_SECONDS: f64 = 3.0;

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Requests that the provider allows a key within a minute.
    pub requests_per_minute: u32,
    /// Messages that a customer sends within a minute while the conversation goes on.
    pub messages_per_minute: f64,
    /// What a running daemon measured.
    pub traffic: Option<TrafficView>,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Plan {
    /// Requests that the provider allows a key within a minute.
    pub requests_per_minute: u32,
    /// Messages of one conversation within a minute.
    pub messages_per_minute: f64,
    /// Requests for one message.
    pub calls_per_message: f64,
    /// Whether that was measured, or is only usual.
    pub is_measured: bool,
    /// Percent of the limit that is planned with.
    pub usable_pct: u8,
    /// Requests of one conversation within a minute.
    pub calls_per_conversation: f64,
    /// How many conversations a key carries at once; the `max_conversations` to configure.
    pub conversations_per_key: u32,
    /// Requests under way at that load, on average.
    pub requests_in_flight: f64,
    /// Keys that the measured traffic needs; none when nothing was measured.
    pub keys_for_traffic: Option<u32>,
}

impl Plan {
    /// The plan for a load.
    pub fn of(load: Load) -> Self {
        let measured = load.traffic.filter(|traffic| traffic.calls_per_message > 0.0);
        let calls_per_message = measured.map_or(USUAL_CALLS, |traffic| traffic.calls_per_message);
        let seconds = measured.map_or(USUAL_SECONDS, |traffic| traffic.seconds_per_call);
        let usable = f64::from(load.requests_per_minute) * USABLE;
        let calls_per_conversation = load.messages_per_minute * calls_per_message;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is not negative"
        )]
        let whole = |number: f64| number as u32;
        Self {
            requests_per_minute: load.requests_per_minute,
            messages_per_minute: load.messages_per_minute,
            calls_per_message,
            is_measured: measured.is_some(),
            usable_pct: whole(USABLE * 100.0).try_into().unwrap_or(100),
            calls_per_conversation,
            conversations_per_key: whole((usable / calls_per_conversation).floor()).max(1),
            // Little's law: what is under way is what comes in times how long it stays.
            requests_in_flight: usable / 60.0 * seconds,
            keys_for_traffic: measured
                .map(|traffic| whole((traffic.calls_per_minute / usable).ceil()).max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(calls_per_message: f64, calls_per_minute: f64) -> TrafficView {
        TrafficView { calls_per_message, calls_per_minute, seconds_per_call: 1.5, ..TrafficView::default() }
    }

    #[test]
    fn a_key_carries_what_its_limit_leaves_for_each_conversation() {
        let plan = |traffic| Plan::of(Load { requests_per_minute: 60, messages_per_minute: 2.0, traffic });
        let usual = plan(None);
        assert_eq!(
            (usual.conversations_per_key, usual.is_measured, usual.keys_for_traffic),
            (12, false, None)
        );
        let measured = plan(Some(traffic(1.2, 100.0)));
        assert_eq!((measured.conversations_per_key, measured.keys_for_traffic), (20, Some(3)));
        assert!((measured.requests_in_flight - 1.2).abs() < 1e-9);
        assert_eq!(plan(Some(traffic(0.0, 0.0))), usual, "nothing was measured");
    }

    #[test]
    fn every_key_carries_somebody() {
        let plan = Plan::of(Load { requests_per_minute: 1, messages_per_minute: 60.0, traffic: None });
        assert_eq!(plan.conversations_per_key, 1);
    }
}
