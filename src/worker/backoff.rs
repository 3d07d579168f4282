//! How long to wait before trying again: longer each time, never all at the same moment.

use std::time::Duration;

use crate::clock::Chance;

/// Pauses that double from `first` up to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
}

impl Backoff {
    /// The pause after `failures` earlier failures in a row, between half of it and all of it by chance ("equal
    /// jitter", <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>), so that what failed
    /// together does not come back together.
    pub fn pause(self, failures: u32, chance: Chance) -> Duration {
        let whole = self.first.saturating_mul(2_u32.saturating_pow(failures.min(31))).min(self.most);
        whole.mul_f64(f64::midpoint(1.0, chance.next()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(1) };
        let pauses = |chance| [0, 1, 2, 3, 4, 40, u32::MAX].map(|n| backoff.pause(n, chance).as_millis());
        assert_eq!(pauses(Chance::Fixed(0.0)), [50, 100, 200, 400, 500, 500, 500]);
        assert_eq!(pauses(Chance::Fixed(0.5)), [75, 150, 300, 600, 750, 750, 750]);
    }
}
