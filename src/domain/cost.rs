//! What models cost: prices of a million tokens, and sums of money far below a cent.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::money::{Currency, Money};

/// Parts of a currency's main unit that costs are counted in: a billionth.
const NANOS: i64 = 1_000_000_000;

/// An amount in billionths of the main unit of a currency that is named elsewhere: one for the whole daemon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cost {
    /// Billionths of the main unit.
    pub nanos: i64,
}

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self { nanos: 0 };

    /// An amount of so many billionths.
    pub fn from_nanos(nanos: i64) -> Self {
        Self { nanos }
    }

    /// An amount in the main unit. More than fits is the most that fits.
    pub fn from_main(amount: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        #[expect(clippy::cast_precision_loss, reason = "a billion fits")]
        Self { nanos: (amount * NANOS as f64).round() as i64 }
    }

    /// The amount in the main unit, for people and gauges.
    pub fn to_main(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let main = self.nanos as f64 / NANOS as f64;
        main
    }

    /// The amount in whole minor units, rounded up: who spent less than a cent did spend.
    pub fn to_money(self, currency: Currency) -> Money {
        let nanos_per_minor = NANOS / currency.minor_per_main();
        let minor =
            self.nanos.div_euclid(nanos_per_minor) + i64::from(self.nanos.rem_euclid(nanos_per_minor) > 0);
        Money { minor, currency }
    }

    /// The sum; the most that fits when it is more.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos) }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = self.plus(other);
    }
}

/// What a model costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    /// A million tokens that it reads.
    pub input: Cost,
    /// A million tokens that it writes.
    pub output: Cost,
    /// A minute of sound that it listens to.
    pub minute: Cost,
}

impl Price {
    /// What tokens cost, rounded up.
    pub fn of_tokens(&self, prompt_tokens: u64, completion_tokens: u64) -> Cost {
        let part = |tokens: u64, million: Cost| {
            let nanos = i128::from(tokens) * i128::from(million.nanos);
            i64::try_from((nanos + 999_999) / 1_000_000).unwrap_or(i64::MAX)
        };
        Cost::from_nanos(part(prompt_tokens, self.input))
            .plus(Cost::from_nanos(part(completion_tokens, self.output)))
    }

    /// What listening costs, rounded up.
    pub fn of_sound(&self, ms: u64) -> Cost {
        let nanos = i128::from(ms) * i128::from(self.minute.nanos);
        Cost::from_nanos(i64::try_from((nanos + 59_999) / 60_000).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_exact_and_never_rounded_to_nothing() {
        let price = Price {
            input: Cost::from_main(0.27),
            output: Cost::from_main(1.10),
            minute: Cost::from_main(0.006),
        };
        assert_eq!(price.of_tokens(1_000_000, 0), Cost::from_main(0.27));
        assert_eq!(price.of_tokens(1000, 500).nanos, 270_000 + 550_000);
        assert_eq!(price.of_tokens(1, 0).nanos, 270);
        assert_eq!(price.of_sound(30_000), Cost::from_main(0.003));
        let tiny = Price { input: Cost::from_nanos(1), ..Price::default() };
        assert_eq!(tiny.of_tokens(1, 0).nanos, 1);
        assert_eq!(
            Price { input: Cost::from_nanos(i64::MAX), ..price }.of_tokens(u64::MAX, 1).nanos,
            i64::MAX
        );
    }

    #[test]
    fn money_is_rounded_up_to_whole_minor_units() {
        let minor =
            |code: &str, main: f64| Cost::from_main(main).to_money(Currency::parse(code).unwrap()).minor;
        assert_eq!(
            [minor("USD", 0.0), minor("USD", 0.000_001), minor("USD", 0.05), minor("USD", 1.501)],
            [0, 1, 5, 151]
        );
        assert_eq!([minor("CLP", 0.2), minor("CLP", 2.0)], [1, 2]);
    }
}
