//! Multiplication by the int8 matrices of the built-in model, in integers.
//!
//! Nearly all the time of an embedding is spent here, so this is the one place that chooses instructions: AVX2 when the
//! processor has it (found out at run time, since the binary is built for any x86-64), SSE4.1 or portable code elsewhere.
//! The intrinsics come from `pulp`, which ties each to a proof that the processor knows it, so none of this is unsafe.
//! All paths give the same integers.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the instructions of the function it is inlined into"
)]

use pulp::NullaryFnOnce;

/// Columns per panel of a stored matrix.
const PANEL: usize = 16;
/// Rows that are multiplied together; with two accumulators each they fill the sixteen registers of AVX2.
const TILE: usize = 6;

/// Two neighbouring rows of a panel: the pairs of sixteen columns.
type PanelStep = [[i8; PANEL]; 2];

/// A matrix in panels of sixteen columns with two rows interleaved, and what its integers are worth.
pub(super) struct Matrix {
    panels: &'static [[i8; PANEL]],
    rows: usize,
    columns: usize,
    scale: f32,
}

/// Activations as 16-bit integers, two in each number, with the worth of one unit given per row elsewhere.
pub(super) type Pair = i32;

/// Puts two activations into one number: `first` in the low half.
#[inline(always)]
pub(super) const fn pair(first: i32, second: i32) -> Pair {
    (first & 0xffff) | (second << 16)
}

/// Rows to multiply: row `i` is the pairs from `starts[i]` on. Rows may overlap, as the windows of a convolution do.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) pairs: &'a [Pair],
    pub(super) starts: &'a [usize],
    /// What one unit of each row is worth.
    pub(super) scales: &'a [f32],
}

impl Matrix {
    /// Wraps the panels of a matrix of `rows` x `columns`; columns come in sixteens and rows in twos.
    pub(super) fn new(panels: &'static [u8], rows: usize, columns: usize, scale: f32) -> Self {
        Self { panels: bytemuck::cast_slice::<u8, i8>(panels).as_chunks().0, rows, columns, scale }
    }

    /// Numbers in a row of the input.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers in a row of the product.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Writes `input` x `self` to `out`, row after row; rows that do not fit are left out.
    pub(super) fn multiply(&self, input: Rows<'_>, out: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            simd.vectorize(Product { matrix: self, input, out, tiles: Avx2(simd) });
            return;
        } else if let Some(simd) = pulp::x86::V2::try_new() {
            simd.vectorize(Product { matrix: self, input, out, tiles: Sse4(simd) });
            return;
        }
        Product { matrix: self, input, out, tiles: Portable }.call();
    }
}

/// The inner loop: `R` rows by one panel.
trait Tiles: Copy {
    fn tile<const R: usize>(self, rows: [&[Pair]; R], panel: &[PanelStep]) -> [[i32; PANEL]; R];
}

#[derive(Clone, Copy)]
struct Portable;

impl Tiles for Portable {
    #[inline(always)]
    fn tile<const R: usize>(self, rows: [&[Pair]; R], panel: &[PanelStep]) -> [[i32; PANEL]; R] {
        let mut sums = [[0; PANEL]; R];
        for (row, sums) in rows.iter().zip(&mut sums) {
            for (&pair, step) in row.iter().zip(panel) {
                let (low, high) = ((pair << 16) >> 16, pair >> 16);
                for (sum, &[first, second]) in sums.iter_mut().zip(step.as_flattened().as_chunks::<2>().0) {
                    *sum += low * i32::from(first) + high * i32::from(second);
                }
            }
        }
        sums
    }
}

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx2(pulp::x86::V3);

#[cfg(target_arch = "x86_64")]
impl Tiles for Avx2 {
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "all rows are cut to the length of the panel first")]
    fn tile<const R: usize>(self, rows: [&[Pair]; R], panel: &[PanelStep]) -> [[i32; PANEL]; R] {
        let Self(simd) = self;
        let rows = rows.map(|row| &row[..panel.len()]);
        let mut sums = [[simd.avx._mm256_setzero_si256(); 2]; R];
        for (index, &[left, right]) in panel.iter().enumerate() {
            let left = simd.avx2._mm256_cvtepi8_epi16(bytemuck::must_cast(left));
            let right = simd.avx2._mm256_cvtepi8_epi16(bytemuck::must_cast(right));
            for (row, sums) in rows.iter().zip(&mut sums) {
                let pair = simd.avx._mm256_set1_epi32(row[index]);
                sums[0] = simd.avx2._mm256_add_epi32(sums[0], simd.avx2._mm256_madd_epi16(pair, left));
                sums[1] = simd.avx2._mm256_add_epi32(sums[1], simd.avx2._mm256_madd_epi16(pair, right));
            }
        }
        sums.map(bytemuck::must_cast)
    }
}

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Sse4(pulp::x86::V2);

#[cfg(target_arch = "x86_64")]
impl Tiles for Sse4 {
    #[inline(always)]
    fn tile<const R: usize>(self, rows: [&[Pair]; R], panel: &[PanelStep]) -> [[i32; PANEL]; R] {
        let Self(simd) = self;
        let mut out = [[0; PANEL]; R];
        // Loops and no closures: those would be compiled apart, without the instructions.
        for (row, out) in rows.iter().zip(&mut out) {
            let mut sums = [simd.sse2._mm_setzero_si128(); 4];
            for (&pair, &step) in row.iter().zip(panel) {
                let pair = simd.sse2._mm_set1_epi32(pair);
                let columns: [i64; 4] = bytemuck::must_cast(step);
                for (sum, columns) in sums.iter_mut().zip(columns) {
                    let columns = simd.sse4_1._mm_cvtepi8_epi16(simd.sse2._mm_set1_epi64x(columns));
                    *sum = simd.sse2._mm_add_epi32(*sum, simd.sse2._mm_madd_epi16(pair, columns));
                }
            }
            *out = bytemuck::must_cast(sums);
        }
        out
    }
}

/// One multiplication, as a value so that `pulp` can compile it for the instructions of `tiles`.
struct Product<'a, T> {
    matrix: &'a Matrix,
    input: Rows<'a>,
    out: &'a mut [f32],
    tiles: T,
}

impl<T: Tiles> NullaryFnOnce for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { matrix, input, out, tiles } = self;
        let pairs = matrix.rows / 2;
        // The panel outside: it stays in the nearest cache while all the rows pass by.
        for (panel, steps) in matrix.panels.chunks_exact(matrix.rows).enumerate() {
            let steps = steps.as_chunks::<2>().0;
            let groups = input.starts.chunks(TILE).zip(input.scales.chunks(TILE));
            for ((starts, scales), out) in groups.zip(out.chunks_mut(TILE * matrix.columns)) {
                let place = Place { columns: matrix.columns, first: panel * PANEL, scale: matrix.scale };
                match starts.len() {
                    6 => place.write::<_, 6>(tiles, starts, input.pairs, steps, scales, out),
                    5 => place.write::<_, 5>(tiles, starts, input.pairs, steps, scales, out),
                    4 => place.write::<_, 4>(tiles, starts, input.pairs, steps, scales, out),
                    3 => place.write::<_, 3>(tiles, starts, input.pairs, steps, scales, out),
                    2 => place.write::<_, 2>(tiles, starts, input.pairs, steps, scales, out),
                    _ => place.write::<_, 1>(tiles, starts, input.pairs, steps, scales, out),
                }
            }
            debug_assert_eq!(steps.len(), pairs, "a panel has two steps per pair of rows");
        }
    }
}

/// Where the product of a tile goes.
struct Place {
    columns: usize,
    first: usize,
    scale: f32,
}

impl Place {
    #[inline(always)]
    fn write<T: Tiles, const R: usize>(
        &self,
        tiles: T,
        starts: &[usize],
        pairs: &[Pair],
        steps: &[PanelStep],
        scales: &[f32],
        out: &mut [f32],
    ) {
        let Some(&starts) = starts.first_chunk::<R>() else { return };
        let rows = starts.map(|start| pairs.get(start..start + steps.len()).unwrap_or_default());
        if rows.iter().any(|row| row.len() != steps.len()) {
            return;
        }
        let sums = tiles.tile(rows, steps);
        for ((sums, scale), out) in sums.iter().zip(scales).zip(out.chunks_mut(self.columns)) {
            let scale = scale * self.scale;
            let out = out.get_mut(self.first..).unwrap_or_default();
            for (out, &sum) in out.iter_mut().zip(sums) {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "the sums are rounded like any product of floats"
                )]
                {
                    *out = sum as f32 * scale;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: usize = 320;
    const COLUMNS: usize = 48;

    /// Numbers that look random and reach both ends of their range.
    fn numbers(seed: u32, lowest: i32, highest: i32) -> impl Iterator<Item = i32> {
        let span = u32::try_from(highest - lowest).unwrap() + 1;
        let mut state = seed;
        std::iter::from_fn(move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some(lowest + i32::try_from((state >> 8) % span).unwrap())
        })
    }

    /// Overlapping rows times a matrix, computed one number at a time and by `multiply`.
    fn check(count: usize, multiply: impl Fn(&Matrix, Rows<'_>, &mut [f32])) {
        let weights: Vec<Vec<i32>> =
            (1..).take(ROWS).map(|seed| numbers(seed, -127, 127).take(COLUMNS).collect()).collect();
        let mut panels = Vec::new();
        for panel in 0..COLUMNS / PANEL {
            for rows in weights.chunks_exact(2) {
                for column in panel * PANEL..(panel + 1) * PANEL {
                    panels.extend(rows.iter().map(|row| i8::try_from(row[column]).unwrap().cast_unsigned()));
                }
            }
        }
        let matrix = Matrix::new(panels.leak(), ROWS, COLUMNS, 0.5);

        let input: Vec<i32> = numbers(99, -255, 255).take(ROWS + 64 * count).collect();
        let pairs: Vec<Pair> =
            input.as_chunks::<2>().0.iter().map(|&[first, second]| pair(first, second)).collect();
        let starts: Vec<usize> = (0..count).map(|row| row * 32).collect();
        let scales: Vec<f32> = (0..count).map(|row| if row % 2 == 0 { 1.0 } else { 0.25 }).collect();
        let mut out = vec![f32::NAN; count * COLUMNS];
        multiply(&matrix, Rows { pairs: &pairs, starts: &starts, scales: &scales }, &mut out);

        for row in 0..count {
            for column in 0..COLUMNS {
                let sum: i32 = (0..ROWS).map(|index| input[row * 64 + index] * weights[index][column]).sum();
                let expected = f64::from(sum) * f64::from(scales[row]) * 0.5;
                let found = f64::from(out[row * COLUMNS + column]);
                assert!(
                    (found - expected).abs() < 1e-9,
                    "row {row} of {count}, column {column}: {found}, {expected}"
                );
            }
        }
    }

    #[test]
    fn products_are_exact_for_any_number_of_rows() {
        for count in [0, 1, 2, 3, 4, 5, 6, 7, 13] {
            check(count, Matrix::multiply);
        }
    }

    #[test]
    fn products_are_exact_on_every_kind_of_processor() {
        for count in [1, 4, 11] {
            check(count, |matrix, input, out| Product { matrix, input, out, tiles: Portable }.call());
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = pulp::x86::V2::try_new() {
                check(count, |matrix, input, out| {
                    simd.vectorize(Product { matrix, input, out, tiles: Sse4(simd) });
                });
            }
        }
    }
}
