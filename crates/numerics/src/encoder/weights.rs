//! The weights of the built-in model, read where they lie in the binary.
//!
//! `models/convert.py` writes them and `models/README.md` describes the layout. Nothing here is copied to the heap
//! except a few kilobytes of biases, so a program that embeds nothing pays nothing, and one that does pays only for the
//! pages it touches.

use super::{DamagedWeights, double_array::DoubleArray, matrix::Matrix};

static FILE: &[u8] = include_bytes!("../../../../models/use-multilingual-v3.bin");

/// Numbers per embedding, and per row of the table.
pub(super) const DIMENSIONS: usize = 512;
/// Numbers per token inside one n-gram branch.
pub(super) const BRANCH: usize = 256;
/// Numbers per token after the branches: the embedding and the three branches side by side.
pub(super) const FEATURES: usize = DIMENSIONS + 3 * BRANCH;
/// Numbers per text in the first hidden layers of the head.
pub(super) const HIDDEN: usize = 320;

const MAGIC: &[u8] = b"IASSUSE3";
const SHARDS: usize = 17;

/// One n-gram branch: a projection, a layer norm and two convolutions over windows of tokens.
pub(super) struct Branch {
    /// Tokens of the window that come before its own.
    pub(super) left: usize,
    pub(super) projection: Matrix,
    pub(super) projection_bias: Vec<f32>,
    pub(super) norm: LayerNorm,
    pub(super) convolutions: [(Matrix, Vec<f32>); 2],
}

/// Gain and offset of a layer norm.
pub(super) struct LayerNorm {
    pub(super) gain: Vec<f32>,
    pub(super) offset: Vec<f32>,
}

/// The head: from the summed features of a text to its embedding, with two residual layers.
pub(super) struct Head {
    pub(super) features_norm: LayerNorm,
    pub(super) sum: Matrix,
    pub(super) sum_bias: Vec<f32>,
    pub(super) hidden: [Matrix; 2],
    pub(super) hidden_shortcut: Matrix,
    pub(super) output: [Matrix; 2],
    pub(super) output_shortcut: Matrix,
}

/// How a row of the table is packed: `width` bits per number, each less `lowest`, in the scale of `shard`.
struct RowEntry {
    offset: usize,
    width: u32,
    lowest: u8,
    shard: usize,
}

/// Everything the built-in model knows.
pub(super) struct Weights {
    pub(super) normaliser: DoubleArray,
    replacements: &'static [u8],
    pub(super) vocabulary: DoubleArray,
    scores: &'static [[u8; 4]],
    directory: &'static [[u8; 8]],
    rows: &'static [u8],
    /// Scale and zero point of each shard of the table.
    shards: Vec<(f32, f32)>,
    pub(super) branches: [Branch; 3],
    pub(super) head: Head,
}

impl Weights {
    /// Finds the parts of the file.
    ///
    /// # Errors
    /// [`DamagedWeights`] when the file in the binary is not the one this code was written for.
    pub(super) fn builtin() -> Result<Self, DamagedWeights> {
        Self::read(FILE)
    }

    fn read(file: &'static [u8]) -> Result<Self, DamagedWeights> {
        let mut sections = sections(file)?.into_iter();
        let mut next = || sections.next().ok_or(DamagedWeights("a section is missing"));
        let normaliser = DoubleArray::new(next()?);
        let replacements = next()?;
        let vocabulary = DoubleArray::new(next()?);
        let scores = next()?.as_chunks().0;
        let directory = next()?.as_chunks().0;
        let rows = next()?;
        let shards =
            floats(next()?).as_chunks().0.iter().map(|&[scale, zero]| (scale, zero)).collect::<Vec<_>>();
        if shards.len() != SHARDS || scores.len() != directory.len() {
            return Err(DamagedWeights("the table has the wrong size"));
        }
        let mut parts =
            Parts { panels: next()?, scales: floats(next()?).into_iter(), vectors: floats(next()?) };
        parts.vectors.reverse();
        let branches = [parts.branch(2, 0)?, parts.branch(3, 1)?, parts.branch(5, 2)?];
        let head = parts.head()?;
        if !parts.panels.is_empty() || !parts.vectors.is_empty() {
            return Err(DamagedWeights("there is more than the layers need"));
        }
        Ok(Self { normaliser, replacements, vocabulary, scores, directory, rows, shards, branches, head })
    }

    /// What the normaliser writes for a rule: the bytes from `start` to the next zero.
    pub(super) fn replacement(&self, start: u32) -> &'static [u8] {
        let rest =
            usize::try_from(start).ok().and_then(|start| self.replacements.get(start..)).unwrap_or_default();
        rest.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    /// The log probability of a piece.
    pub(super) fn score(&self, row: u32) -> f32 {
        let score = usize::try_from(row).ok().and_then(|row| self.scores.get(row));
        score.map_or(f32::NEG_INFINITY, |bytes| f32::from_le_bytes(*bytes))
    }

    /// Writes the numbers of a row of the table; a row that does not exist is all zeros.
    pub(super) fn unpack_row(&self, row: u32, out: &mut [f32]) {
        out.fill(0.0);
        let entry =
            usize::try_from(row).ok().and_then(|row| self.directory.get(row)).copied().map(RowEntry::parse);
        let Some(entry) = entry else { return };
        let Some(packed) = self.rows.get(entry.offset..) else { return };
        let Some(&(scale, zero)) = self.shards.get(entry.shard) else { return };
        let lowest = f32::from(entry.lowest) - zero;
        let mask = (1_u64 << entry.width) - 1;
        // Eight numbers take exactly `width` bytes, and at most eight.
        for (numbers, bytes) in out.as_chunks_mut::<8>().0.iter_mut().zip((0..).step_by(entry.width as usize))
        {
            let Some(word) = packed.get(bytes..).and_then(|rest| rest.first_chunk()) else { return };
            let mut word = u64::from_le_bytes(*word);
            for number in numbers {
                #[expect(clippy::cast_precision_loss, reason = "at most eight bits")]
                {
                    *number = ((word & mask) as f32 + lowest) * scale;
                }
                word >>= entry.width;
            }
        }
    }
}

impl RowEntry {
    fn parse(bytes: [u8; 8]) -> Self {
        let [a, b, c, d, width, lowest, shard, _] = bytes;
        Self {
            offset: u32::from_le_bytes([a, b, c, d]) as usize,
            width: u32::from(width.clamp(1, 8)),
            lowest,
            shard: usize::from(shard),
        }
    }
}

/// What is left of the matrices and vectors while the layers are put together in the order of the file.
struct Parts {
    panels: &'static [u8],
    scales: std::vec::IntoIter<f32>,
    /// In reverse, so that the next one is at the end.
    vectors: Vec<f32>,
}

impl Parts {
    fn matrix(&mut self, rows: usize, columns: usize) -> Result<Matrix, DamagedWeights> {
        let Some((panels, rest)) = self.panels.split_at_checked(rows * columns) else {
            return Err(DamagedWeights("a matrix is cut short"));
        };
        self.panels = rest;
        let scale = self.scales.next().ok_or(DamagedWeights("a scale is missing"))?;
        Ok(Matrix::new(panels, rows, columns, scale))
    }

    fn vector(&mut self, length: usize) -> Result<Vec<f32>, DamagedWeights> {
        let Some(rest) = self.vectors.len().checked_sub(length) else {
            return Err(DamagedWeights("a vector is cut short"));
        };
        Ok(self.vectors.drain(rest..).rev().collect())
    }

    fn norm(&mut self, length: usize) -> Result<LayerNorm, DamagedWeights> {
        Ok(LayerNorm { gain: self.vector(length)?, offset: self.vector(length)? })
    }

    fn branch(&mut self, width: usize, left: usize) -> Result<Branch, DamagedWeights> {
        Ok(Branch {
            left,
            projection: self.matrix(DIMENSIONS, BRANCH)?,
            projection_bias: self.vector(BRANCH)?,
            norm: self.norm(BRANCH)?,
            convolutions: [
                (self.matrix(width * BRANCH, BRANCH)?, self.vector(BRANCH)?),
                (self.matrix(width * BRANCH, BRANCH)?, self.vector(BRANCH)?),
            ],
        })
    }

    fn head(&mut self) -> Result<Head, DamagedWeights> {
        let features_norm = self.norm(FEATURES)?;
        let sum = self.matrix(FEATURES, DIMENSIONS)?;
        let first = self.matrix(DIMENSIONS, HIDDEN)?;
        let second = self.matrix(HIDDEN, HIDDEN)?;
        let hidden_shortcut = self.matrix(DIMENSIONS, HIDDEN)?;
        let third = self.matrix(HIDDEN, DIMENSIONS)?;
        let fourth = self.matrix(DIMENSIONS, DIMENSIONS)?;
        let output_shortcut = self.matrix(HIDDEN, DIMENSIONS)?;
        Ok(Head {
            features_norm,
            sum,
            sum_bias: self.vector(DIMENSIONS)?,
            hidden: [first, second],
            hidden_shortcut,
            output: [third, fourth],
            output_shortcut,
        })
    }
}

/// The parts of the file in order.
fn sections(file: &'static [u8]) -> Result<Vec<&'static [u8]>, DamagedWeights> {
    const WRONG: DamagedWeights = DamagedWeights("the header is not the one expected");
    let rest = file.strip_prefix(MAGIC).ok_or(WRONG)?;
    let (&[count, dimensions], entries) = rest.as_chunks::<4>().0.split_first_chunk().ok_or(WRONG)?;
    if u32::from_le_bytes(dimensions) as usize != DIMENSIONS {
        return Err(WRONG);
    }
    let (entries, _) = entries.as_chunks::<2>();
    let entries = entries.get(..u32::from_le_bytes(count) as usize).ok_or(WRONG)?;
    let section = |&[start, length]: &[[u8; 4]; 2]| {
        let start = u32::from_le_bytes(start) as usize;
        file.get(start..start + u32::from_le_bytes(length) as usize).ok_or(WRONG)
    };
    entries.iter().map(section).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_an_error() {
        for cut in [0, 4, 12, 100, 200_000, FILE.len() / 2, FILE.len() - 8] {
            assert!(Weights::read(&FILE[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Weights::read(FILE).is_ok());
    }

    #[test]
    fn a_row_that_does_not_exist_is_zeros() {
        let mut row = vec![1.0; DIMENSIONS];
        Weights::builtin().unwrap().unpack_row(u32::MAX, &mut row);
        assert!(row.iter().all(|&number| number == 0.0));
    }
}
