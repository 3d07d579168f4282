//! The steps of the built-in model between its matrices: quantisation, layer norms, residual sums.
//!
//! Plain loops over fixed-size groups, written so that the compiler can use the vector instructions of any processor.

use super::matrix::{Pair, pair};
use super::weights::LayerNorm;

/// Independent partial results of a reduction; floats may not be reordered by the compiler, so the loops do it.
const LANES: usize = 16;
/// Keeps the root of a variance away from zero, as the model does.
const EPSILON: f32 = 1e-12;

/// Turns activations into integers of 8 bits and a sign, in pairs, and gives what one unit is worth.
///
/// This is ONNX's [`DynamicQuantizeLinear`] less its zero point: the range from the lowest to the highest value, both
/// including zero, is divided into 255 steps. Doing the same as the published int8 model, text by text, keeps the
/// embeddings within 0.0001 of it; exact activations would be 0.005 away.
///
/// [`DynamicQuantizeLinear`]: https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html
pub(super) fn quantize(values: &[f32], out: &mut [Pair]) -> f32 {
    let (lowest, highest) = range(values);
    let unit = (highest - lowest) / 255.0;
    if unit <= 0.0 || !unit.is_finite() {
        out.fill(0);
        return 1.0;
    }
    let zero = round(-lowest / unit).clamp(0.0, 255.0);
    for (out, &[first, second]) in out.iter_mut().zip(values.as_chunks::<2>().0) {
        let [first, second] = [first, second].map(|value| {
            let whole = round(value / unit).clamp(-zero, 255.0 - zero);
            #[expect(clippy::cast_possible_truncation, reason = "clamped to -255..=255")]
            {
                whole as i32
            }
        });
        *out = pair(first, second);
    }
    unit
}

/// The lowest and the highest value, both including zero.
fn range(values: &[f32]) -> (f32, f32) {
    let mut lowest = [0.0_f32; LANES];
    let mut highest = [0.0_f32; LANES];
    let (groups, rest) = values.as_chunks::<LANES>();
    for group in groups {
        for ((lowest, highest), &value) in lowest.iter_mut().zip(&mut highest).zip(group) {
            *lowest = if value < *lowest { value } else { *lowest };
            *highest = if value > *highest { value } else { *highest };
        }
    }
    let all = |lanes: [f32; LANES], pick: fn(f32, f32) -> f32| {
        lanes.into_iter().chain(rest.iter().copied()).fold(0.0, pick)
    };
    (all(lowest, f32::min), all(highest, f32::max))
}

/// Rounds to the nearest whole number, halves to even, for anything smaller than four million.
///
/// `f32::round_ties_even` would be a function call per number on processors older than SSE4.1.
fn round(value: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0;
    (value + SHIFT) - SHIFT
}

/// Normalises each row of `values` to mean 0 and variance 1, then applies gain and offset.
pub(super) fn layer_norm(values: &mut [f32], norm: &LayerNorm) {
    for row in values.chunks_exact_mut(norm.gain.len()) {
        #[expect(clippy::cast_precision_loss, reason = "a row has at most 1280 numbers")]
        let length = row.len() as f32;
        let mean = sum(row, |value| value) / length;
        let variance = sum(row, |value| (value - mean) * (value - mean)) / length;
        let inverse = (variance + EPSILON).sqrt().recip();
        for ((value, gain), offset) in row.iter_mut().zip(&norm.gain).zip(&norm.offset) {
            let factor = inverse * gain;
            *value = *value * factor + (offset - mean * factor);
        }
    }
}

fn sum(values: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (groups, rest) = values.as_chunks::<LANES>();
    for group in groups {
        for (sum, &value) in sums.iter_mut().zip(group) {
            *sum += term(value);
        }
    }
    sums.into_iter().sum::<f32>() + rest.iter().copied().map(term).sum::<f32>()
}

/// Adds `bias` to every row.
pub(super) fn add_bias(values: &mut [f32], bias: &[f32]) {
    for row in values.chunks_exact_mut(bias.len()) {
        for (value, bias) in row.iter_mut().zip(bias) {
            *value += bias;
        }
    }
}

/// A residual layer: `values = max(values + bias, 0) + input`, row by row.
pub(super) fn residual(values: &mut [f32], bias: &[f32], input: &[f32]) {
    for (row, input) in values.chunks_exact_mut(bias.len()).zip(input.chunks_exact(bias.len())) {
        for ((value, bias), input) in row.iter_mut().zip(bias).zip(input) {
            *value = positive(*value + bias) + input;
        }
    }
}

/// `max(value, 0)`.
pub(super) fn positive(value: f32) -> f32 {
    if value > 0.0 { value } else { 0.0 }
}

/// Scales to unit length; all zeros stay zeros.
pub(super) fn normalize(values: &mut [f32]) {
    let length = sum(values, |value| value * value).max(EPSILON).sqrt();
    for value in values {
        *value /= length;
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the results are exact")]
mod tests {
    use super::*;

    fn check_quantize(values: &[f32], expected: &[i32], unit: f32) {
        let mut pairs = vec![0; values.len() / 2];
        assert_eq!(quantize(values, &mut pairs), unit, "{values:?}");
        let wholes: Vec<i32> = pairs.iter().flat_map(|&pair| [(pair << 16) >> 16, pair >> 16]).collect();
        assert_eq!(wholes, expected, "{values:?}");
    }

    #[test]
    fn quantized_values_span_255_steps_and_include_zero() {
        check_quantize(&[0.0, 255.0, 1.5, 2.5], &[0, 255, 2, 2], 1.0);
        check_quantize(&[-3.0, 252.0, -1.0, 0.6], &[-3, 252, -1, 1], 1.0);
        check_quantize(&[-510.0, -2.0, -1.0, 0.0], &[-255, -1, 0, 0], 2.0);
    }

    #[test]
    fn nothing_to_quantize_is_all_zeros() {
        check_quantize(&[0.0; 4], &[0; 4], 1.0);
        check_quantize(&[f32::INFINITY, 1.0], &[0; 2], 1.0);
    }

    #[test]
    fn a_normalised_row_has_mean_zero_and_variance_one_before_gain_and_offset() {
        let norm = LayerNorm { gain: vec![2.0; 40], offset: vec![3.0; 40] };
        let mut values: Vec<f32> = (0..80_u8).map(|value| f32::from(value * 3 % 41)).collect();
        layer_norm(&mut values, &norm);
        for row in values.chunks_exact(40) {
            let mean = row.iter().sum::<f32>() / 40.0;
            let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / 40.0;
            assert!((mean - 3.0).abs() < 1e-4 && (variance - 4.0).abs() < 1e-3, "{mean} {variance}");
        }
    }

    #[test]
    fn unit_length_leaves_zeros_alone() {
        let mut values = [3.0, 0.0, 4.0];
        normalize(&mut values);
        assert_eq!(values, [0.6, 0.0, 0.8]);
        let mut zeros = [0.0; 3];
        normalize(&mut zeros);
        assert_eq!(zeros, [0.0; 3]);
    }
}
