//! Small linear heads on the vectors of the built-in embedding model: what was learnt from labelled messages, in two
//! kilobytes each. How they are made is told in `models/README.md`; this module only applies them.

/// Numbers per vector of the built-in embedding model.
pub(crate) const DIMENSIONS: usize = 512;

/// One linear head: a bias, a weight for each number of the vector, and one for each signal beside it.
pub(crate) struct Head {
    /// Little end first, `f32` each, in that order.
    weights: &'static [[u8; 4]],
}

impl Head {
    /// The head in a file of `models/heads`.
    pub(crate) const fn new(file: &'static [u8]) -> Self {
        Self { weights: file.as_chunks().0 }
    }

    /// Bias plus weights times vector and signals; `None` when there are not as many numbers as weights, as with the
    /// vector of another model.
    pub(crate) fn apply(&self, vector: &[f32], signals: &[f32]) -> Option<f32> {
        let (bias, weights) = self.weights.split_first()?;
        if vector.len() + signals.len() != weights.len() {
            return None;
        }
        let numbers = vector.iter().chain(signals);
        let products = weights.iter().zip(numbers).map(|(weight, x)| f32::from_le_bytes(*weight) * x);
        Some(f32::from_le_bytes(*bias) + products.sum::<f32>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_weighs_what_it_was_made_for_and_nothing_else() {
        let file: Vec<u8> = [0.5_f32, 2.0, -1.0, 10.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let head = Head::new(file.leak());
        assert_eq!(head.apply(&[3.0, 1.0], &[0.1]), Some(6.5));
        assert_eq!(head.apply(&[3.0], &[0.1]), None);
        assert_eq!(head.apply(&[3.0, 1.0, 0.1, 0.0], &[]), None);
        assert_eq!(Head::new(&[]).apply(&[], &[]), None);
    }
}
