//! How the vectors of a chunk are kept: small, and good enough to tell the best sentence.
//!
//! A unit vector loses nothing that matters when each number becomes one byte. The sketch of a chunk, one bit for
//! each dimension, is only there to choose candidates among all chunks.

use crate::store::chunk_index::ChunkVectors;

/// The bytes of one little-endian `f32`.
const F32: usize = 4;

/// How close a question is to a chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Similarities {
    /// The cosine with the heading, which often is the question itself; 0 without one.
    pub heading: f32,
    /// The cosine with each sentence, in reading order.
    pub sentences: Vec<f32>,
    /// The cosine with the mean of the heading and the sentences.
    pub passage: f32,
}

impl Similarities {
    /// The cosine with the closest sentence.
    pub fn best(&self) -> f32 {
        self.sentences.iter().copied().fold(f32::MIN, f32::max)
    }
}

/// Packs the unit vectors of a chunk's heading and sentences.
///
/// The layout: the length of their sum, then for the heading and for each sentence its scale and one signed byte a
/// dimension. Without a heading all of its bytes are zero.
pub fn pack(heading: Option<&[f32]>, sentences: &[Vec<f32>]) -> ChunkVectors {
    let dimensions = sentences.first().map_or(0, Vec::len);
    let mut sum = vec![0.0_f32; dimensions];
    let mut packed = Vec::with_capacity(F32 + (sentences.len() + 1) * (F32 + dimensions));
    packed.extend_from_slice(&[0; F32]);
    let nothing = vec![0.0; dimensions];
    for vector in std::iter::once(heading.unwrap_or(&nothing)).chain(sentences.iter().map(Vec::as_slice)) {
        let largest = vector.iter().fold(f32::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
        let scale = largest / 127.0;
        packed.extend_from_slice(&scale.to_le_bytes());
        for (x, total) in vector.iter().zip(&mut sum) {
            *total += x;
            #[expect(clippy::cast_possible_truncation, reason = "within -127..=127 by the scale")]
            packed.extend_from_slice(&((x / scale).round() as i8).to_le_bytes());
        }
    }
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    if let Some(head) = packed.first_chunk_mut::<F32>() {
        *head = length.to_le_bytes();
    }
    ChunkVectors { sketch: sketch(&sum), sentences: packed }
}

/// Compares a question with a packed chunk; `None` when the bytes are not those of vectors of its dimensions.
pub fn compare(packed: &[u8], query: &[f32]) -> Option<Similarities> {
    let (length, rest) = packed.split_first_chunk::<F32>()?;
    let length = f32::from_le_bytes(*length);
    let record = F32 + query.len();
    if rest.is_empty() || rest.len() % record != 0 || !length.is_finite() {
        return None;
    }
    let mut cosines = Vec::with_capacity(rest.len() / record);
    for record in rest.chunks_exact(record) {
        let (scale, bytes) = record.split_first_chunk::<F32>()?;
        cosines.push(dot(bytes, query) * f32::from_le_bytes(*scale));
    }
    let passage = cosines.iter().sum::<f32>() / length.max(f32::MIN_POSITIVE);
    let heading = cosines.remove(0);
    Some(Similarities { heading, sentences: cosines, passage })
}

/// The signs of a vector's numbers, one bit each.
pub fn sketch(vector: &[f32]) -> Vec<u8> {
    vector
        .chunks(8)
        .map(|numbers| {
            numbers.iter().enumerate().fold(0, |byte, (bit, x)| byte | (u8::from(*x > 0.0) << bit))
        })
        .collect()
}

/// In how many bits two sketches differ; `None` when they are not of the same dimensions.
pub fn distance(a: &[u8], b: &[u8]) -> Option<u32> {
    if a.len() != b.len() {
        return None;
    }
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let wide: u32 =
        a8.iter().zip(b8).map(|(x, y)| (u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y)).count_ones()).sum();
    Some(wide + a_rest.iter().zip(b_rest).map(|(x, y)| (x ^ y).count_ones()).sum::<u32>())
}

/// The dot product, in eight sums so that the compiler uses wide registers.
fn dot(bytes: &[u8], query: &[f32]) -> f32 {
    let (b8, b_rest) = bytes.as_chunks::<8>();
    let (q8, q_rest) = query.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (b, q) in b8.iter().zip(q8) {
        for ((sum, byte), x) in sums.iter_mut().zip(b).zip(q) {
            *sum += f32::from(byte.cast_signed()) * x;
        }
    }
    let rest: f32 = b_rest.iter().zip(q_rest).map(|(byte, x)| f32::from(byte.cast_signed()) * x).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(numbers: Vec<f32>) -> Vec<f32> {
        let length = numbers.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
        numbers.into_iter().map(|x| x / length).collect()
    }

    proptest! {
        #[test]
        fn packed_vectors_keep_their_cosines(
            a in prop::collection::vec(-1.0_f32..1.0, 36),
            b in prop::collection::vec(-1.0_f32..1.0, 36),
            q in prop::collection::vec(-1.0_f32..1.0, 36),
        ) {
            let (a, b, q) = (unit(a), unit(b), unit(q));
            let exact = |v: &[f32]| v.iter().zip(&q).map(|(x, y)| x * y).sum::<f32>();
            let found = compare(&pack(None, &[a.clone(), b.clone()]).sentences, &q).unwrap();
            prop_assert!(found.heading.abs() < f32::EPSILON);
            prop_assert!((found.sentences[0] - exact(&a)).abs() < 0.02);
            prop_assert!((found.sentences[1] - exact(&b)).abs() < 0.02);
            let mean = unit(a.iter().zip(&b).map(|(x, y)| x + y).collect());
            prop_assert!((found.passage - exact(&mean)).abs() < 0.03 || a.iter().zip(&b).map(|(x, y)| (x + y).abs()).sum::<f32>() < 0.5);
        }

        #[test]
        fn bytes_that_are_no_vectors_are_refused_not_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let query = vec![0.1; 36];
            prop_assert_eq!(compare(&bytes, &query).is_some(), bytes.len() > 4 && (bytes.len() - 4) % 40 == 0
                && f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).is_finite());
        }
    }

    #[test]
    fn the_heading_is_told_from_the_sentences() {
        let (heading, sentence) = (vec![1.0, 0.0], vec![0.0, 1.0]);
        let found = compare(&pack(Some(&heading), &[sentence]).sentences, &[1.0, 0.0]).unwrap();
        assert!((found.heading - 1.0).abs() < 0.01 && found.sentences[0].abs() < 0.01);
        assert!((found.passage - 0.5_f32.sqrt()).abs() < 0.01);
    }

    #[test]
    fn the_distance_counts_the_signs_that_differ() {
        let a = sketch(&[1.0; 12]);
        let mut other = [1.0; 12];
        (other[3], other[11]) = (-1.0, -1.0);
        assert_eq!(distance(&a, &sketch(&other)), Some(2));
        assert_eq!(distance(&a, &[0]), None);
    }
}
