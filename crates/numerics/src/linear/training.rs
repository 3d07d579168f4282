//! Trains the linear classifiers: one [logistic regression][lr] per agent against all others, by [dual coordinate
//! ascent][sdca].
//!
//! The method has no learning rate to tune and is done after a few rounds over the examples, so that the examples of a
//! tenant are learned in a fraction of a second when its router is made. The order of the examples is shuffled with a
//! fixed seed: the same examples always give the same model.
//!
//! [lr]: https://www.csie.ntu.edu.tw/~cjlin/papers/maxent_dual.pdf
//! [sdca]: https://www.jmlr.org/papers/v14/shalev-shwartz13a.html

use super::{BUCKETS, DIMENSIONS, Feature, VECTOR_WEIGHT};

/// Rounds over all examples. Measured: after three the weights hardly move.
const ROUNDS: usize = 4;

/// How much one example of ordinary weight may pull (the `C` of the usual notation).
const PULL: f32 = 5.0;

/// Steps of Newton's method for one coordinate. What is missing after them, the next round makes good.
const NEWTON_STEPS: usize = 4;

/// Agents are trained side by side in groups of this many numbers, which the machine works on at once.
const LANES: usize = 8;

/// How far a dual coordinate stays away from 0 and 1, where its logarithm ends.
const EDGE: f32 = 1e-6;

/// Where Newton's method begins at the earliest: nearer to 0 its steps are short.
const START: f32 = 1e-3;

/// One example.
#[derive(Debug, Clone)]
pub struct Sample<'a> {
    /// Its vector.
    pub vector: &'a [f32],
    /// Its words.
    pub lexical: Vec<Feature>,
    /// The class it belongs to.
    pub class: usize,
    /// How much it counts; 1 for a built-in example.
    pub weight: f32,
}

/// A model of more classes than this gets [`FEW_BUCKETS`], so that it stays small.
const MAX_CLASSES_WITH_ALL_BUCKETS: usize = 12;

/// Buckets of a model of many classes. Measured: that costs it less than half a point of accuracy.
const FEW_BUCKETS: usize = 1024;

/// Trained weights: for each feature (first the vector's numbers, then the buckets) a row with a number for each class.
#[derive(Debug)]
pub struct Weights {
    /// Numbers in a row: the classes, rounded up to whole groups.
    pub stride: usize,
    /// Buckets there are rows for: a power of two.
    pub buckets: usize,
    /// The rows.
    pub rows: Vec<f32>,
    /// What a text has of each class before anything in it is seen.
    pub bias: Vec<f32>,
}

impl Weights {
    fn add_scores(&self, sample: &Sample<'_>, scores: &mut [f32]) {
        scores.copy_from_slice(&self.bias);
        let (vector_rows, bucket_rows) = self.rows.split_at(DIMENSIONS * self.stride);
        for (value, row) in sample.vector.iter().zip(vector_rows.chunks_exact(self.stride)) {
            add(scores, row, value * VECTOR_WEIGHT);
        }
        for (bucket, value) in &sample.lexical {
            let start = folded(*bucket, self.buckets) * self.stride;
            if let Some(row) = bucket_rows.get(start..start + self.stride) {
                add(scores, row, *value);
            }
        }
    }

    fn move_by(&mut self, sample: &Sample<'_>, steps: &[f32]) {
        add(&mut self.bias, steps, 1.0);
        let (vector_rows, bucket_rows) = self.rows.split_at_mut(DIMENSIONS * self.stride);
        for (value, row) in sample.vector.iter().zip(vector_rows.chunks_exact_mut(self.stride)) {
            add(row, steps, value * VECTOR_WEIGHT);
        }
        for (bucket, value) in &sample.lexical {
            let start = folded(*bucket, self.buckets) * self.stride;
            if let Some(row) = bucket_rows.get_mut(start..start + self.stride) {
                add(row, steps, *value);
            }
        }
    }
}

/// Trains weights for `classes` classes.
pub fn train(samples: &[Sample<'_>], classes: usize) -> Weights {
    let stride = classes.next_multiple_of(LANES);
    let buckets = if classes > MAX_CLASSES_WITH_ALL_BUCKETS { FEW_BUCKETS } else { BUCKETS };
    let mut weights = Weights {
        stride,
        buckets,
        rows: vec![0.0; (DIMENSIONS + buckets) * stride],
        bias: vec![0.0; stride],
    };
    let mut duals = vec![0.0; samples.len() * stride];
    let mut scores = vec![0.0; stride];
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut shuffle = Shuffle(0x9e37_79b9_7f4a_7c15);
    for _ in 0..ROUNDS {
        shuffle.apply(&mut order);
        for &index in &order {
            let Some(sample) = samples.get(index) else { continue };
            let Some(duals) = duals.get_mut(index * stride..(index + 1) * stride) else { continue };
            weights.add_scores(sample, &mut scores);
            let pull = PULL * sample.weight;
            let length = squared_length(sample) * pull;
            for (class, (dual, score)) in duals.iter_mut().zip(&mut scores).enumerate() {
                let side = if class == sample.class { 1.0 } else { -1.0 };
                let moved = ascend(*dual, side * *score, length);
                *score = (moved - *dual) * pull * side;
                *dual = moved;
            }
            weights.move_by(sample, &scores);
        }
    }
    weights
}

/// The row of a bucket in a model with `buckets` of them.
pub(super) fn folded(bucket: u16, buckets: usize) -> usize {
    usize::from(bucket) & buckets.saturating_sub(1)
}

/// Nearer to the best value of one dual coordinate while the others stay: the root of
/// `ln(z / (1 - z)) + margin + length (z - dual)`, which grows with `z`.
fn ascend(dual: f32, margin: f32, length: f32) -> f32 {
    let mut z = dual.max(START);
    for _ in 0..NEWTON_STEPS {
        let value = (z / (1.0 - z)).ln() + margin + length * (z - dual);
        let next = z - value / (1.0 / (z * (1.0 - z)) + length);
        z = if next <= 0.0 {
            z / 4.0
        } else if next >= 1.0 {
            1.0 - (1.0 - z) / 4.0
        } else {
            next
        };
        z = z.clamp(EDGE, 1.0 - EDGE);
    }
    z
}

fn squared_length(sample: &Sample<'_>) -> f32 {
    let vector: f32 = sample.vector.iter().map(|value| value * value).sum();
    let lexical: f32 = sample.lexical.iter().map(|(_, value)| value * value).sum();
    vector * VECTOR_WEIGHT * VECTOR_WEIGHT + lexical + 1.0
}

fn add(to: &mut [f32], row: &[f32], factor: f32) {
    for (to, row) in to.chunks_exact_mut(LANES).zip(row.chunks_exact(LANES)) {
        for (to, row) in to.iter_mut().zip(row) {
            *to += row * factor;
        }
    }
}

/// A fixed sequence of numbers that look random ([xorshift](https://www.jstatsoft.org/article/view/v008i14)).
struct Shuffle(u64);

impl Shuffle {
    fn apply(&mut self, order: &mut [usize]) {
        for last in (1..order.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let other = usize::try_from(self.0 % (last as u64 + 1)).unwrap_or_default();
            order.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinate_moves_to_its_best_value() {
        for (dual, margin, length) in
            [(0.0, 0.0, 30.0), (0.3, -2.0, 35.0), (0.9, 4.0, 90.0), (0.01, 8.0, 5.0), (0.5, -8.0, 30.0)]
        {
            let value = |z: f32| (z / (1.0 - z)).ln() + margin + length * (z - dual);
            let (mut low, mut high) = (EDGE, 1.0 - EDGE);
            for _ in 0..40 {
                let middle = f32::midpoint(low, high);
                if value(middle) > 0.0 { high = middle } else { low = middle }
            }
            let found = ascend(dual, margin, length);
            assert!((found - low).abs() < 0.02, "{dual} {margin} {length}: {found}, not {low}");
        }
    }

    #[test]
    fn classes_that_can_be_told_apart_are() {
        let vectors: Vec<Vec<f32>> = (0..3)
            .map(|class| (0..DIMENSIONS).map(|at| if at % 3 == class { 0.0765 } else { 0.0 }).collect())
            .collect();
        let samples: Vec<Sample<'_>> = (0..30)
            .map(|n| Sample {
                vector: &vectors[n % 3],
                lexical: vec![(u16::try_from(n).unwrap(), 1.0)],
                class: n % 3,
                weight: 1.0,
            })
            .collect();
        let weights = train(&samples, 3);
        let mut scores = vec![0.0; weights.stride];
        for sample in &samples {
            weights.add_scores(sample, &mut scores);
            for (class, score) in scores.iter().take(3).enumerate() {
                assert_eq!(*score > 0.0, class == sample.class, "{scores:?}");
            }
        }
        assert_eq!(weights.rows, train(&samples, 3).rows);
    }

    #[test]
    fn nothing_to_learn_from_is_no_error() {
        assert!(train(&[], 2).rows.iter().all(|weight| *weight == 0.0));
    }
}
