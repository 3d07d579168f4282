//! How checked values are written back, so that what is shown is what may be written in a file.

#![expect(clippy::ref_option, reason = "serde passes a reference to the field")]

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::domain::money::Money;

/// A number of milliseconds.
pub(super) fn millis<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// A number of seconds.
pub(super) fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

/// A number of minutes.
pub(super) fn minutes<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs() / 60)
}

/// A number of minutes, 0 for never.
pub(super) fn minutes_or_zero<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    minutes(&duration.unwrap_or_default(), serializer)
}

/// A time span with its unit.
pub(super) fn span<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serializer.serialize_str(&format!("{}s", duration.as_secs())),
        None => serializer.serialize_none(),
    }
}

/// A text that may be empty.
pub(super) fn text_or_empty<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text.as_deref().unwrap_or_default())
}

/// An amount in the main unit, as it is written in a file.
pub(super) fn price<S: Serializer>(price: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(price) = price else { return serializer.serialize_none() };
    match price.to_main().parse::<i64>() {
        Ok(whole) => whole.serialize(serializer),
        Err(_) => price.to_main().serialize(serializer),
    }
}
