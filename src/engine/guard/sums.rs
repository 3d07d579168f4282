//! Sums that follow from what was stated: the total of shown prices, a price times a number of things, a discount.

use super::numbers;

/// The most things that a price is multiplied by.
const MAX_THINGS: i64 = 1_000;
/// The most prices that are added up; more are a bill, and a bill comes from a tool.
const MAX_PRICES: usize = 12;

/// What a sum may be made from; amounts are thousandths.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// Prices that the business states.
    pub(super) prices: Vec<i64>,
    /// Those of them that the reply shows.
    pub(super) shown: Vec<i64>,
    /// Percentages that the reply shows and the business states.
    pub(super) percents: Vec<i64>,
    /// Whole numbers of the reply and of the customer: how many of a thing.
    pub(super) counts: Vec<i64>,
}

impl Parts {
    /// Whether the number is the result of a sum of these parts.
    pub(super) fn give(&self, value: &str) -> bool {
        let Some(wanted) = numbers::thousandths(value).filter(|wanted| *wanted > 0) else { return false };
        self.is_total(wanted) || self.is_multiple(wanted) || self.is_discounted(wanted)
    }

    /// The total of some of the shown prices, or the difference of two.
    fn is_total(&self, wanted: i64) -> bool {
        let shown = self.shown.get(..self.shown.len().min(MAX_PRICES)).unwrap_or_default();
        let difference = shown.iter().any(|a| shown.iter().any(|b| a - b == wanted));
        // Every choice of at least two prices, by the bits of a number: at most 4,096.
        let total = (0_u32..1 << shown.len()).filter(|choice| choice.count_ones() >= 2).any(|choice| {
            let chosen = shown.iter().enumerate().filter(|(at, _)| choice & (1 << at) != 0);
            chosen.map(|(_, price)| price).sum::<i64>() == wanted
        });
        difference || total
    }

    /// A price times a number of things.
    fn is_multiple(&self, wanted: i64) -> bool {
        let counts = self.counts.iter().filter(|count| (2..=MAX_THINGS).contains(*count));
        counts.into_iter().any(|count| self.prices.iter().any(|price| price.saturating_mul(*count) == wanted))
    }

    /// A price less a percentage, or the percentage itself.
    fn is_discounted(&self, wanted: i64) -> bool {
        self.percents.iter().any(|percent| {
            self.prices.iter().any(|price| {
                let part = price.saturating_mul(*percent) / 100_000;
                part == wanted || price - part == wanted || price + part == wanted
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_multiples_and_discounts_follow() {
        let parts = Parts {
            prices: vec![180_000_000, 220_000_000],
            shown: vec![180_000_000, 220_000_000],
            percents: vec![15_000],
            counts: vec![3],
        };
        for value in ["400000", "40000", "540000", "660000", "153000", "27000"] {
            assert!(parts.give(value), "{value}");
        }
        for value in ["410000", "720000", "0", "185000"] {
            assert!(!parts.give(value), "{value}");
        }
    }
}
