//! A trained linear classifier over a text's vector and its words, in the form in which it is kept: a byte for each weight.

mod training;

pub use training::{Sample, Weights, train};

use training::folded;

/// Numbers of a vector of the built-in embedding model.
pub const DIMENSIONS: usize = 512;

/// Buckets for words and pieces of words; a smaller model folds them together. A power of two.
pub const BUCKETS: usize = 4096;

/// How much the vector weighs against the words, which have length one.
pub const VECTOR_WEIGHT: f32 = 2.0;

/// A bucket and how strongly a text is in it.
pub type Feature = (u16, f32);

/// Linear classifiers of several classes over the same text.
#[derive(Debug, Clone)]
pub struct Linear {
    /// Buckets there are weights for: a power of two.
    buckets: usize,
    classes: Vec<Class>,
}

#[derive(Debug, Clone)]
struct Class {
    bias: f32,
    vector: Row,
    buckets: Row,
}

/// Numbers as bytes with one factor.
#[derive(Debug, Clone)]
struct Row {
    factor: f32,
    bytes: Box<[i8]>,
}

impl Row {
    fn of(values: impl Iterator<Item = f32> + Clone) -> Self {
        let largest = values.clone().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
        let factor = largest / f32::from(i8::MAX);
        #[expect(clippy::cast_possible_truncation, reason = "the largest is scaled to the largest byte")]
        let bytes = values.map(|value| (value / factor).round() as i8).collect();
        Self { factor, bytes }
    }
}

impl Linear {
    /// The first `classes` of trained weights.
    pub fn of(weights: &Weights, classes: usize) -> Self {
        let (vector_rows, bucket_rows) = weights.rows.split_at(DIMENSIONS * weights.stride);
        let column = |rows: &[f32], class: usize| {
            Row::of(rows.iter().skip(class).step_by(weights.stride.max(1)).copied())
        };
        let classes = weights.bias.iter().take(classes).enumerate().map(|(class, bias)| Class {
            bias: *bias,
            vector: column(vector_rows, class),
            buckets: column(bucket_rows, class),
        });
        Self { buckets: weights.buckets, classes: classes.collect() }
    }

    /// How much a text is of each class: above 0 it rather is, below 0 it rather is not.
    pub fn scores(&self, vector: &[f32], vector_share: f32, lexical: &[Feature]) -> Vec<f32> {
        let score = |class: &Class| {
            let meant: f32 =
                class.vector.bytes.iter().zip(vector).map(|(byte, value)| f32::from(*byte) * value).sum();
            let said: f32 = lexical
                .iter()
                .filter_map(|(bucket, value)| {
                    let byte = class.buckets.bytes.get(folded(*bucket, self.buckets))?;
                    Some(f32::from(*byte) * value)
                })
                .sum();
            class.bias
                + meant * class.vector.factor * VECTOR_WEIGHT * vector_share
                + said * class.buckets.factor
        };
        self.classes.iter().map(score).collect()
    }

    /// Bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        self.classes.len() * (size_of::<Class>() + DIMENSIONS + self.buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_score_as_the_weights_they_came_from() {
        let unit = |at: usize| {
            let mut vector = vec![0.0; DIMENSIONS];
            vector[at] = 1.0;
            vector
        };
        let vectors: Vec<Vec<f32>> = (0..6).map(unit).collect();
        let samples: Vec<Sample<'_>> = vectors
            .iter()
            .enumerate()
            .map(|(n, vector)| Sample {
                vector,
                lexical: vec![(7, 0.5), (900, 0.1)],
                class: n % 2,
                weight: 1.0,
            })
            .collect();
        let weights = train(&samples, 2);
        let linear = Linear::of(&weights, 2);
        for sample in &samples {
            let scores = linear.scores(sample.vector, 1.0, &sample.lexical);
            let exact = |class: usize| {
                let row = |feature: usize| weights.rows[feature * weights.stride + class];
                let at = sample.vector.iter().position(|value| *value > 0.5).unwrap();
                weights.bias[class]
                    + row(at) * VECTOR_WEIGHT
                    + 0.5 * row(DIMENSIONS + 7)
                    + 0.1 * row(DIMENSIONS + 900)
            };
            assert_eq!(scores.len(), 2);
            assert!((scores[0] - exact(0)).abs() < 0.03 && (scores[1] - exact(1)).abs() < 0.03);
            assert_eq!(scores[0] > scores[1], sample.class == 0);
        }
        assert_eq!(linear.bytes() / (DIMENSIONS + BUCKETS), 2);
    }

    #[test]
    fn a_vector_of_another_length_is_no_error() {
        let linear = Linear::of(&train(&[], 1), 1);
        assert_eq!(linear.scores(&[], 1.0, &[(3, 1.0)]).len(), 1);
    }
}
