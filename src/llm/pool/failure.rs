//! What is done about a failure: the whole policy in one table.
//!
//! | failure | the key | the question | the operator |
//! |---|---|---|---|
//! | 429 that says for how long | rests that long | another key at once | |
//! | 429 that does not | rests 5 s, doubling to 1 min | another key at once | |
//! | 402, quota used up | rests 15 min, doubling to 1 h | another key at once | alert |
//! | 401, 403 | is disabled until the configuration is read again | another key at once | alert |
//! | 404, model unknown | is disabled until the configuration is read again | another key at once | alert |
//! | 5xx, 529 | rests as long as it says, else 1 s, doubling to 1 min | another key at once | |
//! | no connection | rests 1 s, doubling to 1 min | another key at once | |
//! | no answer in time | rests 5 s, doubling to 2 min | another key at once | |
//! | an answer that breaks off, or is none | rests 1 s, doubling to 1 min | another key at once, what was heard is withdrawn | |
//! | prompt too long | is at no fault | once more with less of the conversation, then another model | |
//! | content filter | is at no fault | another provider | |
//! | 400, 422 and the like | is at no fault, but three in a row without a success rest it 1 min | another provider | |
//!
//! A key that has rested is tried with one request; the others follow when that one was answered. When no key is left
//! the question waits for the first that will be free, within `wait_for_key_s` and the deadline of the turn, and then
//! the built-in answerer serves. So nobody ever sees a 429.

use std::time::Duration;

use crate::llm::error::LlmError;

/// How many requests in a row a key may refuse as wrong before it is suspected itself.
pub(super) const REFUSALS_IN_A_ROW: u32 = 3;

/// Pauses that double from the first to the longest with every failure in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    first: Duration,
    most: Duration,
}

impl Pause {
    const fn seconds(first: u64, most: u64) -> Self {
        Self { first: Duration::from_secs(first), most: Duration::from_secs(most) }
    }

    /// The pause after the given number of failures in a row, this one included.
    pub(super) fn after(self, failures: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(31))).min(self.most)
    }
}

/// What is done with the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ForKey {
    /// Nothing: it is not its fault.
    Keep,
    /// It rests this long.
    RestFor(Duration),
    /// It rests longer each time.
    Rest(Pause),
    /// It rests when this happens [`REFUSALS_IN_A_ROW`] times in a row.
    Suspect(Pause),
    /// It is not used until the configuration is read again.
    Disable,
}

/// What is done with the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ForQuestion {
    /// Any other key may be asked, and this one again when it has rested.
    AnotherKey,
    /// The same again with less of the conversation; if it was that already, another model.
    Shorter,
    /// No key of the same provider is asked.
    AnotherProvider,
}

/// What is done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remedy {
    pub(super) key: ForKey,
    pub(super) question: ForQuestion,
    /// Whether somebody must act, so the operator is told.
    pub(super) alert: bool,
}

/// The table.
pub(super) fn remedy(error: &LlmError) -> Remedy {
    use ForKey::{Disable, Keep, Rest, RestFor, Suspect};
    use ForQuestion::{AnotherKey, AnotherProvider, Shorter};
    let (key, question, alert) = match error {
        LlmError::RateLimited { retry_after: Some(rest) } => (RestFor(*rest), AnotherKey, false),
        LlmError::RateLimited { retry_after: None } => (Rest(Pause::seconds(5, 60)), AnotherKey, false),
        LlmError::Quota => (Rest(Pause::seconds(900, 3600)), AnotherKey, true),
        LlmError::Unauthorized(_) | LlmError::NoModel(_) => (Disable, AnotherKey, true),
        LlmError::Server { retry_after: Some(rest), .. } => (RestFor(*rest), AnotherKey, false),
        LlmError::Server { retry_after: None, .. }
        | LlmError::Unreachable
        | LlmError::Broken
        | LlmError::BadAnswer => (Rest(Pause::seconds(1, 60)), AnotherKey, false),
        LlmError::Timeout => (Rest(Pause::seconds(5, 120)), AnotherKey, false),
        LlmError::ContextTooLong => (Keep, Shorter, false),
        LlmError::ContentFilter => (Keep, AnotherProvider, false),
        LlmError::Refused(_) => (Suspect(Pause::seconds(60, 60)), AnotherProvider, false),
        // These are of the question as a whole; no key ever answers with them.
        LlmError::NoKey | LlmError::Exhausted | LlmError::OverBudget => (Keep, AnotherKey, false),
    };
    Remedy { key, question, alert }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pause = Pause::seconds(1, 60);
        assert_eq!(
            [0, 1, 2, 3, 6, 7, 8, u32::MAX].map(|failures| pause.after(failures).as_secs()),
            [1, 1, 2, 4, 32, 60, 60, 60]
        );
    }

    #[test]
    fn what_only_an_owner_can_repair_is_told_and_nothing_else() {
        let minute = Some(Duration::from_secs(60));
        let told = [
            LlmError::Quota,
            LlmError::Unauthorized(401),
            LlmError::NoModel(404),
            LlmError::RateLimited { retry_after: minute },
            LlmError::Server { status: 500, retry_after: None },
            LlmError::Timeout,
            LlmError::ContextTooLong,
            LlmError::ContentFilter,
            LlmError::Refused(400),
        ]
        .map(|error| remedy(&error).alert);
        assert_eq!(told, [true, true, true, false, false, false, false, false, false]);
    }
}
